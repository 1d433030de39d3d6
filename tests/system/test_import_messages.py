"""3,736 messages of Chinese citizens through a real agent, killed in the middle (ctest
system.import_messages); the checks are those of test_import.py.

The data carries no licence and is not part of the project: without RHUB_TEST_DATA, the folder with
requests/cn_messages.csv, this test is skipped and says so.
"""
import harness
from test_import import DATA, Town, large


def body(run):
    if not run.has("rhub-agent"):
        raise harness.Skip("rhub-agent is not built")
    if not (DATA / "cn_messages.csv").exists():
        raise harness.Skip(f"not run: no data ({DATA / 'cn_messages.csv'}); set RHUB_TEST_DATA")
    large(Town(run), [])


if __name__ == "__main__":
    harness.main("import_messages", body)

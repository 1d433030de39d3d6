"""An installation works by itself: what `cmake --install` puts below a prefix finds its rules,
profiles, catalogue, demonstration and stories there, wherever the prefix lies, and names no file
of the tree it was built from. An adapter compiles against its library.

    test_install.py FOLDER-OF-RHUBD
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
ADAPTER = """
#include <stdio.h>
#include <rh/id.h>
#include <rhub.h>
int main(void)
{
    struct rh_agency_id agency;
    return rh_agency_id_parse("court.620423", 12, &agency) == RH_OK ? 0 : 1;
}
"""
LETTERS = """id,user,subject,body,label,created_at
1,甲,路灯不亮,某路路灯已坏三日。,城乡建设,2026-03-01 08:00:00
2,乙,工资拖欠,某工地拖欠两月工资。,劳动和社会保障,2026-03-01 09:00:00
"""
PROGRAMS = {"rhub", "rhubd", "rhub-agent", "rhub-audit"}


class Prefix:
    """An installation in a directory of its own, with nothing around it."""

    def __init__(self, build, home):
        self.home, self.root = home, home / "opt with space"
        subprocess.run(["cmake", "--install", str(build), "--prefix", str(self.root)], check=True,
                       stdout=subprocess.DEVNULL)
        self.environment = {"PATH": f"{self.root}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                            "TMPDIR": str(home), "HOME": str(home)}

    def run(self, *words, code=0):
        done = subprocess.run(words, cwd=self.home, env=self.environment, timeout=300,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout[-3000:]}"
        return done.stdout


def expect(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is not in:\n{text[-3000:]}"


def test_files(prefix, build):
    assert PROGRAMS == {path.name for path in (prefix.root / "bin").iterdir()}
    for path in prefix.root.rglob("*"):
        assert not path.is_symlink() or prefix.root in path.resolve().parents, path
        if path.suffix in {".yaml", ".py", ".scn", ".pc", ".h", ".def"} or path.name == "demo":
            text = path.read_text(encoding="utf-8")
            for tree in (str(SOURCE), str(build)):
                assert tree not in text, f"{path} names {tree}"


def test_beside(prefix):
    """Rules, calendars and the catalogue are found beside the programs."""
    table = prefix.home / "dates.csv"
    table.write_text("case,start,unit,n,roll\n"
                     "1,2026-02-12T09:30:00+08:00,working_days,7,none\n")
    # Spring Festival 2026 is off from 15 to 23 February; the 14th and the 28th are worked.
    expect(prefix.run("rhub", "--lang", "en", "deadline", "compute", str(table)), "2026-02-28")
    expect(prefix.run("rhub", "--lang", "zh", "explain", "RH-4313"), "调解组织")
    expect(prefix.run("rhub", "--lang", "en", "explain", "RH-4313"), "RH-4313")


def test_demo(prefix):
    told = prefix.run("rhub", "demo", "--fast", "--lang", "en")
    expect(told, "online", "judicial confirmation", "done in")
    letters = prefix.home / "letters.csv"
    letters.write_text(LETTERS, encoding="utf-8")
    told = prefix.run("rhub", "demo", "--fast", "--lang", "zh", "--input", str(letters))
    expect(told, "已上线", "真实数据", "完成")


def test_stories(prefix):
    expect(prefix.run("rhub", "demo", "--scenario", "list", "--lang", "zh"), "SC-06  ", "司法确认")
    expect(prefix.run("rhub", "demo", "--scenario", "SC-06", "--fast", "--lang", "en"), "rhub")


def test_adapter(prefix):
    source = prefix.home / "adapter.c"
    source.write_text(ADAPTER)
    folder = next(prefix.root.rglob("rhub.pc")).parent
    prefix.environment["PKG_CONFIG_PATH"] = str(folder)
    flags = prefix.run("pkg-config", "--cflags", "--libs", "rhub")
    prefix.run("sh", "-c", f"cc -std=c11 -o adapter adapter.c {flags}".replace("\n", ""))
    prefix.environment["LD_LIBRARY_PATH"] = str(folder.parent)
    prefix.run("./adapter")


def main():
    build = pathlib.Path(sys.argv[1]).resolve().parent
    home = pathlib.Path(tempfile.mkdtemp(prefix="rhub-install-"))
    try:
        prefix = Prefix(build, home)
        test_files(prefix, build)
        test_beside(prefix)
        test_adapter(prefix)
        test_stories(prefix)
        test_demo(prefix)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("installed and at work")


if __name__ == "__main__":
    sys.exit(main())

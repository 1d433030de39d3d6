"""Count the outcomes in a JUnit report of ctest: prints "PASSED FAILED SKIPPED"."""

import sys
import xml.etree.ElementTree as tree


def count(path):
    """A case is failed unless ctest says that it ran, or that it asked to be skipped."""
    passed = failed = skipped = 0
    for case in tree.parse(path).getroot().iter("testcase"):
        if case.get("status") == "run" and case.find("failure") is None:
            passed += 1
        elif case.get("status") in ("notrun", "disabled") and is_wish(case):
            skipped += 1
        else:
            failed += 1
    return passed, failed, skipped


def is_wish(case):
    """Whether a test that did not run is disabled or said so itself (SKIP_RETURN_CODE).

    A test whose program is missing is reported as not run too, and is a failure."""
    if case.get("status") == "disabled":
        return True
    reason = case.find("skipped")
    return reason is not None and (reason.get("message") or "").startswith("SKIP_")


if __name__ == "__main__":
    print(*count(sys.argv[1]))

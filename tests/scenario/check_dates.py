"""The dates in the stories, computed once more by the oracle, which walks day by day.

    check_dates.py EXCEPTIONS.csv STORY...

A story says where a date comes from in a remark:

    # oracle: 2026-02-10 + 7 calendar_day rolled = 2026-02-24
    # oracle: 2026-09-01 + 30 calendar_day, 10 calendar_day rolled = 2026-10-12
    # oracle: 2026-09-01 + 30 calendar_day without 2026-09-10 10:00 to 2026-09-14 10:00 = 2026-10-05
    # oracle: 2026-04-30 09:00 + 24 hour = 2026-05-01 09:00

Each is computed here. And no story may expect a date of its own making: every `due`, `nominal`
and `on` behind an `expect` must be the right side of such a remark, the next 00:00 after it, or
a date that a message of the story sets."""

import datetime
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracle"))
import deadline_oracle as oracle  # noqa: E402

STAMP = r"(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d))?"
REMARK = re.compile(rf"# oracle: {STAMP} \+ (.+?)(?: (without .+?))?(?: (rolled))? = {STAMP}(.*)$")
SET = re.compile(rf"\bdue {STAMP}")
EXPECTED = re.compile(rf"\b(due|nominal|on) {STAMP}")


def instant(day, time):
    """UTC ms of 00:00, or of a time, of a day in China."""
    hours, minutes = map(int, (time or "00:00").split(":"))
    return (oracle.start_of(datetime.date.fromisoformat(day)) +
            (hours * 60 + minutes) * 60_000)


def written(unit, answered):
    last, _, end_ms = answered.split()[:3]
    if unit != "hour":
        return last
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=int(end_ms), hours=8)
    return moment.strftime("%Y-%m-%d %H:%M")


def computed(days, match):
    day, time, spans, without, rolled = match.group(1, 2, 3, 4, 5)
    periods = [(int(n), unit) for n, unit in re.findall(r"(\d+) (\w+)", spans)]
    pauses = [(instant(*pause[:2]), instant(*pause[2:]))
              for pause in re.findall(rf"{STAMP} to {STAMP}", without or "")]
    n, unit = periods[0]
    case = (instant(day, time), unit, n, 0, int(rolled is not None), pauses,
            [(more_unit, more) for more, more_unit in periods[1:]])
    return written(unit, oracle.answer(days, case))


def check(days, path):
    """Findings of one story, and how many dates it explains."""
    findings, known, remarks = [], set(), 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        place = f"{path.name}:{number}"
        text = line.strip()
        if text.startswith("# oracle:"):
            remarks += 1
            match = REMARK.match(text)
            if not match or match.group(8):
                findings.append(f"{place}: this remark cannot be read: {text}")
                continue
            stated = match.group(6) + (f" {match.group(7)}" if match.group(7) else "")
            answer = computed(days, match)
            if answer != stated:
                findings.append(f"{place}: the oracle says {answer}, not {stated}")
            known.add(stated)
            if not match.group(7):
                after = datetime.date.fromisoformat(stated) + datetime.timedelta(days=1)
                known.add(f"{after} 00:00")
        elif text.startswith("expect "):
            for what, day, time in EXPECTED.findall(text):
                wanted = f"{day} {time}" if time else day
                if wanted not in known:
                    findings.append(f"{place}: nothing says why {what} is {wanted}")
        elif not text.startswith("#"):
            for day, time in SET.findall(text):
                known.add(f"{day} {time}" if time else day)
                if not time:
                    after = datetime.date.fromisoformat(day) + datetime.timedelta(days=1)
                    known.add(f"{after} 00:00")
    return findings, remarks


def main():
    days = oracle.Calendar(sys.argv[1])
    findings, total = [], 0
    for name in sys.argv[2:]:
        found, remarks = check(days, pathlib.Path(name))
        findings += found
        total += remarks
    print("\n".join(findings + [f"{total} dates computed, {len(findings)} findings"]))
    sys.exit(1 if findings or total == 0 else 0)


if __name__ == "__main__":
    main()

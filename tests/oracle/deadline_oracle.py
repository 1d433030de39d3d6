"""The deadline calculus once more, stupid and independent: it walks day by day.

    deadline_oracle.py DRIVER EXCEPTIONS.csv

Makes RHT_ORACLE_CASES random periods from RHT_SEED (left out: a fresh one, printed), lets DRIVER (the
C program) compute them and compares every answer. Written from the rules in hub/core/deadline.h, with its own calendar.

A case:    start unit n half roll from-to,... unit:n,...    (UTC ms, pauses, extensions)
An answer: last nominal end_ms provisional counted paused   or: stopped remaining
"""

import calendar
import csv
import datetime
import os
import random
import subprocess
import sys

DAY = datetime.timedelta(days=1)
EPOCH = datetime.date(1970, 1, 1)
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
KNOWN = (datetime.date(2006, 12, 30), datetime.date(2026, 12, 31))
UNITS = ("hour", "calendar_day", "working_day", "month_civil", "month_criminal")


def start_of(day): return (day - EPOCH).days * DAY_MS - 8 * HOUR_MS
def day_of(instant): return EPOCH + DAY * ((instant + 8 * HOUR_MS) // DAY_MS)


class Calendar:
    def __init__(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            self.kinds = {datetime.date.fromisoformat(row["date"]): row["kind"]
                          for row in csv.DictReader(file)}
        self.guessed = False

    def works(self, day):  # guessed: a day outside the data was looked at
        self.guessed |= not KNOWN[0] <= day <= KNOWN[1]
        kind = self.kinds.get(day)
        return kind == "makeup" or kind is None and day.weekday() < 5


class Stopped(Exception): """An open pause holds; .args[0] is what remains."""


class Walk:
    def __init__(self, days, pauses, day):
        self.days, self.pauses, self.day = days, pauses, day
        self.counted = self.paused = 0

    def next_running_day(self, remaining):
        """Step to the next day at whose 24:00 the clock runs."""
        while True:
            self.day += DAY
            midnight = start_of(self.day + DAY)
            holding = [to for start, to in self.pauses
                       if start < midnight and (to is None or start < to and to >= midnight)]
            if None in holding:
                raise Stopped(remaining)
            if not holding:
                return
            self.paused += 1

    def spend(self, budget, working):
        while budget > 0:
            self.next_running_day(budget)
            if not working or self.days.works(self.day):
                budget -= 1
                self.counted += 1

    def run(self, unit, n, half):
        if unit == "calendar_day":
            self.spend(n, False)
        elif unit == "working_day":
            first = self.day + DAY
            self.spend(n, True)
            self.days.works(first)  # every day on the way is looked at, paused ones too
            self.days.works(self.day)
        else:
            target = months_on(self.day, n, unit == "month_criminal") + DAY * (15 * half)
            self.spend((target - self.day).days, False)

    def roll(self):
        while not self.days.works(self.day):
            self.next_running_day(0)


def months_on(day, n, criminal):
    year, month = day.year, day.month
    is_last = day.day == calendar.monthrange(year, month)[1]
    for _ in range(n):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    last = calendar.monthrange(year, month)[1]
    return datetime.date(year, month, last if criminal and is_last else min(day.day, last))


def hours_on(start, budget, pauses):
    """Walk from one edge of a pause to the next."""
    now = start
    while budget > 0:
        holding = [to for begin, to in pauses if begin <= now and (to is None or to > now)]
        if None in holding:
            raise Stopped(budget)
        if holding:
            now = max(holding)
            continue
        edge = min((begin for begin, to in pauses if begin > now and begin != to), default=None)
        if edge is None or edge - now >= budget:
            return now + budget
        budget -= edge - now
        now = edge
    return now


def answer(days, case):
    start, unit, n, half, roll, pauses, extensions = case
    days.guessed = False
    try:
        if unit == "hour":
            nominal = end = hours_on(start, n * HOUR_MS, pauses)
            for _, more in extensions:
                end = hours_on(end, more * HOUR_MS, pauses)
            return f"{day_of(end)} {day_of(nominal)} {end} 0 0 0"
        walk = Walk(days, pauses, day_of(start))
        walk.run(unit, n, half)
        nominal = walk.day
        for more_unit, more in extensions:
            walk.run(more_unit, more, 0)
        if roll:
            walk.roll()
    except Stopped as stopped:
        return f"stopped {stopped.args[0]}"
    end = start_of(walk.day + DAY)
    return f"{walk.day} {nominal} {end} {int(days.guessed)} {walk.counted} {walk.paused}"


def make_case(rng):
    """Half of the starts lie where it hurts: month ends, leap days, around exceptions."""
    day = EPOCH + DAY * rng.randrange(13_400, 21_300)  # 2006-09 to 2028-04
    if rng.random() < 0.3:
        day = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    elif rng.random() < 0.2:
        day = datetime.date(rng.choice((2008, 2012, 2020, 2024, 2028)), 2, rng.choice((28, 29)))
    elif rng.random() < 0.3:
        day = datetime.date(rng.randrange(2007, 2028), rng.choice((1, 2, 4, 5, 9, 10, 12)),
                            rng.randrange(1, 29))
    start = start_of(day) + rng.choice((0, 1, DAY_MS - 1, rng.randrange(DAY_MS)))
    unit = rng.choice(UNITS)
    n = rng.randrange(1, 8 if unit.startswith("month") else rng.choice((4, 20, 75)))
    half = int(unit == "month_criminal" and rng.random() < 0.3)
    n *= half == 0 or rng.random() < 0.5
    pauses = []
    for _ in range(rng.choice((0, 0, 1, 2, 3, 8))):
        begin = start + rng.randrange(-3 * DAY_MS, (100 if unit != "hour" else 5) * DAY_MS)
        if rng.random() < 0.3:
            begin = start_of(day_of(begin))
        to = begin + rng.randrange(rng.choice((1, 2, 20)) * DAY_MS)
        if pauses and pauses[-1][1] is not None and rng.random() < 0.2:
            begin, to = pauses[-1][1], pauses[-1][1] + DAY_MS  # touches the one before
        pauses.append((begin, None if rng.random() < 0.03 else to))
    extensions = [("hour" if unit == "hour" else rng.choice(UNITS[1:]), rng.randrange(1, 5))
                  for _ in range(rng.choice((0, 0, 1, 2, 4)))]
    return start, unit, n, half, int(rng.random() < 0.6), pauses, extensions


def line_of(case):
    start, unit, n, half, roll, pauses, extensions = case
    return " ".join((str(start), unit, str(n), str(half), str(roll),
                     ",".join(f"{a}-{b or 0}" for a, b in pauses) or ".",
                     ",".join(f"{a}:{b}" for a, b in extensions) or "."))


def main():
    driver, exceptions = sys.argv[1:3]
    total = int(os.environ.get("RHT_ORACLE_CASES", "20000"))
    seed = int(os.environ.get("RHT_SEED") or str(random.SystemRandom().getrandbits(31)), 0)
    print(f"RHT_SEED={seed} RHT_ORACLE_CASES={total} repeats this", flush=True)
    rng = random.Random(seed)
    days, differ, done = Calendar(exceptions), 0, 0
    while done < total:
        cases = [make_case(rng) for _ in range(min(10_000, total - done))]
        lines = [line_of(case) for case in cases]
        got = subprocess.run([driver], input="\n".join(lines) + "\n", text=True,
                             stdout=subprocess.PIPE, check=True).stdout.split("\n")[:-1]
        if len(got) != len(cases):
            sys.exit(f"{len(cases)} cases, {len(got)} answers")
        for case, line, mine in zip(cases, lines, got):
            wanted = answer(days, case)
            differ += wanted != mine
            if wanted != mine and differ <= 10:
                print(f"case    {line}\noracle  {wanted}\nhub     {mine}")
        done += len(cases)
    print(f"{differ} differences in {done} cases")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()

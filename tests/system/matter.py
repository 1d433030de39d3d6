"""One matter under the magnifying glass: every date the hub gives is computed again here, by
the day-walking oracle and the terms of the law as written down below, and every day that
`deadline.explain` names is looked at.

The terms are not read from the rules the hub reads. Limits marked policy have no law; they are
what this hub's rules say on purpose.
"""
import datetime
import sys

from harness import ROOT, demand
from play import KIND, beijing, end_of, ms

sys.path.insert(0, str(ROOT / "tests" / "oracle"))
import deadline_oracle as oracle  # noqa: E402
import pyagency  # noqa: E402

new_id = pyagency.uuid7

CD, WD, MONTH = "calendar_day", "working_day", "month_civil"
ROLL, STAY = True, False

# procedure -> clock -> (n, unit, roll), each with its source.
LAW = {
    "xinfang": {
        "dispatch": (15, CD, ROLL),    # 信访工作条例 22
        "object": (5, WD, STAY),       # 23(3)
        "notice": (15, CD, ROLL),      # 23(3)
        "objection": (5, WD, STAY),    # policy
        "redispatch": (5, WD, STAY),   # policy
        "supplement": (15, CD, ROLL),  # policy
        "handle": (60, CD, ROLL),      # 34
        "reply": (5, WD, STAY),        # policy
        "remedy": (30, CD, ROLL),      # 35
    },
    "p12309": {
        "dispatch": (15, CD, ROLL),
        "object": (5, WD, STAY),
        "seven-days": (7, CD, ROLL),   # 人民检察院刑事诉讼规则 163
        "objection": (5, WD, STAY),
        "redispatch": (5, WD, STAY),
        "result": (3, MONTH, ROLL),    # 163
        "monthly": (1, MONTH, ROLL),
        "remedy": (30, CD, ROLL),
    },
    "judicial-confirmation": {
        "dispatch": (15, CD, ROLL),
        "apply": (30, CD, ROLL),       # 民诉法 205
        "acceptance": (3, CD, ROLL),   # 法释〔2011〕5号 4
        "decision": (15, CD, ROLL),    # 5
        "ceiling": (30, CD, ROLL),     # 民诉法 187
        "reply": (5, WD, STAY),
        "rest": (30, CD, ROLL),
    },
    "filing-supervision": {
        "dispatch": (7, CD, ROLL),
        "explain": (7, CD, ROLL),      # 人民检察院刑事诉讼规则 560, 程序规定 182
        "file": (15, CD, ROLL),        # 564, 182
        "reply": (3, WD, STAY),
        "review": (30, CD, ROLL),
    },
    "suggestion": {
        "dispatch": (10, WD, STAY),
        "challenge": (10, WD, STAY),
        "objection": (7, CD, ROLL),
        "supplement": (10, WD, STAY),
        "answer": (2, MONTH, ROLL),    # 检察建议工作规定 19
        "follow-up": (60, CD, ROLL),
    },
}
# The watchdog: settings, in states where nothing else runs for whoever holds the matter.
WATCHDOG = {"registered": (15, CD), "dispatched": (3, WD), "signed": (15, CD),
            "objected": (5, WD), "returned": (5, WD), "supplementing": (30, CD),
            "accepted": (60, CD), "not_accepted": (5, WD), "in_progress": (60, CD),
            "suspended": (180, CD), "concluded": (5, WD), "replied": (60, CD),
            "revisiting": (30, CD)}


class Checked:
    """What was compared, for the last line."""

    def __init__(self):
        self.dates = self.days = self.states = self.refusals = 0
        self.fixed = 0


class Matter:
    """A referral of one procedure; `at` remembers the instant of each step."""

    def __init__(self, play, checked, calendar, procedure, name):
        self.play, self.checked, self.calendar = play, checked, calendar
        self.procedure, self.name = procedure, name
        self.id, self.at = None, {}

    def __repr__(self):
        return f"{self.procedure} / {self.name}"

    # -- steps --

    def register(self, agency, **fields):
        self.id = self.play.new(agency, self.procedure, **fields)
        self.at["register"] = self.play.now
        return self

    def do(self, agency, kind, *, refusal=0, **fields):
        """A step, and everything that follows from it at this instant."""
        try:
            n = self.play.act(agency, kind, self.id, refusal=refusal, **fields)
        except AssertionError as wrong:
            raise AssertionError(f"{self}: {wrong}") from None
        self.play.settle()
        if refusal:
            self.checked.refusals += 1
        else:
            self.at[kind] = self.play.now
        return n

    # -- what must be so --

    def show(self):
        return self.play.show(self.id)

    def state(self, state, turn=None, **more):
        row = self.show()
        want = {"state": state, **more}
        if turn is not None:
            want["turn"] = turn.agency
        got = {key: row[key] for key in want}
        demand(got == want, f"{self} at {beijing(self.play.now)}: {got}, wanted {want}")
        self.checked.states += 1
        return row

    def newest(self, limit, row=None):
        rows = [d for d in (row or self.show())["deadlines"] if d["limit"] == limit]
        return rows[-1] if rows else None

    def expect(self, limit, start, *, pauses=(), extensions=(), terms=None, k=1):
        """(last day, exclusive end, provisional) by the oracle."""
        n, unit, roll = terms or LAW[self.procedure][limit]
        case = (ms(start), unit, n * k, 0, int(roll), [tuple(p) for p in pauses],
                list(extensions))
        last, _, end_ms, provisional, counted, paused = \
            oracle.answer(self.calendar, case).split()
        return last, int(end_ms), provisional == "1", int(counted), int(paused)

    def clock(self, limit, start, status="running", *, due=None, owed=None, pauses=(),
              extensions=(), terms=None, k=1):
        """The newest clock of a limit: its start, its end as computed here, its status; `due` is
        the last day as a person reads it off a calendar."""
        got = self.newest(limit)
        where = f"{self}, clock {limit} at {beijing(self.play.now)}"
        demand(got is not None, f"{where}: there is none")
        last, end_ms, provisional, counted, paused = self.expect(
            limit, start, pauses=pauses, extensions=extensions, terms=terms, k=k)
        want = {"started_at": ms(start), "end_at": end_ms}
        have = {key: ms(got[key]) for key in want}
        demand(have == want, f"{where}: {show_all(have)}, wanted {show_all(want)}")
        demand(got["status"] == status, f"{where}: {got['status']}, wanted {status}")
        demand(got["provisional"] == provisional, f"{where}: provisional {got['provisional']}")
        if due is not None:
            demand(last == due and end_ms == end_of(due), f"{where}: {last}, worked out by hand "
                                                          f"{due}")
            self.checked.fixed += 1
        if owed is not None:
            demand(got["owed_by"] == owed.agency, f"{where}: owed by {got['owed_by']}")
        self.checked.dates += 1
        self.explain(got, last, counted, paused, bool(extensions))
        return got

    def set_clock(self, due, status="running", limit="assigned", owed=None):
        """A clock whose end the sender wrote."""
        got = self.newest(limit)
        where = f"{self}, clock {limit} at {beijing(self.play.now)}"
        demand(got is not None and ms(got["end_at"]) == ms(due) and got["status"] == status,
               f"{where}: {got and (got['end_at'], got['status'])}, wanted {beijing(ms(due))} "
               f"{status}")
        if owed is not None:
            demand(got["owed_by"] == owed.agency, f"{where}: owed by {got['owed_by']}")
        self.checked.dates += 1
        return got

    def status(self, limit, status, **fields):
        got = self.newest(limit)
        have = got and {"status": got["status"], **{key: got[key] for key in fields}}
        demand(have == {"status": status, **fields},
               f"{self}, clock {limit} at {beijing(self.play.now)}: {have}, wanted "
               f"{({'status': status, **fields})}")
        self.checked.states += 1

    def stopped(self, limit):
        """Paused: no end."""
        got = self.newest(limit)
        demand(got is not None and got["status"] == "paused" and got["end_at"] is None,
               f"{self}, clock {limit}: {got and (got['status'], got['end_at'])}, wanted paused")
        self.checked.states += 1

    def told(self, agency, kind, times):
        """How often an agency has been told something about this matter."""
        got = len(agency.got(referral=self.id, kind=KIND[kind]))
        demand(got == times, f"{self} at {beijing(self.play.now)}: {agency.agency} was told "
               f"{kind} {got} times, wanted {times}")
        self.checked.states += 1

    def none(self, *limits):
        row = self.show()
        for limit in limits:
            got = self.newest(limit, row)
            demand(got is None, f"{self}: a clock {limit}, {got and got['status']}")

    def watchdog(self, state, owed=None):
        """The watchdog of a state, started now or at the state's beginning."""
        n, unit = WATCHDOG[state]
        got = self.newest("watchdog")
        demand(got is not None and got["status"] == "running",
               f"{self} at {beijing(self.play.now)}: no watchdog in {state}")
        return self.clock("watchdog", got["started_at"], owed=owed, terms=(n, unit, ROLL))

    # -- every day --

    def explain(self, clock, last, counted, paused, extended):
        """Each day between start and end is named once, with the role that the oracle's
        calendar gives it."""
        rows = [row for row in self.play.explain(self.id) if row["id"] == clock["id"]]
        where = f"{self}, explanation of {clock['limit']}"
        demand(len(rows) == 1, f"{where}: {len(rows)} rows")
        row = rows[0]
        demand(row["agrees"] and row["last_date"] == last, f"{where}: {row['last_date']}")
        demand((row["counted"], row["paused"]) == (counted, paused),
               f"{where}: {row['counted']} counted, {row['paused']} paused; wanted {counted}, "
               f"{paused}")
        days = row["days"]
        first = oracle.day_of(ms(clock["started_at"]))
        names = [str(first + datetime.timedelta(days=i)) for i in range(len(days))]
        demand([day["date"] for day in days] == names and names[-1] == last,
               f"{where}: not every day from {first} to {last}")
        roles = [self.role_of(day, row["unit"], where) for day in days]
        demand(roles[0] == "start" and days[-1]["last"] and
               not any(day["last"] for day in days[:-1]), f"{where}: its ends")
        demand(roles.count("counted") == counted and roles.count("paused") == paused and
               roles.count("moved") == row["rolled"] and
               roles.count("skipped") == row["skipped"], f"{where}: {roles}")
        if "moved" in roles:
            tail = roles[roles.index("moved"):]
            demand(set(tail) <= {"moved", "paused"} and
                   self.calendar.works(datetime.date.fromisoformat(last)), f"{where}: {tail}")
        numbers = [day["number"] for day in days if day["role"] == "counted"]
        if not extended:
            demand(numbers == list(range(1, counted + 1)), f"{where}: {numbers}")
        self.checked.days += len(days)

    def role_of(self, day, unit, where):
        """Its kind is the calendar's; in a working-day period days off are skipped and no
        others; nothing but the roll passes over a day off otherwise."""
        date = datetime.date.fromisoformat(day["date"])
        works = self.calendar.works(date)
        demand((day["kind"] in ("workday", "makeup")) == works, f"{where}: {day}")
        if unit == WD and day["role"] in ("counted", "skipped"):
            demand((day["role"] == "counted") == works, f"{where}: {day}")
        demand(unit == WD or day["role"] != "skipped", f"{where}: {day}")
        if day["kind"] in ("holiday", "makeup"):
            demand(day["name"], f"{where}: a day off or made up without its holiday, {day}")
        return day["role"]


def show_all(instants):
    return {key: beijing(value) for key, value in instants.items()}


def load_calendar():
    return oracle.Calendar(ROOT / "tests/data/calendar/exceptions_2007_2026.csv")

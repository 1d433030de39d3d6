"""Clock safety of a real hub on a real clock: its machine's wall clock is set forward and back by a
day, a year and ten years while it runs, and it is started after a week off, after a gap nobody
can believe, and with a wall clock that its agencies contradict.

The wall clock is that of the hub's processes alone (tests/support/wall.c, LD_PRELOAD); the
agencies here keep this machine's, or one that a case sets. What time it is, and whether
something was due, is told by this program's own monotonic clock.

    test_clock.py FOLDER-OF-RHUBD
"""
import datetime
import os
import subprocess
import time
import uuid

import harness
import pyagency
import rhwire
from harness import Skip, demand
from play import DAY, HOUR, KIND, MINUTE, SECOND

JUMPS = [("a day on", DAY), ("a day back", -DAY), ("a year on", 365 * DAY),
         ("a year back", -365 * DAY), ("ten years on", 3652 * DAY),
         ("ten years back", -3652 * DAY)]
SLACK = 3 * SECOND


class Clock:
    """True time, and the clocks that the hub's machine and the agencies believe in."""

    def __init__(self, run):
        self.file = run.dir / "wall"
        self.begun, self.began = time.time_ns() // 1_000_000, time.monotonic()
        self.passed = 0  # what is said to have passed while the hub was off
        self.agencies = 0
        self.wall(0)

    def true(self):
        return self.begun + round((time.monotonic() - self.began) * 1000) + self.passed

    def wall(self, offset):
        """Set the hub's wall clock so far from this machine's."""
        beside = self.file.with_suffix(".new")
        beside.write_text(str(offset))
        beside.rename(self.file)
        self.offset = offset

    def said(self):
        """What an agency says when it is asked the time."""
        return self.begun + round((time.monotonic() - self.began) * 1000) + self.agencies


def ms(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def close(what, got, wanted, slack=SLACK):
    demand(abs(got - wanted) <= slack, f"{what}: off by {(got - wanted) / 1000:.1f} s")


class Town:
    def __init__(self, run, library):
        self.run, self.clock = run, Clock(run)
        pyagency.now_ms = self.clock.said
        self.env = {"LD_PRELOAD": str(library), "RHT_WALL": str(self.clock.file)}
        self.hub = run.hub("hub", hub_id="hub.620423").start(env=self.env)
        self.city, self.county = (run.agency(self.hub, f"procuratorate.{place}", enrol=False)
                                  for place in ("6204", "620423"))
        self.hub.enrol(self.city.party)
        self.hub.enrol(self.county.party, superior=self.city.agency)
        self.agencies, self.matters = [self.city, self.county], {}

    # -- doing --

    def settle(self):
        """Everybody has every receipt and whatever waited for him."""
        self.run.until("every receipt, and empty queues", lambda: all(
            a.state == "live" and a.confirmed() for a in self.agencies) and not any(
            row["count"] for row in self.hub.ask("queue.list")), *self.agencies, seconds=30)

    def send(self, agency, kind, referral, **fields):
        """Stored, and at which hub time."""
        n = agency.send(KIND[kind], referral, rhwire.pack({2: "情况"}), **fields)
        self.run.until(f"the receipt of {kind}", agency.confirmed, *self.agencies, seconds=30)
        receipt = agency.receipt(n)
        demand(receipt.get(10, 0) == 0, f"{kind}: RH-{receipt.get(10)}")
        return receipt[4]

    def assign(self, name, due):
        """A matter that its receiver owes by an instant of hub time."""
        referral = self.matters[name] = pyagency.uuid7()
        stored = self.send(self.city, "register", referral, procedure="assigned-petition",
                           category="judicial.appeal", area="620423", source="online")
        self.send(self.city, "assign", referral, to=self.county.agency, due=due)
        self.settle()
        return stored

    def stop(self):
        """Nobody speaks to it any more, and it is stopped."""
        self.settle()
        for agency in self.agencies:
            agency.drop()
        self.hub.stop()

    def start(self):
        self.hub.start(env=self.env)

    def restart(self, *, off, wall=None, agencies=None):
        """Off for so long; what the hub's machine and the agencies then make of it."""
        self.stop()
        self.clock.passed += off
        self.clock.wall(self.clock.passed if wall is None else wall)
        self.clock.agencies = self.clock.passed if agencies is None else agencies
        self.start()

    # -- looking --

    def show(self):
        return self.hub.ask("clock.show")[0]

    def rhub(self, *words):
        done = subprocess.run([str(self.run.program("rhub")), *words], capture_output=True,
                              text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
                              env={**os.environ, "RHUB_HUB": str(self.hub.admin),
                                   "NO_COLOR": "1"})
        demand(done.returncode == 0, f"rhub {words}: {done.stderr}")
        return done.stdout

    def notes(self, name):
        """What the hub has done by itself: (log index, kind, clock)."""
        rows = self.hub.ask_all("referral.timeline", id=str(uuid.UUID(bytes=self.matters[name])))
        return [(row["log_index"], note["kind"], note["limit"]) for row in rows
                for note in row["notes"] if row["record"] == "timer"]

    def times(self, name):
        """How often its date was called overdue."""
        return sum(note[1:] == ("overdue", "assigned") for note in self.notes(name))

    def fired(self):
        """What was called overdue, as often as it was, in order."""
        found = sorted((note[0], name) for name in self.matters
                       for note in self.notes(name) if note[1:] == ("overdue", "assigned"))
        return [name for _, name in found]

    def overdue(self, *names):
        """Overdue exactly these of all, once each, in this order."""
        return self.fired() == list(names)

    def says(self, event):
        return sum(f'"event":"{event}"' in line.replace('": "', '":"')
                   for line in self.hub.process.log.read_text().splitlines())


def jumps(town):
    """Set on and back by a day, a year, ten years while it runs."""
    run, clock = town.run, town.clock
    soon = clock.true() + 5 * SECOND
    town.assign("soon", soon)
    town.assign("hour", clock.true() + HOUR)
    town.assign("days", clock.true() + 3 * DAY)
    for number, (name, offset) in enumerate(JUMPS):
        clock.wall(offset)
        run.until(f"{name} is on record", lambda n=number: len(
            [r for r in town.show()["records"] if r["what"] == "jump"]) == n + 1)
        row = town.show()
        close(f"{name}: hub time", ms(row["now_at"]), clock.true())
        close(f"{name}: skew", row["wall_skew_ms"], offset)
        close(f"{name}: record", row["records"][-1]["shift_ms"], offset)
        demand(not row["firing_held"], f"{name}: a jump holds nothing")
        stored = town.send(town.city, "urge", town.matters["days"]) if number == 0 else \
            town.send(town.city, "notice", town.matters["days"], to=town.county.agency)
        close(f"{name}: stored at", stored, clock.true())
        fired = town.fired()
        demand(fired == [] or fired == ["soon"] and clock.true() >= soon,
               f"{name}: {fired} fired early")
    run.until("what is due in truth fires", lambda: town.overdue("soon"))
    clock.wall(0)
    run.until("the clock is right again", lambda: abs(town.show()["wall_skew_ms"]) < SLACK and
              town.show()["records"][-1]["what"] == "jump")
    run.until("the log says it", lambda: town.says("wall_clock_jump") >= len(JUMPS))
    text = town.rhub("clock", "show", "--lang", "en")
    demand("wall clock jumped" in text and "clocks of the agencies" in text, text)
    run.say(f"{len(JUMPS)} jumps of the wall clock: on record, ignored; due in 5 s fired then")


def week_off(town):
    """Overdue steps fire once, in order, when two agencies' clocks agree that a week passed."""
    run = town.run
    town.assign("fourth", town.clock.true() + 4 * DAY)
    town.restart(off=7 * DAY)
    row = town.show()
    demand(row["listening"] and not row["firing_held"], f"{row}")
    demand(town.overdue("soon"), "fired before any agency was heard")
    town.settle()
    run.until("overdue steps fire", lambda: town.overdue("soon", "hour", "days", "fourth"))
    close("hub time", ms(town.show()["now_at"]), town.clock.true())
    before = {name: town.notes(name) for name in town.matters}
    kinds = [kind for _, kind, _ in before["hour"]]
    demand(kinds[:2] == ["overdue", "urge"], f"{kinds}")
    town.restart(off=2 * HOUR)
    town.settle()
    run.until("the gap is believed", lambda: not town.show()["listening"])
    demand({n: town.notes(n) for n in town.matters} == before, "fired again")
    run.say("a week off: four overdue, once each, in order; two hours off: nothing twice")


def month_off(town):
    """A gap of forty days: intake goes on, nothing fires, through a restart, until confirmed."""
    run = town.run
    town.assign("tenth", town.clock.true() + 10 * DAY)
    before = {name: town.notes(name) for name in town.matters}
    stopped = town.clock.true()
    town.restart(off=40 * DAY)
    held(town, "40 days")
    close("hub time goes on from the journal", ms(town.show()["now_at"]), stopped, MINUTE)
    town.settle()
    town.send(town.city, "notice", town.matters["tenth"], to=town.county.agency)
    town.restart(off=MINUTE)
    held(town, "and a restart")
    town.settle()
    demand({n: town.notes(n) for n in town.matters} == before, "fired while it was held")
    confirm(town, "tenth")
    run.say("forty days off: held, through a restart, until confirmed; then once")


def contradicted(town):
    """The machine says that twenty days passed, its agencies that it was a minute."""
    run = town.run
    town.assign("week", town.clock.true() + 7 * DAY)
    before = {name: town.notes(name) for name in town.matters}
    town.restart(off=MINUTE, wall=town.clock.passed + 20 * DAY)
    demand(town.show()["listening"], "nobody is asked")
    town.settle()
    held(town, "contradicted")
    run.until("both claims are shown", lambda: len(
        [c for c in town.show()["claims"] if c["warning"] and c["skew_ms"] < -19 * DAY]) == 2)
    demand(all(row["skew_warning"] for row in town.hub.ask("agency.list")), "no warning")
    town.send(town.city, "notice", town.matters["week"], to=town.county.agency)
    town.restart(off=MINUTE, wall=town.clock.offset + MINUTE)
    held(town, "contradicted before a restart")
    town.settle()
    demand({n: town.notes(n) for n in town.matters} == before, "fired though contradicted")
    confirm(town, "week")
    run.say("contradicted by two agencies' clocks: held, through a restart, until "
            "confirmed; then once")


def behind(town):
    """The wall clock stands a year behind the journal."""
    now = ms(town.show()["now_at"])
    town.restart(off=MINUTE, wall=town.clock.offset - 365 * DAY)
    held(town, "a year behind")
    close("hub time does not run back", ms(town.show()["now_at"]), now, MINUTE)
    town.run.say("a year behind the journal: held, hub time goes on from the journal")


def held(town, case):
    row = town.hub.status()
    demand(row["condition"] == "clock" and row["firing_held"] and not row["intake_held"],
           f"{case}: {row['condition']}")
    shown = town.show()
    demand(shown["firing_held"] and shown["held_text"] and
           "held" in [r["what"] for r in shown["records"]], f"{case}: {shown}")
    for lang, word in (("en", "TIMERS HELD"), ("zh", "定时已停")):
        text = town.rhub("status", "--lang", lang)
        demand(word in text and "rhub clock confirm" in text, f"{case}: {text}")
        text = town.rhub("clock", "show", "--lang", lang)
        demand("rhub clock confirm" in text, f"{case}: {text}")
    town.run.until(f"{case}: the log says it", lambda: town.says("clock_held") > 0)


def confirm(town, *names):
    """What was due fires, once each."""
    demand(not any(map(town.times, names)), f"{names} fired before it was confirmed")
    before = [name for name in town.matters if town.times(name)]
    town.rhub("clock", "confirm", "--reason", "compared with the time service", "-y")
    town.run.until("what was due fires", lambda: all(
        town.times(name) == 1 for name in names))
    row = town.show()
    demand(not row["firing_held"] and row["records"][-1]["what"] == "confirmed" and
           row["records"][-1]["reason"] == "compared with the time service", f"{row}")
    close("hub time is the wall's", row["wall_skew_ms"], 0)
    demand(all(town.times(name) == 1 for name in before), f"{before}: fired again")


def body(run):
    library = run.bin.parent / "tests" / "librht_wall.so"
    if not library.exists():
        raise Skip(f"{library} is not built")
    if b"__asan_init" in (run.bin / "rhubd").read_bytes():
        raise Skip("a preloaded library and a sanitizer's own do not go together")
    town = Town(run, library)
    for case in (jumps, week_off, month_off, contradicted, behind):
        case(town)
    town.settle()
    town.stop()
    town.hub.audit()


harness.main("clock", body)

"""A receiver switches its machine off for 31 days.

Nobody stops a clock that way: what was sent counts as arrived after the grace of 24 hours, clocks
run, warn once, are missed once, and the ladder is climbed in order, also while the hub is stopped
in the middle and killed later on. Then the receiver comes back and gets everything exactly once
and in order: what was sent to it and what the hub had to say meanwhile.
"""
import collections

import harness
from harness import demand
from play import DAY, HOUR, Play, beijing, end_of, iso, ms

BEGIN = "2026-03-02 09:00"


class Town:
    def __init__(self, run):
        self.run = run
        self.play = Play(run, BEGIN)
        enrol = self.play.agency
        self.pet2, self.court2 = enrol("petitions.6204"), enrol("court.6204")
        self.pet = enrol("petitions.620423", enrol={"superior": "petitions.6204"})
        self.proc = enrol("procuratorate.620423")
        self.court = enrol("court.620423", enrol={"superior": "court.6204"}, window=(16, 1 << 18))
        self.play.settle()
        self.play.leave(self.court)
        self.due = ms("2026-03-20 12:00")
        self.forwarded, self.assigned, self.told = [], [], []
        self.sent = 0

    def send_day(self):
        """Some matters on the first day, from two agencies, and words about them."""
        for i in range(6):
            referral = self.play.new(self.pet, "xinfang")
            if i % 2:
                self.play.act(self.pet, "assign", referral, to=self.court, due=self.due)
                self.assigned.append(referral)
            else:
                self.play.act(self.pet, "forward", referral, to=self.court)
                self.forwarded.append(referral)
            self.play.act(self.pet, "notice", referral, to=self.court)
            self.sent += 2
        for _ in range(3):
            referral = self.play.new(self.proc, "suggestion")
            self.play.act(self.proc, "suggestion", referral, to=self.court)
            self.told.append(referral)
            self.sent += 1

    def everything(self):
        return self.forwarded + self.assigned + self.told


def notes(town, referral, limit):
    """What happened to one clock, in order: (kind, status, at); attention, which names its clock
    too, is the ladder's."""
    return [(note["kind"], note["status"], ms(row["at"]))
            for row in town.play.timeline(referral) for note in row["notes"]
            if note["limit"] == limit and note["kind"] in ("due_soon", "overdue")]


def raised(town, referral, agency):
    """Attention, in order, as the timeline has it."""
    found = []
    for row in town.play.timeline(referral):
        found += [(note["kind"], note["level"], ms(row["at"])) for note in row["notes"]
                  if note["kind"] in ("urge", "supervise", "list_supervise", "escalate")]
    return found


def arrival(town):
    """Deemed after the grace, not a millisecond earlier."""
    play = town.play
    at = ms(BEGIN) + DAY
    for referral in town.everything():
        row = play.show(referral)
        demand(ms(row["arrival_due_at"]) == at and row["turn"] != town.court.agency,
               f"on its way: {row['arrival_due_at']}, {row['turn']}")
    play.steer(at - 1)
    demand(all(play.show(r)["arrived_at"] is None for r in town.everything()),
           "nothing has arrived before the grace is over")
    play.steer(at + HOUR)
    for referral in town.everything():
        row = play.show(referral)
        demand(row["arrived_at"] == iso(at) and row["turn"] == town.court.agency and
               row["state"] == "dispatched", f"arrived {row['arrived_at']}, {row['turn']}")
        demand(all(d["started_at"] == iso(at) for d in row["deadlines"]
                   if d["limit"] in ("notice", "object", "answer", "challenge")),
               "the receiver's clocks start at the deemed arrival")
    return at


def rows(town):
    return [town.play.show(referral) for referral in town.everything()]


def restart(town, how):
    """Nothing may be different afterwards."""
    play = town.play
    play.settle()
    before = rows(town)
    if how == "stop":
        play.hub.stop()
    else:
        play.hub.kill()
    play.hub.start()
    play.settle()
    demand(play.hub.ask("clock.show")[0]["now_at"] == iso(play.now), "a steered clock stands")
    after = rows(town)
    for one, other in zip(before, after):
        for clock in one["deadlines"] + other["deadlines"]:
            clock.pop("left_s")
            clock.pop("overdue_s")
        one.pop("due")
        other.pop("due")
        demand(one == other, f"after a {how}:\n{one}\n{other}")
    town.run.say(f"{beijing(play.now)}: {how}, {len(after)} matters as before")


def month(town):
    """31 days in uneven steps."""
    play, rng = town.play, town.run.rng
    end = ms(BEGIN) + 31 * DAY
    breaks = {10: "stop", 17: "kill", 24: "kill"}
    steps = 0
    while play.now < end:
        play.steer(min(end, play.now + rng.randint(1, 30) * HOUR + rng.randint(0, HOUR)))
        steps += 1
        day = (play.now - ms(BEGIN)) // DAY
        for when in [when for when in breaks if day >= when]:
            restart(town, breaks.pop(when))
    return steps


def once(town, referral, limit, due, soon):
    """Warned once and missed once, each at the first step after its instant."""
    happened = notes(town, referral, limit)
    demand([kind for kind, _, _ in happened] == ["due_soon", "overdue"],
           f"{limit}: {happened}")
    (_, _, warned), (_, status, missed) = happened
    demand(soon <= warned < soon + 31 * HOUR and due <= missed < due + 31 * HOUR and
           status == "missed", f"{limit}: warned {beijing(warned)}, missed {beijing(missed)}")


def ladder(town, referral, want):
    """The rungs in order, none twice: (kind, instant of the rung)."""
    happened = raised(town, referral, town.court)
    demand([kind for kind, _, _ in happened] == [kind for kind, _ in want],
           f"ladder {happened}, wanted {want}")
    for (kind, _, at), (_, due) in zip(happened, want):
        demand(due <= at < due + 31 * HOUR, f"{kind} at {beijing(at)}, due {beijing(due)}")


def check_month(town, arrived):
    demand(beijing(arrived)[:10] == "2026-03-03", "the dates below start from 3 March")
    for referral in town.forwarded + town.assigned:
        clocks = {d["limit"]: d for d in town.play.show(referral)["deadlines"]}
        demand(clocks["object"]["status"] == "lapsed" and
               ms(clocks["object"]["end_at"]) == end_of("2026-03-10"), "the right to object")
        demand(ms(clocks["notice"]["end_at"]) == end_of("2026-03-18") and
               clocks["notice"]["status"] == "missed", "acceptance: 15 days from 3 March")
        once(town, referral, "notice", end_of("2026-03-18"), ms("2026-03-15 00:00"))
    for referral in town.forwarded:
        ladder(town, referral, [("urge", end_of("2026-03-18")),
                                ("supervise", end_of("2026-03-23")),  # three working days
                                ("urge", end_of("2026-03-30"))])  # the hub reminds: 7 days
    for referral in town.assigned:
        once(town, referral, "assigned", town.due, ms("2026-03-15 00:00"))
    for referral in town.told:
        clocks = {d["limit"]: d for d in town.play.show(referral)["deadlines"]}
        demand(clocks["answer"]["status"] == "running", "two months are not over")
        demand(clocks["challenge"]["status"] == "lapsed", "the right to challenge")


def expected(town):
    """The records of which the timelines say that the receiver was told."""
    told = set()
    for referral in town.everything():
        for row in town.play.timeline(referral):
            times = row["delivered_to"].count(town.court.agency)
            demand(times <= 1, f"a reader named {times} times: {row}")
            if times:
                told.add(row["log_index"])
    return told


def returns(town):
    play, court = town.play, town.court
    want = expected(town)
    waiting = play.queues()[court.agency]
    demand(waiting >= len(want), f"{waiting} wait, of {len(want)} records")
    play.come_back(court)
    play.settle()
    got = court.got()
    demand({row["idx"] for row in got} == want, "everything")
    demand(len(got) == waiting, f"{waiting} waited, {len(got)} came")
    words = collections.Counter((row["idx"], row["kind"], row["referral"]) for row in got)
    demand(set(words.values()) == {1}, "everything exactly once")
    demand(all(row["effect"] == 1 for row in got), "nothing twice")
    for referral in town.everything():
        order = [row["idx"] for row in got if row["referral"] == referral]
        demand(order == sorted(order), "a referral's messages in their order")
    items = [row for row in got if row["form"] == 0]
    demand(len(items) == town.sent, f"{len(items)} of {town.sent} items")
    return len(items), len(got) - len(items)


def goes_on(town):
    """Back at work: what was missed stays missed, what is done now is late."""
    play, court = town.play, town.court
    for referral in town.forwarded:
        play.act(court, "sign", referral)
        play.act(court, "accept", referral)
        clocks = {d["limit"]: d for d in play.show(referral)["deadlines"]}
        demand(clocks["notice"]["status"] == "met_late", clocks["notice"]["status"])
        demand(clocks["handle"]["status"] == "running", "sixty days from now")
    play.settle()


def body(run):
    town = Town(run)
    town.send_day()
    run.say(f"{town.sent} messages for {town.court.agency}, which is switched off")
    arrived = arrival(town)
    steps = month(town)
    check_month(town, arrived)
    run.say(f"31 days in {steps} steps: warned once, missed once, the ladder in order, over "
            f"{town.play.hub.starts - 1} restarts")
    items, words = returns(town)
    run.say(f"back: {items} items and {words} words of the hub, each once, in order")
    goes_on(town)
    town.play.hub.stop()


harness.main("offline", body)

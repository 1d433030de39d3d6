"""The bulletin 通报 against what was done: some months of random life on a steered clock, each act
written down here as it was sent and counted here by months of China; clocks are read from the
matters themselves. The hub's figures must be these, with their parts, in every grouping; an
auditor with a copy of the data gives the same bytes, also after the hub was killed.

    test_bulletin.py FOLDER-OF-RHUBD
"""
import collections
import datetime
import json
import random
import uuid

import harness
import matter
from harness import demand
from play import BEIJING, Play, ms

SMALL = 5
# What a step is called in the bulletin, and whether it is counted for its sender.
COUNTED = {"sign": "signed", "accept": "accepted", "refuse": "not_accepted",
           "object": "objected", "return": "returned", "conclude": "concluded",
           "reply": "replied", "revisit": "visited", "reopen": "reopened"}
# Rates as the definitions say them.
RATES = {"on_time_rate": (("met",), ("met", "missed")),
         "overdue_rate": (("missed",), ("met", "missed")),
         "accepted_rate": (("accepted",), ("accepted", "not_accepted", "returned")),
         "clearance_rate": (("concluded",), ("received",)),
         "returned_rate": (("objected", "returned"), ("received",)),
         "repeated_rate": (("repeated",), ("registered",)),
         "visited_rate": (("visited",), ("replied",)),
         "evaluated_rate": (("satisfied", "dissatisfied"), ("visited",)),
         "revisit_reopened_rate": (("revisit_reopened",), ("visited",)),
         "satisfied_rate": (("satisfied",), ("satisfied", "dissatisfied")),
         "reopened_rate": (("reopened",), ("replied",))}
COUNTS = ["registered", "dispatched", "received", "signed", "accepted", "not_accepted",
          "objected", "returned", "concluded", "replied", "closed", "reopened",
          "reports_rejected", "visited", "missed", "met_late", "sealed"]


def month(instant):
    return datetime.datetime.fromtimestamp(instant / 1000, BEIJING).strftime("%Y-%m")


class Life:
    def __init__(self, run):
        self.run, self.play = run, Play(run, "2025-03-27 09:00")
        self.top = self.play.agency("government.620423")
        above = {"enrol": {"superior": self.top.agency}}
        self.pet = self.play.agency("petitions.620423", **above)
        self.offices = [self.play.agency("labour.620423", **above),
                        self.play.agency("court.620423", **above),
                        self.play.agency("civil_affairs.620423", **above)]
        self.school = self.play.agency("education.620423", **above)
        self.police = self.play.agency("police.620423", **above)
        self.ledger = collections.Counter()  # (month, agency, procedure, figure)
        self.matters = {}
        self.seen = {}  # clocks as they were last, by their ids

    def write(self, agency, figure, procedure="xinfang", instant=None):
        self.ledger[month(instant or self.play.now), agency, procedure, figure] += 1

    def look(self, referral):
        """A row keeps so many clocks and no more: old ones are written down before they go."""
        for row in self.play.show(referral)["deadlines"]:
            self.seen[row["id"]] = row

    def do(self, agency, kind, referral, **fields):
        self.look(referral)
        self.play.act(agency, kind, referral, **fields)
        if kind in COUNTED:
            self.write(self.matters[referral], COUNTED[kind])

    def begin(self, of=None):
        more = {"other": of} if of else {}
        referral = self.play.new(self.pet, "xinfang", **more)
        self.write(self.pet.agency, "registered")
        if of:
            self.write(self.pet.agency, "repeated")
        self.matters[referral] = self.pet.agency
        return referral

    def send(self, referral, office):
        self.play.act(self.pet, "forward", referral, to=office)
        self.write(self.pet.agency, "dispatched")
        self.write(office.agency, "received")
        self.matters[referral] = office.agency
        self.play.settle()

    def sealed(self):
        self.play.new(self.school, "mandatory-report")
        self.ledger[month(self.play.now), "", "", "sealed"] += 1

    def story(self, pick, start):
        """One matter, at random instants."""
        def later(most):
            return self.play.now + pick.randrange(1, most) * 3_600_000
        yield start
        if pick.random() < 0.1:
            self.sealed()
        of = pick.choice(self.closed) if self.closed and pick.random() < 0.2 else None
        referral = self.begin(of)
        yield later(24 * 20)
        office = pick.choice(self.offices)
        self.send(referral, office)
        yield later(24 * 4)
        self.do(office, "sign", referral)
        if pick.random() < 0.2:
            yield later(24)
            self.do(office, "object", referral, code="not-competent", proper=self.police.agency)
            return
        yield later(24 * 20)
        self.do(office, "accept", referral)
        again = True
        while again:
            yield later(24 * 30)
            self.do(office, "conclude", referral, code=pick.choice(["supported", "explained"]))
            yield later(24 * 9)
            self.do(office, "reply", referral)
            if pick.random() < 0.2:
                return
            yield later(24 * 20)
            self.do(self.pet, "revisit", referral)
            again = pick.random() < 0.4
            self.look(referral)
            self.play.act(self.pet, "evaluate", referral,
                          code="dissatisfied" if again else "satisfied")
            self.write(office.agency, "dissatisfied" if again else "satisfied")
            if again:
                self.do(self.pet, "reopen", referral, code="not-solved")
                self.write(office.agency, "revisit_reopened")
        self.write(office.agency, "closed")
        self.closed.append(referral)

    def live(self, pick, count):
        self.closed = []
        first = ms("2025-03-27 10:00")
        self.play.play([self.story(pick, first + pick.randrange(24 * 60) * 3_600_000)
                        for _ in range(count)])

    def clocks(self):
        """Added to the ledger from the matters: each clock in the month of its last day."""
        for referral in self.matters:
            self.look(referral)
        for row in self.seen.values():
            if row["right_only"] or row["status"] not in ("met", "missed", "met_late"):
                continue
            last_day = ms(row["end_at"]) - 1
            self.write(row["owed_by"], "met" if row["status"] == "met" else "missed",
                       instant=last_day)
            if row["status"] == "met_late":
                self.write(row["owed_by"], "met_late", instant=ms(row["ended_at"]))

    def closed_by_hub(self):
        """What the hub closed by itself when the remedy term had run."""
        for referral, office in self.matters.items():
            for line in self.play.timeline(referral):
                if line["kind"] == "close":
                    self.write(office, "closed", instant=ms(line["at"]))


def expected(life, period, by):
    """{(agency, procedure): {figure: n}} of a period, from the ledger above."""
    months = {period}
    if "Q" in period:
        first = int(period[-1]) * 3 - 2
        months = {f"{period[:4]}-{m:02}" for m in range(first, first + 3)}
    elif len(period) == 4:
        months = {f"{period}-{m:02}" for m in range(1, 13)}
    found = {("", ""): collections.Counter()}
    for (when, agency, procedure, figure), n in life.ledger.items():
        if when not in months:
            continue
        found["", ""][figure] += n
        group = {"agency": (agency, ""), "procedure": ("", procedure),
                 "both": (agency, procedure)}.get(by)
        if group and agency:
            found.setdefault(group, collections.Counter())[figure] += n
    return found


def parts(counter, figure):
    if figure not in RATES:
        return counter[figure], None
    top, below = RATES[figure]
    return sum(counter[f] for f in top), sum(counter[f] for f in below)


def compare(life, period, by, before):
    args = {"period": period, **({"by": by} if by else {})}
    rows = life.play.ask("report.bulletin", **args)
    wanted, earlier = expected(life, period, by), expected(life, before, by)
    seen = set()
    for row in rows:
        group = row["agency"] or "", row["procedure"] or ""
        figure = row["figure"]
        seen.add((group, figure))
        counter = wanted.get(group, collections.Counter())
        n, of = parts(counter, figure)
        was, was_of = parts(earlier.get(group, collections.Counter()), figure)
        rate = None if of is None or of < SMALL else n / of
        demand((row["numerator"], row["denominator"]) == (n, of),
               f"{period} {group} {figure}: {row['numerator']}/{row['denominator']}, "
               f"wanted {n}/{of}")
        demand((row["year_before"], row["year_before_of"]) == (was, was_of),
               f"{period} {group} {figure} a year before: {row}")
        demand((row["rate"] is None) == (rate is None) and
               (rate is None or abs(row["rate"] - rate) < 1e-5 * max(rate, 1)), f"rate of {row}")
        demand(row["small"] == (of is not None and of < SMALL), f"small of {row}")
        demand(row["definition"], f"no definition: {row}")
    for group, counter in wanted.items():
        for figure in [*COUNTS, *RATES]:
            n, of = parts(counter, figure)
            demand((group, figure) in seen or (group != ("", "") and not n and not of),
                   f"{period}: nothing said of {group} {figure}, {n}/{of}")
    return len(rows)


def revisits(life, period, by):
    """回访: the rows of the bulletin that are about return visits, and no others."""
    wanted = {"replied", "reopened", "visited", "visited_rate", "evaluated_rate",
              "satisfied_rate", "reopened_rate", "revisit_reopened_rate"}
    args = {"period": period, **({"by": by} if by else {})}
    all_rows = life.play.ask("report.bulletin", **args)
    rows = life.play.ask("report.revisit", **args)
    demand(rows == [row for row in all_rows if row["figure"] in wanted], f"revisits: {rows}")
    return sum(row["numerator"] for row in rows)


def audit(life, period, by):
    args = ["--by", by] if by else []
    return life.run.check([life.run.program("rhub-audit"), "bulletin", life.play.hub.data,
                           "--month", period, *args, "-o", "json", "-q"]).stdout


def told(life, period, by):
    args = ["--by", by] if by else []
    return life.run.check([life.run.program("rhub"), "--hub", life.play.hub.admin, "report",
                           "bulletin", "--month", period, *args, "-o", "json"]).stdout


def acknowledge(life):
    """A bulletin of no referral: whom it went to acknowledges, nobody else can, and it shows."""
    play, told = life.play, life.offices[0]
    n = play.act(life.top, "bulletin", None, to=life.pet, copies=[told.agency])
    bulletin = life.top.ledger.one("SELECT message_id FROM sent WHERE n = ?", n)
    play.settle()
    play.act(life.pet, "acknowledge_info", None, refers_to=bulletin)
    play.act(life.pet, "acknowledge_info", None, refers_to=bulletin)  # again: no harm
    play.act(life.school, "acknowledge_info", None, refers_to=bulletin, refusal=4303)
    play.act(life.top, "acknowledge_info", None, refers_to=bulletin, refusal=4303)
    play.settle()
    rows = {row["to"]: row for row in play.ask("report.bulletin", acknowledged=True)
            if row["from"] != "test.hub"}  # the hub sends its own by itself
    demand(set(rows) == {life.pet.agency, told.agency}, f"told: {rows}")
    demand(rows[life.pet.agency]["acknowledged"] and
           ms(rows[life.pet.agency]["acknowledged_at"]) == play.now and
           not rows[told.agency]["acknowledged"] and
           rows[told.agency]["from"] == life.top.agency, f"acknowledged: {rows}")
    play.hub.audit("--redecide")


def body(run):
    pick = random.Random(run.seed)
    life = Life(run)
    life.live(pick, 40)
    life.play.steer("2026-04-02 09:00")
    life.begin()  # so that the log goes on behind March
    life.play.settle()
    acknowledge(life)
    life.clocks()
    life.closed_by_hub()
    periods = [("2025-04", "2024-04"), ("2025-06", "2024-06"), ("2025-Q2", "2024-Q2"),
               ("2025", "2024"), ("2026-04", "2025-04"), ("2026-03", "2025-03")]
    count = sum(compare(life, period, by, before) for period, before in periods
                for by in (None, "agency", "procedure", "both"))
    demand(sum(revisits(life, "2025", by) for by in (None, "agency", "both")) > 20, "no visits")
    demand(life.ledger and any(key[3] == "sealed" for key in life.ledger),
           "nothing was under seal")
    rows = life.play.ask("report.bulletin", period="2025-04")
    demand(all(row["complete"] for row in rows), "April is over")
    demand(not any(row["complete"] for row in life.play.ask("report.bulletin",
                                                            period="2026-04")),
           "this April is not")
    words = {(period, by): told(life, period, by) for period, _ in periods
             for by in (None, "agency", "both")}
    life.play.hub.kill()
    for (period, by), said in words.items():
        demand(audit(life, period, by) == said, f"{period} {by}: other bytes from the auditor")
    demand(json.loads(words["2025-04", None])[0]["object"] == "bulletin", "no bulletin")
    life.play.hub.start()
    run.say(f"{life.play.acts} acts, {len(life.matters)} matters; {count} figures as written "
            f"down here; {len(words)} bulletins the same bytes from hub and auditor")
    life.play.hub.stop()


harness.main("bulletin", body)

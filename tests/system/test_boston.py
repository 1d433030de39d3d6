"""Four thousand real requests played in their own time, and the city's own judgement as oracle.

Each row of tests/data/requests/boston311_2011.csv with a target is registered under its number and
assigned to its department with that target as the due date; the department signs and accepts at
once and concludes, reports, replies and closes at `closed_dt`. A row without a target is
registered only, and withdrawn when the city closed it. All events happen in order of time
under the steered clock, one steer for every distinct instant, and rows that are still open are
judged at the end of the extract. Then the hub's met and missed must be the city's ONTIME and
OVERDUE on every row that has both `target_dt` and `ontime`.

Times are local to New York. `target_dt` is the last second that is on time and an end is exclusive,
so the due instant is one millisecond later. The hour that autumn has twice would be taken as its
first turn and a time that spring leaves out would break the order; both are counted, and the data
has none. One request has a target before it was opened: the hub refuses such a date (RH-4306),
and it is assigned again with the earliest date there is, a millisecond from now.

    RHT_BOSTON=all     every row, as in the long form of all tests; a number k takes one row in k
                       (default 10), chosen by hash
"""
import collections
import csv
import datetime
import hashlib
import os
import pathlib
import re
import time
import uuid
import zoneinfo

import harness
from harness import ROOT, demand
import pyagency
from play import KIND, Play, drive, iso, ms

ARCHIVE_MS = 730 * 86_400_000  # protocol/rules/settings.yaml
ZONE = zoneinfo.ZoneInfo("America/New_York")
DATA = pathlib.Path(os.environ.get("RHUB_TEST_DATA") or ROOT / "tests" / "data")
ONTIME = {"met": "ONTIME", "running": "ONTIME", "met_late": "OVERDUE", "missed": "OVERDUE"}


class Row:
    def __init__(self, raw, odd):
        self.case, self.ontime = raw["case_enquiry_id"], raw["ontime"]
        self.opened = instant(raw["open_dt"], odd)
        self.target = instant(raw["target_dt"], odd)
        self.closed = instant(raw["closed_dt"], odd)
        self.department = f"administration.{raw['department'].lower()}"
        self.category = re.sub(r"[^a-z0-9]+", "-", raw["reason"].lower()).strip("-")[:48]
        self.source = re.sub(r"[^a-z0-9]+", "-", raw["source"].lower()).strip("-")[:48]
        self.outcome = outcome(raw["closure_reason"])
        self.referral = None

    def external(self, key):
        number = hashlib.blake2b(b"boston311\0" + self.case.encode(), key=key, digest_size=32)
        return [["boston311", number.digest()]]


def instant(text, odd):
    """UTC ms of a local time, None for an empty one."""
    if not text:
        return None
    naive = datetime.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    first, second = (naive.replace(tzinfo=ZONE, fold=fold) for fold in (0, 1))
    if first.utcoffset() > second.utcoffset():
        odd["twice"] += 1
    elif first.utcoffset() < second.utcoffset():
        odd["never"] += 1
    return round(first.timestamp() * 1000)


def outcome(reason):
    """The city's words, as an outcome of the procedure."""
    if "Resolved" in reason:
        return "supported"
    if "Invalid" in reason or "Duplicate" in reason:
        return "dismissed"
    return "explained"


def load(run):
    odd = collections.Counter()
    with open(DATA / "requests" / "boston311_2011.csv", encoding="utf-8", newline="") as file:
        rows = [Row(raw, odd) for raw in csv.DictReader(file)]
    whole = len(rows)
    part = os.environ.get("RHT_BOSTON") or ("all" if os.environ.get("RHUB_TEST_LONG") else "10")
    if part != "all":
        rows = [row for row in rows
                if int(hashlib.sha256(row.case.encode()).hexdigest(), 16) % int(part) == 0]
    run.say(f"{len(rows)} of {whole} rows; local times that exist twice {odd['twice']}, never "
            f"{odd['never']}")
    demand(odd["never"] == 0, "a local time that does not exist has no place in the order")
    return rows


class City:
    """The intake desk and the departments."""

    def __init__(self, run, rows):
        self.run, self.rows = run, rows
        begin = min(row.opened for row in rows) - 3_600_000
        self.play = Play(run, begin)
        self.intake = self.play.agency("petitions.boston", bundle=256, outstanding=1024)
        self.departments = {name: self.play.agency(name, react=self.take, bundle=256)
                            for name in sorted({row.department for row in rows})}
        self.taken = set()
        self.play.settle()
        self.key = self.intake.external_key
        self.past_targets = 0

    def take(self, agency, _number, form, _sender, said):
        """What a department does with what it is assigned."""
        if form == 0 and said[2] == KIND["assign"]:
            agency.send(KIND["sign"], said[3])
            agency.send(KIND["accept"], said[3])
            self.taken.add(said[3])

    def open(self, row):
        row.referral = pyagency.uuid7()
        self.register(row, row.referral)
        if row.target is not None:
            due = row.target + 1
            if due <= self.play.now:
                n = self.assign(row, due)
                self.play.confirm(self.intake)
                demand(self.intake.outcome(n) == 4306, "a date in the past was taken")
                self.past_targets += 1
                due = self.play.now + 1
            self.assign(row, due)

    def register(self, row, referral):
        return self.intake.send(KIND["register"], referral, procedure="xinfang", area="620423",
                                category=row.category, source=row.source,
                                externals=row.external(self.key))

    def assign(self, row, due):
        return self.intake.send(KIND["assign"], row.referral, to=row.department, due=due)

    def close(self, row):
        if row.target is None:
            self.intake.send(KIND["withdraw"], row.referral)
            return
        department = self.departments[row.department]
        department.send(KIND["conclude"], row.referral, code=row.outcome)
        for kind in ("report", "reply", "close"):
            department.send(KIND[kind], row.referral)

    def step(self, when, opening, closing):
        """Everything that happens at one instant. What is opened is taken before anything is
        closed: some requests lived for less than a second."""
        row = self.play.hub.ask("clock.steer", to=iso(when))[0]
        demand(row["now_at"] == iso(when), f"steered to {iso(when)}: {row}")
        self.play.now = when
        self.play.steers += 1
        for events, do in ((opening, self.open), (closing, self.close)):
            if not events:
                continue
            for row in events:
                do(row)
            wait = {row.referral for row in events if row.target is not None}
            agencies = [self.intake, *{self.departments[row.department] for row in events}]
            drive(agencies, f"the events of {iso(when)}", lambda a=agencies, w=wait:
                  w <= self.taken and all(agency.confirmed() for agency in a))

    def run_through(self):
        """In order of time; the others' notices are read now and then."""
        events = collections.defaultdict(lambda: ([], []))
        for row in self.rows:
            events[row.opened][0].append(row)
            if row.closed is not None:
                events[row.closed][1].append(row)
        said = time.monotonic()
        for count, when in enumerate(sorted(events)):
            self.step(when, *events[when])
            if count % 50 == 0:
                for agency in self.play.online():
                    agency.turn(0)
            if time.monotonic() - said > 10:
                said = time.monotonic()
                self.run.say(f"{count} of {len(events)} instants, {iso(when)[:10]}")
        self.play.settle(300)


def judge(city):
    """The hub's word about each target beside the city's."""
    matrix, differences = collections.Counter(), []
    judged = unjudged = 0
    for row in city.rows:
        if row.target is None:
            continue
        shown = city.play.hub.ask("referral.show", id=str(uuid.UUID(bytes=row.referral)))[0]
        clocks = [d for d in shown["deadlines"] if d["limit"] == "assigned"]
        demand(len(clocks) == 1, f"{row.case}: {len(clocks)} clocks of the assignment")
        word = ONTIME[clocks[0]["status"]]
        end = ms(clocks[0]["end_at"])
        demand(end == max(row.target, row.opened) + 1, f"{row.case}: due at {end}")
        if not row.ontime:
            unjudged += 1
            continue
        judged += 1
        matrix[(row.ontime, word)] += 1
        if row.ontime != word:
            differences.append((row.case, row.ontime, clocks[0]["status"]))
    return judged, unjudged, matrix, differences


def expected_ledger(rows, now):
    """Per agency, state and outcome, from the file alone. What has been at rest for so long has
    been put away: some rows were closed years after the others."""
    book = collections.Counter()
    for row in rows:
        archived = row.closed is not None and row.closed + ARCHIVE_MS <= now
        if row.target is None:
            state = "registered" if row.closed is None else "withdrawn"
            book[("petitions.boston", "archived" if archived else state, None)] += 1
        elif row.closed is None:
            book[(row.department, "in_progress", None)] += 1
        else:
            book[(row.department, "archived" if archived else "closed", row.outcome)] += 1
    return book


def balance(city):
    """The hub's own books: rows = open + final, per agency and outcome."""
    listed = city.play.hub.ask_all("referral.list")
    book = collections.Counter((row["to"] or row["origin"], row["state"], row["outcome"])
                               for row in listed)
    want = expected_ledger(city.rows, city.play.now)
    demand(book == want, f"the ledger differs: {book - want} too many, {want - book} too few")
    figures = city.play.hub.ask("report.figures", by="agency")
    registered = sum(row["numerator"] for row in figures if row["figure"] == "registered")
    closed = sum(row["numerator"] for row in figures if row["figure"] == "closed")
    open_now = city.play.hub.status()["open"]
    # Closed, as figures have it: at rest by a decision, a withdrawal included.
    final = len(listed) - open_now
    demand((registered, closed) == (len(city.rows), final),
           f"figures: {registered} registered, {closed} closed; {len(city.rows)} rows, {final}")
    return book, open_now, final


def again(city):
    """The same numbers a second time create nothing."""
    before = city.play.hub.status()["referrals"]
    numbers = [city.register(row, pyagency.uuid7()) for row in city.rows]
    drive([city.intake], "the second play", city.intake.confirmed, 120)
    refused = collections.Counter(city.intake.outcome(n) for n in numbers)
    city.play.settle(60)
    after = city.play.hub.status()["referrals"]
    demand(refused == {4316: len(city.rows)} and before == after,
           f"played again: {refused}, {before} and then {after} referrals")


def body(run):
    rows = load(run)
    city = City(run, rows)
    began = time.monotonic()
    city.run_through()
    seconds = time.monotonic() - began
    records = city.play.hub.status()["log"]["records"]
    run.say(f"played to {iso(city.play.now)}: {city.play.steers} instants, {records} records, "
            f"{seconds:.1f} s")
    judged, unjudged, matrix, differences = judge(city)
    for theirs in ("ONTIME", "OVERDUE"):
        run.say(f"city {theirs:8}: hub ONTIME {matrix[(theirs, 'ONTIME')]:5}, hub OVERDUE "
                f"{matrix[(theirs, 'OVERDUE')]:5}")
    run.say(f"{judged} rows judged by both, {len(differences)} differences; {unjudged} rows with a "
            f"target that the city did not judge; {city.past_targets} targets before opening")
    demand(not differences, f"differences: {differences[:20]}")
    book, open_now, final = balance(city)
    for (agency, state, result), count in sorted(book.items(), key=str):
        run.say(f"  {agency:22} {state:12} {result or '':10} {count:5}")
    run.say(f"ledger: {len(rows)} rows = {open_now} open + {final} final")
    again(city)
    run.say(f"second play: {len(rows)} of {len(rows)} refused with RH-4316, nothing created")
    city.play.hub.stop()


harness.main("boston", body)

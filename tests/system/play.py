"""Life on a steered clock: a real hub whose time stands until it is moved, and agencies in this
process that do something at an instant.

    play = Play(run, "2026-02-05 10:00")
    a, b = play.agency("petitions.620423"), play.agency("court.620423")
    referral = play.new(a, "xinfang")
    play.act(a, "forward", referral, to=b)     stored, delivered, acknowledged: all at one instant
    play.steer("2026-02-24 23:59")
    play.show(referral)["deadlines"]

Instants are ms since 1970 UTC; texts without an offset are Beijing time. Between two steers
everything that can happen has happened: settle() waits until every agency that is online has its
receipts and nothing waits for it.
"""
import datetime
import itertools
import re
import time
import uuid

import zmq

from harness import ROOT, SLOW, demand
import pyagency
import rhwire

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


def kinds():
    """Numbers of kinds by their names, as the protocol's header lists them."""
    text = (ROOT / "protocol/include/rh/kind.h").read_text()
    found = re.findall(r'X\([A-Z_]+, (\d+), "([a-z_]+)", [DLAITH]\)', text)
    return {name: int(number) for number, name in found}


KIND = kinds()
NAME = {number: name for name, number in KIND.items()}


def ms(when):
    """An instant: ms, or a text in Beijing time (or with an offset of its own)."""
    if isinstance(when, int):
        return when
    moment = datetime.datetime.fromisoformat(when.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=BEIJING)
    return round(moment.timestamp() * 1000)


def iso(instant):
    moment = datetime.datetime.fromtimestamp(instant // 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{instant % 1000:03}Z"


def beijing(instant):
    """For people."""
    moment = datetime.datetime.fromtimestamp(instant // 1000, BEIJING)
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def end_of(date):
    """The exclusive end of a Beijing day written YYYY-MM-DD."""
    return ms(f"{date} 00:00") + DAY


def drive(agencies, what, condition, seconds=20):
    """Turn the agencies until the condition holds; wake up as soon as any of them hears."""
    end = time.monotonic() + seconds * SLOW
    while True:
        for agency in agencies:
            agency.turn(0)
        if condition():
            return
        demand(time.monotonic() < end, f"not within {seconds} s: {what}")
        poller = zmq.Poller()
        for agency in agencies:
            if agency.pipe is not None:
                poller.register(agency.pipe.socket, zmq.POLLIN)
        poller.poll(5)


class Play:
    def __init__(self, run, begin, *, options=(), name="hub", rules=None):
        self.run, self.begin = run, ms(begin)
        self.hub = run.hub(name, rules=rules,
                           options=[*options, f"--test-clock={iso(self.begin)}"]).start()
        self.now = self.begin
        self.agencies, self.offline = {}, set()
        self.acts = self.steers = 0

    # -- who --

    def agency(self, agency, *, enrol=None, cls=None, **how):
        """Enrolled and driven from now on; `enrol` are arguments of the enrolment (superior)."""
        if cls is None:
            made = self.run.agency(self.hub, agency, enrol=False, **how)
        else:
            made = cls(self.run.dir / agency, agency, self.hub.card, self.hub.cards, **how)
            self.run.agencies.append(made)
        self.hub.enrol(made.party, **(enrol or {}))
        self.agencies[agency] = made
        return made

    def online(self):
        return [a for a in self.agencies.values() if a.agency not in self.offline]

    def leave(self, agency):
        """As a pulled cable."""
        self.offline.add(agency.agency)
        agency.drop()

    def come_back(self, agency):
        self.offline.discard(agency.agency)
        agency.retry_at = 0.0

    # -- asking, with views as fresh as the journal --

    def ask(self, verb, **args):
        seq = self.hub.ask("status")[0]["log"]["records"]
        return self.hub.ask(verb, at_least_seq=seq, **args)

    def show(self, referral):
        return self.ask("referral.show", id=str(uuid.UUID(bytes=referral)))[0]

    def explain(self, referral):
        return self.ask("deadline.explain", id=str(uuid.UUID(bytes=referral)))

    def timeline(self, referral):
        """Every line; a page may be short and have a cursor all the same."""
        return self.hub.ask_all("referral.timeline", id=str(uuid.UUID(bytes=referral)))

    def queues(self):
        return {row["id"]: row["count"] for row in self.ask("queue.list", limit=1000)}

    # -- doing --

    def confirm(self, *agencies, seconds=20):
        for agency in agencies:
            drive([agency], f"{agency.agency} has its receipts", agency.confirmed, seconds)

    def settle(self, seconds=60):
        online = self.online()
        end = time.monotonic() + seconds * SLOW
        while True:
            drive(online, "everybody there with every receipt", lambda: all(
                a.state == "live" and a.confirmed() for a in online), seconds)
            waiting = self.queues()
            if not any(waiting.get(a.agency) for a in online):
                return
            demand(time.monotonic() < end, f"not within {seconds} s: empty queues, {waiting}")
            heard = sum(a.counts[pyagency.DELIVERY] for a in online)
            drive(online, "something", lambda h=heard, until=time.monotonic() + 0.05:
                  sum(a.counts[pyagency.DELIVERY] for a in online) > h or
                  time.monotonic() > until, seconds)

    def steer(self, when):
        """Settle, then move the time. Timers that became due have fired when this returns."""
        to = ms(when)
        demand(to >= self.now, f"{iso(to)} lies before {iso(self.now)}")
        self.settle()
        if to > self.now:
            row = self.hub.ask("clock.steer", to=iso(to))[0]
            demand(row["now_at"] == iso(to), f"steered to {iso(to)}, the hub says {row}")
            self.now, self.steers = to, self.steers + 1
            self.settle()

    def act(self, agency, kind, referral=None, *, refusal=0, private=None, **fields):
        """One item by one agency; its receipt must say what is expected. Returns its number."""
        for name in ("to", "proper"):
            if isinstance(fields.get(name), pyagency.PyAgency):
                fields[name] = fields[name].agency
        if private is None:
            private = rhwire.pack({2: "办理情况"})
        n = agency.send(KIND[kind], referral, private, **fields)
        self.confirm(agency)
        got = agency.outcome(n)
        demand(got == refusal, f"{beijing(self.now)} {agency.agency} {kind}: "
               f"{'stored' if got == 0 else f'RH-{got}'}, wanted "
               f"{'stored' if refusal == 0 else f'RH-{refusal}'}")
        self.acts += 1
        return n

    def new(self, agency, procedure, *, category="labour", area="620423", source="visit",
            **fields):
        """Register a matter; its id."""
        referral = pyagency.uuid7()
        self.act(agency, "register", referral, procedure=procedure, category=category, area=area,
                 source=source, **fields)
        return referral

    def play(self, stories):
        """Stories are generators that yield the instant at which they go on. All of them happen
        on one hub, in order of time; those of one instant in their own order."""
        order = itertools.count()
        waiting = []
        for story in stories:
            waiting.append((ms(next(story)), next(order), story))
        while waiting:
            waiting.sort()
            when, _, story = waiting.pop(0)
            self.steer(when)
            try:
                waiting.append((ms(next(story)), next(order), story))
            except StopIteration:
                pass

"""Ten thousand ordinary messages wait for a receiver that is offline; then come urgent and green
ones. When it is back: urgent before green before ordinary, never a message of a referral before
an earlier one of that referral, dense numbers for each pair, and two senders that share by bytes
although one of them writes letters ten times as long. What becomes urgent while the ordinary ones
flow overtakes all but those that are on their way.
"""
import collections
import time

import harness
from harness import demand
from play import KIND, Play, drive
from pyagency import PyAgency
import pyagency
import rhwire

ORDINARY = 10_000
WINDOW = 64
QUANTUM = 32 * 1024  # of the fair share between senders, in bytes
NORMAL, GREEN, URGENT = 0, 1, 2


class Receiver(PyAgency):
    """Remembers what came, in order: lane, sender, number, referral, place in the log, bytes."""

    def delivery(self, data, value):
        super().delivery(data, value)
        said = rhwire.public_decode(value[8])
        self.seen.append((value[3], value[2], value[4], said.get(3), value[5], len(data),
                          said[2]))


class Town:
    def __init__(self, run):
        self.run, self.play = run, Play(run, "2026-03-02 10:00")
        fast = {"bundle": 256, "outstanding": 2048}
        self.brief = self.play.agency("petitions.620423", **fast)
        self.wordy = self.play.agency("procuratorate.620423", **fast)
        self.court = self.play.agency("court.620423", cls=Receiver, window=(WINDOW, 1 << 20))
        self.court.seen = []
        self.play.settle()
        self.play.leave(self.court)
        self.sent = collections.Counter()   # (sender, lane it must come through)
        self.numbers = collections.defaultdict(list)

    def matter(self, sender, lane=None):
        procedure, kind = (("xinfang", "forward") if sender is self.brief else
                           ("suggestion", "suggestion"))
        referral = pyagency.uuid7()
        self.say(sender, "register", referral, None, procedure=procedure, category="labour",
                 area="620423", source="visit", lane=lane)
        self.say(sender, kind, referral, lane or NORMAL, to=self.court.agency, lane=lane)
        return referral

    def say(self, sender, kind, referral, through, **fields):
        """`through`: the lane it must come by, None for what is not delivered."""
        size = 60 if sender is self.brief else self.run.rng.randint(500, 6000)
        body = rhwire.pack(["text/plain", self.run.rng.randbytes(size)])
        self.numbers[sender.agency].append(sender.send(KIND[kind], referral, b"", body, **fields))
        if through is not None:
            self.sent[(sender.agency, through)] += 1

    def word(self, sender, referral, through, lane=None):
        self.say(sender, "notice", referral, through, to=self.court.agency, lane=lane)

    def confirm(self):
        drive([self.brief, self.wordy], "receipts", lambda: self.brief.confirmed() and
              self.wordy.confirmed(), 120)
        for sender in (self.brief, self.wordy):
            for n in self.numbers.pop(sender.agency, []):
                demand(sender.outcome(n) == 0, f"{sender.agency} {n}: {sender.outcome(n)}")


def fill(town):
    """Matters with one to twenty words each, from both senders in turn."""
    began, matters = time.monotonic(), []
    while sum(town.sent.values()) < ORDINARY:
        for sender in (town.brief, town.wordy):
            with sender.ledger.change():
                referral = town.matter(sender)
                matters.append((sender, referral))
                for _ in range(min(town.run.rng.randint(0, 19),
                                   ORDINARY - 1 - sum(town.sent.values()))):
                    town.word(sender, referral, NORMAL)
        if len(matters) % 100 == 0:
            town.confirm()
    town.confirm()
    town.run.say(f"{sum(town.sent.values())} ordinary messages of {len(matters)} matters wait, "
                 f"stored in {time.monotonic() - began:.1f} s")
    return matters


def press(town, matters):
    """Then urgent and green ones; and late words about matters that wait already."""
    late = []
    for sender in (town.brief, town.wordy):
        for lane in (URGENT, GREEN):
            for _ in range(10):
                referral = town.matter(sender, lane)
                town.word(sender, referral, lane)  # ordinary, but of an urgent matter
        mine = [referral for who, referral in matters if who is sender]
        for referral in town.run.rng.sample(mine, 20):
            town.word(sender, referral, NORMAL, lane=URGENT)  # its elders come first
            late.append(referral)
    for _ in range(3):
        town.say(town.wordy, "bulletin", None, URGENT, to=town.court.agency, lane=URGENT)
    town.confirm()
    waiting = town.play.queues()[town.court.agency]
    demand(waiting == sum(town.sent.values()), f"{waiting} wait of {sum(town.sent.values())}")
    return late


def back(town):
    """The receiver is back; in the middle something urgent turns up."""
    court, total = town.court, sum(town.sent.values())
    town.play.come_back(court)
    began = time.monotonic()
    drive([court], "a third", lambda: len(court.seen) >= total // 3, 120)
    referral = town.matter(town.brief, URGENT)
    drive([court, town.brief], "the receipt", town.brief.confirmed)
    behind = len(court.seen)
    drive([court], "all", lambda: len(court.seen) >= total + 1 and court.confirmed(), 240)
    seconds = time.monotonic() - began
    at = next(i for i, row in enumerate(court.seen) if row[3] == referral)
    demand(at - behind <= 2 * WINDOW, f"urgent in the middle: {at - behind} came before it")
    town.run.say(f"{total + 1} delivered and acknowledged in {seconds:.1f} s "
                 f"({(total + 1) / seconds:.0f}/s); urgent in the middle overtook all but "
                 f"{max(0, at - behind)}")
    return [row for row in court.seen if row[3] != referral]


def lanes_in_order(seen):
    order = [row[0] for row in seen]
    demand(order == sorted(order, reverse=True), "urgent, then green, then ordinary")
    return collections.Counter(order)


def referrals_in_order(town, late):
    last, through = {}, {}
    for lane, sender, _, referral, index, *_ in town.court.seen:
        if referral is None:
            continue
        demand(last.get(referral, -1) < index, f"{referral.hex()} out of order")
        last[referral] = index
        demand(through.setdefault(referral, lane) == lane,
               f"{referral.hex()} of {sender} by two lanes")
    demand(all(through[referral] == NORMAL for referral in late), "a late word takes its matter's "
           "lane")


def dense(town):
    """Each pair's numbers without a gap and without a repetition."""
    pairs = collections.defaultdict(list)
    for lane, sender, seq, *_ in town.court.seen:
        pairs[(sender, lane)].append(seq)
    for pair, numbers in pairs.items():
        demand(numbers == list(range(1, len(numbers) + 1)), f"{pair}: not dense")
    demand({pair: len(numbers) for pair, numbers in pairs.items()} == dict(town.sent),
           f"{town.sent}, delivered {[(pair, len(n)) for pair, n in pairs.items()]}")


def fair(town, seen):
    """While both have something ordinary left, neither gets more bytes than the other but for
    a quantum and a message."""
    ordinary = [row for row in seen if row[0] == NORMAL]
    left = collections.Counter(row[1] for row in ordinary)
    sums, apart, shared = collections.Counter(), 0, 0
    longest = max(row[5] for row in ordinary)
    for _, sender, _, _, _, size, _ in ordinary:
        sums[sender] += size
        left[sender] -= 1
        shared += 1
        apart = max(apart, abs(sums[town.brief.agency] - sums[town.wordy.agency]))
        if not left[sender]:
            break
    town.run.say(f"shared by {shared} messages: {dict(sums)} bytes, never more than {apart} apart")
    demand(min(sums.values()) > 20 * QUANTUM, "not enough to tell")
    demand(apart <= 2 * QUANTUM + longest, f"{apart} bytes apart")


def body(run):
    town = Town(run)
    matters = fill(town)
    late = press(town, matters)
    seen = back(town)
    counts = lanes_in_order(seen)
    referrals_in_order(town, late)
    dense(town)
    fair(town, seen)
    town.play.settle()
    run.say(f"in order: {counts[URGENT]} urgent, {counts[GREEN]} green, {counts[NORMAL]} ordinary")
    town.play.hub.stop()


harness.main("lanes", body)

"""The judge of the system tests: compares the ledgers of all agencies with one another, and only
then with what the hub shows. It runs when everything said has been answered and everything
stored has arrived, and looks at what is new since the last time."""
import collections

import pyagency
from pypipe import demand

RESTING = {"closed", "transferred", "merged", "withdrawn", "terminated", "archived"}
# What the hub must show after the last stored word about a referral.
STATE_AFTER = {pyagency.REGISTER: {"registered"}, pyagency.FORWARD: {"dispatched"},
               pyagency.TRANSFER: {"dispatched"}, pyagency.SIGN: {"signed"},
               pyagency.ACCEPT: {"accepted", "in_progress"}, pyagency.CONCLUDE: {"concluded"},
               pyagency.REPLY: {"replied"}}


class Checker:
    """`ledgers`: agency -> pyagency.Ledger. Every check raises Violation with what is wrong."""

    def __init__(self, ledgers):
        self.ledgers = ledgers
        self.sent_to = dict.fromkeys(ledgers, 0)       # n up to which sent was judged
        self.got_to = dict.fromkeys(ledgers, 0)        # deliveries.id likewise
        self.last_seq = {}                             # (receiver, hub, sender, lane)
        self.last_n = {}                               # (receiver, hub, sender, lane)
        self.last_idx = {}                             # (receiver, hub, referral)
        self.seen = collections.defaultdict(set)       # receiver -> message ids
        self.referrals = {}                            # id -> kind of the last stored word
        self.totals = collections.Counter()

    # -- has everything come to rest? --

    def answered(self, hub):
        """Every number of every agency has its receipt: from this generation of the hub if it
        did not keep the number of an earlier one."""
        return all(ledger.one(
            "SELECT count(*) FROM sent s WHERE NOT EXISTS (SELECT 1 FROM receipts r WHERE "
            "r.n = s.n AND (r.hub = ? OR s.n < ?))", hub, ledger.get("kept:" + hub, 1)) == 0
            for ledger in self.ledgers.values())

    def missing(self, away=()):
        """Stored messages that should have arrived somewhere and have not: their number, but
        for what waits for those who are away."""
        count = 0
        for sender, ledger in self.ledgers.items():
            for message, to in self.expected(ledger, self.sent_to[sender]):
                receiver = self.ledgers.get(to) if to not in away else None
                if receiver is not None and receiver.one(
                        "SELECT 1 FROM deliveries WHERE message_id = ? AND sender = ?",
                        message, sender) is None:
                    count += 1
        return count

    @staticmethod
    def expected(ledger, above):
        return ledger.all(
            "SELECT s.message_id, s.expects FROM sent s WHERE s.n > ? AND s.expects IS NOT NULL "
            "AND EXISTS (SELECT 1 FROM receipts r WHERE r.n = s.n AND r.outcome = 0) "
            "ORDER BY s.n", above)

    # -- judge --

    def judge(self):
        wanted = collections.defaultdict(dict)         # receiver -> {(sender, id): digest}
        for sender, ledger in self.ledgers.items():
            self.judge_sent(sender, ledger, wanted)
        for receiver, ledger in self.ledgers.items():
            self.judge_got(receiver, ledger, wanted[receiver])
        for receiver, rest in wanted.items():
            if receiver in self.ledgers:
                demand(not rest, f"{len(rest)} stored messages never reached {receiver}")

    def judge_sent(self, sender, ledger, wanted):
        rows = ledger.all(
            "SELECT s.n, s.kind, s.referral, s.message_id, s.expects, s.digest, "
            "(SELECT outcome FROM receipts r WHERE r.n = s.n ORDER BY r.idx DESC LIMIT 1) "
            "FROM sent s WHERE s.n > ? ORDER BY s.n", self.sent_to[sender])
        folder = ledger.get("folder", False)   # acks of a real agent stand in no folder
        for n, kind, referral, message, expects, digest, outcome in rows:
            demand(folder or n == self.sent_to[sender] + 1, f"{sender} skipped number {n - 1}")
            self.sent_to[sender] = n
            demand(outcome is not None, f"{sender} has no receipt for {n}")
            self.totals["stored" if outcome == 0 else "refused"] += 1
            self.totals[f"RH-{outcome}"] += outcome != 0
            if outcome == 0 and kind in STATE_AFTER:
                before = self.referrals.get(referral, 0)
                self.referrals[referral] = max(before, kind)
            if outcome == 0 and expects is not None:
                wanted[expects][(sender, message)] = digest

    def judge_got(self, receiver, ledger, wanted):
        rows = ledger.all("SELECT id, hub, sender, lane, seq, form, idx, message_id, referral, "
                          "digest, sender_n, effect FROM deliveries WHERE id > ? ORDER BY id",
                          self.got_to[receiver])
        for row in rows:
            self.got_to[receiver] = row[0]
            self.judge_delivery(receiver, wanted, *row[1:])

    def judge_delivery(self, receiver, wanted, hub, sender, lane, seq, form, idx, message,
                       referral, digest, sender_n, effect):
        where = f"{receiver} got {sender} lane {lane} number {seq}"
        pair = (receiver, hub, sender, lane)
        demand(seq is None or seq == self.last_seq.get(pair, 0) + 1, f"{where}, after "
               f"{self.last_seq.get(pair, 0)}")
        self.last_seq[pair] = seq
        self.totals["delivered"] += 1
        if form != 0:
            self.totals["notices"] += 1
            return
        if not effect:
            self.totals["known"] += 1
            demand(message in self.seen[receiver], f"{where}: known and never seen")
            return
        demand(message not in self.seen[receiver], f"{where}: came twice")
        self.seen[receiver].add(message)
        demand((sender, message) in wanted, f"{where}: nobody sent it there")
        sent = wanted.pop((sender, message))
        if seq is None:
            return  # a folder shows neither digest nor order
        demand(sent == digest, f"{where}: another content")
        demand(sender_n > self.last_n.get(pair, 0), f"{where}: it was sent before the last one")
        self.last_n[pair] = sender_n
        demand(idx > self.last_idx.get((receiver, hub, referral), -1),
               f"{where}: it overtook an earlier message of its referral")
        self.last_idx[(receiver, hub, referral)] = idx

    # -- the hub against the ledgers --

    def judge_hub(self, hub, *, list_all=True):
        """Counts reconcile: rows = open + final; with list_all every referral is where the last
        stored word about it put it."""
        status = hub.status()
        demand(not status["intake_held"], f"intake is held: {status['held_text']}")
        records = status["log"]["records"]
        status = hub.ask("status", at_least_seq=records)[0]
        demand(status["referrals"] == len(self.referrals),
               f"the hub counts {status['referrals']} referrals, the ledgers "
               f"{len(self.referrals)}")
        demand(status["queue"] == 0, f"{status['queue']} messages still wait")
        if not list_all:
            return
        final = 0
        for row in hub.ask_all("referral.list", at_least_seq=records):
            referral = bytes.fromhex(row["referral_id"].replace("-", ""))
            demand(referral in self.referrals, f"{row['id']} was registered by nobody")
            want = STATE_AFTER[self.referrals[referral]]
            demand(row["state"] in want | RESTING, f"{row['id']} is {row['state']}, wanted {want}")
            final += row["state"] in RESTING
        demand(status["open"] + final == len(self.referrals),
               f"{len(self.referrals)} rows, {status['open']} open, {final} final")

    def summary(self):
        t = self.totals
        return (f"{len(self.referrals)} referrals, {t['stored']} messages stored, "
                f"{t['refused']} refused, {t['delivered']} delivered")

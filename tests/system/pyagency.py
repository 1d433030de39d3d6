"""An agency of its own: keys, a ledger that survives being killed, and a client of the hub,
written from protocol/spec/wire.md and receipt.md with the Python of tests/interop.

It believes nothing. Every receipt is checked against the hub's key and must be byte for byte the
one of the first time; every delivery is checked against its sender's key; published checkpoints
must extend one another. What breaks a promise raises Violation. Its ledger (SQLite, so that it
survives `kill -9` in the middle of anything) is the ground truth of the system tests: what was
said, what came back, what arrived. The hub is never asked to judge the hub.

As a program it is the same agency in a process that can be killed:

    pyagency.py STATE_DIR          STATE_DIR/config.json says who, where and how much load

and obeys lines on standard input: `load on`, `load off`, `ask` (every receipt again), `stop`.
"""
import collections
import hashlib
import json
import os
import pathlib
import random
import select
import sys
import time

import zmq

import pyledger
from pypipe import Card, Cards, Party, Pipe, Violation, demand, now_ms, uuid7
import log_verify
import rhwire

REGISTER, FORWARD, TRANSFER, SIGN, RECALL, ACCEPT, CONCLUDE, REPLY = 1, 10, 13, 30, 31, 39, 50, 53
ACK, NACK = rhwire.ACK, rhwire.NACK
OPEN, HELLO, BUNDLE, WINDOW, RESYNC, ASK, PROVE, CLOSE, EXTEND = range(1, 10)
CHALLENGE, WELCOME, CONFIRM, DELIVERY, BUSY, GAP, ERROR, CHECKPOINT, PROOF, CONSISTENCY, \
    TIME = range(65, 76)
FIELDS = {"root": 4, "other": 5, "refers_to": 6, "to": 7, "procedure": 8, "lane": 9,
          "category": 10, "area": 11, "source": 12, "code": 13, "basis": 14, "proper": 15,
          "due": 16, "occurred": 17, "extend_n": 18, "report_required": 19,
          "information_wanted": 20, "reply_owed": 21, "leader_named": 22, "externals": 23,
          "copies": 24, "children": 25, "facts": 26, "trace": 27, "sender": 28, "pair_seq": 29,
          "refusal": 30}
ZERO32, ZERO64 = bytes(32), bytes(64)
# Connection-level refusals after which a client simply begins anew.
AGAIN = {5101, 5103, 7107, 7108}


# ---- the agency ----

class PyAgency:
    """States: away (no connection), opened, greeted, live; stopped (for good, `why` says it).

    turn() does what there is to do and returns; drive it until a condition holds. `react` is
    called once for each new delivery, inside the transaction that records it. With
    `lenient`, ERROR frames are collected in `errors` instead of being a Violation."""

    def __init__(self, state_dir, agency, hub_card, cards_dir, *, hub=None, party=None,
                 window=(64, 1 << 20), react=None, lenient=False, thorough=False,
                 outstanding=256, bundle=32, rng=None):
        self.state_dir = pathlib.Path(state_dir)
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.agency = agency
        keys = self.state_dir / "keys.json"
        if party is None:
            party = Party.load(keys) if keys.exists() else Party.make(agency)
        party.save(keys)
        self.party = party
        self.card = hub_card if isinstance(hub_card, Card) else \
            Card(pathlib.Path(hub_card).read_text())
        self.cards = Cards(cards_dir)
        self.ledger = pyledger.Ledger(self.state_dir / "ledger.db")
        self.window, self.react, self.lenient, self.thorough = window, react, lenient, thorough
        self.outstanding_max, self.bundle_max = outstanding, bundle
        self.rng = rng or random.Random(0)
        with self.ledger.change():
            if self.ledger.get("epoch") is None:
                self.ledger.put("epoch", os.urandom(8).hex())
                self.ledger.put("hub", hub or self.card.owner)
        self.epoch = bytes.fromhex(self.ledger.get("epoch"))
        self.hub = self.ledger.get("hub")
        self.base = self.hub.partition("/")[0]
        self.context = zmq.Context.instance()
        self.last_n = self.ledger.one("SELECT coalesce(max(n), 0) FROM sent")
        self.pipe = None
        self.state, self.why = "away", ""
        self.retry_at = 0.0
        self.held = None           # refusal by which the hub holds intake: BUSY or 5201
        self.auto_ack = True
        self.show_lost = True      # attach the receipts of earlier generations
        self.errors, self.busies, self.proofs = [], [], []
        self.counts = collections.Counter()
        self.hub_time = None  # of the newest TIME: ms, rate
        self.session = self.external_key = self.test_hub = None
        self.forget_session()

    def forget_session(self):
        self.cursor = None                 # next number to send
        self.unconfirmed = set()
        self.asks = collections.deque()
        self.asking = set()
        self.busy_until = self.heard_at = 0.0
        self.acks = {}
        self.in_flight = {}                # (sender, lane, seq) received, ack not sent
        self.resynced = {}
        self.extending = self.greeting = None
        self.windows = [self.window[0]]    # every credit given in this session

    # -- what a test says --

    def send(self, kind, referral=None, private=b"", body=b"", *, expects=None, cause=None,
             message_id=None, keys=(), **named):
        """Number an item and put it on the ledger; it leaves with the next turns."""
        public = {1: message_id or uuid7(), 2: kind}
        if referral is not None:
            public[3] = referral
        public.update({FIELDS[name]: value for name, value in named.items() if value is not None})
        if expects is None:
            expects = named.get("to")
        item = rhwire.item_make(rhwire.pack(public), private, body, os.urandom(32), keys)
        return self.number(item, public, expects, cause)

    def number(self, item, public, expects=None, cause=None):
        with self.ledger.change():
            n = self.last_n + 1
            self.ledger.run("INSERT INTO sent VALUES (?,?,?,?,?,?,?,?,?,0)", n, self.hub,
                            public.get(1), public.get(2), public.get(3), expects, cause,
                            rhwire.item_digest(item), rhwire.pack(item))
            self.last_n = n
        return n

    def register(self, to=None, *, procedure="xinfang", category="labour", area="620423",
                 kind=FORWARD, private=None, body=b"", lane=None, **named):
        """Register a referral and, with `to`, dispatch it. Returns (referral, numbers)."""
        referral = uuid7()
        if private is None:
            private = rhwire.pack({1: "测试", 4: {"no": referral.hex()}})
        numbers = [self.send(REGISTER, referral, private, body, procedure=procedure,
                             category=category, area=area, source="visit", lane=lane)]
        if to is not None:
            numbers.append(self.send(kind, referral, private, body, to=to, lane=lane, **named))
        return referral, numbers

    def receipt(self, n, hub=None):
        """The decoded core of a number, None before it is confirmed."""
        core = self.ledger.one("SELECT core FROM receipts WHERE hub = ? AND n = ?",
                               hub or self.hub, n)
        return rhwire.receipt_decode(core) if core is not None else None

    def outcome(self, n):
        """None without a receipt, 0 stored, else the refusal."""
        core = self.receipt(n)
        return None if core is None else core.get(10, 0)

    def confirmed(self):
        """Whether every number has its receipt: from the hub as it is pinned, or, for what a
        newer generation kept, from the one before."""
        kept = self.ledger.get("kept:" + self.hub) or 1
        last = self.ledger.one("SELECT max(n) FROM receipts WHERE hub = ?", self.hub) or 0
        last = max(last, kept - 1)
        return last == self.last_n and not self.unconfirmed and not self.asks and not self.asking

    def got(self, **match):
        """Rows of deliveries, as dictionaries, in order of arrival."""
        names = ["id", "hub", "sender", "lane", "seq", "form", "idx", "kind", "message_id",
                 "referral", "digest", "sender_n", "effect", "public"]
        where = " AND ".join(f"{key} = ?" for key in match) or "1"
        rows = self.ledger.all(f"SELECT * FROM deliveries WHERE {where} ORDER BY id",
                               *match.values())
        return [dict(zip(names, row)) for row in rows]

    def pin(self, hub):
        """What an operator does after `rhubd recover`: believe in a new generation."""
        with self.ledger.change():
            self.ledger.put("hub", hub)
            for key in ("batch", "note"):
                self.ledger.put(key, None)
        self.hub, self.held = hub, None
        self.drop()
        self.state, self.why, self.retry_at = "away", "", 0.0

    def ask_all(self):
        """Every receipt of this hub again; `asked` in the ledger counts the identical ones."""
        with self.ledger.change():
            self.ledger.run("UPDATE receipts SET asked = 0")
            self.ledger.put("asking", True)
        self.ask_rest()

    def ask_rest(self):
        """Whatever was not answered before the connection broke is asked in the next."""
        left = self.ledger.all("SELECT n FROM receipts WHERE asked = 0 GROUP BY n ORDER BY n")
        self.asks.extend(n for n, in left)

    def set_window(self, messages, size):
        self.window = (messages, size)
        self.windows.append(messages)
        if self.state == "live":
            self.pipe.send([WINDOW, self.session, messages, size])

    def drop(self):
        """Lose the connection, as a pulled cable does."""
        if self.pipe is not None:
            self.pipe.close()
        self.pipe = None
        if self.state != "stopped":
            self.state = "away"
        self.forget_session()

    def close(self):
        if self.pipe is not None and self.state == "live":
            self.pipe.socket.linger = 500
            self.pipe.send([CLOSE, self.session])
        self.drop()
        self.ledger.close()

    # -- one turn --

    def turn(self, wait_ms=0):
        if self.state == "stopped":
            return
        if self.pipe is None:
            if time.monotonic() < self.retry_at:
                time.sleep(min(wait_ms / 1000, max(0, self.retry_at - time.monotonic())))
                return
            self.connect()
        self.pipe.wait(wait_ms)
        with self.ledger.change():
            for _ in range(256):
                data = self.pipe.receive() if self.pipe is not None else None
                if data is None:
                    break
                self.heard_at = time.monotonic()
                self.frame(data)
            if self.pipe is not None and not self.pipe.ended:
                self.flush_acks()
        if self.pipe is None:
            return
        if self.greeting is not None and not self.pipe.ended:
            self.greet()
        if self.pipe.ended:
            self.lost()
        elif self.state == "live":
            self.flush()
            self.watch()
        elif time.monotonic() - self.heard_at > 5:
            self.lost()

    def connect(self):
        self.forget_session()
        self.pipe = Pipe(self.context, self.card.endpoint, self.card.keys["transport"],
                         self.party)
        self.heard_at = time.monotonic()
        self.state = "opened"
        self.pipe.send([OPEN, 1, self.agency])

    def lost(self, pause=0.05):
        self.counts["lost"] += 1
        self.drop()
        self.retry_at = time.monotonic() + pause

    def stop(self, why):
        self.drop()
        self.state, self.why = "stopped", why

    def watch(self):
        waiting = self.unconfirmed or self.asking
        if waiting and time.monotonic() > self.busy_until + 10 and \
                time.monotonic() - self.heard_at > 10:
            self.counts["stalls"] += 1
            self.lost()

    # -- frames of the hub --

    def frame(self, data):
        value = rhwire.frame_decode(data)
        kind = value[0]
        self.counts[kind] += 1
        if kind == CHALLENGE:
            self.challenge(*value[1:])
        elif kind == WELCOME:
            self.welcome(*value[1:])
        elif kind == CONFIRM:
            self.confirm(data, value)
        elif kind == DELIVERY:
            self.delivery(data, value)
        elif kind == BUSY:
            self.busy(*value[1:])
        elif kind == GAP:
            self.gap(value[1])
        elif kind == ERROR:
            self.error(*value[1:])
        elif kind == CHECKPOINT:
            self.checkpoint(value[1])
        elif kind == TIME:
            self.hub_time = value[1:]
        elif kind == CONSISTENCY:
            self.consistency(*value[1:])
        elif kind == PROOF:
            self.proof(*value[1:])
        else:
            raise Violation(f"frame {kind} from the hub")

    def challenge(self, version, hub, nonce, hub_ms, test):
        demand(version == 1, f"version {version}")
        demand(test == hub.startswith("test."), "a test hub must say so")
        self.test_hub = test
        if hub != self.hub:
            base = hub.partition("/")[0]
            self.stop("generation" if base == self.base else "other hub")
            return
        with self.ledger.change():
            lease = self.ledger.get("lease", 0) + 1
            self.ledger.put("lease", lease)
        self.greeting = self.hello(nonce, lease)
        self.state = "greeted"

    def greet(self):
        """The HELLO leaves when its lease is on the ledger for good."""
        hello, self.greeting = self.greeting, None
        self.pipe.send([HELLO, hello, rhwire.sign("rhub/hello/1", hello,
                                                  self.party.secrets["sign"])])

    def hello(self, nonce, lease):
        size, root, signature = self.ledger.get("batch") or (0, ZERO32.hex(), ZERO64.hex())
        note = self.ledger.get("note") or ""
        seen = log_verify.verify_checkpoint(note.encode(), self.hub, self.card.keys["sign"]) \
            if note else None
        highest = self.ledger.one("SELECT max(n) FROM receipts WHERE hub = ?", self.hub) or 0
        index = self.ledger.one("SELECT max(idx) + 1 FROM deliveries WHERE hub = ?", self.hub)
        return rhwire.pack([1, self.hub, self.agency, self.epoch, nonce, lease, size, highest,
                            index or 0, seen.size if seen else 0,
                            seen.root if seen else ZERO32, *self.window, now_ms(),
                            "pyagency 1.0", bytes.fromhex(root), bytes.fromhex(signature), note])

    def welcome(self, session, next_n, hub_ms, note, external_key):
        self.session, self.external_key = session, external_key
        self.state, self.held = "live", None
        demand(next_n <= self.last_n + 1, f"the hub expects {next_n}, given are {self.last_n}")
        highest = self.ledger.one("SELECT max(n) FROM receipts WHERE hub = ?", self.hub) or 0
        demand(next_n > highest, f"the hub expects {next_n} and gave a receipt for {highest}")
        if self.ledger.get("kept:" + self.hub) is None:
            self.ledger.put("kept:" + self.hub, next_n)
            self.void_old_acks(next_n)
        # What is known already may be sent again, alone or before what is new.
        self.cursor = max(1, next_n - self.rng.choice((0, 0, 0, 1, 5)))
        # What it holds and we have no receipt of, in whatever generation, is asked for.
        self.asks.extend(n for n, in self.ledger.all(
            "SELECT n FROM sent WHERE n < ? AND n NOT IN (SELECT n FROM receipts) ORDER BY n",
            next_n))
        if self.ledger.get("asking"):
            self.ask_rest()
        if note:
            self.checkpoint(note)

    def void_old_acks(self, next_n):
        """pair_seq begins anew in a generation: an old ack could settle what nobody has seen.
        Its number is used up by one that names nothing, which the hub refuses."""
        old = self.ledger.all("SELECT n, message_id FROM sent WHERE n >= ? AND kind IN (?, ?) "
                              "AND hub != ?", next_n, ACK, NACK, self.hub)
        for n, message_id in old:
            public = {1: message_id, 2: ACK}
            item = rhwire.item_make(rhwire.pack(public), b"", b"", os.urandom(32))
            self.ledger.run("UPDATE sent SET item = ?, digest = ?, hub = ?, void = 1 "
                            "WHERE n = ?", rhwire.pack(item), rhwire.item_digest(item),
                            self.hub, n)

    def confirm(self, data, value):
        _, first_n, size, root, signature, first_index, proof, records = value
        sign_key = self.card.keys["sign"]
        if self.thorough:
            log_verify.verify_confirm(self.hub, sign_key, first_index, records, size, root,
                                      signature, proof)
        rhwire.verify("rhub/batch/1", rhwire.batch_message(self.hub, size, root), signature,
                      sign_key)
        run = [rhwire.leaf(core + rest) for core, rest in records]
        demand(rhwire.root_of_range(run, first_index, size, proof) == root,
               "a receipt that is not in the log")
        for at, (core, rest) in enumerate(records):
            self.keep_receipt(first_n + at, first_index + at, core, rest)
            self.ledger.run("INSERT OR IGNORE INTO confirms VALUES (?,?,?)", self.hub,
                            first_n + at, data)
        self.see_root(size, root)
        kept = self.ledger.get("batch")
        if kept is None or size > kept[0]:
            self.ledger.put("batch", [size, root.hex(), signature.hex()])

    def see_root(self, size, root):
        kept = self.ledger.get("batch")
        demand(kept is None or kept[0] != size or kept[1] == root.hex(),
               f"two roots for size {size}")

    def keep_receipt(self, n, index, core, rest):
        receipt = rhwire.receipt_decode(core)
        row = self.ledger.one("SELECT digest, message_id FROM sent WHERE n = ?", n)
        demand(row is not None, f"a receipt for {n}, which was never sent")
        hub = receipt[1]
        # A record of an earlier generation keeps its name for ever.
        demand(hub == self.hub or hub.partition("/")[0] == self.base and
               rhwire.generation(hub) < rhwire.generation(self.hub), f"a receipt of {hub}")
        demand(receipt[2] == 4 and receipt[3] == index and receipt[5] == self.agency and
               receipt[6] == self.epoch and receipt[7] == n, f"receipt {n} is of another item")
        demand(receipt[9] == row[0], f"receipt {n} has another digest")
        demand(receipt.get(8, row[1]) == row[1], f"receipt {n} has another message id")
        before = self.ledger.one("SELECT core FROM receipts WHERE hub = ? AND n = ?", hub, n)
        if before is None:
            self.ledger.run("INSERT INTO receipts VALUES (?,?,?,?,?,?,?,0)", hub, n, index,
                            receipt.get(10, 0), receipt[4], core, rest)
        else:
            demand(before == core, f"the receipt of {n} has changed")
        if n in self.asking:
            self.asking.discard(n)
            self.ledger.run("UPDATE receipts SET asked = 1 WHERE hub = ? AND n = ?", hub, n)
            if not self.asks and not self.asking:
                self.ledger.put("asking", False)
        self.unconfirmed.discard(n)

    def delivery(self, data, value):
        _, form, sender, lane, seq, index, stored, number, public = value[:9]
        if form == 0:
            rhwire.delivery_check(data, self.cards.sign_key(sender))
        elif form == 1:
            demand(sender == self.base, f"a notice of {sender}")
        row = self.ledger.all("SELECT next, acked FROM wanted WHERE hub = ? AND sender = ? AND "
                              "lane = ?", self.hub, sender, lane)
        wanted, acked = row[0] if row else (1, 0)
        # An ack on its way, of an earlier session even, may be stored before the hub has sent
        # the last of what it covers: that takes no credit any more.
        if seq > acked:
            self.in_flight[(sender, lane, seq)] = len(data)
        demand(len(self.in_flight) <= max(self.windows),
               f"{len(self.in_flight)} deliveries in flight, the window is {self.windows}")
        if seq > wanted:
            self.counts["ahead"] += 1
            if self.resynced.get((sender, lane)) != wanted:
                self.resynced[(sender, lane)] = wanted
                self.pipe.send([RESYNC, self.session, sender, lane, wanted])
            self.in_flight.pop((sender, lane, seq), None)
            return
        self.resynced.pop((sender, lane), None)
        if seq < wanted:
            self.counts["repeated"] += 1
            self.acks[(sender, lane)] = max(self.acks.get((sender, lane), 0), wanted - 1)
            return
        self.keep_delivery(value)
        self.ledger.run("INSERT OR REPLACE INTO wanted VALUES (?,?,?,?,?)", self.hub, sender,
                        lane, seq + 1, acked)
        self.acks[(sender, lane)] = seq

    def keep_delivery(self, value):
        _, form, sender, lane, seq, index, stored, number, public = value[:9]
        said = rhwire.public_decode(public) if public else {}
        digest = rhwire.item_digest(value[8:14]) if form == 0 else hashlib.sha256(public).digest()
        sender_n = rhwire.header_decode(value[14])[4] + value[16] if form == 0 else None
        known = None
        if form == 0:
            known = self.ledger.one("SELECT digest FROM deliveries WHERE message_id = ? AND "
                                    "sender = ? AND form = 0", said[1], sender)
            demand(known is None or known == digest, "a message id with two contents")
        cursor = self.ledger.run(
            "INSERT INTO deliveries (hub, sender, lane, seq, form, idx, kind, message_id, "
            "referral, digest, sender_n, effect, public) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            self.hub, sender, lane, seq, form, index, said.get(2), said.get(1), said.get(3),
            digest, sender_n, 1 if known is None else 0, public)
        if self.react is not None and known is None:
            self.react(self, cursor.lastrowid, form, sender, said)
        if said.get(3) is not None and self.hub != self.base:
            self.say_again(said[3])

    def say_again(self, referral):
        """What an earlier generation had stored and this one refused, because what it answers
        had not come back yet: under a new number, now that something about it has."""
        rows = self.ledger.all(
            "SELECT s.n, s.item, s.expects, s.cause FROM sent s JOIN receipts r ON r.n = s.n AND "
            "r.hub = ? AND r.outcome IN (4301, 4302, 4303) WHERE s.referral = ? AND NOT EXISTS "
            "(SELECT 1 FROM sent t WHERE t.message_id = s.message_id AND t.n > s.n) AND EXISTS "
            "(SELECT 1 FROM sent u JOIN receipts v ON v.n = u.n WHERE u.message_id = "
            "s.message_id AND v.hub != r.hub AND v.outcome = 0) ORDER BY s.n", self.hub, referral)
        for _, packed, expects, cause in rows:
            item = rhwire.unpack(packed, rhwire.ITEM_MAX)
            self.number(item, rhwire.public_decode(item[0]), expects, cause)
            self.counts["said again"] += 1

    def busy(self, refusal, retry_ms, first_n):
        self.busies.append((refusal, retry_ms, first_n))
        self.held = refusal
        if self.state != "live":
            self.lost(min(retry_ms / 1000, 0.3))
            return
        self.busy_until = time.monotonic() + min(retry_ms / 1000, 1.0)
        self.asks.extend(self.asking)
        self.asking.clear()
        again = min(self.unconfirmed, default=None)
        if again is not None:
            self.cursor = min(self.cursor, again)
            self.unconfirmed.clear()

    def gap(self, expected):
        self.counts["gaps"] += 1
        demand(not self.asking or expected > max(self.asking), "a number asked for is not there")
        highest = self.ledger.one("SELECT max(n) FROM receipts WHERE hub = ?", self.hub) or 0
        demand(expected > highest, f"the hub expects {expected} and gave a receipt for {highest}")
        self.cursor = min(self.cursor, expected)
        self.unconfirmed = {n for n in self.unconfirmed if n < self.cursor}

    def error(self, refusal, detail, first_n):
        self.errors.append((refusal, detail, first_n))
        if refusal == 5201:
            self.held = refusal
            self.lost(0.2)
        elif refusal == 4120:
            self.stop("conflict")
        elif refusal == 7102 or refusal == 7106 and self.state == "greeted":
            self.stop(f"RH-{refusal}")
        elif refusal == 7107 and self.state == "live":
            self.stop("taken over")
        elif self.lenient:
            return
        elif refusal in AGAIN:
            self.lost(0.1)
        else:
            raise Violation(f"ERROR RH-{refusal} {detail!r} for {first_n}")

    # -- checkpoints --

    def checkpoint(self, note):
        found = log_verify.verify_checkpoint(note.encode(), self.hub, self.card.keys["sign"])
        kept = self.note()
        if kept is None:
            self.ledger.put("note", note)
        elif found.size == kept.size:
            demand(found.root == kept.root, f"two published roots for size {kept.size}")
        elif found.size > kept.size and self.extending is None:
            self.extending = kept.size
            self.pipe.send([EXTEND, self.session, kept.size])

    def note(self):
        kept = self.ledger.get("note")
        return log_verify.verify_checkpoint(kept.encode(), self.hub, self.card.keys["sign"]) \
            if kept else None

    def consistency(self, old_size, note, proof):
        found = log_verify.verify_checkpoint(note.encode(), self.hub, self.card.keys["sign"])
        kept = self.note()
        demand(kept is not None and old_size == kept.size, "a proof nobody asked for")
        log_verify.verify_consistency(kept.size, kept.root, found.size, found.root, proof)
        self.counts["extended"] += 1
        self.ledger.put("note", note)
        self.extending = None

    def proof(self, index, note, core, rest, path):
        found = log_verify.verify_checkpoint(note.encode(), self.hub, self.card.keys["sign"])
        log_verify.verify_inclusion(log_verify.leaf_hash(core, rest), index, found.size, path,
                                    found.root)
        self.proofs.append((index, found, core, rest))

    # -- what leaves --

    def flush_acks(self):
        if not self.auto_ack or self.state != "live":
            return
        for (sender, lane), seq in self.acks.items():
            self.send(ACK, sender=sender, pair_seq=seq, lane=lane or None)
            self.ledger.run("UPDATE wanted SET acked = max(acked, ?) WHERE hub = ? AND "
                            "sender = ? AND lane = ?", seq, self.hub, sender, lane)
            for key in [k for k in self.in_flight if k[:2] == (sender, lane) and k[2] <= seq]:
                del self.in_flight[key]
        self.acks.clear()

    def flush(self):
        if time.monotonic() < self.busy_until:
            return
        while self.asks and len(self.asking) < 64:
            n = self.asks.popleft()
            self.asking.add(n)
            self.pipe.send([ASK, self.session, n])
        while self.cursor <= self.last_n and len(self.unconfirmed) < self.outstanding_max:
            room = self.outstanding_max - len(self.unconfirmed)
            count = min(self.rng.randint(1, self.bundle_max), room)
            rows = self.ledger.all("SELECT item FROM sent WHERE n >= ? ORDER BY n LIMIT ?",
                                   self.cursor, count)
            items, size = [], 0
            for packed, in rows:
                if items and size + len(packed) > rhwire.FRAME_MAX // 2:
                    break
                items.append(rhwire.unpack(packed, rhwire.ITEM_MAX))
                size += len(packed)
            self.pipe.send(self.bundle(self.cursor, items) + self.lost_receipts(items))
            self.unconfirmed.update(range(self.cursor, self.cursor + len(items)))
            self.cursor += len(items)

    def lost_receipts(self, items):
        """What earlier generations had confirmed of these items, as the last element of the
        frame: the hub that lost it starts its clocks from there."""
        found = []
        if self.hub == self.base or not self.show_lost:
            return found
        for digest in map(rhwire.item_digest, items):
            row = self.ledger.all(
                "SELECT c.hub, c.frame FROM sent s JOIN receipts r ON r.n = s.n AND "
                "r.outcome = 0 JOIN confirms c ON c.n = r.n AND c.hub = r.hub "
                "WHERE s.digest = ? AND s.void = 0 AND r.hub != ? ORDER BY r.stored LIMIT 1",
                digest, self.hub)
            if row and list(row[0]) not in found:
                found.append(list(row[0]))
        self.counts["lost shown"] += len(found)
        return [found] if found else []

    def bundle(self, first_n, items, **other):
        """A BUNDLE frame; `other` replaces parts of the header, for tests of refusals."""
        root = other.get("root") or rhwire.tree([rhwire.leaf(rhwire.item_digest(i))
                                                for i in items])
        header = rhwire.pack([other.get("suite", 1), other.get("hub", self.hub),
                              other.get("sender", self.agency), other.get("epoch", self.epoch),
                              first_n, other.get("count", len(items)), root, now_ms()])
        signature = rhwire.sign("rhub/bundle/1", header,
                                other.get("seed", self.party.secrets["sign"]))
        return [BUNDLE, header, signature, items]


# ---- load ----

def work(agency, row, form, sender, said):
    """What a desk does with a referral: sign, accept, conclude, reply, all the way."""
    if form != 0 or said[2] not in (FORWARD, TRANSFER):
        return
    referral = said[3]
    for kind, code in ((SIGN, None), (ACCEPT, None), (CONCLUDE, "supported"), (REPLY, None)):
        agency.send(kind, referral, rhwire.pack({2: "办理情况"}), code=code, cause=row,
                    expects=sender)


class Load:
    """New referrals to the peers at a rate, as long as it is on."""

    def __init__(self, agency, peers, rate, seed):
        self.agency, self.peers, self.rate, self.on = agency, peers, rate, False
        self.rng = random.Random(seed)
        self.due = time.monotonic()

    def turn(self):
        now = time.monotonic()
        if not self.on:
            self.due = now
        while self.on and now >= self.due:
            # After a pause of the machine there is no flood.
            self.due = max(self.due + 1 / self.rate, now - 0.5)
            if len(self.agency.unconfirmed) >= self.agency.outstanding_max:
                break
            with self.agency.ledger.change():
                self.agency.register(self.rng.choice(self.peers),
                                     body=rhwire.pack(["text/plain", self.rng.randbytes(
                                         self.rng.choice((8, 200, 3000)))]))


def main():
    state = pathlib.Path(sys.argv[1])
    config = json.loads((state / "config.json").read_text())
    rng = random.Random(config["seed"])
    agency = PyAgency(state, config["agency"], config["hub_card"], config["cards"],
                      react=work, rng=rng, bundle=config.get("bundle", 32),
                      window=tuple(config.get("window", (64, 1 << 20))))
    load = Load(agency, config["peers"], config["rate"], config["seed"])
    load.on = config.get("on", False)
    lines = b""
    os.set_blocking(0, False)
    while True:
        load.turn()
        agency.turn(10)
        if agency.state == "stopped":
            sys.exit(f"stopped: {agency.why}")
        if not select.select([0], [], [], 0)[0]:
            continue
        data = os.read(0, 4096)
        if data == b"":
            break
        lines += data
        while b"\n" in lines:
            line, _, lines = lines.partition(b"\n")
            if line == b"load on":
                load.on = True
            elif line == b"load off":
                load.on = False
            elif line == b"ask":
                agency.ask_all()
            elif line == b"stop":
                agency.close()
                return


if __name__ == "__main__":
    main()

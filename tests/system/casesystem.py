"""An agency's own case system beside a real rhub-agent: writes files into out/, reads what
comes into sent/, failed/ and in/, and keeps a ledger of it in the form of pyledger, so that the
same judge compares it with the others. It lives in the test and is never killed; the agent is.

What it demands of the folder: every file gets exactly one answer; every receipt proves itself
with the hub's public key alone; a message appears in in/ once, for ever.
"""
import base64
import contextlib
import json
import os
import random
import time
import uuid

from pypipe import Card, demand  # first: it finds the modules of tests/interop
import log_verify
import pyledger
import rhwire

NEXT = {"forward": "sign", "transfer": "sign", "sign": "accept", "accept": "conclude",
        "conclude": "reply"}
NUMBER = {"register": 1, "forward": 10, "transfer": 13, "sign": 30, "accept": 39,
          "conclude": 50, "reply": 53}


class CaseSystem:
    def __init__(self, agency, exchange, hub_card, ledger_path, seed):
        self.agency, self.dir = agency, exchange
        self.card = Card(hub_card.read_text())
        self.ledger = pyledger.Ledger(ledger_path)
        with self.ledger.change():
            self.ledger.put("folder", True)
        self.rng = random.Random(seed)
        self.written = 0
        self.waiting = {}      # file name -> (message, whom a reply goes to)
        self.answered = set()
        self.seen = {}         # message id -> file name in in/
        self.works = True      # answers what comes in

    # -- out --

    def put(self, message, origin=None):
        """Publish a message: complete under tmp/, then renamed into out/."""
        self.written += 1
        name = f"{self.agency}-{self.written:06}.json"
        draft = self.dir / "tmp" / name
        draft.write_text(json.dumps(message, ensure_ascii=False))
        self.waiting[name] = (message, origin)
        os.rename(draft, self.dir / "out" / name)
        return name

    def open(self, to, text="事项"):
        """A new matter for another agency: registered and forwarded by one file."""
        return self.put({"kind": "forward", "to": to, "procedure": "xinfang",
                         "category": "labour", "area": "620423", "source": "visit",
                         "private": {"title": text, "form": {"no": str(self.written)}},
                         "body": {"text": text * self.rng.choice((1, 20, 200))}})

    # -- back --

    def turn(self):
        with self.ledger.change():
            for entry in sorted(os.scandir(self.dir / "sent"), key=lambda e: e.name):
                if entry.name.endswith(".receipt.json"):
                    self.take_answer(entry.name.removesuffix(".receipt.json") + ".json", entry)
            for entry in os.scandir(self.dir / "failed"):
                if entry.name.endswith(".error.json"):
                    demand(False, f"{self.agency}: {entry.name} says "
                           f"{open(entry.path, encoding='utf-8').read()[:1500]}")
            for entry in sorted(os.scandir(self.dir / "in"), key=lambda e: e.name):
                if entry.name.endswith(".json") and not entry.name.startswith("."):
                    self.take_message(entry)

    def put_away(self, folder, *names):
        """A case system clears what it has dealt with, or each look takes longer than the last."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                os.rename(folder / name, self.dir / "done" / name)

    def take_answer(self, name, entry):
        """A killed agent may place the same answer again: it is not a second one."""
        if name in self.answered:
            self.put_away(self.dir / "sent", entry.name, name)
            return
        with open(entry.path, encoding="utf-8") as file:
            receipts = json.load(file)["receipts"]
        demand(name in self.waiting, f"{self.agency}: an answer to {name}, which nobody wrote")
        message, origin = self.waiting.pop(name)
        self.answered.add(name)
        for receipt in receipts:
            self.keep_receipt(receipt, origin)
        last = receipts[-1]
        self.put_away(self.dir / "sent", entry.name, name)
        if origin is not None and last["kind"] in NEXT:
            self.step(NEXT[last["kind"]], last["referral"], origin)

    def step(self, kind, referral, origin):
        message = {"kind": kind, "referral": referral, "note": "办理"}
        if kind == "conclude":
            message["code"] = "supported"
        self.put(message, origin)

    def keep_receipt(self, receipt, origin):
        core, rest = base64.b64decode(receipt["core"]), base64.b64decode(receipt["rest_hash"])
        said = rhwire.receipt_decode(core)
        shown = receipt["checkpoint"]
        root = base64.b64decode(shown["root"])
        log_verify.verify_batch(receipt["hub"], shown["size"], root,
                                base64.b64decode(shown["signature"]), self.card.keys["sign"])
        log_verify.verify_inclusion(log_verify.leaf_hash(core, rest), said[3], shown["size"],
                                    [base64.b64decode(h) for h in receipt["proof"]], root)
        demand(receipt["result"] == "stored" and said.get(10, 0) == 0,
               f"{self.agency}: {receipt['kind']} was refused: {receipt}")
        message = uuid.UUID(receipt["id"]).bytes
        demand(said[8] == message and said[7] == receipt["n"], f"receipt of another: {receipt}")
        kind = NUMBER[receipt["kind"]]
        expects = receipt.get("to") if kind in (10, 13) else origin if kind >= 30 else None
        self.ledger.run("INSERT INTO sent VALUES (?,?,?,?,?,?,NULL,?,?,0)", receipt["n"], said[1],
                        message, kind, uuid.UUID(receipt["referral"]).bytes, expects, said[9], b"")
        self.ledger.run("INSERT INTO receipts VALUES (?,?,?,?,?,?,?,0)", said[1], receipt["n"],
                        said[3], 0, said[4], core, rest)

    def take_message(self, entry):
        with open(entry.path, encoding="utf-8") as file:
            message = json.load(file)
        demand(message["id"] not in self.seen, f"{self.agency}: {entry.name} appears in in/, and "
               f"appeared as {self.seen.get(message['id'])} before")
        self.seen[message["id"]] = entry.name
        form = {"item": 0, "notice": 1, "tombstone": 2}[message["form"]]
        demand(form != 0 or message["verified"], f"{entry.name} was taken on the hub's word")
        referral = message.get("referral")
        self.ledger.run(
            "INSERT INTO deliveries (hub, sender, lane, form, idx, kind, message_id, referral, "
            "effect) VALUES (?,?,0,?,?,?,?,?,1)", self.card.owner, message["from"], form,
            message["log_index"], NUMBER.get(message["kind"], 0),
            uuid.UUID(message["id"]).bytes, uuid.UUID(referral).bytes if referral else None)
        self.put_away(self.dir / "in", entry.name, entry.name.removesuffix(".json") + ".d")
        if self.works and form == 0 and message["kind"] in ("forward", "transfer"):
            self.step("sign", referral, message["from"])

    def quiet(self):
        return not self.waiting


class Load:
    """New matters for the peers at a rate, as long as it is on."""

    def __init__(self, system, peers, rate):
        self.system, self.peers, self.rate, self.on = system, peers, rate, False
        self.due = time.monotonic()

    def turn(self):
        now = time.monotonic()
        if not self.on or len(self.system.waiting) > 40:
            self.due = now
            return
        while now >= self.due:
            self.due = max(self.due + 1 / self.rate, now - 0.5)
            self.system.open(self.system.rng.choice(self.peers))

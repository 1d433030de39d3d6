"""Who plays: real rhub-agents, and for what no agent does, agencies in Python with a ledger.

Both hold their mail back until the story says `take`, so that what is true in between can be
looked at: an agent's process is stopped (SIGSTOP) while its office is closed, a Python agency
gives the hub no credit.
"""
import datetime
import contextlib
import datetime
import hashlib
import json
import os
import re
import signal
import time
import uuid

import pyagency
import rhwire
import scn
from harness import SLOW, Process, Refusal, ask, demand
from play import BEIJING, KIND, NAME, iso

pyagency.FIELDS.setdefault("accused", 31)
pyagency.FIELDS.setdefault("persons", 32)
pyagency.FIELDS.setdefault("matter_hash", 33)
CREDIT = 1 << 20
LANES = {"normal": None, "green": 1, "urgent": 2}
# Kinds with a command of their own, when nothing else is said.
COMMANDS = {"sign", "object", "uphold", "overrule", "designate", "accept", "refuse", "return",
            "recall", "supplement_request", "supplement", "start", "suspend", "resume",
            "extend_request", "extend_grant", "extend_deny", "conclude", "report",
            "reject_report", "reply", "close", "withdraw", "reopen", "urge", "supervise",
            "progress", "notice", "copy"}
WORDS = {"extend_request": "extend"}
WITH_CODE = COMMANDS - {"sign"}
WITH_TO = {"designate", "progress", "notice", "copy"}
WITH_PROPER = {"object", "refuse", "return"}


class Taken:
    """A message that came: kind and referral id; `body` its text; `form` as on the wire."""

    def __init__(self, kind, referral, sender, gone, body, message):
        self.kind, self.referral, self.sender = kind, referral, sender
        self.gone, self.body, self.message = gone, body, message

    def named(self, play):
        """As a script writes it; of what is gone nothing is said but that."""
        return "gone" if self.gone else f"{self.kind} {play.matter_name(self.referral)}"


class Actor:
    """What both have: the cast's line, what was taken, where the last take began."""

    real = False

    def cut_off(self):
        """The hub is gone; an agent notices that by itself."""

    def __init__(self, play, about):
        self.play, self.about, self.id = play, about, about.id
        self.taken, self.before = [], 0
        self.shared = None  # the newest notice of a subscription, a row of `rhub shared`
        self.command = self.text = None  # the last act's command, and the file it sends


# ---- a real agent ----

class RealAgent(Actor):
    real = True

    def __init__(self, play, about):
        super().__init__(play, about)
        run = self.run = play.run
        self.dir = run.dir / about.name
        self.dir.mkdir()
        self.socket = self.dir / "agent.sock"
        self.exchange = self.dir / "exchange"
        self.arrival, self.files, self.process = 1, 0, None
        self.heard = set()  # numbers of referrals that came with what was delivered
        run.check([run.program("rhub-agent"), "init", "--agency", self.id, "--keys",
                   self.dir / "keys", "--state", self.dir / "state", "--exchange",
                   self.exchange])
        self.card = (self.dir / "keys" / f"{self.id}.pub").read_text()

    def launch(self):
        hub = self.play.hub
        self.process = Process(
            self.run, self.about.name,
            [self.run.program("rhub-agent"), "run", "--agency", self.id, "--keys",
             self.dir / "keys", "--hub-card", hub.card, "--state", self.dir / "state",
             "--agencies", hub.cards, "--exchange", self.exchange, "--socket", self.socket,
             "--retry-ms", "100"])

    def ready(self):
        return self.status().get("online", False)

    def close_office(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def status(self):
        demand(self.process.running(), f"{self.id} ended:\n{self.process.words()}")
        with contextlib.suppress(OSError, Refusal):
            return ask(self.socket, "status")[0][0]
        return {}

    @contextlib.contextmanager
    def open_office(self):
        os.kill(self.process.pid, signal.SIGCONT)
        self.run.until(f"{self.id} is online", self.ready)
        yield
        self.run.until(f"{self.id} has its receipts", lambda: self.status().get("outbox") == 0)
        self.close_office()

    # -- sending --

    def act(self, said):
        self.text = None
        with self.open_office():
            words, shown = self.words_for(said)
            self.command = f"rhub --agent {self.about.name}/agent.sock {shown}"
            done = self.play.rhub("--agent", self.socket, *words)
        rows = done.rows
        if rows and rows[-1].get("object") == "receipt":
            row = rows[-1]
            self.learn(said, row)
            return int(row["refusal"][3:]) if row.get("refusal") else 0
        code = re.search(r"RH-(\d{4})", done.error)
        demand(code is not None, f"{self.command}\n{done.error}")
        return int(code.group(1))

    def learn(self, said, row):
        """Of a registration the agent makes the referral's id."""
        if said["kind"] == "register" and row.get("referral"):
            self.play.name_matter(said["matter"], uuid.UUID(row["referral"]).bytes)

    def words_for(self, said):
        plain = {key for key, value in said.items()
                 if value and key not in ("kind", "matter", "code", "to", "proper", "copies",
                                          "facts", "extend_n")}
        kind = said["kind"]
        fits = (kind in COMMANDS and said["matter"] != "-" and not plain and
                (not said.get("code") or kind in WITH_CODE) and
                (not said.get("to") or kind in WITH_TO) and
                (not said.get("proper") or kind in WITH_PROPER) and
                (not said.get("extend_n") or kind.startswith("extend")))
        return self.verb_words(said) if fits else self.file_words(said)

    def name_for(self, matter):
        """A number for who has been sent one, else the id: an agent knows no other's numbers."""
        number = self.play.human(matter)
        return number if number in self.heard else str(uuid.UUID(bytes=self.play.matter(matter)))

    def verb_words(self, said):
        kind, play = said["kind"], self.play
        name = self.name_for(said["matter"])
        words = [WORDS.get(kind, kind).replace("_", "-"), name]
        for key, flag in (("code", "--code"), ("to", "--to"), ("proper", "--proper"),
                          ("extend_n", "--n")):
            if said.get(key):
                value = play.agency_id(said[key]) if key in ("to", "proper") else said[key]
                words += [flag, str(value)]
        for to in said["copies"]:
            words += ["--copy", play.agency_id(to)]
        for key, value in said["facts"].items():
            words += ["--fact", f"{key}={value}"]
        return words, " ".join(words)

    def file_words(self, said):
        self.files += 1
        folder = self.dir / "messages"
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.files:02}-{said['kind']}.json"
        message = self.message(said)
        path.write_text(json.dumps(message, ensure_ascii=False, indent=2) + "\n")
        self.text = json.dumps(message, ensure_ascii=False)
        return ["send", path], f"send {path.relative_to(self.run.dir)}"

    def message(self, said):
        play, out = self.play, {"kind": said["kind"]}
        if said["matter"] != "-" and said["kind"] != "register":
            out["referral"] = self.name_for(said["matter"])
        for key in ("to", "proper"):
            if key in said:
                out[key] = play.agency_id(said[key])
        for key in ("procedure", "category", "area", "source", "code", "lane", "extend_n",
                    "report_required", "information_wanted", "reply_owed"):
            if key in said:
                out[key] = said[key]
        if said["kind"] == "register":
            out.setdefault("area", self.about.area)
            out.setdefault("source", "visit")
        for key in ("root", "other"):
            if key in said:
                out[key] = str(uuid.UUID(bytes=play.matter(said[key])))
        if "due" in said:
            out["due"] = iso(said["due"])
        if "about" in said:
            out["refers_to"] = str(uuid.UUID(bytes=self.earlier(said)))
        if said["copies"]:
            out["copies"] = [play.agency_id(to) for to in said["copies"]]
        if said["accused"]:
            out["accused"] = [play.agency_id(one) for one in said["accused"]]
        if "about_what" in said:
            out["matter"] = said["about_what"]
        if said["facts"]:
            out["facts"] = said["facts"]
        if said["externals"]:
            out["external"] = [{"system": s, "number": n} for s, n in said["externals"]]
        if said["children"]:
            out["children"] = [{"referral": str(uuid.UUID(bytes=play.matter(name))),
                                "to": play.agency_id(to), "mandatory": must}
                               for name, to, must in said["children"]]
        return {**out, **self.private(said)}

    def private(self, said):
        out, private = {}, {}
        if "title" in said:
            private["title"] = said["title"]
        if "leader" in said:
            private["leader"] = said["leader"]
        if said["persons"]:
            private["persons"] = [{"name": name, "role": "party"} for name in said["persons"]]
        if said["petitioners"]:
            private.setdefault("persons", []).extend(
                {"id_number": number, "role": "petitioner"} for number in said["petitioners"])
        if said["participants"]:
            today = datetime.datetime.fromtimestamp(self.play.now / 1000,
                                                    scn.BEIJING).date().isoformat()
            private["participants"] = [one if "ended" in one else
                                       {**one, "from": today, "basis": "story"}
                                       for one in said["participants"]]
        if private:
            out["private"] = private
        if "body" in said:
            out["body"] = {"media_type": "text/plain", "text": said["body"]}
        return out

    def earlier(self, said):
        """The message a later one is about: its own for an amendment, else one it took."""
        referral = self.play.matter(said["matter"])
        if said["kind"] == "amend":
            rows = [row for row in ask(self.socket, "outbox", {"limit": 1000})[0]
                    if row["kind"] == said["about"] and
                    row["referral_id"] == str(uuid.UUID(bytes=referral))]
            return uuid.UUID(rows[-1]["id"]).bytes
        return [one for one in self.taken if one.kind == said["about"] and
                (one.referral or None) == referral][-1].message

    # -- taking --

    def take(self, count=None):
        demand(count is None, "an agent takes all there is")
        self.before = len(self.taken)
        with self.open_office():
            self.run.until(f"{self.id} has all that waits", lambda:
                           self.play.waiting(self.id) == 0 and self.placed())
            self.collect()
            if any(one.kind == "shared" for one in self.taken[self.before:]):
                self.shared = self.play.look("--agent", self.socket, "shared")[-1]

    def placed(self):
        return self.status()["spool"]["not_placed"] == 0

    def collect(self):
        """As its case system does: read what lies in in/, move it to done/."""
        while True:
            rows, _ = ask(self.socket, "inbox", {"limit": 1000, "cursor": str(self.arrival)})
            for row in rows:
                self.arrival = row["arrival"] + 1
                self.collect_one(row)
            if len(rows) < 1000:
                return

    def collect_one(self, row):
        path = self.exchange / "in" / row["file"]
        said = json.loads(path.read_text())
        path.rename(self.exchange / "done" / path.name)
        self.heard.add(said.get("number"))
        referral = said.get("other") if said.get("kind") == "release" else said.get("referral")
        parts = [one["referral"] for one in said.get("children", []) if one["to"] == self.id]
        referral = parts[0] if parts else referral
        self.taken.append(Taken(
            said.get("kind"), uuid.UUID(referral).bytes if referral else None,
            said.get("from"), said.get("form") == "tombstone",
            (said.get("body") or {}).get("text"), uuid.UUID(said["id"]).bytes
            if said.get("id") else None))


# ---- an agency in Python ----

def shared_row(said):
    """A notice of a subscription as `rhub shared` shows it, read from the wire."""
    facts = said[26]

    def day(instant, key):
        if instant:
            return datetime.datetime.fromtimestamp(instant / 1000, BEIJING).strftime("%Y-%m-%d")
        number = str(facts.get(key + "day") or facts.get(key + "month") or "")
        return "-".join(part for part in (number[:4], number[4:6], number[6:]) if part)

    return {"event": said[13], "reference": facts.get("reference"), "procedure": said.get(8),
            "category": said.get(10), "area": said.get(11), "source": said.get(12),
            "date": day(said.get(17), ""), "state": facts.get("state"),
            "holder": facts.get("holder"), "due": day((said.get(16) or 1) - 1, "due_"),
            "outcome": facts.get("outcome")}


def accused_hash(key, agency):
    return hashlib.blake2b(agency.encode(), digest_size=32, key=key).digest()


class Full:
    """In the place of chance: bundles as large as what waits, nothing sent again unasked."""

    @staticmethod
    def randint(_, high):
        return high

    @staticmethod
    def choice(among):
        return among[0]


class Ledgered(pyagency.PyAgency):
    """Keeps the text of what came beside the ledger."""

    def __init__(self, *args, **how):
        super().__init__(*args, **how)
        self.texts = {}

    def keep_delivery(self, value):
        super().keep_delivery(value)
        row = self.ledger.one("SELECT max(id) FROM deliveries")
        if value[1] == 0 and value[13]:
            self.texts[row] = rhwire.unpack(value[13], rhwire.ITEM_MAX)[1].decode()


class PythonAgency(Actor):
    def __init__(self, play, about):
        super().__init__(play, about)
        self.peer = Ledgered(play.run.dir / about.name, self.id, play.hub.card, play.hub.cards,
                             window=(0, CREDIT), rng=Full(), bundle=256)
        play.run.agencies.append(self.peer)
        self.card = self.peer.party.card()
        self.seen = 0

    def launch(self):
        pass

    def ready(self):
        self.peer.turn(0)
        return self.peer.state == "live"

    def close_office(self):
        pass

    def cut_off(self):
        self.peer.drop()

    def drive(self, what, condition, seconds=60):
        end = time.monotonic() + seconds * SLOW
        while not condition():
            demand(time.monotonic() < end, f"not within {seconds} s: {what}")
            self.peer.turn(5)

    def live(self):
        self.drive(f"{self.id} is online", lambda: self.peer.state == "live")

    # -- sending --

    def act(self, said):
        n = self.put(said)
        self.confirm()
        return self.peer.outcome(n)

    def confirm(self):
        self.drive(f"{self.id} has its receipts", self.peer.confirmed)

    def put(self, said):
        """Number an item; it leaves with the next turn."""
        play, peer = self.play, self.peer
        if peer.external_key is None:
            self.live()
        named = {key: said[key] for key in (
            "procedure", "category", "area", "source", "code", "extend_n", "report_required",
            "information_wanted", "reply_owed", "due") if key in said}
        for key in ("to", "proper"):
            if key in said:
                named[key] = play.agency_id(said[key])
        for key in ("root", "other"):
            if key in said:
                named[key] = play.matter(said[key])
        named["lane"] = LANES[said.get("lane", "normal")]
        if said["kind"] == "register":
            named.setdefault("area", self.about.area)
            named.setdefault("source", "visit")
        if "about" in said:
            named["refers_to"] = self.earlier(said)
        named["copies"] = [play.agency_id(to) for to in said["copies"]] or None
        named["facts"] = said["facts"] or None
        named["leader_named"] = "leader" in said or None
        named["accused"] = [accused_hash(peer.external_key, play.agency_id(one))
                            for one in said["accused"]] or None
        named["externals"] = [[system, rhwire.external_hash(peer.external_key, system, number)]
                              for system, number in said["externals"]] or None
        named["persons"] = [rhwire.external_hash(peer.external_key, "person", number)
                            for number in said["petitioners"]] or None
        if "about_what" in said:
            named["matter_hash"] = rhwire.external_hash(peer.external_key, "matter",
                                                        said["about_what"])
        named["children"] = [[play.matter(name), play.agency_id(to), must]
                             for name, to, must in said["children"]] or None
        matter = play.matter(said["matter"]) if said["matter"] != "-" else None
        return peer.send(KIND[said["kind"]], matter, self.private(said), self.body(said), **named)

    @staticmethod
    def private(said):
        private = {}
        if "title" in said:
            private[1] = said["title"]
        if said["persons"]:
            private[3] = [{1: name, 2: "party"} for name in said["persons"]]
        if said["petitioners"]:
            private.setdefault(3, []).extend({2: "petitioner", 3: number}
                                             for number in said["petitioners"])
        if "leader" in said:
            private[6] = said["leader"]
        return rhwire.pack(private) if private else b""

    @staticmethod
    def body(said):
        return rhwire.pack(["text/plain", said["body"].encode()]) if "body" in said else b""

    def earlier(self, said):
        referral = self.play.matter(said["matter"]) if said["matter"] != "-" else None
        kind = KIND[said["about"]]
        if said["kind"] == "amend":
            return self.peer.ledger.one(
                "SELECT message_id FROM sent WHERE kind = ? AND referral = ? ORDER BY n DESC",
                kind, referral)
        return [one for one in self.taken if one.kind == said["about"] and
                one.referral == referral][-1].message

    # -- taking --

    def take(self, count=None):
        self.before = len(self.taken)
        self.live()
        if count is None:
            self.peer.set_window(64, CREDIT)
            self.drive(f"{self.id} has all that waits", lambda: self.play.waiting(self.id) == 0)
            self.confirm()
        else:
            self.receive(count)
            with self.peer.ledger.change():
                self.peer.flush_acks()
            self.confirm()
        self.peer.set_window(0, CREDIT)
        self.collect()

    def receive(self, count):
        """So many deliveries and no ack yet; no credit for more."""
        got = self.peer.ledger.one("SELECT count(*) FROM deliveries")
        self.peer.auto_ack = False
        self.peer.set_window(count, CREDIT)
        self.drive(f"{count} deliveries for {self.id}", lambda: self.peer.ledger.one(
            "SELECT count(*) FROM deliveries") >= got + count)
        self.peer.set_window(0, CREDIT)
        self.peer.auto_ack = True

    def collect(self, keep=True):
        for row in self.peer.got():
            if row["id"] <= self.seen:
                continue
            self.seen = row["id"]
            if keep:
                said = rhwire.public_decode(row["public"]) if row["public"] else {}
                kind = NAME.get(row["kind"])
                referral = said.get(5) if kind == "release" else row["referral"]
                parts = [part for part, to, _ in said.get(25, []) if to == self.id]
                referral = parts[0] if parts else referral
                self.taken.append(Taken(kind, referral, row["sender"],
                                        row["form"] == 2, self.peer.texts.get(row["id"]),
                                        row["message_id"]))
                if kind == "shared" and row["form"] == 1:
                    self.shared = shared_row(said)

    def nack(self, refusal):
        self.live()
        self.receive(1)
        row = self.peer.got()[-1]
        self.peer.acks.pop((row["sender"], row["lane"]), None)
        self.peer.in_flight.pop((row["sender"], row["lane"], row["seq"]), None)
        self.peer.send(pyagency.NACK, sender=row["sender"], pair_seq=row["seq"],
                       lane=row["lane"] or None, refusal=refusal)
        self.confirm()
        self.collect(keep=False)

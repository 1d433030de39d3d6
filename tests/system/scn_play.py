"""A story played through real processes: rhubd on a steered clock, agencies around it, real
sockets and a real disk. tests/scenario plays the same lines with the engine alone.

    play = Play(run, path, teller)
    play.play()                complaints in play.failures, checks counted in play.checks

Between two instants the clock stops at every timer, so that what the hub does by itself bears
the instant at which it fell due and not that of the next line.
"""
import contextlib
import datetime
import json
import os
import re
import shutil
import signal
import subprocess
import time
import uuid

import pyagency
import scn
from harness import Refusal, demand
from play import iso
from scn_cast import PythonAgency, RealAgent
from scn_expect import Expect


class Done:
    """What a command of rhub said."""

    def __init__(self, code, rows, error):
        self.code, self.rows, self.error = code, rows, error


class Play:
    def __init__(self, run, path, teller):
        self.run, self.path, self.teller = run, path, teller
        self.lines, self.line = scn.read(path), None
        self.hub, self.now, self.refused = None, 0, 0
        self.abouts, self.cast, self.ids = {}, {}, {}
        self.matters, self.names, self.numbers = {}, {}, {}
        self.block = None
        self.failures, self.checks, self.steps, self.left_out = [], 0, 0, []
        self.scripted = scn.scripted(self.lines)
        self.expect = Expect(self)

    # ---- trouble ----

    def fail(self, what):
        self.failures.append(f"{self.path.name}:{self.line.number}: {what}\n"
                             f"    {self.line.whole}")
        self.teller.failed(self.failures[-1])

    # ---- names ----

    def agency_id(self, name):
        return name if "." in name else self.abouts[name].id

    def agency_name(self, agency):
        """The script's name of an id; the hub is `hub`, nobody `none`."""
        if not agency:
            return "none"
        return "hub" if agency == self.hub.id else self.ids.get(agency, agency)

    def matter(self, name):
        """Id of a matter; made when it is named for the first time."""
        if name not in self.matters:
            self.name_matter(name, pyagency.uuid7())
        return self.matters[name]

    def name_matter(self, name, referral):
        self.matters[name] = referral
        self.names[referral] = name

    def matter_name(self, referral):
        return self.names.get(referral, "-" if referral is None else "?")

    def human(self, name):
        """How people call a matter: its number; its id while the hub has none."""
        referral = self.matter(name)
        if referral not in self.numbers:
            with contextlib.suppress(Refusal):
                text = str(uuid.UUID(bytes=referral))
                self.numbers[referral] = self.hub.ask("referral.show", id=text)[0]["id"]
        return self.numbers.get(referral) or str(uuid.UUID(bytes=referral))

    # ---- the hub ----

    def rhub(self, *words):
        """One command as an operator or a clerk types it."""
        where = {"RHUB_HUB": str(self.hub.admin)} if self.hub else {}
        done = subprocess.run(
            [str(w) for w in (self.run.program("rhub"), "-o", "jsonl", *words)],
            capture_output=True, text=True, check=False, timeout=60,
            stdin=subprocess.DEVNULL, env={**os.environ, **where})
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return Done(done.returncode, rows, done.stderr)

    def look(self, *words):
        done = self.rhub(*words)
        demand(done.code == 0, f"rhub {' '.join(map(str, words))}\n{done.error}")
        return done.rows

    def waiting(self, agency):
        seq = self.hub.ask("status")[0]["log"]["records"]
        rows = self.hub.ask("queue.list", at_least_seq=seq, limit=1000)
        return next(row["count"] for row in rows if row["id"] == agency)

    def open(self, start):
        """The hub and its agencies; every process online, every office closed."""
        self.now = start
        self.hub = self.run.hub("hub", options=[f"--test-clock={iso(start)}"]).start()
        self.teller.opened(self)
        for name, about in self.abouts.items():
            kind = PythonAgency if name in self.scripted else RealAgent
            self.cast[name] = kind(self, about)
            self.enrol(self.cast[name])
        for actor in self.cast.values():
            actor.launch()
        self.run.until("every agency is online", lambda: all(
            actor.ready() for actor in self.cast.values()), seconds=60)
        for actor in self.cast.values():
            actor.close_office()
        self.teller.gathered(self)

    def enrol(self, actor):
        about = actor.about
        (self.hub.cards / f"{about.id}.pub").write_text(actor.card)
        more = {"superior": self.abouts[about.superior].id} if about.superior else {}
        self.hub.ask("agency.enrol", id=about.id, card=actor.card, name_zh=about.zh,
                     name_en=about.en or about.id, role=about.role, area=about.area,
                     reason="enrolled", **more)

    def restart(self):
        """kill -9 and a new start. Frames that a connection has not read are gone with it."""
        self.hub.kill()
        for actor in self.cast.values():
            actor.cut_off()
        self.hub.start()
        self.teller.restarted(self)

    # ---- time ----

    def until(self, to):
        while True:
            row = self.hub.ask("clock.show")[0]
            due = self.ms(row["next_timer_at"])
            if due is None or due > to:
                break
            if due > self.ms(row["now_at"]):
                self.steer(due)
            self.run.until("timers fire", lambda at=due: self.fired(at))
            self.teller.timers(self)
        if to > self.now:
            self.steer(to)

    def steer(self, to):
        self.hub.ask("clock.steer", to=iso(to))
        self.now = to

    def fired(self, due):
        following = self.ms(self.hub.ask("clock.show")[0]["next_timer_at"])
        return following is None or following > due

    @staticmethod
    def ms(text):
        """An instant of a row, in ms; None for none."""
        if not text:
            return None
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return round(moment.timestamp() * 1000)

    @staticmethod
    def instant_text(at):
        return datetime.datetime.fromtimestamp(at / 1000, scn.BEIJING).isoformat()

    # ---- lines ----

    def play(self):
        at = 0
        while at < len(self.lines):
            line = self.lines[at]
            first = line.words[0]
            if first in ("times", "bundle") or line.words == ["expect", "trace"]:
                end = next(i for i in range(at, len(self.lines))
                           if self.lines[i].words == ["end"])
                self.play_block(line, self.lines[at + 1:end])
                at = end
            else:
                self.do(line)
            at += 1
        if self.refused:
            self.fail(f"the last line was refused with RH-{self.refused}")
        self.teller.ended(self)
        self.hub.stop()

    def do(self, line):
        self.line = line
        if self.refused and line.words[:2] != ["expect", "refused"]:
            self.fail(f"before this line: refused with RH-{self.refused}")
            self.refused = 0
        words = scn.Words(line)
        first = words.next()
        if first == "title":
            self.teller.title(self, words.both())
        elif first == "say":
            self.teller.say(self, words.both())
        elif first == "agency":
            about = scn.agency(words)
            self.abouts[about.name], self.ids[about.id] = about, about.name
        elif first == "at":
            self.at(words.instant())
        elif first == "expect":
            self.checks += 1
            self.expect.line(words)
        elif first == "restart":
            self.restart()
        elif first == "cut":
            self.cut(words.next("where"), words)
        else:
            self.spoken(first.removesuffix(":"), words)

    def at(self, to):
        if self.hub is None:
            self.open(to)
        else:
            self.until(to)

    def spoken(self, name, words):
        self.steps += 1
        if name == "hub":
            self.operator(words)
        elif words.passes("take"):
            self.flush()
            self.cast[name].take(words.number() if words.more() else None)
            self.teller.taken(self, self.cast[name])
        elif words.passes("nack"):
            self.cast[name].nack(int(words.next("a code")[3:]))
            self.teller.nacked(self, self.cast[name])
        else:
            self.send(self.cast[name], scn.message(words))

    def send(self, actor, said):
        if self.block is None:
            self.refused = actor.act(said)
            self.teller.sent(self, actor, said, self.refused)
            return
        touched = [said["matter"], said.get("root"), said.get("other"),
                   *(name for name, _, _ in said["children"])]
        if any(self.block["by"].get(name, actor) is not actor for name in touched if name):
            self.flush()
        self.block["by"].update(dict.fromkeys(touched, actor))
        self.block["numbers"].setdefault(actor, []).append(actor.put(said))

    def flush(self):
        """What a block has put together goes, and every receipt is as the block wants it. Of
        what several agencies say in a block only what is about one matter keeps its order."""
        if self.block is None:
            return
        for actor, numbers in self.block["numbers"].items():
            actor.confirm()
            wrong = {actor.peer.outcome(n) for n in numbers} - {self.block["refused"]}
            if wrong:
                self.fail(f"items of the block: {wrong}, wanted {self.block['refused']}")
        self.block["numbers"], self.block["by"] = {}, {}

    def play_block(self, line, lines):
        self.line = line
        words = scn.Words(line)
        if words.next() == "expect":
            self.left_out.append(line.number)  # the engine's own trace, line by line
            return
        times = words.number() if line.words[0] == "times" else 1
        begin = words.number() if words.passes("from") else 1
        if words.passes("long"):
            words.number()
        refused = int(words.next("a code")[3:]) if words.passes("refused") else 0
        self.block = {"numbers": {}, "by": {}, "refused": refused}
        self.teller.quiet = times > 1
        for number in range(begin, begin + times):
            for one in lines:
                self.do(scn.numbered(one, number))
        self.flush()
        self.block, self.teller.quiet = None, False
        self.teller.blocked(self, times, lines)

    # ---- the operator ----

    def operator(self, words):
        action = words.next("what the operator does")
        if action == "succeed":
            command = ["agency", "succeed", self.cast[words.next("an agency")].id]
            while words.more():
                what, value = words.next(), words.next("whom or which")
                command += [f"--{what}", self.cast[value].id if what == "by" else value]
            command += ["--reason", "reform", "-y"]
        elif action in ("grant", "ungrant"):
            command = ["agency", action, self.cast[words.next("an agency")].id, "--referral",
                       self.human(words.next("a matter")), "--reason", "return visit"]
            if words.passes("until"):
                command += ["--until", words.next("a day")]
        elif action == "subscribe":
            command = ["subscription", "add", self.cast[words.next("an agency")].id]
            while words.more():
                command += [f"--{words.next()}", words.next("what")]
            command += ["--basis", "scenario"]
        elif action == "unsubscribe":
            command = ["subscription", "end", words.next("a number"), "--reason", "agreed"]
        elif action in ("retry", "return"):
            letter = self.look("dead", "list")[0]["id"]
            command = ["dead", action, letter, "--reason", "on request", "-y"]
        else:
            command = ["referral", action, self.human(words.next("a matter")), "--reason",
                       "on request"]
        done = self.rhub(*command)
        code = re.search(r"RH-(\d{4})", done.error)
        demand(done.code == 0 or code, done.error)
        self.refused = int(code.group(1)) if done.code else 0
        if action == "succeed" and not self.refused:
            self.run.until("the job is done", lambda: all(
                row["state"] == "done" for row in self.look("job", "list")))
        self.teller.operated(self, command, self.refused)

    # ---- killed in between ----

    def cut(self, where, words):
        actor = self.cast[words.next().removesuffix(":")]
        self.steps += 1
        if where == "before-ack":
            demand(words.passes("take"), "only a take is cut before its ack")
            self.cut_before_ack(actor)
            return
        said = scn.message(words)
        if where == "before-sync":
            self.cut_before_sync(actor, said)
        else:
            self.cut_before_confirm(actor, said)
        self.teller.sent(self, actor, said, self.refused)

    def put_on_wire(self, actor, said):
        n = actor.put(said)
        actor.drive("the bundle leaves", lambda: actor.peer.state == "live" and
                    actor.peer.cursor is not None and actor.peer.cursor > n)
        return n

    def cut_before_sync(self, actor, said):
        """The hub's engine is stopped when the bundle comes, and killed so."""
        actor.live()
        records = self.hub.status()["log"]["records"]
        os.kill(self.hub.process.pid, signal.SIGSTOP)
        n = self.put_on_wire(actor, said)
        self.restart()
        row = self.hub.ask("agency.show", id=actor.id)[0]
        if row["next_n"] != n:
            self.fail(f"a number was consumed by what was never synced: {row['next_n']}")
        demand(self.hub.status()["log"]["records"] >= records, "records are gone")
        actor.confirm()
        self.refused = actor.peer.outcome(n)

    def cut_before_confirm(self, actor, said):
        """Stored, as everybody can see; the receipt is never read."""
        actor.live()
        name = str(uuid.UUID(bytes=self.matter(said["matter"])))
        before = len(self.hub.ask_all("referral.timeline", id=name))
        n = self.put_on_wire(actor, said)
        self.run.until("the hub has stored it", lambda: len(
            self.hub.ask_all("referral.timeline", id=name)) > before)
        stored = self.hub.ask_all("referral.timeline", id=name)[-1]
        demand(actor.peer.receipt(n) is None, "the receipt came too early")
        self.restart()
        actor.confirm()
        receipt = actor.peer.receipt(n)
        if (receipt[3], receipt[4]) != (stored["log_index"], self.ms(stored["at"])):
            self.fail("asked again, the hub gave another receipt")
        self.refused = actor.peer.outcome(n)

    def cut_before_ack(self, actor):
        """Deliveries are on their way when the hub is killed; nobody has read them."""
        actor.live()
        actor.peer.set_window(64, 1 << 20)
        self.run.until("deliveries are under way", lambda: actor.peer.pipe.socket.poll(0))
        self.restart()
        actor.peer.window = (0, 1 << 20)

    # ---- copies of the hub's directory ----

    @contextlib.contextmanager
    def copy(self, covered=False):
        """The hub's data as an auditor gets them; on demand with a checkpoint that covers all
        records, which is some seconds away."""
        def published():
            log = self.hub.status()["log"]
            return log["published"] >= log["records"]
        if covered:
            self.run.until("a checkpoint covers the log", published, seconds=30)
        place = self.run.dir / f"copy-{time.monotonic_ns()}"
        shutil.copytree(self.hub.data, place, ignore=shutil.ignore_patterns("*.sock"))
        yield place
        shutil.rmtree(place)

"""kill -9 at random instants (ctest system.kill): the hub, its door, agencies, under load.

Two kinds of agencies exchange referrals: Python ones with a ledger of their own, and real
rhub-agents with a spool and an exchange folder, beside which a case system keeps the ledger. After
each kill what was killed is started again and load must go on. Every few rounds load pauses,
everything comes to rest, and the ledgers are compared: every confirmed message exists (asked
again, byte for byte), every stored one arrived exactly once and in order, in a folder too, and the
hub's counts are the ledgers' counts.

    RHT_KILL_ROUNDS=300 test_kill.py [BIN_DIR]          default 40 rounds
"""
import base64
import os
import sys
import time
import uuid

import casesystem
import harness
from checker import Checker
from harness import demand

ROUNDS = int(os.environ.get("RHT_KILL_ROUNDS", "40"))
CHECK_EVERY = int(os.environ.get("RHT_KILL_CHECK", "20" if ROUNDS <= 100 else "50"))
RATE = 10 if ROUNDS <= 500 else 5      # new referrals a second and agency; each makes ten items
PYTHON = ["petitions.a", "petitions.b"]
REAL = ["petitions.d", "petitions.e"]


class Storm:
    def __init__(self, run):
        self.run, self.rng = run, run.rng
        # Short segments, so that kills meet the switch from one to the next as well.
        self.hub = run.hub(options=["--segment-bytes", str(8 << 20)]).start()
        names = PYTHON + (REAL if run.has("rhub-agent") else [])
        # One gives little credit: what is stored for it waits in its queue.
        self.agencies = [run.process(self.hub, name, [n for n in names if n != name], RATE,
                                     window=(64, 1 << 20) if name == PYTHON[0] else (3, 20000))
                         for name in PYTHON]
        self.real = [run.agent(self.hub, name) for name in names if name in REAL]
        self.systems = [casesystem.CaseSystem(a.agency, a.exchange, self.hub.card,
                                              run.dir / f"{a.agency}.db", run.rng.random())
                        for a in self.real]
        self.loads = [casesystem.Load(s, [n for n in names if n != s.agency], RATE / 3)
                      for s in self.systems]
        self.ledgers = {a.agency: a.ledger for a in self.agencies + self.systems}
        self.checker = Checker(self.ledgers)
        self.counts = {}
        self.load(True)
        for agency in self.agencies:
            agency.start(load=True)
        for agent in self.real:
            agent.start()

    # -- waiting --

    def alive(self):
        demand(self.hub.process.running(),
               f"the hub ended with {self.hub.process.popen.returncode}:\n"
               f"{self.hub.process.words()}")
        for agency in self.agencies + self.real:
            agency.check()

    def turn(self):
        """The case systems beside the real agents live in this process."""
        for system, load in zip(self.systems, self.loads):
            system.turn()
            load.turn()

    def until(self, what, condition, seconds=40):
        def check():
            self.alive()
            self.turn()
            return condition()
        self.run.until(what, check, seconds=seconds)

    def load(self, on):
        for load in self.loads:
            load.on = on
        for agency in self.agencies:
            if agency.process is not None:
                agency.say("load on" if on else "load off")

    def receipts(self):
        """The highest number with a receipt, of each agency: under load there are always more."""
        return {name: ledger.one("SELECT coalesce(max(n), 0) FROM receipts")
                for name, ledger in self.ledgers.items()}

    def load_goes_on(self):
        before = self.receipts()
        self.until("every agency gets receipts again", lambda: all(
            now > before[name] for name, now in self.receipts().items()))

    def moment(self, longest=0.5):
        """The kill is to come at no particular instant."""
        end = time.monotonic() + self.rng.uniform(0, longest)
        while time.monotonic() < end:
            self.turn()
            time.sleep(min(0.01, max(0, end - time.monotonic())))

    # -- killing --

    def round(self):
        victim = self.rng.choices(["hub", "hub twice", "door", "agency", "hub and agency"],
                                  [35, 10, 10, 25, 20])[0]
        self.counts[victim] = self.counts.get(victim, 0) + 1
        self.moment()
        agency = self.rng.choice(self.agencies + self.real)
        if "agency" in victim:
            agency.kill()
        if victim == "door":
            self.kill_door()
        elif victim.startswith("hub"):
            self.hub.kill()
            if victim == "hub twice":
                self.hub.launch()
                self.moment(0.25)          # in the middle of recovery, or just after
                self.hub.kill()
            self.hub.start()
        if agency in self.agencies and "agency" in victim:
            agency.start(load=True)
        elif "agency" in victim:
            agency.start()
        self.load_goes_on()

    def kill_door(self):
        """The hub lives on and opens another door."""
        pid, doors = self.hub.process.pid, self.hub.door()
        self.hub.kill_door()
        self.until("another door", lambda: self.hub.door() and not set(doors) &
                   set(self.hub.door()))
        demand(self.hub.process.pid == pid and self.hub.process.running(), "the hub ended")

    # -- judging --

    def rest(self):
        self.load(False)
        self.until("every file is answered, every number has its receipt, every message arrived",
                   lambda: all(s.quiet() for s in self.systems) and
                   self.checker.missing() == 0 and self.checker.answered(self.hub.id),
                   seconds=60)
        # Acknowledgements of the last deliveries may have been numbered since.
        self.until("the queues are empty", lambda: self.hub.ask(
            "status", at_least_seq=self.hub.status()["log"]["records"])[0]["queue"] == 0 and
            self.checker.answered(self.hub.id))

    def ask_again(self):
        for agency in self.agencies:
            agency.say("ask")
        self.until("every receipt came again, byte for byte", lambda: all(
            a.ledger.one("SELECT 1 FROM receipts WHERE asked = 0 LIMIT 1") is None
            for a in self.agencies), seconds=60 + ROUNDS)
        for agent, system in zip(self.real, self.systems):
            for message, core in system.ledger.all(
                    "SELECT s.message_id, r.core FROM sent s JOIN receipts r USING (n)"):
                again = agent.ask("receipt", id=str(uuid.UUID(bytes=message)))[0]
                demand(base64.b64decode(again["core"]) == core,
                       f"{agent.agency}: the receipt of {again['n']} has changed")
            counts = agent.ask("status")[0]["spool"]
            demand(counts["waiting"] == counts["not_placed"] == counts["refused"] == 0,
                   f"{agent.agency}: {counts}")

    def judge(self, last):
        self.rest()
        if last:
            self.ask_again()
        self.checker.judge()
        self.checker.judge_hub(self.hub, list_all=last)
        if not last:
            self.load(True)

    def audit(self):
        self.hub.stop()
        if self.run.has("rhub-audit"):
            said = self.hub.audit("--redecide", "--lang", "en").stdout.strip().splitlines()
            self.run.say(f"rhub-audit: {said[-1] if said else 'holds'}")


def body(run):
    storm = Storm(run)
    storm.load_goes_on()
    for at in range(1, ROUNDS + 1):
        storm.round()
        if at % CHECK_EVERY == 0 or at == ROUNDS:
            storm.judge(at == ROUNDS)
            run.say(f"{at} of {ROUNDS} kills: {storm.checker.summary()}")
    demand(storm.checker.totals["refused"] == 0,
           f"refused in this load: {dict(storm.checker.totals)}")
    storm.audit()
    run.say(f"killed: {storm.counts}")


if __name__ == "__main__":
    sys.exit(harness.main("kill", body))

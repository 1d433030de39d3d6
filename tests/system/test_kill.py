"""kill -9 at random instants (ctest system.kill): the hub, its door, agencies, under load.

After each kill what was killed is started again and load must go on. Every few rounds load
pauses, everything comes to rest, and the ledgers of the agencies are compared: every confirmed
message exists (asked again, byte for byte), every stored one arrived exactly once and in order,
and the hub's counts are the ledgers' counts.

    RHT_KILL_ROUNDS=300 test_kill.py [BIN_DIR]          default 40 rounds
"""
import contextlib
import os
import sys
import time

import harness
from checker import Checker
from harness import demand

ROUNDS = int(os.environ.get("RHT_KILL_ROUNDS", "40"))
CHECK_EVERY = int(os.environ.get("RHT_KILL_CHECK", "20" if ROUNDS <= 100 else "50"))
RATE = 12 if ROUNDS <= 500 else 6      # new referrals a second and agency; each makes ten items
NAMES = ["petitions.a", "petitions.b", "petitions.c"]


class Storm:
    def __init__(self, run):
        self.run, self.rng = run, run.rng
        # Short segments, so that kills meet the switch from one to the next as well.
        self.hub = run.hub(options=["--segment-bytes", str(8 << 20)]).start()
        # The last one gives little credit: what is stored for it waits in its queue.
        self.agencies = [run.process(self.hub, name, [n for n in NAMES if n != name], RATE,
                                     window=(64, 1 << 20) if name != NAMES[-1] else (3, 20000))
                         for name in NAMES]
        self.checker = Checker({a.agency: a.ledger for a in self.agencies})
        self.counts = {}
        for agency in self.agencies:
            agency.start(load=True)

    # -- waiting --

    def alive(self):
        demand(self.hub.process.running(),
               f"the hub ended with {self.hub.process.popen.returncode}:\n"
               f"{self.hub.process.words()}")
        for agency in self.agencies:
            agency.check()

    def until(self, what, condition, seconds=40):
        def check():
            self.alive()
            return condition()
        self.run.until(what, check, seconds=seconds)

    def receipts(self):
        return {a.agency: a.ledger.one("SELECT count(*) FROM receipts") for a in self.agencies}

    def load_goes_on(self):
        before = self.receipts()
        self.until("every agency gets receipts again", lambda: all(
            now > before[name] for name, now in self.receipts().items()))

    def moment(self, longest=0.5):
        """The kill is to come at no particular instant."""
        time.sleep(self.rng.uniform(0, longest))

    # -- killing --

    def round(self):
        victim = self.rng.choices(["hub", "hub twice", "door", "agency", "hub and agency"],
                                  [45, 10, 15, 20, 10])[0]
        self.counts[victim] = self.counts.get(victim, 0) + 1
        self.moment()
        agency = self.rng.choice(self.agencies)
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
        if "agency" in victim:
            agency.start(load=True)
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
        for agency in self.agencies:
            agency.say("load off")
        self.until("every number has its receipt and every message arrived",
                   lambda: self.checker.missing() == 0 and self.checker.answered(self.hub.id))
        # Acknowledgements of the last deliveries may have been numbered since.
        self.until("the queues are empty", lambda: self.hub.ask(
            "status", at_least_seq=self.hub.status()["log"]["records"])[0]["queue"] == 0 and
            self.checker.answered(self.hub.id))

    def ask_again(self):
        for agency in self.agencies:
            agency.say("ask")
        self.until("every receipt came again, byte for byte", lambda: all(
            a.ledger.one("SELECT count(*) FROM receipts WHERE asked = 0") == 0
            for a in self.agencies), seconds=60 + ROUNDS)

    def judge(self, last):
        self.rest()
        if last:
            self.ask_again()
        self.checker.judge()
        self.checker.judge_hub(self.hub, list_all=last)
        if not last:
            for agency in self.agencies:
                agency.say("load on")

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
    with contextlib.suppress(KeyError):
        demand(storm.checker.totals["refused"] == 0,
               f"refused in this load: {dict(storm.checker.totals)}")
    storm.audit()
    run.say(f"killed: {storm.counts}")


if __name__ == "__main__":
    sys.exit(harness.main("kill", body))

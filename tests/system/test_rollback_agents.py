"""A store restored from yesterday, with real rhub-agents (ctest system.rollback_agents).

Like test_rollback.py, but the agencies are the programs agencies run, with spools and exchange
folders: after `rhubd recover` they believe the new generation because the keys they pinned
vouch for it, say again what was lost with the receipts they hold, so that every referral stands
where it stood since when it stood there, and no message appears in a folder twice.
"""
import shutil
import sys
import uuid

import harness
from casesystem import CaseSystem
from checker import Checker
from harness import Skip, demand

# Where a referral stands and since when: the lost receipts bring the instants back.
STANDS = ["state", "registered_at", "dispatched_at", "signed_at", "accepted_at",
          "concluded_at", "replied_at"]
NAMES = ["petitions.d", "petitions.e"]


class Street:
    def __init__(self, run):
        self.run = run
        self.hub = run.hub().start()
        self.agents = [run.agent(self.hub, name) for name in NAMES]
        self.systems = [CaseSystem(a.agency, a.exchange, self.hub.card,
                                   run.dir / f"{a.agency}.db", run.rng.random())
                        for a in self.agents]
        self.checker = Checker({s.agency: s.ledger for s in self.systems})
        for agent in self.agents:
            agent.start()

    def turn(self, condition=lambda: True):
        for agent in self.agents:
            if agent.process is not None:
                agent.check()
        for system in self.systems:
            system.turn()
        return condition()

    def until(self, what, condition, seconds=40):
        self.run.until(what, lambda: self.turn(condition), seconds=seconds)

    def day(self, count):
        d, e = self.systems
        for _ in range(count):
            d.open(e.agency)
            e.open(d.agency)
        self.until("everything is answered and has arrived", lambda: d.quiet() and e.quiet()
                   and self.checker.missing() == 0)
        self.until("the spools are empty", lambda: all(
            a.ask("status")[0]["spool"]["waiting"] == 0 for a in self.agents))

    def states(self):
        records = self.hub.status()["log"]["records"]
        return {uuid.UUID(row["referral_id"]): tuple(row[key] for key in STANDS)
                for row in self.hub.ask_all("referral.list", at_least_seq=records)}

    def stop_agents(self):
        for agent in self.agents:
            agent.stop()
            agent.process = None


def body(run):
    if not run.has("rhub-agent"):
        raise Skip("rhub-agent is not built")
    street = Street(run)
    hub = street.hub
    street.day(4)
    hub.stop()
    yesterday = hub.dir / "yesterday"
    shutil.copytree(hub.data, yesterday)
    hub.start()
    street.day(6)
    before = street.states()
    seen = {s.agency: dict(s.seen) for s in street.systems}
    street.stop_agents()
    hub.stop()
    hub.data.rename(hub.dir / "today")
    yesterday.rename(hub.data)
    hub.start()
    demand(len(street.states()) < len(before), "yesterday knows as much as today")
    for agent in street.agents:
        agent.start()
    street.until("intake is held", lambda: hub.status()["held_code"] == "RH-5201")
    demand(street.states() != before, "something came back while held")
    hub.stop()
    name = hub.recover("the disk was replaced by a copy")
    # In the worst order: each for a while alone.
    street.stop_agents()
    hub.start()
    order = list(street.agents)
    run.rng.shuffle(order)
    for agent in order:
        agent.start()
        street.until(f"{agent.agency} is back", lambda a=agent: a.online() and
                     a.ask("status")[0]["hub"] == name and
                     a.ask("status")[0]["spool"]["waiting"] == 0)
    street.until("every referral stands where it stood", lambda: street.states() == before)
    street.until("the queues are empty", lambda: hub.status()["queue"] == 0)
    for system in street.systems:
        again = [n for i, n in system.seen.items() if i not in seen[system.agency]]
        demand(not again, f"{system.agency} got {again} for the first time after the recovery")
    street.day(2)
    street.checker.judge()
    street.checker.judge_hub(hub)
    run.say(street.checker.summary())
    hub.stop()
    if run.has("rhub-audit"):
        hub.audit("--redecide", "--lang", "en")


if __name__ == "__main__":
    sys.exit(harness.main("rollback_agents", body))

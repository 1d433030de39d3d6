"""A store restored from yesterday (ctest system.rollback).

The hub's data directory is put back to what it was. The first agency that comes with a receipt
the hub does not know stops intake and delivery for all; `rhubd recover` begins a new
generation; agencies pin it, say again what was lost, and in the end nothing is lost, nothing
has happened twice, and the log proves both halves.
"""
import shutil
import sys

import harness
import pyagency as py
import rhwire
from checker import Checker
from harness import demand
from pypipe import Pipe


class Town:
    """Four agencies; a and b exchange referrals, c says little, d is away most of the time."""

    def __init__(self, run):
        self.run = run
        self.hub = run.hub().start()
        self.a, self.b, self.c, self.d = (
            run.agency(self.hub, f"petitions.{name}", react=py.work) for name in "abcd")
        self.all = [self.a, self.b, self.c, self.d]
        self.checker = Checker({x.agency: x.ledger for x in self.all})
        run.until("all live", lambda: all(x.state == "live" for x in self.all), *self.all)

    def busy_day(self, count):
        """Referrals both ways, worked off to the end."""
        for at in range(count):
            self.a.register("petitions.b", body=rhwire.pack(["text/plain", b"day %d" % at]))
            self.b.register("petitions.a")
        self.rest(*self.all)

    def rest(self, *agencies):
        away = [x.agency for x in self.all if x not in agencies]

        def quiet():
            return all(x.confirmed() for x in agencies) and self.checker.missing(away) == 0 and \
                (away or self.checker.answered(agencies[0].hub))
        self.run.until("everything came to rest", quiet, *agencies, seconds=60)

    def states(self, records):
        """Where each referral stands, and since when: the lost receipts bring that back."""
        keys = ("state", "registered_at", "dispatched_at", "signed_at", "accepted_at",
                "concluded_at", "replied_at")
        return {row["referral_id"]: tuple(row[key] for key in keys)
                for row in self.hub.ask_all("referral.list", at_least_seq=records)}

    def status(self):
        return self.hub.ask("status")[0]


def lost_confirm(town):
    """d says something and its cable is pulled before the answer: it will ask one day."""
    d, run = town.d, town.run
    _, (n, _) = d.register("petitions.a")
    d.flush()
    pipe, d.pipe, d.state = d.pipe, None, "stopped"  # nothing is read from it any more
    run.until("the hub has it", lambda: any(
        row["from"] == "petitions.d" for row in town.hub.ask("queue.peek", agency="petitions.a"))
        or town.a.got(sender="petitions.d"), town.a)
    pipe.close()
    demand(d.outcome(n) is None, "d has a receipt already")
    d.forget_session()
    return n


def restore(town, yesterday):
    town.hub.stop()
    town.hub.data.rename(town.hub.dir / "today")
    yesterday.rename(town.hub.data)
    town.hub.start()


def noticed(town):
    """c holds nothing the hub does not know and is served; then a comes."""
    a, b, c, run = town.a, town.b, town.c, town.run
    run.until("c is live at yesterday's hub", lambda: c.state == "live", c)
    n = c.register()[1][0]
    run.until("c is served", lambda: c.outcome(n) is not None, c)
    demand(not town.status()["intake_held"], "held before anybody has shown anything")
    run.until("a shows what it holds", lambda: a.held == 5201, a)
    status = town.status()
    demand(status["intake_held"] and status["held_code"] == "RH-5201", f"status: {status}")
    demand("petitions.a" in status["held_text"], f"who noticed? {status['held_text']}")
    records = status["log"]["records"]
    # Now nobody is served: not c on its open session, not b, not d.
    c.register("petitions.b")
    run.until("the log says so", lambda: '"event":"rollback_seen"' in town.hub.process.words())
    run.until("c is put off", lambda: c.busies and c.busies[-1][0] == 5201, c)
    run.until("b is refused", lambda: b.held == 5201, b)
    demand(town.status()["log"]["records"] == records, "something was recorded while held")


def held_by_name_only(town):
    """A claim nobody signed does not stop the hub: one agency could hold up a province."""
    c, run = town.c, town.run
    c.drop()
    pipe = Pipe(c.context, town.hub.endpoint, c.card.keys["transport"], c.party)
    pipe.send([py.OPEN, 1, c.agency])
    nonce = pipe.expect(py.CHALLENGE)[3]
    said = rhwire.unpack(c.hello(nonce, 10**6))
    said[6] = 10**9
    hello = rhwire.pack(said)
    pipe.send([py.HELLO, hello, rhwire.sign("rhub/hello/1", hello, c.party.secrets["sign"])])
    demand(pipe.expect(py.ERROR)[1] == 7108, "a claim without signature was believed")
    pipe.close()
    demand(not town.status()["intake_held"], "a claim without signature stopped the hub")
    with c.ledger.change():
        c.ledger.put("lease", 10**6)
    run.until("c is back", lambda: c.state == "live", *town.all[:3])


def recover(town):
    """Only with a reason; then a new generation, which nobody believes by himself."""
    hub, run = town.hub, town.run
    hub.stop()
    run.check(hub.command("recover"), code=64)
    name = hub.recover("the disk was replaced by a copy")
    demand(name == hub.id + "/2", f"the new generation is {name}")
    hub.start()
    run.until("every agency sees it and stops", lambda: all(
        x.state == "stopped" and x.why == "generation" for x in (town.a, town.b, town.c)),
        *town.all)
    town.d.state = "away"
    run.until("d too", lambda: town.d.state == "stopped", town.d)
    return name


def come_back(town, name, n_lost):
    """In the worst order: those who answered come before those they answered."""
    a, b, c, d, run = town.a, town.b, town.c, town.d, town.run
    order = [b, d, a, c]
    if run.rng.random() < 0.5:
        order = [a, d, b, c]
    run.say("they come back in the order " + ", ".join(x.agency for x in order))
    present = []
    for agency in order:
        agency.pin(name)
        present.append(agency)
        run.until(f"{agency.agency} is back", lambda x=agency: x.confirmed() and
                  x.state == "live", *present, seconds=40)
    town.rest(*order)
    core = d.ledger.one("SELECT core FROM receipts WHERE n = ?", n_lost)
    demand(core is not None, "d never got the receipt it missed")
    demand(rhwire.receipt_decode(core)[1] == town.hub.id, "that receipt is of yesterday's name")
    for agency in order:
        run.say(f"{agency.agency}: {agency.counts['said again']} said again after others, "
                f"{agency.ledger.one('SELECT count(*) FROM sent WHERE void = 1')} void")


def judge(town, name, states):
    """Nothing lost, nothing twice, every referral where it was."""
    town.checker.judge()
    town.checker.judge_hub(town.hub)
    records = town.status()["log"]["records"]
    now = town.states(records)
    for referral, state in states.items():
        demand(now.get(referral) == state, f"{referral} was {state}, is {now.get(referral)}")
    town.run.say(f"{len(states)} referrals stand where they stood; {town.checker.summary()}, "
                 f"{town.checker.totals['known']} deliveries known from before")
    # Life goes on under the new name, and a restart finds it.
    town.hub.stop()
    town.hub.start()
    town.busy_day(3)
    town.checker.judge()
    town.checker.judge_hub(town.hub)


def body(run):
    town = Town(run)
    hub = town.hub
    town.busy_day(6)
    held_by_name_only(town)
    n_lost = lost_confirm(town)
    town.rest(town.a, town.b, town.c)
    hub.stop()
    yesterday = hub.dir / "yesterday"
    shutil.copytree(hub.data, yesterday)
    hub.start()
    present = (town.a, town.b)
    for _ in range(8):
        town.a.register("petitions.b")
        town.b.register("petitions.a")
    town.rest(*present)
    records = town.status()["log"]["records"]
    states = town.states(records)
    for agency in town.all[:3]:
        agency.drop()
    restore(town, yesterday)
    lost = records - town.status()["log"]["records"]
    run.say(f"{lost} records are gone")
    noticed(town)
    name = recover(town)
    come_back(town, name, n_lost)
    judge(town, name, states)
    hub.stop()
    if run.has("rhub-audit"):
        run.say("rhub-audit: " + hub.audit("--redecide", "--lang", "en").stdout.strip()
                .splitlines()[-1])


if __name__ == "__main__":
    sys.exit(harness.main("rollback", body))

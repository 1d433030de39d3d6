"""A hub's time is steered while its agents sit idle: they know at once.

    by 8 days: `rhub --agent SOCK due` counts from the new time within a moment, although nothing
        was sent to whoever asks; past a date: it is shown as missed
    a date says which clock it is of and whether law or policy, from the receipt and from the hub's
        own words
    a clock that stands is shown as standing, one that runs at a pace is followed at that pace,
        and an agent started meanwhile learns both from its first connection
"""
import datetime
import json
import subprocess
import sys
import time

import harness
from harness import demand
from play import DAY, HOUR, SECOND, beijing, iso, ms

BEGIN = ms("2026-03-02 09:00")
MOMENT_S = 5
PACE = 3600


def instant(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


class Town:
    def __init__(self, run):
        self.run = run
        self.hub = run.hub("hub", options=[f"--test-clock={iso(BEGIN)}"]).start()
        self.desk = run.agent(self.hub, "petitions.620423", profile="petitions").start()
        self.court = run.agent(self.hub, "court.620423", profile="court").start()
        for agent in (self.desk, self.court):
            run.until(f"{agent.agency} is online", agent.online)

    def due(self, agent, *words):
        done = subprocess.run([str(self.run.program("rhub")), "--agent", str(agent.socket),
                               "due", *words], capture_output=True, text=True, timeout=60,
                              check=False, stdin=subprocess.DEVNULL)
        demand(done.returncode == 0, f"rhub due: {done.stderr}")
        return done.stdout

    def owed(self, agent):
        return [json.loads(line) for line in self.due(agent, "-o", "jsonl").splitlines()]

    def time_of(self, agent):
        return instant(agent.ask("status")[0]["hub_time_at"])

    def steer(self, to, rate=0):
        self.hub.ask("clock.steer", to=iso(to), rate=rate)


def register(town):
    """A matter its own desk owes the next step on, with nobody else in it."""
    sent = town.desk.ask("send", wait="stored", message={
        "kind": "register", "procedure": "xinfang", "category": "labour", "area": "620423",
        "source": "visit"})[0]
    town.run.until("the desk knows its date", lambda: town.owed(town.desk)[0].get("end_at"))
    return instant(sent["due_at"])


def rests(town, status):
    """Which clock the date is of, and on what it rests: 信访工作条例 art. 22, as verified."""
    row, = town.owed(town.desk)
    demand((row["status"], row["limit"], row["basis"], row["verification"]) ==
           (status, "dispatch", "law", "V1"), f"{row}")


def idle_agents(town):
    end = register(town)
    row, = town.owed(town.desk)
    demand(row["status"] == "running" and row["left_s"] == (end - BEGIN) // 1000, f"{row}")
    rests(town, "running")
    heard = town.desk.ask("status")[0]["spool"]["received"]
    town.steer(BEGIN + 8 * DAY)
    town.run.until("the desk counts from the new time", lambda:
                   town.owed(town.desk)[0]["left_s"] == (end - BEGIN - 8 * DAY) // 1000,
                   seconds=MOMENT_S)
    demand(town.desk.ask("status")[0]["spool"]["received"] == heard, "nothing was sent to it")
    town.steer(end + 1)
    town.run.until("the desk shows what is overdue", lambda:
                   town.owed(town.desk)[0]["status"] == "missed", seconds=MOMENT_S)
    town.run.until("the hub's word of it has come", lambda:
                   town.owed(town.desk)[0]["last_kind"] in ("overdue", "urge"))
    rests(town, "missed")
    for lang, words in (("zh", "法定"), ("en", "by law")):
        demand(words in town.due(town.desk, "--lang", lang), f"law or policy, {lang}")
        demand(beijing(end - 1)[5:10] in town.due(town.desk, "--state", "overdue", "--lang", lang),
               "with its date")
    town.run.say("steered by 8 days and on: the desk shows at once how long is left, and what is "
                 "overdue")


def paces(town):
    to = BEGIN + 30 * DAY
    town.steer(to)
    for agent in (town.desk, town.court):
        town.run.until(f"{agent.agency} knows", lambda one=agent: town.time_of(one) == to,
                       seconds=MOMENT_S)
    began = time.monotonic()
    while time.monotonic() < began + 0.2:
        demand(town.time_of(town.desk) == to, "a clock that stands is shown as standing")
    town.steer(to, rate=PACE)
    town.run.until("two hours pass in two seconds", lambda:
                   town.time_of(town.desk) >= to + 2 * HOUR, seconds=20)
    late = run_beside(town)
    at = instant(town.hub.ask("clock.show")[0]["now_at"])
    demand(abs(late() - at) < 5 * PACE * SECOND, "who comes later keeps the same pace")
    town.steer(at + DAY)
    town.run.until("who came later hears as well", lambda: late() == at + DAY,
                   seconds=MOMENT_S)
    town.run.say("standing and hurrying clocks are followed")


def run_beside(town):
    """An agent that comes while the clock hurries; asks it the time."""
    agent = town.run.agent(town.hub, "police.620423", profile="police").start()
    town.run.until(f"{agent.agency} is online", agent.online)
    return lambda: town.time_of(agent)


def body(run):
    town = Town(run)
    idle_agents(town)
    paces(town)


if __name__ == "__main__":
    sys.exit(harness.main("hubtime", body))

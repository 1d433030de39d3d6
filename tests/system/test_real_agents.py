"""What people at real agents see of what the hub does by itself: work by department, an agency that is
taken over with a body only its old key opens, and the month's bulletin, in the folder and in the
list, in both languages.

    test_real_agents.py FOLDER-OF-RHUBD
"""
import json

import harness
from harness import ROOT, demand
from play import iso, ms

# Who reads changes with the day, and nothing else does.
DEPARTMENTS = """
departments:
  - { id: filing, title: { zh: 立案庭, en: filing division } }
  - { id: civil, title: { zh: 民事审判庭, en: civil division } }
roster:
  - { department: filing, until: 2026-03-31 }
  - { department: civil }
"""
SEALED = {"private": {"title": "密封的来信"}, "body": {"text": "只有收件单位能读"}}
BULLETIN_COUNTS = {"registered": 3, "dispatched": 3, "received": 3, "closed": 0}


class Town:
    def __init__(self, run):
        self.run = run
        self.hub = run.hub(options=[f"--test-clock={iso(ms('2026-03-02 10:00'))}"]).start()
        profile = run.dir / "court-with-departments.yaml"
        profile.write_text((ROOT / "agents/court/profile.yaml").read_text() + DEPARTMENTS)
        # All are enrolled before the first starts: cards are read at the start.
        self.gov, self.pet, self.old, self.new = (
            run.agent(self.hub, agency, how) for agency, how in (
                ("government.620423", None), ("petitions.620423", "petitions"),
                ("court.620423", "court"), ("court.620499", str(profile))))
        for agent in (self.gov, self.pet, self.old, self.new):
            agent.start()
            run.until(f"{agent.agency} is on line", agent.online)

    def steer(self, when):
        self.hub.ask("clock.steer", to=iso(ms(when)))

    def put(self, agent, name, message):
        """A file as a case system writes it; its receipts by kind."""
        draft = agent.exchange / "tmp" / name
        draft.write_text(json.dumps(message, ensure_ascii=False))
        draft.rename(agent.exchange / "out" / name)
        stem = name.removesuffix(".json")
        sent = agent.exchange / "sent" / f"{stem}.receipt.json"
        failed = agent.exchange / "failed" / f"{stem}.error.json"
        self.run.until(f"{name} is answered", lambda: sent.exists() or failed.exists())
        demand(sent.exists(), f"{name}: {failed.exists() and failed.read_text()}")
        return {one["kind"]: one for one in json.loads(sent.read_text())["receipts"]}

    def forward(self, name, to, **more):
        return self.put(self.pet, name, {
            "kind": "forward", "to": to, "procedure": "xinfang", "category": "judicial.litigation",
            "area": "620423", "source": "visit", **more})

    def received(self, agent, kind, count=1):
        """Messages of a kind in the folder, once there are so many."""
        def found():
            return [json.loads(path.read_text())
                    for path in sorted((agent.exchange / "in").glob(f"*{kind}-*.json"))
                    if not path.name.startswith(".")]
        self.run.until(f"{agent.agency} has {count} {kind}", lambda: len(found()) >= count)
        demand(len(found()) == count, f"{agent.agency}: {found()}")
        return found()

    def clerk(self, agent, *words, lang="zh"):
        """A command as a clerk types it."""
        return self.run.check([self.run.program("rhub"), "--agent", agent.socket, "--lang", lang,
                               *words]).stdout


def numbers(rows):
    return sorted(row["referral"] for row in rows)


def departments(town):
    """Each row of the day is the department's on duty and no other's; tomorrow another's."""
    for name in ("first.json", "second.json"):
        town.forward(name, town.new.agency)
    town.received(town.new, "forward", 2)
    for verb in ("inbox", "due"):
        rows = town.new.ask(verb)
        demand(len(rows) == 2 and {row["department"] for row in rows} == {"filing"}, f"{rows}")
        demand(rows == town.new.ask(verb, department="filing"), f"{verb} of the department")
        demand(town.new.ask(verb, department="civil") == [], f"{verb} of another")
        listed = json.loads(town.clerk(town.new, verb, "--department", "filing", "-o", "json"))
        demand(numbers(listed) == numbers(rows), f"{verb} --department: {listed}")
        demand("filing" in town.clerk(town.new, verb), f"{verb} names who is on duty")
        demand(all(row["referral"] not in town.clerk(town.new, verb, "--department", "civil")
                   for row in rows), f"{verb} --department civil")


def taken_over(town):
    """A body for the old key: the successor cannot open it and is not shown it; the sender is told
    which message it was and what to do, does it, and the successor reads it."""
    town.old.stop()
    sent = town.forward("sealed.json", town.old.agency, seal=True, **SEALED)
    town.hub.ask("agency.succeed", id=town.old.agency, by=town.new.agency, reason="merged")
    dead = town.received(town.pet, "dead_letter")[0]
    demand(dead["refusal"] == "RH-4222", f"cannot be opened: {dead}")
    demand(dead["refers_to"] == sent["forward"]["id"], f"which message: {dead}")
    notice, heard = (town.received(agent, "notice")[0] for agent in (town.pet, town.new))
    for told in (notice, heard):
        demand(told["code"] == "succeeded" and told["proper"] == town.new.agency and
               told["procedure"] == "xinfang" and told["category"] == "judicial.litigation",
               f"who has it now: {told}")
    demand("private" not in heard and "body" not in heard, f"nothing of the content: {heard}")
    row = next(row for row in town.pet.ask("due") if row["referral"] == dead["number"])
    demand(row["mine"] and row["end_at"], f"the sender holds it, by a date: {row}")
    for lang, words in (("zh", ("接收方无法解封加密内容", "已由 court.620499 承接")),
                        ("en", ("cannot open the sealed content", "Seal it again",
                                "taken over by court.620499"))):
        page = town.clerk(town.pet, "inbox", lang=lang)
        demand(all(word in page for word in words), f"what to do, in words: {page}")
    town.put(town.pet, "again.json", {
        "kind": "amend", "referral": dead["number"], "refers_to": dead["refers_to"],
        "to": notice["proper"], "seal": True, **SEALED})
    amended = town.received(town.new, "amend")[0]
    demand(amended["private"]["title"] == SEALED["private"]["title"] and
           amended["body"]["text"] == SEALED["body"]["text"] and amended["verified"],
           f"the successor reads it: {amended}")
    town.run.until("the dead letter is settled",
                   lambda: town.hub.ask("dead.list", limit=10) == [])
    turn = town.hub.ask("referral.show", id=dead["number"])[0]["turn"]
    demand(turn == town.new.agency, f"the successor's turn: {turn}")


def bulletin(town):
    """At nine of the first working day, with both parts of every rate, as the report has them."""
    town.steer("2026-04-01 09:00")
    told = town.received(town.gov, "bulletin")[0]
    words = told["bulletin"]
    demand(told["code"] == "monthly" and words["period"] == "2026-03", f"{told}")
    report = {row["figure"]: row for row in town.hub.ask("report.bulletin", period="2026-03")}
    for figure in words["figures"]:
        row = report.pop(figure["figure"])
        demand(figure["numerator"] == row["numerator"] and
               figure.get("denominator") == row["denominator"] and
               (figure.get("rate") is None) == (row["rate"] is None), f"{figure} {row}")
        demand(figure["title_zh"] and figure["title_en"], f"no words: {figure}")
    demand(set(report) == {"sealed"}, f"not told: {report}")
    demand({key: told["facts"][key] for key in BULLETIN_COUNTS} == BULLETIN_COUNTS, f"{told}")
    demand(words["text_zh"].startswith("2026年3月通报（全部单位）：登记3；") and
           words["text"].startswith("Bulletin of 2026-03 (all agencies): registered 3; "), words)
    met, missed = told["facts"]["met"], told["facts"]["missed"]
    demand(met + missed >= 5, f"enough for a rate: {told['facts']}")
    for lang, say in (("zh", "按期率 {}/{}（"), ("en", "on time {}/{} (")):
        page = town.clerk(town.gov, "inbox", lang=lang)
        demand(say.format(met, met + missed) in page, f"the list says it: {page}")
    demand({row["department"] for row in town.new.ask("due")} == {"civil"}, "others are on duty")


def body(run):
    town = Town(run)
    departments(town)
    taken_over(town)
    bulletin(town)
    for agent in (town.gov, town.pet, town.new):
        agent.stop()
    town.hub.audit("--redecide")


if __name__ == "__main__":
    harness.main("real_agents", body)

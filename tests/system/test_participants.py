"""Third parties who help to resolve a matter, through real agents: who takes part is told
under seal, each is shown his parts and no more, whoever left is shown nothing, and every showing is on
the agency's record, also after a kill.

    test_participants.py FOLDER-OF-RHUBD
"""
import contextlib
import csv
import io
import json
import os

import harness
from harness import Refusal, demand

NAME, NUMBER, PHONE = "李建国", "620422198001011234", "13812345678"
ADDRESS = "甘肃省白银市景泰县一条山镇1号"
CHILD, SCHOOL, REPORTER = "李小丫", "城关小学", "陈老师"
LAWYER, DEPUTY = "王律一", "张代表"
LAW = {"id": "law-1", "name": LAWYER, "role": "lawyer", "unit": "景泰律师事务所",
       "scope": ["facts", "parties", "identity", "settlement", "outcome", "dates"],
       "from": "2026-03-01", "basis": "委托书"}
RD = {"id": "rd-1", "name": DEPUTY, "role": "people_deputy",
      "scope": ["facts", "parties", "outcome"], "from": "2026-03-01", "until": "2026-03-20",
      "basis": "监督邀请函"}


class Town:
    def __init__(self, run):
        self.run = run
        self.now = "2026-03-02T01:00:00.000Z"
        self.hub = run.hub(options=[f"--test-clock={self.now}"]).start()
        self.pet = run.agent(self.hub, "petitions.620423", "petitions")
        self.pro = run.agent(self.hub, "procuratorate.620423", "procuratorate")
        self.police = run.agent(self.hub, "police.620423", None)
        self.school = run.agent(self.hub, "education.620423", None)
        for agent in (self.pet, self.pro, self.police, self.school):
            agent.start()
            run.until(f"{agent.agency} is online", agent.online)

    def steer(self, to):
        self.now = to
        self.hub.ask("clock.steer", to=to)

    def know_today(self, *agents):
        """An agent hears hub time with what comes from the hub."""
        for agent in agents:
            agent.ask("status")
            self.run.until("the agent knows the day", lambda a=agent: a.ask("status")[0]
                           ["hub_time_at"][:10] >= self.now[:10])

    def send(self, agent, **message):
        row = agent.ask("send", message=message, wait="stored", wait_s=20)[0]
        demand(row["result"] == "stored", f"{row}")
        return row["referral"]

    def got(self, agent, referral, kind):
        self.run.until(f"{agent.agency} has the {kind}", lambda: any(
            row["kind"] == kind and row["direction"] == "in"
            for row in self.case(agent, referral)["messages"]))

    @staticmethod
    def case(agent, referral):
        try:
            return agent.ask("show", id=referral)[0]
        except Refusal:
            return {"messages": []}

    @staticmethod
    def people(agent, referral):
        return {row["id"]: row for row in agent.ask("participant.list", id=referral)}

    @staticmethod
    def show(agent, referral, who, reason="核对"):
        row = agent.ask("participant.show", id=referral, reason=reason, **{"for": who})[0]
        return row, json.dumps(row, ensure_ascii=False)


def refused(code, call, *args, **named):
    try:
        call(*args, **named)
    except Refusal as refusal:
        demand(refusal.code == code, f"wanted {code}, got {refusal.error}")
        return refusal.error
    raise AssertionError(f"{code} was wanted")


def matter(town, until="2026-03-20"):
    referral = town.send(
        town.pet, kind="refer", to="procuratorate.620423", procedure="p12309",
        category="judicial.procuratorial", area="620423", source="letter", reply_owed=True,
        private={"title": f"{NAME}讨薪",
                 "summary": f"{NAME}电话{PHONE}, 身份证{NUMBER}, 住{ADDRESS}, {LAWYER}代理。",
                 "persons": [{"name": NAME, "role": "petitioner", "id_number": NUMBER,
                              "phone": PHONE, "address": ADDRESS}],
                 "form": {"agreement": f"公司分期付给{NAME}"},
                 "participants": [LAW, {**RD, "until": until}]},
        body={"text": f"{NAME}称电话 138-1234-5678。"})
    town.got(town.pro, referral, "refer")
    return referral


def told(town, referral):
    """Both sides know the same of who takes part."""
    for agent in (town.pet, town.pro):
        people = town.people(agent, referral)
        demand(sorted(people) == ["law-1", "rd-1"], f"{agent.agency}: {people}")
        law = people["law-1"]
        demand(law["name"] == LAWYER and law["presence"] == "present" and
               law["scope"] == LAW["scope"] and law["named_by"] == town.pet.agency and
               law["since_at"].startswith("2026-03-02"), f"{law}")
    placed = next((town.pro.exchange / "in").glob("*-refer-*.json"))
    demand(json.loads(placed.read_text())["private"]["participants"][0]["name"] == LAWYER,
           "the case system gets the list")


def sealed_from_hub(town):
    """Neither name nor summary lies readable in what the hub keeps, its key table unwrapped or
    not: the list was sealed by the sender."""
    found = []
    for folder, _, files in os.walk(town.hub.data):
        for name in files:
            with contextlib.suppress(OSError):
                data = open(os.path.join(folder, name), "rb").read()
                found += [name for word in (LAWYER, DEPUTY, NAME) if word.encode() in data]
    demand(not found, f"a name is readable in {found}")


def masked(town, referral):
    row, text = town.show(town.pro, referral, "rd-1", "监督会前阅看")
    for word in (NAME, NUMBER, PHONE, "138-1234-5678", "一条山", LAWYER, "分期"):
        demand(word not in text, f"a deputy sees {word}: {text}")
    said = next(m for m in row["messages"] if m["kind"] == "refer")
    demand(said["title"] == "李某讨薪" and said["persons"] == [
        {"role": "petitioner", "name": "李某", "id_number": "620422**********34",
         "phone": "138******78", "address": "甘肃省白银市景泰县***"}], f"{said}")
    demand("王某代理" in said["summary"] and "stored_at" not in said and "form" not in said,
           f"{said}")
    demand(row["withheld"] == [{"part": part, "why": "scope"} for part in
                               ("identity", "settlement", "dates", "documents")],
           f"{row['withheld']}")
    row, text = town.show(town.pro, referral, "law-1", "律师阅卷")
    demand(NAME in text and NUMBER in text and "分期" in text and "query_code" not in text,
           f"the lawyer: {text}")
    # What the sender said itself it can show, too, though it was sealed.
    row, text = town.show(town.pet, referral, "rd-1")
    demand("李某讨薪" in text and NAME not in text and "query_code" not in text, text)


def changes(town, referral):
    """A change comes by the folder, an end by the socket; both reach the other side."""
    less = {**LAW, "scope": ["outcome"], "basis": "变更委托"}
    out = town.pet.exchange / "out"
    temporary = town.pet.exchange / "tmp" / "change.json"
    temporary.write_text(json.dumps({"kind": "progress", "referral": referral,
                                     "private": {"participants": [less]}}))
    temporary.rename(out / "change.json")
    town.run.until("the change is stored",
                   (town.pet.exchange / "sent" / "change.receipt.json").exists)
    town.run.until("the other side knows", lambda: town.people(
        town.pro, referral)["law-1"]["scope"] == ["outcome"])
    row, text = town.show(town.pro, referral, "law-1")
    demand(NAME not in text and row["scope"] == ["outcome"], text)
    row = town.pet.ask("act", kind="progress", id=referral, wait_s=20,
                       participants=[{"id": "law-1", "ended": "委托解除"}])[0]
    demand(row["result"] == "stored", f"{row}")
    town.run.until("the other side knows", lambda: town.people(
        town.pro, referral)["law-1"]["presence"] == "ended")
    for agent in (town.pet, town.pro):
        error = refused("RH-4343", town.show, agent, referral, "law-1")
        demand(error["detail_zh"] == "已退出", f"{error}")
    refused("RH-4343", town.pet.ask, "act", kind="progress", id=referral,
            participants=[{"id": "law-1", "ended": "再次"}])


def slips(town, referral):
    """A file with slips comes back with each place and what is allowed, in both languages."""
    wrong = [{**RD, "id": "a", "role": "friend"}, {**RD, "id": "b", "scope": ["facts", "minors"]},
             {**RD, "id": "c", "until": "2026-02-01"}, {"id": "nobody", "ended": "x"}]
    path = town.pet.exchange / "out" / "wrong.json"
    temporary = town.pet.exchange / "tmp" / "wrong.json"
    temporary.write_text(json.dumps({"kind": "progress", "referral": referral,
                                     "private": {"participants": wrong}}))
    temporary.rename(path)
    answer = town.pet.exchange / "failed" / "wrong.error.json"
    town.run.until("it is refused", answer.exists)
    errors = {one["pointer"][len("/private/participants"):]: one
              for one in json.loads(answer.read_text())["errors"]}
    demand(sorted(errors) == ["/0/role", "/1/scope/1", "/2/until"], f"{errors}")
    demand(errors["/0/role"]["code"] == "RH-4340" and "mediator" in errors["/0/role"]["expected"],
           f"{errors}")
    demand(errors["/1/scope/1"]["code"] == "RH-4341" and
           "案情" in errors["/1/scope/1"]["expected_zh"], f"{errors}")
    for participants, code in (([wrong[3]], "RH-4342"), ([RD] * 17, "RH-4104")):
        refused(code, town.pet.ask, "act", kind="progress", id=referral,
                participants=participants)
    # A step of the life cycle has no list: nobody could say for whom to seal it.
    refused("RH-4112", town.pro.ask, "act", kind="sign", id=referral, participants=[RD])


def own_expert(town, referral):
    """The receiver names one of its own; the sender learns of him and may not end him."""
    expert = {"id": "exp-1", "name": "赵专家", "role": "expert", "scope": ["facts"],
              "from": "2026-03-02", "basis": "咨询函"}
    town.pro.ask("act", kind="progress", id=referral, participants=[expert], wait_s=20)
    town.run.until("the sender knows", lambda: "exp-1" in town.people(town.pet, referral))
    demand(town.people(town.pet, referral)["exp-1"]["named_by"] == town.pro.agency, "by whom")
    refused("RH-4342", town.pet.ask, "act", kind="progress", id=referral,
            participants=[{"id": "exp-1", "ended": "x"}])


def sealing(town, referral):
    """刑事诉讼法 286: nothing of a sealed record for anybody, until it is unsealed."""
    town.show(town.pro, referral, "rd-1")
    town.pet.stop()
    town.pet.profile = None  # none of the profiles at hand seals
    town.pet.start()
    town.run.until("it is back", town.pet.online)
    town.pet.ask("act", kind="seal", id=referral, code="juvenile-record", wait_s=20)
    error = refused("RH-4344", town.show, town.pet, referral, "rd-1")
    demand("286" in error["detail"], f"{error}")
    town.got(town.pro, referral, "seal")
    refused("RH-4344", town.show, town.pro, referral, "rd-1")
    town.pet.ask("act", kind="unseal", id=referral, wait_s=20)
    town.show(town.pet, referral, "rd-1")


def the_last_day(town, referral):
    town.steer("2026-03-20T15:00:00.000Z")  # 23:00 in China: still the last day
    town.know_today(town.pro)
    town.show(town.pro, referral, "rd-1")
    town.steer("2026-03-20T16:30:00.000Z")  # 00:30 of the 21st
    town.run.until("the last day is past", lambda: town.people(
        town.pro, referral)["rd-1"]["presence"] == "over")
    error = refused("RH-4343", town.show, town.pro, referral, "rd-1")
    demand(error["detail_zh"] == "截止日期已过", f"{error}")


def minors(town):
    """A mandatory report: the social worker helps a child of whom he sees a pseudonym."""
    referral = town.send(
        town.school, kind="transfer", to="police.620423", procedure="mandatory-report",
        category="protection.minor", area="620423", source="report",
        private={"summary": f"{CHILD}就读于{SCHOOL}, {REPORTER}报告。",
                 "persons": [{"name": CHILD, "role": "minor_victim", "unit": SCHOOL},
                             {"name": REPORTER, "role": "reporter"}]})
    town.got(town.police, referral, "transfer")
    town.police.ask("act", kind="progress", id=referral, to=town.school.agency, wait_s=20,
                    participants=[{"id": "sw-1", "name": "孙社工", "role": "social_worker",
                                   "scope": ["facts", "parties", "identity"],
                                   "from": "2026-03-20", "basis": "委托"},
                                  {"id": "gu-1", "name": "李父", "role": "guardian",
                                   "scope": ["facts", "minors"], "from": "2026-03-20",
                                   "basis": "法定代理人"}])
    row, text = town.show(town.police, referral, "sw-1", "帮扶")
    for word in (CHILD, SCHOOL, REPORTER, "李某", town.school.agency):
        demand(word not in text, f"a social worker sees {word}: {text}")
    said = next(m for m in row["messages"] if m["kind"] == "transfer")
    demand(said["summary"] == "未成年人1就读于***, 举报人1报告。", f"{said}")
    demand({"part": "identity", "why": "minors"} in row["withheld"] and
           row["scope"] == ["facts", "parties"], f"{row}")
    _, text = town.show(town.police, referral, "gu-1", "监护人")
    demand(CHILD in text and REPORTER not in text, f"the guardian: {text}")


def on_record(town, referral):
    """Who asked, when, for whom, why; refusals too; no name; whole again after a kill."""
    refused("RH-4342", town.show, town.pro, referral, "nobody")
    refused("RH-4304", town.pro.ask, "participant.show", id=referral, reason="", **{"for": "rd-1"})
    before = town.pro.ask("participant.views", limit=1000)
    town.pro.kill()
    town.pro.start()
    rows = town.pro.ask("participant.views", limit=1000)
    demand(rows == before, "a kill changes nothing of it")
    demand([row["no"] for row in rows] == list(range(1, len(rows) + 1)) and
           all(row["sound"] for row in rows), f"{rows}")
    first = rows[0]
    demand(first["for"] == "rd-1" and first["reason"] == "监督会前阅看" and
           first["by"] == "test" and first["uid"] == os.getuid() and first["result"] == "shown" and
           first["scope"] == ["facts", "parties", "outcome"] and first["messages"] == 1,
           f"{first}")
    demand([row["refusal"] for row in rows if row["result"] == "refused"] ==
           ["RH-4343", "RH-4343", "RH-4342"], f"{rows}")
    text = json.dumps(rows, ensure_ascii=False)
    for word in (LAWYER, DEPUTY, NAME, "赵专家"):
        demand(word not in text, f"{word} stands in the record")
    log = town.pro.process.words(last=400)
    demand(rows[-1]["chain"] in log or first["chain"] in log, "the chain stands in the log")
    for word in (LAWYER, DEPUTY, NAME):
        demand(word not in log, f"{word} stands in the log")


def by_hand(town, referral):
    """The same with the command line, as an office would."""
    def rhub(*words, code=0, lang="zh"):
        return town.run.check([town.run.program("rhub"), "--agent", town.pro.socket, *words,
                               "--lang", lang], code=code).stdout
    demand("人大代表" in rhub("participant", "list", referral), "in Chinese")
    demand("deputy to a people's congress" in
           rhub("participant", "list", referral, lang="en"), "in English")
    rhub("participant", "add", referral, "med-1", "--name", "周调解", "--role", "mediator",
         "--scope", "facts,parties", "--scope", "settlement", "--last-day", "2026-06-30",
         "--basis", "聘书", "--wait", "stored") # from today, by the clock of the test hub
    sheet = rhub("participant", "show", referral, "med-1", "--reason", "调解前阅看")
    demand("李某讨薪" in sheet and NAME not in sheet and "不在知情范围内" in sheet, sheet)
    rhub("participant", "end", referral, "med-1", "--reason", "聘期届满", "--wait", "stored")
    rhub("participant", "show", referral, "med-1", "--reason", "再看", code=77)
    table = list(csv.DictReader(io.StringIO(
        rhub("participant", "views", referral, "-o", "csv"))))
    demand(table[-1]["for"] == "med-1" and table[-1]["refusal"] == "RH-4343", f"{table[-1]}")
    town.run.check([town.run.program("rhub"), "--agent", town.pro.socket, "participant", "add",
                    referral, "x-1", "--name", "某", "--role", "interpreter", "--scope",
                    "outcome", "--basis", "x"], code=65)


def body(run):
    town = Town(run)
    referral = matter(town)
    told(town, referral)
    sealed_from_hub(town)
    masked(town, referral)
    changes(town, referral)
    slips(town, referral)
    own_expert(town, referral)
    the_last_day(town, referral)
    on_record(town, referral)
    minors(town)
    by_hand(town, referral)
    sealed_from_hub(town)
    sealing(town, matter(town, until="2026-06-30"))


harness.main("participants", body)

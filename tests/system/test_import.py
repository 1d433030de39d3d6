"""Real requests through a real agent into a real hub, and the ledger must balance.

A petitions bureau imports New York's requests of one day (and in test_import_messages.py 3,736
messages of Chinese citizens, where they are at hand); police, court and procuratorate receive what
the routing map sends them. Checked against the files themselves, read here with Python:

    every row is registered once, under its own number, with the category this test finds itself
    what the map has an answer for is with that agency, the rest is held by the bureau
    rows = open + final, for each holder, by the hub's own list and by its report
    a second import creates nothing, also of the same rows in another encoding
    an import killed in the middle and asked for again goes on, with the figures of the whole
    receipts and deliveries go on while an import runs

Truth is the file, the receivers' folders and the spools; the hub is only asked, not believed.
"""
import collections
import csv
import json
import os
import pathlib
import re
import sys
import time

import harness
from harness import ROOT, demand

csv.field_size_limit(1 << 24)
DATA = pathlib.Path(os.environ.get("RHUB_TEST_DATA") or ROOT / "tests" / "data") / "requests"
MAPS = ROOT / "agents" / "petitions" / "maps"
PROFILES = {"petitions": "petitions", "police": "police", "court": "court",
            "procuratorate": "procuratorate"}


class Agent:
    """A real rhub-agent of one agency, enrolled."""

    def __init__(self, run, hub, agency):
        self.run, self.hub, self.agency = run, hub, agency
        self.dir = run.dir / agency
        self.socket = self.dir / "state" / "agent.sock"
        self.process = None
        self.dir.mkdir()
        run.check([run.program("rhub-agent"), "init", "--agency", agency, "--keys",
                   self.dir / "keys", "--state", self.dir / "state", "--exchange",
                   self.dir / "exchange"])
        self.card = (self.dir / "keys" / f"{agency}.pub").read_text()
        (hub.cards / f"{agency}.pub").write_text(self.card)
        hub.ask("agency.enrol", id=agency, card=self.card, name_zh=agency, name_en=agency,
                reason="test")

    def start(self):
        role = self.agency.partition(".")[0]
        self.process = harness.Process(self.run, self.agency, [
            self.run.program("rhub-agent"), "run", "--agency", self.agency, "--keys",
            self.dir / "keys", "--hub-card", self.hub.card, "--agencies", self.hub.cards,
            "--state", self.dir / "state", "--exchange", self.dir / "exchange", "--profile",
            ROOT / "agents" / PROFILES[role] / "profile.yaml", "--rules", self.hub.rules])
        self.run.until(f"{self.agency} is online", self.online)
        return self

    def online(self):
        demand(self.process.running(), f"{self.agency} ended:\n{self.process.words()}")
        try:
            return harness.ask(self.socket, "status")[0][0]["online"]
        except (OSError, IndexError):
            return False

    def kill(self):
        self.process.kill()
        self.run.processes.remove(self.process)

    def ask(self, verb, seconds=300, **args):
        return harness.ask(self.socket, verb, args, seconds=seconds)[0]

    def files(self):
        """What the case system would read: the messages in its folder."""
        folder = self.dir / "exchange" / "in"
        return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))
                if not path.name.startswith(".")]  # hidden: being written

    def load(self, table, chart, **more):
        """Import a table; (figures, bad rows)."""
        rows = self.ask("import", file=str(table), map=str(chart), **more)
        bad = [row for row in rows if row["object"] == "row_error"]
        figures = [row for row in rows if row["object"] == "imported"]
        demand(len(figures) == 1, f"one row of figures: {rows[-3:]}")
        demand(figures[0]["rows"] == figures[0]["new"] + figures[0]["known"] +
               figures[0]["failed"], f"{figures[0]}")
        demand(figures[0]["failed"] == len(bad), "each bad row is named once")
        return figures[0], bad


class Town:
    def __init__(self, run):
        self.run = run
        self.hub = run.hub().start()
        self.agents = {name: Agent(run, self.hub, name) for name in
                       ("petitions.620423", "police.620423", "court.620423",
                        "procuratorate.620423")}
        self.desk = self.agents["petitions.620423"]
        for agent in self.agents.values():
            agent.start()

    def settled(self):
        """Everything the desk has sent has a receipt, and every other agency has its files."""
        return self.desk.ask("status")[0]["outbox"] == 0

    def referrals(self):
        return self.hub.ask_all("referral.list")


def read_table(path, encoding="utf-8-sig"):
    with open(path, encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


# The map's answers, computed here once more: what the YAML says, in Python.

def nyc_category(row):
    return "judicial.public-security" if row["agency"] == "NYPD" else "unscreened"


LABELS = {"城乡建设": "urban.other", "劳动和社会保障": "labour.other",
          "教育文体": "education.other", "环境保护": "environment.other",
          "商贸旅游": "commerce.other", "卫生计生": "health.other", "交通运输": "transport.other"}


def cn_patterns():
    """The patterns of the map, as written there."""
    text = (MAPS / "cn-messages.yaml").read_text()
    found = re.findall(r'pattern: "([^"]+)", category: ([a-z.-]+)', text)
    demand(len(found) >= 5, "the map has its patterns")
    return [(re.compile(pattern, re.S), category) for pattern, category in found]


def keyword_rules():
    """The keyword rules as written: (any, not, category) of each, in their order."""
    text = (ROOT / "protocol" / "rules" / "screening" / "keywords.yaml").read_text()
    rules = []
    for part in text.split("  - id: ")[1:]:
        words = {group: [word.strip() for word in found.split(",")] for group, found in
                 re.findall(r"^    (any|all|not): \[([^\]]*)\]", part, re.M)}
        demand("any" in words and "all" not in words, f"this reading of the rules knows {part}")
        category = re.search(r"^    category: (\S+)", part, re.M)
        rules.append((words["any"], words.get("not", []), category and category[1]))
    return rules


def cn_category(row, patterns, rules):
    """The map's word first; where it has none, that of the first keyword rule that fires."""
    for pattern, category in patterns:
        if pattern.search(row["subject"]):
            return category
    if row["label"] in LABELS:
        return LABELS[row["label"]]
    text = row["subject"] + "\n" + row["body"]
    for wanted, barred, category in rules:
        if any(w in text for w in wanted) and not any(w in text for w in barred):
            return category or "unscreened"
    return "unscreened"


ANSWERS = {"judicial.public-security": "police.620423", "judicial.police-conduct": "police.620423",
           "judicial.litigation": "court.620423", "judicial.procuratorial": "procuratorate.620423",
           "labour.wage-arrears": "procuratorate.620423"}


def expect_figures(figures, categories, known=False):
    rows = collections.Counter(categories)
    sent = collections.Counter(ANSWERS[c] for c in categories if c in ANSWERS)
    demand(figures["rows"] == len(categories) and figures["failed"] == 0, f"{figures}")
    demand({one["category"]: one["rows"] for one in figures["by_category"]} == dict(rows),
           f"by category {figures['by_category']}, wanted {rows}")
    if known:
        demand(figures["new"] == 0 and figures["dispatched"] == 0 and
               figures["known"] == len(categories), f"{figures}")
        return
    demand(figures["new"] == len(categories) and figures["unroutable"] == 0, f"{figures}")
    demand({one["agency"]: one["dispatched"] for one in figures["by_agency"]} == dict(sent),
           f"by agency {figures['by_agency']}, wanted {sent}")
    demand(figures["screening"] == len(categories) - sum(sent.values()), f"{figures}")


def check_ledger(town, categories):
    """The hub's list and report against the rows of the files."""
    run, hub = town.run, town.hub
    wanted = collections.Counter(ANSWERS[c] for c in categories if c in ANSWERS)
    run.until("all is with the hub", town.settled, seconds=120)
    run.until("all has arrived", lambda: all(
        len(town.agents[name].files()) >= count for name, count in wanted.items()), seconds=120)
    began = time.monotonic()
    run.until("every arrival is known", lambda: not any(
        row["state"] == "dispatched" and not row["arrived_at"] for row in town.referrals()),
        seconds=120)
    run.say(f"arrivals known {time.monotonic() - began:.1f} s after delivery")
    rows = town.referrals()
    demand(len(rows) == len(categories), f"{len(rows)} referrals, {len(categories)} rows")
    demand(collections.Counter(row["category"] for row in rows) ==
           collections.Counter(categories), "categories at the hub")
    sent = collections.Counter(row["to"] for row in rows if row["state"] != "registered" and
                               row["to"])
    demand(sent == wanted, f"sent to {sent}, wanted {wanted}")
    final = [row for row in rows if not row["turn"]]
    held = collections.Counter(row["turn"] for row in rows if row["turn"])
    demand(sum(held.values()) + len(final) == len(categories),
           f"{len(categories)} rows = {sum(held.values())} open + {len(final)} final")
    figures = {(row.get("agency"), row["figure"]): row
               for row in hub.ask("report.figures", by="agency")}
    total = sum(row["numerator"] for (_, name), row in figures.items() if name == "registered")
    demand(total == len(categories), f"the report has {total} registered")
    return held, final


def check_contents(town, table, category_of, number, title, body):
    """What stands in the receivers' folders is what stood in the table."""
    rows = {row[number]: row for row in table}
    met = 0
    for name, agent in town.agents.items():
        for message in agent.files() if name != town.desk.agency else []:
            external = [one["number"] for one in message.get("external", [])]
            if not external or external[0] not in rows:
                continue
            row = rows[external[0]]
            demand(ANSWERS[category_of(row)] == name, f"{name} got {message['id']}")
            demand(message["private"].get("title", "") == row[title], "title")
            demand(message.get("body", {}).get("text", "") == row[body], "body")
            met += 1
    demand(met == sum(category_of(row) in ANSWERS for row in table), f"{met} contents met")


def import_nyc(town):
    run, desk = town.run, town.desk
    table = read_table(DATA / "nyc311_2023.csv")
    categories = [nyc_category(row) for row in table]
    chart = MAPS / "nyc311.yaml"
    trial, _ = desk.load(DATA / "nyc311_2023.csv", chart, dry_run=True)
    expect_figures(trial, categories)
    demand(not town.referrals(), "a trial sends nothing")
    done, _ = desk.load(DATA / "nyc311_2023.csv", chart)
    expect_figures(done, categories)
    demand({**done, "dry_run": True} == trial, "a trial tells what will be")
    check_ledger(town, categories)
    check_contents(town, table, nyc_category, "unique_key", "complaint_type", "descriptor")

    # The same rows from programs that write otherwise, under the same and under another system.
    text = (DATA / "nyc311_2023.csv").read_text()
    for encoding, data in (("gb18030", text.encode("gb18030")),
                           ("utf-16", b"\xff\xfe" + text.encode("utf-16-le")),
                           ("utf-8", b"\xef\xbb\xbf" + text.encode())):
        other = run.dir / f"nyc-{encoding}.csv"
        other.write_bytes(data)
        again, _ = desk.load(other, chart)
        expect_figures(again, categories, known=True)
        demand(encoding in ("gb18030", again["encoding"]), f"{again['encoding']} for {encoding}")
    run.until("all is with the hub", town.settled)
    demand(len(town.referrals()) == len(table), "a second import creates nothing")
    run.say(f"New York: {len(table)} rows, {done['dispatched']} sent on, "
            f"{done['screening']} await screening; again: 0 new")
    return categories


def finish_some(town, categories):
    """A few matters come to their end, so that the ledger has both sides."""
    police = town.agents["police.620423"]
    waiting = [row for row in town.referrals() if row["state"] == "registered"][:4]
    for row in waiting:
        town.desk.ask("act", kind="withdraw", id=row["referral_id"], code="petitioner")
    for message in police.files()[:3]:
        for kind, code in (("sign", None), ("refuse", "identity-unclear")):
            answer = police.ask("act", kind=kind, id=message["referral"],
                                **({"code": code} if code else {}))[0]
            demand(answer.get("result") == "stored", f"{kind}: {answer}")
    held, final = check_ledger(town, categories)
    demand(len(final) >= len(waiting), f"{len(waiting)} withdrawn, {len(final)} final")
    town.run.say(f"ledger: {len(categories)} rows = {sum(held.values())} open "
                 f"{dict(sorted(held.items()))} + {len(final)} final")


def bad_rows(town, categories):
    """A table with bad rows: each is named, the others are taken."""
    path, chart = town.run.dir / "bad.csv", town.run.dir / "bad.yaml"
    chart.write_text((MAPS / "nyc311.yaml").read_text().replace("system: nyc311", "system: bad"))
    head = "unique_key,created_date,closed_date,agency,complaint_type,descriptor\n"
    path.write_bytes(head.encode() + b'1,2023-12-10T12:00:00.000,,NYPD,"two\nlines",x\n'
                     b'2,noon,,NYPD,t,x\n' b'3,2023-12-10T12:00:00.000,,NYPD,t\n'
                     b'4,2023-12-10T12:00:00.000,,NYPD,\xff,x\n'
                     b'5,2023-12-10T12:00:00.000,,DOT,t,x\n')
    done, bad = town.desk.load(path, chart)
    demand([(one["line"], one["column"], one.get("field")) for one in bad] ==
           [(4, 3, "created_date"), (5, 1, None), (6, 33, None)], f"{bad}")
    demand(done["new"] == 2 and done["dispatched"] == 1, f"{done}")
    path.write_text("unique_keys,created_date\n1,\n")
    try:
        town.desk.load(path, chart)
        raise harness.Violation("a header without its columns was taken")
    except harness.Refusal as refusal:
        demand(refusal.code == "RH-9105", f"{refusal}")
        demand("did you mean 'unique_keys'?" in json.dumps(refusal.error), f"{refusal.error}")
    # The way people do it.
    program = [town.run.program("rhub-agent"), "import", "--state", town.desk.dir / "state",
               "--lang", "en", "--map", MAPS / "nyc311.yaml", DATA / "nyc311_2023.csv"]
    words = town.run.check(program).stdout
    demand("registered: 0 " in words and "known already: 247" in words, words)
    due = town.run.check([town.run.program("rhub-agent"), "due", "--state",
                          town.desk.dir / "state", "-o", "ids"]).stdout.split()
    first = [row["referral"] for row in town.desk.ask("due")]  # one page of it
    demand(first and due[:len(first)] == first, f"rhub-agent due: {due[:3]}, not {first[:3]}")
    return categories + ["judicial.public-security", "unscreened"]


def large(town, categories):
    """The Chinese messages, killed in the middle, while others go on working."""
    source = DATA / "cn_messages.csv"
    run, desk, chart = town.run, town.desk, MAPS / "cn-messages.yaml"
    table = read_table(source)
    patterns = cn_patterns()
    rules = keyword_rules()
    mine = [cn_category(row, patterns, rules) for row in table]
    trial, _ = desk.load(source, chart, dry_run=True)
    expect_figures(trial, mine)
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        try:
            desk.load(source, chart)
        except Exception:  # the agent is killed under it
            os._exit(1)
        os._exit(0)
    before = len(categories)
    run.until("a good part is at the hub",
              lambda: town.hub.status()["referrals"] > before + len(table) // 8, seconds=60)
    desk.kill()
    _, status = os.waitpid(pid, 0)
    desk.start()
    again, _ = desk.load(source, chart)
    demand(again["failed"] == 0 and again["known"] + again["new"] == len(table), f"{again}")
    if status != 0: # broken off: it goes on, and its figures are those of the whole
        demand(0 < again["continued"] < len(table), f"{again}")
        expect_figures(again, mine)
    else:
        demand(again["new"] == 0, f"ended before the kill, then {again}")
    run.until("all is with the hub", town.settled, seconds=120)
    seconds = time.monotonic() - began
    held, final = check_ledger(town, categories + mine)
    check_contents(town, table, lambda row: cn_category(row, patterns, rules), "id", "subject",
                   "body")
    third, _ = desk.load(source, chart)
    expect_figures(third, mine, known=True)
    for name in ("cn_utf8.csv", "cn_utf8_bom.csv", "cn_utf16le_bom.csv", "cn_gb18030.csv"):
        part, _ = desk.load(DATA / "encodings" / name, chart)
        demand(part["new"] + part["known"] == 60 and part["failed"] == 0, f"{name}: {part}")
        if name != "cn_utf8.csv":
            demand(part["new"] == 0, f"{name} creates {part['new']}")
    run.say(f"cn_messages: {len(table)} rows, {trial['dispatched']} sent on, "
            f"{trial['screening']} await screening, killed at {again['continued']} rows and begun "
            f"anew, all stored and delivered after {seconds:.1f} s; again: 0 new")
    run.say(f"ledger: {len(categories + mine)} rows = {sum(held.values())} open "
            f"{dict(sorted(held.items()))} + {len(final)} final")
    return categories + mine


def body(run):
    if not run.has("rhub-agent"):
        raise harness.Skip("rhub-agent is not built")
    town = Town(run)
    categories = import_nyc(town)
    finish_some(town, categories)
    bad_rows(town, categories)


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    harness.main("import", body)

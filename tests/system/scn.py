"""A story in its text form (tests/scenario/README.md): lines of words, and what the words of a
line mean. Nothing here knows a hub."""
import dataclasses
import datetime
import pathlib
import re

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
STORIES = pathlib.Path(__file__).resolve().parent.parent / "scenario"
WORD = re.compile(r'"([^"]*)"|(#.*)|([^\s]+)')


class Wrong(Exception):
    """The script cannot be read."""


@dataclasses.dataclass
class Line:
    number: int
    words: list
    whole: str


def read(path):
    """The lines of a script that say something."""
    lines = []
    for number, text in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        words = []
        for quoted, remark, plain in WORD.findall(text):
            if remark:
                break
            words.append(plain or quoted)
        if words:
            lines.append(Line(number, words, text.strip()))
    return lines


def numbered(line, number):
    """The line with its number in the place of %; of %21 that number dealt out among 21."""
    def put(found):
        among = int(found.group(1) or 0)
        return f"{number:05}" if among == 0 else str((number - 1) % among + 1)
    words = [re.sub(r"%(\d*)", put, word, count=1) for word in line.words]
    return Line(line.number, words, line.whole)


class Words:
    """A line read word by word."""

    def __init__(self, line, at=0):
        self.line, self.at = line, at

    def more(self):
        return self.at < len(self.line.words)

    def peek(self):
        return self.line.words[self.at] if self.more() else None

    def next(self, what="a word"):
        if not self.more():
            raise Wrong(f"line {self.line.number}: {what} is missing")
        self.at += 1
        return self.line.words[self.at - 1]

    def passes(self, word):
        if self.peek() != word:
            return False
        self.at += 1
        return True

    def number(self):
        return int(self.next("a number"))

    def instant(self, end=False):
        """A day and perhaps a time, in ms; without a time the day's 00:00, or its end."""
        day = datetime.date.fromisoformat(self.next("a day"))
        time = datetime.time()
        if re.fullmatch(r"\d\d:\d\d", self.peek() or ""):
            time = datetime.time.fromisoformat(self.next())
        elif end:
            day += datetime.timedelta(days=1)
        moment = datetime.datetime.combine(day, time, BEIJING)
        return round(moment.timestamp() * 1000)

    def both(self):
        """zh "..." en "...": the two texts."""
        texts = {"zh": "", "en": ""}
        while self.more():
            language = self.next()
            texts[language] = self.next("the text")
        return texts


@dataclasses.dataclass
class Agency:
    """One of the cast, as the script has it."""
    id: str
    name: str
    role: str
    area: str
    superior: str = ""
    zh: str = ""
    en: str = ""


def agency(words):
    one = words.next("an agency")
    role, _, division = one.partition(".")
    made = Agency(one, role, role, division[:12])
    names = {"as": "name", "role": "role", "superior": "superior", "area": "area", "zh": "zh",
             "en": "en"}
    while words.more():
        setattr(made, names[words.next()], words.next("a value"))
    made.zh = made.zh or one
    return made


# Words of a message: with one value, without, and the places of several values.
SINGLE = {"to", "proper", "procedure", "category", "area", "source", "code", "lane", "root",
          "leader", "title", "body", "about"}
FLAGS = {"report": "report_required", "wanted": "information_wanted", "reply-owed": "reply_owed"}
OTHER = {"repeats", "into", "frees"}


def message(words):
    """What a line asks an agency to send, by the script's own names."""
    said = {"kind": words.next("a kind"), "matter": words.next("a matter, or -"), "copies": [],
            "accused": [], "facts": {}, "externals": [], "children": [], "persons": [],
            "petitioners": [], "participants": []}
    while words.more():
        word = words.next()
        if word in SINGLE:
            said[word] = words.next(word)
        elif word in FLAGS:
            said[FLAGS[word]] = True
        elif word in OTHER:
            said["other"] = words.next("a matter")
        elif word == "due":
            said["due"] = words.instant(end=True)
        elif word == "by":
            said["extend_n"] = words.number()
        elif word == "copy":
            said["copies"].append(words.next("an agency"))
        elif word == "accused":
            said["accused"].append(words.next("an agency"))
        elif word == "person":
            said["persons"].append(words.next("a name"))
        elif word == "participant":
            said["participants"].append({
                "id": words.next("an id"), "role": words.next("a role"),
                "name": words.next("a name"), "scope": words.next("its parts").split(",")})
        elif word == "leaves":
            said["participants"].append({"id": words.next("an id"),
                                         "ended": words.next("why")})
        elif word == "matter":
            said["about_what"] = words.next("what it is about")
        elif word == "petitioner":
            said["petitioners"].append(words.next("an identity number"))
        elif word == "fact":
            key, value = words.next("a fact"), words.next("its value")
            said["facts"][key] = int(value) if re.fullmatch(r"-?\d+", value) else value
        elif word == "external":
            said["externals"].append((words.next("a system"), words.next("a number")))
        elif word in ("part", "aside"):
            said["children"].append((words.next("a matter"), words.next("an agency"),
                                     word == "part"))
        else:
            raise Wrong(f"line {words.line.number}: a message has no {word}")
    return said


def addressed(said):
    """Whom a message brings a matter that counts as arrived there once it is taken."""
    tells = said["kind"] in ("copy", "notice", "progress")
    named = [said["to"]] if "to" in said and not tells else []
    return named + [to for _, to, _ in said["children"]]


def scripted(lines):
    """Agencies that do what no agent of ours does, with the reason: hold mail back and take one
    at a time, refuse it, be cut short, act before they took what came, write thousands. All
    others are played by real agents."""
    why, waiting, before, inside = {}, set(), set(), False
    for line in lines:
        words = Words(line)
        first = words.next()
        if line.words[:2] == ["expect", "refused"]:
            waiting = before
        if first in ("times", "bundle") or line.words == ["expect", "trace"]:
            inside = True
        elif first == "end":
            inside = False
        cut = first == "cut" and bool(words.next())
        if cut:
            first = words.next()
        if not first.endswith(":") or first == "hub:":
            continue
        name, verb = first[:-1], words.peek()
        if cut:
            why.setdefault(name, "cut")
        if inside:
            why.setdefault(name, "many")
        if verb == "take":
            waiting.discard(name)
            if len(line.words) - words.at > 1:
                why.setdefault(name, "one at a time")
        elif verb == "nack":
            why.setdefault(name, "refuses delivery")
        elif "%" not in name:
            if name in waiting:
                why.setdefault(name, "acts before it has taken")
            before = set(waiting)
            waiting.update(addressed(message(words)))
    for name in [name for name in why if "%" in name]:
        among = int(name.partition("%")[2] or 0)
        why.update({name.partition("%")[0] + str(i): why[name] for i in range(1, among + 1)})
    return {name: reason for name, reason in why.items() if "%" not in name}

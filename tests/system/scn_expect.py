"""`expect`, asked of a running hub: through rhub as an operator would, of the agencies' own
ledgers, and of the hub's files. What cannot be asked so is counted as left out, never passed."""
import json
import pathlib
import uuid

import scn
from harness import demand

LEVELS = ["none", "warned", "urged", "supervised", "listed", "reported"]
STATUS = {"none", "running", "paused", "met", "late", "missed", "cancelled", "lapsed"}
OWED = {"running", "paused", "missed"}
PLACES = {"holder": "turn", "sender": "from", "addressee": "to", "origin": "origin"}
NUMBERS = {"bounced": "bounce_count", "reopened": "reopen_count", "rejected": "reject_count",
           "parts": "child_count", "open": "child_open", "reviews": "review_open"}
TEXTS = {"state": "state", "lane": "lane", "outcome": "outcome", "procedure": "procedure",
         "number": "id"}
LINKS = {"root": "root_id", "parent": "parent_id", "repeats": "repeat_of_id",
         "into": "merged_into_id"}


class Expect:
    def __init__(self, play):
        self.play = play

    def line(self, words):
        word = words.peek()
        forms = {name: getattr(self, name) for name in (
            "refused", "taken", "got", "nothing", "sees", "waiting", "body", "noted", "steps",
            "figure", "month", "count", "clocks", "external", "route", "replay",
            "tampering", "absent",
            "shown", "shared")}
        forms.update({"fact": self.fact, "hot-spot": self.hot_spot,
                      "query-code": self.query_code})
        before = len(self.play.failures)
        if word in forms:
            words.next()
            forms[word](words)
        else:
            self.matter(words)
        self.play.teller.checked(self.play, words.line, len(self.play.failures) == before)

    def same(self, what, wanted, got):
        if wanted != got:
            self.play.fail(f"{what}: expected {wanted}, is {got}")

    def refused(self, words):
        got = self.play.refused
        self.same("refused", words.next("a code"), f"RH-{got}" if got else "stored")
        self.play.refused = 0

    # ---- one matter ----

    def row(self, name):
        """The referral as rhub shows it; None when the hub has none."""
        referral = str(uuid.UUID(bytes=self.play.matter(name)))
        done = self.play.rhub("referral", "show", referral)
        demand(done.code == 0 or "RH-4303" in done.error, done.error)
        return done.rows[0] if done.code == 0 and done.rows else None

    def matter(self, words):
        name = words.next("a matter")
        if "as-of" in words.line.words:
            self.past(name, words)
            return
        row = self.row(name)
        if words.passes("unknown"):
            self.same(name, None, row and row["id"])
        elif row is None:
            self.play.fail(f"{name}: the hub has no such referral")
        else:
            self.fields(words, row)

    def fields(self, words, row):
        play = self.play
        while words.more():
            word = words.next()
            if word in TEXTS:
                self.same(word, words.next(), row[TEXTS[word]] or "")
            elif word in PLACES:
                self.same(word, words.next(), play.agency_name(row[PLACES[word]]))
            elif word in NUMBERS:
                self.same(word, words.number(), row[NUMBERS[word]])
            elif word in LINKS:
                got = row[LINKS[word]]
                self.same(word, words.next(), play.matter_name(got and uuid.UUID(got).bytes))
            elif word == "level":
                self.same(word, words.number(), LEVELS.index(row["escalation"]))
            elif word == "arrived":
                wanted = None if words.passes("never") else words.instant()
                self.same(word, wanted, play.ms(row["arrived_at"]))
            elif word in ("sealed", "designated"):
                self.same(word, True, row[word])
            elif word == "clock":
                self.clock(words, row)
            elif word == "as-of":
                words.instant()
            elif not self.screening(word, words, row):
                raise scn.Wrong(f"line {words.line.number}: a matter has no {word}")

    def screening(self, word, words, row):
        """What screening has marked it with; False when the word is none of its."""
        if word in ("repeat", "no-repeat"):
            self.same("repeat", word == "repeat", row["repeat"])
        elif word == "hits":
            self.same("hits", words.number(), len(row["repeats"]))
        elif word == "hit":
            rule, wanted = words.next("a rule"), words.next("a matter")
            got = next((one["id"] for one in row["repeats"] if one["rule"] == rule), None)
            self.same(rule, self.row(wanted)["id"], got)
        else:
            return False
        return True

    def clock(self, words, row):
        limit = words.next("a clock")
        rows = [one for one in row["deadlines"] if one["limit"] == limit]
        newest = rows[-1] if rows else None  # rows stand in the order of their serials
        status = {"met_late": "late"}.get(newest["status"], newest["status"]) if newest else "none"
        holds, play = True, self.play
        while words.more():
            if words.passes("due"):
                end = words.instant(end=True)
                holds &= status in OWED and play.ms(newest["end_at"]) == end
            elif words.passes("nominal"):
                day = words.next()
                holds &= newest is not None and newest["nominal_date"] == day
            elif words.passes("since"):
                at = words.instant()
                holds &= newest is not None and play.ms(newest["started_at"]) == at
            elif words.passes("round"):
                wanted = words.number()
                holds &= newest is not None and newest["round"] == wanted
            elif words.passes("owed-by"):
                wanted = words.next()
                holds &= newest is not None and play.agency_name(newest["owed_by"]) == wanted
            elif words.passes("provisional"):
                holds &= newest is not None and newest["provisional"]
            elif words.peek() in STATUS:
                holds &= words.next() == status
            else:
                break
        if not holds:
            said = newest and {key: newest[key] for key in (
                "status", "end_at", "nominal_date", "started_at", "round", "owed_by")}
            play.fail(f"clock {limit} is {said}")

    def past(self, name, words):
        """A state of the past, as an auditor has it from a copy of the log."""
        play = self.play
        at = words.line.words.index("as-of")
        until = scn.Words(words.line, at + 1).instant()
        referral = str(uuid.UUID(bytes=play.matter(name)))
        with play.copy() as copy:
            out = copy / "state.json"
            play.run.check([play.run.program("rhub-audit"), "replay", copy, "--hub-card",
                            play.hub.card, "--at", play.instant_text(until), "--out", out])
            state = json.loads(out.read_text())
        rows = [{**row, "id": row["number"], "turn": row.get("holder")}
                for row in state["referrals"] if row["id"] == referral]
        if words.passes("unknown"):
            self.same(name, 0, len(rows))
        elif not rows:
            play.fail(f"{name}: not in the state of then")
        else:
            self.fields(words, rows[0])

    # ---- what agencies have and see ----

    def taken(self, words):
        """The same messages; of one matter in the same order, and of one sender. Between
        senders of one lane the hub only promises fairness."""
        play, actor = self.play, self.play.cast[words.next("an agency")]
        got = actor.taken[actor.before:]
        wanted = []
        while words.more() and not words.passes("nothing"):
            gone = words.passes("gone")
            text = f"{words.next('a kind')} {words.next('a matter')}"
            wanted.append("gone" if gone else text)
        texts = [one.named(play) for one in got]
        holds = sorted(texts) == sorted(wanted)
        for matter in {text.split()[-1] for text in wanted}:
            holds &= [t for t in texts if t.split()[-1] == matter] == \
                [t for t in wanted if t.split()[-1] == matter]
        for sender in {one.sender for one in got}:
            rest = iter(wanted)
            holds &= all(one.named(play) in rest for one in got if one.sender == sender)
        if not holds:
            play.fail(f"{actor.about.name} took: {', '.join(texts) or 'nothing'}")

    def of(self, words):
        """An agency's messages of a kind about a matter."""
        actor = self.play.cast[words.next("an agency")]
        kind, name = words.next("a kind"), words.next("a matter")
        referral = None if name == "-" else self.play.matter(name)
        return actor, [one for one in actor.taken
                       if one.kind == kind and one.referral == referral and not one.gone]

    def got(self, words):
        actor, rows = self.of(words)
        if words.more():
            self.same("times", words.number(), len(rows))
        elif not rows:
            self.play.fail(f"{actor.about.name} has not got it")

    def body(self, words):
        actor, rows = self.of(words)
        if not rows:
            self.play.fail(f"{actor.about.name} has no such message")
        else:
            self.same("body", words.next("the text"), rows[-1].body or "")

    def parties(self, name):
        return self.row(name)["parties"]

    def nothing(self, words):
        demand(words.passes("for"), "write `expect nothing for NAME MATTER`")
        actor, name = self.play.cast[words.next("an agency")], words.next("a matter")
        referral = self.play.matter(name)
        number = self.play.human(name)
        held = sum(one.referral == referral for one in actor.taken)
        waits = [row for row in self.play.hub.ask("queue.peek", agency=actor.id, limit=1000)
                 if row["referral"] == number]
        self.same("messages it has", 0, held)
        self.same("messages it awaits", 0, len(waits))
        self.same("among the parties", False, actor.id in self.parties(name))

    def sees(self, words):
        actor, name = self.play.cast[words.next("an agency")], words.next("a matter")
        row = self.row(name)
        self.same("among the parties", True, actor.id in row["parties"])
        self.fields(words, row)

    def waiting(self, words):
        actor = self.play.cast[words.next("an agency")]
        rows = self.play.look("queue", "list", "--limit", "0")
        count = next(row["count"] for row in rows if row["id"] == actor.id)
        self.same("waiting", words.number(), count)

    # ---- what the hub recorded ----

    def timeline(self, name):
        return self.play.look("referral", "timeline",
                              str(uuid.UUID(bytes=self.play.matter(name))), "--limit", "0")

    def noted(self, words):
        play, kind, name = self.play, words.next("a kind"), words.next("a matter")
        want, times = {}, 1
        while words.more():
            word = words.next()
            if word == "clock":
                want["limit"] = words.next()
            elif word == "to":
                want["agency"] = words.next()
            elif word == "level":
                want["level"] = words.number()
            elif word == "on":
                want["at"] = words.instant()
            elif word == "times":
                times = words.number()
            else:
                raise scn.Wrong(f"line {words.line.number}: a note has no {word}")
        notes = [{"at": play.ms(event["at"]), **note, "agency": play.agency_name(note["agency"])}
                 for event in self.timeline(name) for note in event["notes"]
                 if note["kind"] == kind]
        fitting = [note for note in notes if all(note[key] == want[key] for key in want)]
        if len(fitting) != times:
            play.fail(f"noted {len(fitting)} times, expected {times}; there are {notes}")

    def steps(self, words):
        kinds = [row["kind"] for row in self.timeline(words.next("a matter"))
                 if row["kind"] not in ("ack", "none")]
        self.same("steps", words.line.words[words.at:], kinds)

    def figure(self, words):
        """A counter of the views, which no command names by itself."""
        self.play.checks -= 1
        self.play.left_out.append(words.line.number)

    month = figure

    # ---- rows, counted one by one ----

    def filters(self, words):
        pairs = []
        while not words.passes("is"):
            pairs.append((words.next("what to count by"), words.next("its value")))
        return pairs, words.number()

    def fits(self, row, key, value):
        play = self.play
        if key in ("state", "procedure", "category", "source", "outcome", "lane"):
            return (row[key] or "") == value
        if key == "area":
            return row["area"].startswith(value)
        if key in PLACES:
            return play.agency_name(row[PLACES[key]]) == value
        if key == "fact":
            name, _, wanted = value.partition("=")
            return name in row["facts"] and str(row["facts"][name]) == wanted
        if key == "concluded":
            return (row["concluded_at"] is not None) == (value == "yes")
        if key == "bounced":
            return (row["bounce_count"] > 0) == (value == "yes")
        if key == "sent":
            return (row["dispatched_at"] is not None) == (value == "yes")
        if key == "root-of":
            return row["root_id"] == str(uuid.UUID(bytes=play.matter(value)))
        raise scn.Wrong(f"nothing can be counted by {key}")

    def rows(self, pairs):
        """Referrals that fit; what a list does not show is asked of each that is left."""
        whole = {"fact", "limit", "status", "month"}
        rows = [row for row in self.play.look("referral", "list", "--limit", "0")
                if all(self.fits(row, *pair) for pair in pairs if pair[0] not in whole)]
        if any(key in whole for key, _ in pairs):
            rows = [self.play.hub.ask("referral.show", id=row["id"])[0] for row in rows]
        return [row for row in rows
                if all(self.fits(row, *pair) for pair in pairs if pair[0] == "fact")]

    def count(self, words):
        pairs, wanted = self.filters(words)
        found = self.rows(pairs)
        self.same("count", wanted, len(found))
        if len(pairs) == 1 and pairs[0][0] == "fact" and pairs[0][1].startswith("risk="):
            level = pairs[0][1].partition("=")[2]
            listed = self.play.look("referral", "list", "--risk", level)
            self.same("listed by risk", sorted((row["referral_id"], level) for row in found),
                      sorted((row["referral_id"], row["risk"]) for row in listed))

    def clocks(self, words):
        pairs, wanted = self.filters(words)
        of_clock = [pair for pair in pairs if pair[0] in ("limit", "status", "month")]
        of_matter = [pair for pair in pairs if pair not in of_clock]
        found = 0
        for row in self.rows(of_matter + [("limit", "")]):
            found += sum(all(self.clock_fits(clock, *pair) for pair in of_clock)
                         for clock in row["deadlines"])
        self.same("count", wanted, found)

    def clock_fits(self, clock, key, value):
        if key == "limit":
            return clock["limit"] == value
        if key == "status":
            return {"met_late": "late"}.get(clock["status"], clock["status"]) == value
        end = self.play.ms(clock["end_at"])
        return end is not None and self.play.instant_text(end - 1).startswith(value)

    # ---- ways ----

    def external(self, words):
        system, number = words.next("a system"), words.next("a number")
        rows = self.play.look("referral", "list", "--key", f"{system}={number}")
        got = self.play.matter_name(uuid.UUID(rows[0]["referral_id"]).bytes) if rows else "unknown"
        self.same("external", words.next("a matter, or unknown"), got)

    def fact(self, words):
        """What a word of the hub itself said: the runner of the engine reads it."""
        while words.more():
            words.next()
        self.play.left_out.append(words.line.number)

    def shared(self, words):
        """The newest notice of a subscription says this, and nothing else."""
        row = self.play.cast[words.next("an agency")].shared or {}
        wanted, parts = [], [row.get("event", "nothing")]
        while words.more():
            wanted.append(words.next())
        for key in ("reference", "procedure", "category", "area", "source", "date", "state",
                    "holder", "due", "outcome"):
            value = row.get(key) or (row.get("holder_role") if key == "holder" else None)
            if value:
                any_one = key == "reference" and "reference=*" in wanted
                parts.append(f"{key}={'*' if any_one else value}")
        self.same("told", " ".join(wanted), " ".join(parts))

    def hot_spot(self, words):
        rule, area = words.next("a rule"), words.next("an area")
        rows = [row for row in self.play.look("report", "hotspot")
                if row["rule"] == rule and row["area"] == area]
        demand(rows, f"no hot spot {rule} {area}")
        while words.more():
            key = {"count": "numerator", "warned": "warned_count"}[words.next()]
            self.same(key, words.number(), rows[0][key])

    def query_code(self, words):
        """The petitioner's code leads to it, and what it shows is nobody's name."""
        row = self.row(words.next("a matter"))
        done = self.play.look("referral", "show", "--code", row["query_code"].lower())
        self.same("state", row["state"], done[0]["state"])
        self.same("keys", {"object", "v", "id", "state", "turn", "turn_zh", "turn_en", "due_at",
                           "registered_at", "updated_at", "parts", "parts_open"}, set(done[0]))

    def route(self, words):
        category, area = words.next("a category"), words.next("an area")
        done = self.play.rhub("route", "query", category, "--area", area)
        row = done.rows[0] if done.rows else None
        if words.passes("nowhere"):
            self.same("route", None, row and row["to"])
            return
        while words.more():
            word = words.next()
            got = row[word] if row else "nowhere"
            self.same(f"route {word}", words.next(), got.removesuffix("."))

    # ---- the whole ----

    def replay(self, words):
        """An auditor with a copy of the log comes to the same digests."""
        words.next()
        with self.play.copy() as copy:
            self.audit(copy, 0)

    def audit(self, copy, code):
        play = self.play
        play.run.check([play.run.program("rhub-audit"), "verify", copy, "--hub-card",
                        play.hub.card, "--agencies", play.hub.cards], code=code)

    def tampering(self, words):
        """One bit of a record in the middle of a copy: the auditor does not accept it."""
        words.next()
        with self.play.copy(covered=True) as copy:
            self.audit(copy, 0)
            segment = sorted((copy / "journal").glob("segment-*.rhj"))[0]
            data = bytearray(segment.read_bytes())
            written = max(i for i in range(0, len(data), 4096) if any(data[i:i + 4096]))
            at = next(i for i in range(written // 2, written) if data[i] not in (0, 0xFF))
            data[at] ^= 1
            segment.write_bytes(data)
            self.audit(copy, 1)

    def shown(self, words):
        """What an agency would show a participant of a matter: it has these words, lacks those;
        or it is refused."""
        actor = self.play.cast[words.next("an agency")]
        name = words.next("a matter")
        demand(words.next() == "for", "write `expect shown NAME R1 for PERSON ...`")
        person = words.next("a person")
        with actor.open_office():
            done = self.play.rhub("--agent", actor.socket, "participant", "show",
                                  actor.name_for(name), person, "--reason", "story")
        text = json.dumps(done.rows, ensure_ascii=False)
        while words.more():
            what, value = words.next(), words.next("what")
            if what == "refused":
                self.same("refused", True, done.code != 0 and value in done.error)
            else:
                demand(done.code == 0, done.error)
                self.same(f"{what} {value}", what == "has", value in text)

    def absent(self, words):
        """No file of the hub holds these words: data, keys, what it says on its way."""
        text = words.next("a text").encode()
        play = self.play
        # The hub lives: a segment prepared under one name may have another when it is read.
        for _ in range(50):
            moved = False
            for path in [*play.hub.dir.rglob("*"), play.hub.process.log]:
                try:
                    if pathlib.Path(path).is_file() and text in path.read_bytes():
                        play.fail(f"{path.relative_to(play.run.dir)} holds it")
                except FileNotFoundError:
                    moved = True
            if not moved:
                return
        play.fail("the hub's files change while they are searched")

"""A calendar imported while agencies work: the hub is killed with -9 in the middle of the job that
derives open dates again, twice; it finishes, the oracle agrees on every date, every move is on
record with both ends and told to its holder, and what the hub said before can still be asked.

The days of 2027 are those of tests/data/calendar/test-2027.yaml, made up for tests.

    test_calendar.py FOLDER-OF-RHUBD
"""
import datetime
import json
import os
import subprocess
import uuid

import harness
import matter
import pyagency
import rhwire
from harness import demand
from matter import oracle
from calendar_days import DATA, calendar_with
from play import KIND, Play, ms

A_DAY = int(os.environ.get("RHT_CALENDAR_A_DAY", "300"))
AMENDED = ["2027-01-13"]
LOOKED_AT = 300  # timelines read to the end
# What other clocks these matters have, beside the law's: ours.
WATCHED = (15, matter.CD, True)


def clocks(play):
    """(referral, serial) -> row, of every clock that runs."""
    found = {}
    for row in play.hub.ask_all("deadline.board"):
        if row["status"] == "running":
            found[row["id"]] = row
    return found


def expected(calendar, row):
    """The end and whether it is provisional, by the oracle."""
    limit = row["limit"]
    n, unit, roll = matter.LAW["xinfang"].get(limit, WATCHED)
    if limit == "watchdog":
        n, unit = row["n"], row["unit"]
    got = oracle.answer(calendar, (ms(row["started_at"]), unit, n, 0, roll, [], []))
    return int(got.split()[2]), got.split()[3] == "1"


def compare(run, calendar, rows, what):
    for row in rows.values():
        end, provisional = expected(calendar, row)
        demand(ms(row["end_at"]) == end and row["provisional"] == provisional,
               f"{what}: {row['id']} {row['limit']} from {row['started_at']}: the hub says "
               f"{row['end_at']} provisional {row['provisional']}, the oracle "
               f"{datetime.datetime.fromtimestamp(end / 1000, datetime.timezone.utc)} "
               f"provisional {provisional}")
    run.say(f"{what}: {len(rows)} running clocks as the oracle has them")


def rhub(run, play, *words, code=0, lang="en"):
    done = subprocess.run([run.program("rhub"), "--hub", str(play.hub.admin), "--lang",
                           lang, *words],
                          capture_output=True, text=True, timeout=120)
    demand(done.returncode == code, f"rhub {words}: {done.returncode} {done.stderr}")
    return done.stdout if code == 0 else done.stderr


def register(play, sender, to, count):
    made = []
    for _ in range(count):
        referral = pyagency.uuid7()
        sender.send(KIND["register"], referral, rhwire.pack({2: "办理情况"}), procedure="xinfang",
                    category="labour", area="620423", source="visit")
        sender.send(KIND["forward"], referral, b"", to=to.agency)
        made.append(referral)
    return made


def job_of(play, number):
    return next(row for row in play.hub.ask("job.list") if row["id"] == str(number))


def import_killed(run, play, file, number, sender, to):
    """Import under load and kill the hub at once; it must finish after it comes back."""
    register(play, sender, to, 20)
    for agency in play.online():
        agency.turn(0)
    out = rhub(run, play, "calendar", "import", str(file), "--reason", "test", "-o", "json")
    play.hub.kill()
    play.hub.start()
    first = job_of(play, number)
    demand(first["state"] in ("running", "done"), f"job {number}: {first}")
    play.settle()
    run.until(f"job {number} is done", lambda: job_of(play, number)["state"] == "done")
    row = job_of(play, number)
    run.say(f"job {number}: {first['done']} of {first['total']} when the hub came back, "
            f"then {row['done']}, {row['changed']} changed, {row['moved']} dates moved")
    demand(json.loads(out)[0]["job"] == number, out)
    return first, row


def check_records(run, play, before, after, version):
    """Every moved date stands in a record of its referral, with both ends."""
    moved = [row for key, row in before.items()
             if key in after and after[key]["end_at"] != row["end_at"]]
    demand(moved, "no date moved: the test shows nothing")
    for row in moved[:LOOKED_AT]:
        lines = [line for line in play.hub.ask_all("referral.timeline", id=row["referral"])
                 if line["kind"] == "notice" and line["record"] == "job"]
        notes = [note for line in lines for note in line["notes"]
                 if note["was_end_at"] == row["end_at"] and
                 note["end_at"] == after[row["id"]]["end_at"]]
        demand(notes, f"{row['id']}: no record of {row['end_at']} -> {after[row['id']]['end_at']}")
        demand(any(version in line["text"] for line in lines), f"{lines}: not {version}")
    run.say(f"{len(moved)} dates moved; {len(moved[:LOOKED_AT])} looked up, each in a record of its "
            "referral")
    return moved


def check_said(run, play, moved, after, version):
    """A person reads which date moved, from when to when and why; in Chinese too."""
    row = moved[0]
    days = [number_of(end) % 10000 for end in (row["end_at"], after[row["id"]]["end_at"])]
    for lang, why in (("en", f"calendar cn {version}"), ("zh", f"日历 cn {version}")):
        said = rhub(run, play, "referral", "timeline", row["referral"], lang=lang)
        said += rhub(run, play, "deadline", "explain", row["referral"], "--as-known-on",
                     "2026-12-28", lang=lang)
        line = next(line for line in said.splitlines() if why in line)
        demand(all(f"{day // 100:02d}-{day % 100:02d}" in line for day in days), said)
        demand(lang == "en" or "(calendar" not in said, said)


def number_of(end):
    """The last day of an end, as notices write it: 20270105."""
    day = datetime.datetime.fromtimestamp((ms(end) - 1) / 1000, datetime.timezone.utc) + \
        datetime.timedelta(hours=8)
    return day.year * 10000 + day.month * 100 + day.day


def check_told(run, play, moved, after):
    """Whoever owes got a notice that names the old day and the new one."""
    by_name = {agency.agency: agency for agency in play.online()}
    told = set()
    for name, agency in by_name.items():
        for got in agency.got(kind=KIND["notice"]):
            facts = rhwire.public_decode(got["public"]).get(26, {})
            number = {key: value for key, value in facts.items()}
            for key in number:
                if key.startswith("was"):
                    told.add((name, got["referral"], number[key],
                              number["now" + key[len("was"):]]))
    shown = {}
    for row in moved:
        if row["referral"] not in shown:
            text = play.hub.ask("referral.show", id=row["referral"])[0]["referral_id"]
            shown[row["referral"]] = uuid.UUID(text).bytes
        want = (row["owed_by"], shown[row["referral"]], number_of(row["end_at"]),
                number_of(after[row["id"]]["end_at"]))
        demand(want in told, f"{row['id']}: {want} was not told; {sorted(map(str, told))[:5]}")
    run.say(f"{len(moved)} moves told to whoever owes")


def refuse_year_alone(run, play):
    """A file that has the new year only would lose the days of this one: refused, tried too."""
    text = (DATA / "test-2027-amended.yaml").read_text()
    head = text[text.index("calendar: cn"):text.index("years:")]
    alone = run.dir / "alone.yaml"
    alone.write_text(head.replace("2006-12-30", "2027-01-01").replace("2027.1", "2027.9") +
                     "years:\n" + text[text.index("  - year: 2027"):])
    before = clocks(play)
    for how in (["--dry-run"], ["--reason", "the year alone"]):
        said = rhub(run, play, "calendar", "import", str(alone), *how, code=78)
        demand("alone.yaml" in said and "known from 2006-12-30" in said, said)
    demand(clocks(play) == before, "a refused calendar changed something")


def body(run):
    play = Play(run, "2026-12-21 10:00")
    petitions = play.agency("petitions.620423")
    court = play.agency("court.620423")
    for day in range(21, 29):
        play.steer(f"2026-12-{day} 10:00")
        register(play, petitions, court, A_DAY)
        play.settle()
    before = clocks(play)
    compare(run, matter.load_calendar(), before, "with the calendar of 2026")
    some = next(row for row in before.values() if row["provisional"] and row["limit"] == "object")
    demand(any(row["provisional"] for row in before.values()), "nothing is provisional")

    out = rhub(run, play, "calendar", "import", str(DATA / "test-2027.yaml"), "--dry-run", "-o",
               "json")
    demand(json.loads(out)[0]["would_move"] > 0, out)
    simulated = play.hub.ask("deadline.simulate", list=True, calendar=(
        DATA / "test-2027.yaml").read_text(), calendar_name="test-2027.yaml")
    demand(clocks(play) == before, "trying it out changed something")

    oracle.KNOWN = (oracle.KNOWN[0], datetime.date(2027, 12, 31))
    caught = 0
    first, _ = import_killed(run, play, DATA / "test-2027.yaml", 1, petitions, court)
    caught += first["state"] == "running"
    after = clocks(play)
    compare(run, calendar_with(), after, "with the made-up calendar of 2027")
    moved = check_records(run, play, before, after, "2027.0-test")
    check_told(run, play, moved, after)
    check_said(run, play, moved, after, "2027.0-test")
    demand({row["id"]: row["end_at"] for row in simulated if row["id"] in after} ==
           {row["id"]: after[row["id"]]["end_at"] for row in moved},
           "what was simulated is not what happened")

    play.steer("2026-12-29 10:00")
    register(play, petitions, court, A_DAY)
    play.settle()
    between = clocks(play)
    first, _ = import_killed(run, play, DATA / "test-2027-amended.yaml", 2, petitions, court)
    caught += first["state"] == "running"
    amended = clocks(play)
    compare(run, calendar_with(AMENDED), amended, "with the amended notice")
    check_records(run, play, between, amended, "2027.1-test")
    run.say(f"{caught} of 2 kills met a running job")

    refuse_year_alone(run, play)
    then = play.hub.ask("deadline.explain", id=some["referral"], as_known_on="2026-12-27")
    row = next(row for row in then if row["id"] == some["id"])
    demand(row["end_at"] == some["end_at"] and row["provisional"], f"as known: {row}")
    demand(row["calendar"]["version"] == "2026.1" and row["agrees"], f"as known: {row}")
    demand(row["since"]["changed"] and row["since"]["moves"], f"since: {row['since']}")
    text = rhub(run, play, "deadline", "explain", some["referral"], "--as-known-on", "2026-12-27")
    demand("since then" in text and "2027.0-test" in text, text)
    demand("PROVISIONAL" in text, text)
    rows = play.hub.ask("calendar.list")
    demand([(row["version"], row["source"]) for row in rows] == [("2027.1-test", "imported")],
           f"{rows}")
    play.hub.stop()
    play.hub.audit("--redecide")
    replayed = run.check([run.program("rhub-audit"), "replay", play.hub.data, "--at",
                          "2026-12-27", "--out", "-"])
    state = json.loads(replayed.stdout)
    of = next(row for row in state["referrals"] if row["number"] == some["referral"])
    old = next(row for row in of["deadlines"] if row["limit"] == "object")
    demand(ms(old["end_at"]) == ms(some["end_at"]), f"offline: {old}")


harness.main("calendar", body)

"""Figures of reports against what was done, one by one: the funnel of the source articles (of 1,503
five-star clues looked at, 38 verified, 16 put right, 6 cases filed) and the wrong doors, each with
numerator, denominator and the sentence that defines them, through the real `rhub` in every form; and
who is competent for what none of our agencies takes.
"""
import csv
import io
import json
import os
import subprocess

import pyagency
from harness import demand, main
from play import KIND, Play, drive

CLUES, VERIFIED, RECTIFIED, FILED = 1503, 38, 16, 6
FOUR_STARS = {"verified": 2, "no-problem": 5, "duplicate": 4, "out-of-scope": 3}
UNANSWERED = 6


def rhub(play, *words, lang="en"):
    done = subprocess.run(
        [play.run.program("rhub"), "--hub", play.hub.admin, *words], capture_output=True,
        check=False, timeout=60, stdin=subprocess.DEVNULL,
        env=os.environ | {"RHUB_LANG": lang, "LC_ALL": "C.UTF-8"})
    demand(done.returncode == 0, f"{words}: {done}")
    return done.stdout.decode()


def push(city, office, stars):
    referral = pyagency.uuid7()
    facts = {"stars": stars}
    city.send(KIND["register"], referral, procedure="clue", category="public-interest.environment",
              area="620401", source="data", facts=facts)
    city.send(KIND["clue"], referral, to=office.agency, facts=facts)
    return referral


def answer(office, referral, code, **facts):
    office.send(KIND["sign"], referral)
    office.send(KIND["conclude"], referral, code=code, facts=facts or None)


def accepted(*agencies):
    """Nothing that was sent was refused."""
    for agency in agencies:
        for n in range(1, agency.last_n + 1):
            demand(agency.outcome(n) == 0, f"{agency.agency} {n}: {agency.outcome(n)}")


def tell_clues(play, city, office):
    with city.ledger.change():
        five = [push(city, office, 5) for _ in range(CLUES)]
        four = [push(city, office, 4) for _ in range(sum(FOUR_STARS.values()) + UNANSWERED)]
    play.settle(240)
    with office.ledger.change():
        for at, referral in enumerate(five):
            if at < RECTIFIED:
                answer(office, referral, "verified", rectified="yes")
            else:
                answer(office, referral, "verified" if at < VERIFIED else "no-problem")
        for code, count in FOUR_STARS.items():
            for _ in range(count):
                answer(office, four.pop(), code)
        for referral in five[:FILED]:
            office.send(KIND["register"], pyagency.uuid7(), procedure="public-interest",
                        category="public-interest.environment", area="620401", source="clue",
                        root=referral)
    play.settle(240)
    accepted(city, office)


# stars, figure, numerator, denominator: the source's numbers, and those above.
FUNNEL = [
    ("5", "pushed", 1503, 1503), ("5", "answered", 1503, 1503), ("5", "verified", 38, 1503),
    ("5", "rectified", 16, 38), ("5", "filed", 6, 16), ("5", "no_problem", 1465, 1503),
    ("5", "duplicate", 0, 1503), ("5", "out_of_scope", 0, 1503),
    ("4", "pushed", 20, 20), ("4", "answered", 14, 20), ("4", "verified", 2, 14),
    ("4", "rectified", 0, 2), ("4", "filed", 0, 0), ("4", "no_problem", 5, 14),
    ("4", "duplicate", 4, 14), ("4", "out_of_scope", 3, 14),
]


def same_everywhere(play, report, key, expected):
    rows = json.loads(rhub(play, "report", report, "-o", "json"))
    found = [(row[key] or "", row["figure"], row["numerator"], row["denominator"]) for row in rows]
    demand(found == expected, f"{report}: {found}")
    for row in rows:
        rate = row["numerator"] / row["denominator"] if row["denominator"] else None
        exact = row["rate"] == rate or abs(row["rate"] - rate) < 1e-5 * rate  # six digits
        demand(exact and len(row["definition"]) > 10, f"{row}")
    table = list(csv.DictReader(io.StringIO(rhub(play, "report", report, "-o", "csv"))))
    demand([(row[key], row.get("figure", report), int(row["numerator"]), int(row["denominator"]))
            for row in table] == expected, f"{report} as CSV: {table}")
    for lang in ("en", "zh"):
        text = rhub(play, "report", report, lang=lang)
        play.run.say(text)
        for _, _, numerator, denominator in expected:
            demand(any({str(numerator), str(denominator)} <= set(line.replace(",", "").split())
                       for line in text.splitlines()),
                   f"{report} in {lang} shows {numerator} of {denominator}:\n{text}")


def wrong_doors(play):
    """Ten forwarded under one category: two objections upheld, one refused as not competent, one
    for another reason, which is no wrong door; five under another, all where they belong."""
    bureau, court = play.agency("petitions.620423"), play.agency("court.620423")
    play.settle()
    matters = []
    for at in range(15):
        referral = pyagency.uuid7()
        bureau.send(KIND["register"], referral, procedure="xinfang",
                    category="urban.roads" if at < 10 else "rural.water", area="620423",
                    source="visit")
        bureau.send(KIND["forward"], referral, to=court.agency)
        matters.append(referral)
    play.settle()
    for referral in matters[:2]:
        court.send(KIND["object"], referral, code="not-competent", proper="police.620423")
    play.settle()
    accepted(court)
    for referral in matters[:2]:
        bureau.send(KIND["uphold"], referral)
    for referral, code in ((matters[2], "not-competent"), (matters[3], "litigation-path")):
        court.send(KIND["sign"], referral)
        court.send(KIND["refuse"], referral, code=code, proper="police.620423")
    play.settle()
    accepted(bureau, court)
    return [("", "misdirected", 3, 15), ("urban.roads", "misdirected", 3, 10),
            ("rural.water", "misdirected", 0, 5)]


def clues(run):
    play = Play(run, "2026-05-06 09:00")
    fast = {"bundle": 256, "outstanding": 2048, "window": (1024, 1 << 20)}
    city = play.agency("procuratorate.6204", **fast)
    office = play.agency("procuratorate.620401", enrol={"superior": "procuratorate.6204"}, **fast)
    play.settle()
    tell_clues(play, city, office)
    same_everywhere(play, "funnel", "stars", FUNNEL)
    play.hub.stop()


def doors(run):
    play = Play(run, "2026-05-06 09:00", name="doors")
    same_everywhere(play, "misdirected", "category", wrong_doors(play))
    proper_bodies(play)
    play.hub.stop()


def proper_bodies(play):
    """A category that none of our agencies takes: both languages name who does."""
    for lang, words in (("en", ("not accepted here", "notary office")),
                        ("zh", ("不属受理范围", "公证机构"))):
        text = rhub(play, "route", "query", "civil.notarization", "--area", "620423", lang=lang)
        play.run.say(text)
        for word in words:
            demand(word in text, f"{lang}: {text}")


def body(run):
    doors(run)
    clues(run)


main("report", body)

"""Rules that change while matters are open, through real processes: a referral keeps the procedure
it was registered under; `applies_to: open` reaches open ones, by a job, each moved date on record;
a county's own holidays count in that county alone. Dates by the day-walking oracle.

    test_change.py FOLDER-OF-RHUBD
"""
import datetime
import re
import shutil
import uuid

import harness
import matter
from harness import ROOT, demand
from matter import oracle
from play import Play, ms
from calendar_days import calendar_with, DATA


def change(rules, version, notice, handle, reach):
    """xinfang.yaml anew: its version, how long the addressee has to tell and to handle it, and
    whose matters it is for."""
    path = rules / "procedures" / "xinfang.yaml"
    text = (ROOT / "protocol/rules/procedures/xinfang.yaml").read_text()
    text, once = re.subn(r"(?m)^version: \d+", f"version: {version}\napplies_to: {reach}", text)
    for limit, days in (("notice", notice), ("handle", handle)):
        at = text.index(f"id: {limit}\n")
        text = text[:at] + re.sub(r"span: \d+ calendar_day", f"span: {days} calendar_day",
                                  text[at:], count=1)
    demand(once == 1, "xinfang.yaml has another form")
    path.write_text(text)


def clock(play, referral, limit):
    rows = play.explain(referral)
    return next(row for row in rows if row["limit"] == limit)


def check(calendar, row, n, unit, roll):
    end = int(oracle.answer(calendar, (ms(row["started_at"]), unit, n, 0, roll, [], []))
              .split()[2])
    demand(ms(row["end_at"]) == end, f"{row['id']}: {row['end_at']}, the oracle "
           f"{datetime.datetime.fromtimestamp(end / 1000, datetime.timezone.utc)}")


def rules_change(run):
    rules = run.dir / "rules"
    shutil.copytree(ROOT / "protocol" / "rules", rules)
    play = Play(run, "2026-03-02 10:00", rules=rules)
    calendar = matter.load_calendar()
    petitions, court = play.agency("petitions.620423"), play.agency("court.620423")
    old = play.new(petitions, "xinfang")
    play.act(petitions, "forward", old, to=court)
    play.settle()
    check(calendar, clock(play, old, "notice"), 15, "calendar_day", True)

    first = clock(play, old, "notice")["procedure_version"]
    change(rules, first + 1, 10, 50, "new")
    play.hub.ask("rules.reload")
    demand(play.hub.ask("job.list") == [], "a change for new matters began a job")
    young = play.new(petitions, "xinfang")
    play.act(petitions, "forward", young, to=court)
    play.settle()
    check(calendar, clock(play, young, "notice"), 10, "calendar_day", True)
    # A clock that starts only now in the old matter is of the old rules, after a restart too.
    play.hub.kill()
    play.hub.start()
    play.settle()
    again = play.new(petitions, "xinfang")
    play.act(petitions, "forward", again, to=court)
    play.settle()
    play.act(court, "sign", old)
    play.act(court, "accept", old)
    play.settle()
    row = clock(play, old, "handle")
    check(calendar, row, 60, "calendar_day", True)
    demand(row["procedure_version"] == first, f"{row}")
    demand(play.hub.ask("rules.list"), "no rules")

    simulated = play.hub.ask("deadline.simulate", open=True, files=[
        {"name": "procedures/xinfang.yaml",
         "text": (rules / "procedures" / "xinfang.yaml").read_text().replace(
             "10 calendar_day", "12 calendar_day")}])
    demand(any(row["moved"] > 0 for row in simulated), f"{simulated}")
    # A copy under another name replaces the file of its procedure; so does one of the settings.
    for name, text in (("procedures/my-copy.yaml", (rules / "procedures" / "xinfang.yaml")
                        .read_text().replace("10 calendar_day", "12 calendar_day")),
                       ("procedures/mine.yaml", (rules / "settings.yaml").read_text())):
        copied = play.hub.ask("deadline.simulate", open=True, files=[{"name": name, "text": text}])
        demand(name != "procedures/my-copy.yaml" or copied == simulated, f"{copied}")
    change(rules, first + 2, 12, 55, "open")
    play.hub.ask("rules.reload")
    run.until("the job is done", lambda: all(row["state"] == "done"
                                              for row in play.hub.ask("job.list")))
    job = play.hub.ask("job.list")[0]
    demand(job["changed"] == 3 and job["moved"] == 3, f"{job}")
    for referral, limit, days in ((old, "handle", 55), (young, "notice", 12),
                                  (again, "notice", 12)):
        row = clock(play, referral, limit)
        check(calendar, row, days, "calendar_day", True)
        demand(row["procedure_version"] == first + 2, f"{row}")
    run.say("rules: old matters keep theirs, applies_to: open reaches them by a job")
    play.hub.stop()
    play.hub.audit("--redecide")


def local_holidays(run):
    oracle.KNOWN = (oracle.KNOWN[0], datetime.date(2027, 12, 31))
    play = Play(run, "2026-12-31 10:00", name="county")
    petitions, court = play.agency("petitions.620400"), play.agency("court.620400")
    at = {area: play.new(petitions, "xinfang", area=area) for area in ("620423", "620421")}
    for referral in at.values():
        play.act(petitions, "forward", referral, to=court)
    play.settle()
    for name in ("test-2027.yaml", "test-620423.yaml"):
        play.hub.ask("calendar.import", text=(DATA / name).read_text(), name=name, reason="test")
    run.until("the job is done", lambda: all(row["state"] != "running"
                                              for row in play.hub.ask("job.list")))
    country, county = calendar_with(), calendar_with(["2027-01-11"])
    play.steer("2027-01-06 10:00")
    late = {area: play.new(petitions, "xinfang", area=area) for area in at}
    for area, referral in late.items():
        play.act(petitions, "forward", referral, to=court)
    play.settle()
    ends = {}
    for area, calendar in (("620423", county), ("620421", country)):
        row = clock(play, late[area], "object")
        check(calendar, row, 5, "working_day", False)
        check(calendar, clock(play, at[area], "notice"), 15, "calendar_day", True)
        ends[area] = row["end_at"]
        demand(row["calendar"]["version"] == ("2027.0-test+2027.0-test" if area == "620423"
                                              else "2027.0-test"), f"{row['calendar']}")
    demand(ends["620423"] != ends["620421"], f"the county's holiday changed nothing: {ends}")
    days = play.hub.ask("calendar.show", area="620423", year=2027)
    demand(any(day["date"] == "2027-01-11" and day["kind"] == "holiday" for day in days), f"{days}")
    play.hub.kill()
    play.hub.start()
    demand(len(play.hub.ask("calendar.list")) == 2, "an imported calendar is gone")
    run.say("areas: the county's holiday counts in the county alone")
    play.settle()
    play.hub.stop()
    play.hub.audit("--redecide")


def body(run):
    rules_change(run)
    local_holidays(run)


if __name__ == "__main__":
    harness.main("change", body)

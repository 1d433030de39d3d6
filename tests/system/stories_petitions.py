"""信访转办 and 12309: every way through, one story each. A story is a generator; what it yields
is the instant at which it goes on, in Beijing time. `t` is the town of test_deadlines.py.

Dates given as texts were counted by hand on the State Council's calendar for 2026 (make-up days
Sun 01-04, Sat 02-14, Sat 02-28, Sat 05-09, Sun 09-20, Sat 10-10); the others come from the
oracle.
"""
import pyagency
from matter import CD, ROLL, STAY, WD
from play import ms
from pypipe import demand


def petition_in_time(t):
    m = t.matter("xinfang", "in time, extended, closed by the hub")
    yield "2026-02-05 10:00"
    m.register(t.pet).state("registered", t.pet)
    m.clock("dispatch", m.at["register"], due="2026-02-24", owed=t.pet)  # in Spring Festival
    yield "2026-02-24 23:59:59"
    m.clock("dispatch", m.at["register"], due="2026-02-24")
    m.do(t.pet, "forward", to=t.court)
    m.state("dispatched", t.court, arrived_at="2026-02-24T15:59:59.000Z")
    m.status("dispatch", "met")
    arrived = m.at["forward"]
    m.clock("object", arrived, due="2026-03-02", owed=t.court)  # Sat 02-28 counts
    m.clock("notice", arrived, due="2026-03-11", owed=t.court)
    yield "2026-03-10 09:00"
    m.status("object", "lapsed")
    m.do(t.court, "accept", refusal=4301)
    m.do(t.court, "sign")
    m.do(t.court, "accept")
    m.status("notice", "met")
    m.state("in_progress", t.court)
    m.clock("handle", m.at["accept"], due="2026-05-09", owed=t.court)  # a Saturday that is worked
    yield "2026-04-01 09:00"
    m.do(t.court, "extend_request", code="complex", extend_n=31, refusal=4311)
    m.do(t.pet, "extend_request", code="complex", extend_n=30, refusal=4302)
    m.do(t.court, "extend_request", code="complex", extend_n=30)
    m.do(t.court, "extend_request", code="complex", extend_n=30, refusal=4301)
    m.do(t.pet, "extend_grant", refusal=4310)
    m.do(t.court, "extend_deny", code="not-needed")
    m.clock("handle", m.at["accept"], due="2026-05-09")
    m.do(t.court, "extend_deny", code="not-needed", refusal=4301)
    m.do(t.court, "extend_request", code="complex", extend_n=30)
    m.do(t.court, "extend_grant")
    m.clock("handle", m.at["accept"], due="2026-06-08", extensions=[(CD, 30)])
    m.do(t.court, "extend_request", code="complex", extend_n=1, refusal=4311)
    yield "2026-06-08 23:59:59"
    m.do(t.court, "conclude", code="granted-by-magic", refusal=4112)
    m.do(t.court, "conclude", code="supported")
    m.status("handle", "met")
    m.state("concluded", t.court, outcome="supported")
    m.clock("reply", m.at["conclude"], due="2026-06-15", owed=t.court)
    m.do(t.court, "close", refusal=4309)  # a reply is owed
    yield "2026-06-15 10:00"
    m.do(t.court, "reply")
    m.status("reply", "met")
    m.state("replied", t.pet)
    m.clock("remedy", m.at["reply"], due="2026-07-15", owed=t.pet)
    yield "2026-07-15 23:59:59"
    m.state("replied")
    yield "2026-07-16 00:00"
    m.state("closed")
    m.status("remedy", "lapsed")


def petition_forgotten(t):
    m = t.matter("xinfang", "never dispatched, then late, then withdrawn")
    yield "2026-02-09 09:00"
    m.register(t.pet)
    m.clock("dispatch", m.at["register"], due="2026-02-24")
    yield "2026-02-20 23:59:59"
    m.state("registered", escalation="none")
    yield "2026-02-21 00:00"
    m.state("registered", escalation="warned")
    yield "2026-02-24 23:59:59"
    m.state("registered", escalation="warned")
    m.status("dispatch", "running", overdue_s=None)
    yield "2026-02-25 00:00"
    m.status("dispatch", "missed", missed_at="2026-02-24T16:00:00.000Z", overdue_s=0)
    m.state("registered", t.pet, escalation="urged")
    m.none("watchdog")  # what was missed and is owed has its date already
    yield "2026-02-27 23:59:59"
    m.state("registered", escalation="urged")
    yield "2026-02-28 00:00"
    m.state("registered", escalation="supervised")
    m.told(t.pet2, "supervise", 1)
    m.told(t.pet, "due_soon", 1)
    m.told(t.pet, "overdue", 1)
    m.told(t.pet, "urge", 1)
    yield "2026-03-02 09:00"
    m.do(t.pet, "forward", to=t.police)
    m.status("dispatch", "met_late", overdue_s=5 * 86400 + 9 * 3600)
    m.do(t.pet, "withdraw", refusal=0)
    m.state("withdrawn")
    for limit in ("object", "notice"):
        m.status(limit, "cancelled")
    m.do(t.police, "sign", refusal=4301)


def petition_bounced(t):
    m = t.matter("xinfang", "objected to three times, designated")
    yield "2026-02-12 10:00"
    m.register(t.pet).do(t.pet, "forward", to=t.court)
    first = m.at["forward"]
    m.clock("object", first, due="2026-02-26", owed=t.court)  # Sat 02-14 counts
    m.clock("notice", first, due="2026-02-27")
    yield "2026-02-26 23:59:59"
    m.do(t.court, "object", code="because", refusal=4304)
    m.do(t.pet, "object", code="not-competent", refusal=4302)
    m.do(t.court, "object", code="not-competent", proper=t.police)
    m.state("objected", t.pet)
    m.status("object", "met")
    m.status("notice", "cancelled")
    away = m.at["object"]
    m.clock("objection", away, due="2026-03-04", owed=t.pet)  # Sat 02-28 counts, Sun 03-01 not
    yield "2026-03-04 09:00"
    m.do(t.court2, "uphold", refusal=4302)  # above the addressee only
    m.do(t.pet, "uphold")
    m.state("returned", t.pet, bounce_count=1)
    m.status("objection", "met")
    m.clock("redispatch", m.at["uphold"], due="2026-03-11", owed=t.pet)
    yield "2026-03-05 09:00"
    m.do(t.pet, "forward", to=t.court)
    # Bouncing resets nothing: the same agency goes on with what was left.
    m.clock("notice", first, pauses=[(away, m.at["forward"])], owed=t.court)
    yield "2026-03-06 09:00"
    m.do(t.court, "object", code="not-competent", proper=t.police)
    m.do(t.pet, "uphold")
    m.state("returned", t.pet, bounce_count=2)
    m.do(t.pet, "forward", to=t.court)
    yield "2026-03-06 15:00"
    m.do(t.court, "object", code="not-competent", proper=t.police)
    m.do(t.pet, "uphold")
    m.state("returned", t.top, bounce_count=3)
    m.clock("redispatch", m.at["uphold"], due="2026-03-13", owed=t.top)
    m.do(t.pet, "forward", to=t.court, refusal=4302)
    m.do(t.top, "forward", to=t.court, refusal=4309)
    m.do(t.pet2, "designate", to=t.police, refusal=4303)
    yield "2026-03-09 09:00"
    m.do(t.top, "designate", to=t.police)
    m.state("dispatched", t.police)
    m.status("redispatch", "met")
    m.clock("notice", m.at["designate"], due="2026-03-24", owed=t.police)
    m.do(t.police, "object", code="not-competent", refusal=4308)
    m.do(t.police, "sign")
    m.do(t.police, "accept")
    m.clock("handle", m.at["accept"], due="2026-05-08", owed=t.police)
    m.do(t.pet, "withdraw")
    m.state("withdrawn")
    m.status("handle", "cancelled")


def petition_objection_too_late(t):
    m = t.matter("xinfang", "objected to too late, refused, visited")
    yield "2026-02-12 10:30"
    m.register(t.pet).do(t.pet, "forward", to=t.police)
    yield "2026-02-27 00:00"
    m.status("object", "lapsed")
    m.do(t.police, "object", code="not-competent", refusal=4325)
    m.do(t.police, "object", code="not-competent", proper=t.court, refusal=4307)
    m.do(t.police, "sign")
    m.do(t.police, "refuse", code="no-time", refusal=4304)
    m.do(t.police, "refuse", code="litigation-path")
    m.state("not_accepted", t.police, outcome="litigation-path")
    m.status("notice", "met")
    m.none("handle")
    m.clock("reply", m.at["refuse"], due="2026-03-05", owed=t.police)
    yield "2026-03-05 23:59:59"
    m.status("reply", "running")
    yield "2026-03-06 00:00"
    m.status("reply", "missed")
    m.state("not_accepted", escalation="urged")
    yield "2026-03-09 10:00"
    m.do(t.police, "reply")
    m.status("reply", "met_late")
    m.state("replied", t.pet)
    m.do(t.court, "revisit", refusal=4303)  # it never heard of the matter
    m.do(t.pet, "revisit")
    m.state("revisiting", t.pet)
    m.watchdog("revisiting", t.pet)
    m.do(t.pet, "evaluate", code="indifferent")
    m.state("revisiting", t.pet)
    m.do(t.pet, "evaluate", code="satisfied")
    m.state("closed")


def petition_overruled(t):
    m = t.matter("xinfang", "objection overruled")
    yield "2026-04-30 09:00"
    m.register(t.pet).do(t.pet, "forward", to=t.court)
    m.clock("object", m.at["forward"], due="2026-05-11", owed=t.court)  # Sat 05-09 is worked
    m.clock("notice", m.at["forward"], due="2026-05-15")
    yield "2026-05-06 09:00"
    m.do(t.court, "object", code="not-competent", proper=t.police)
    m.clock("objection", m.at["object"], due="2026-05-12", owed=t.pet)
    yield "2026-05-11 09:00"
    m.do(t.pet2, "overrule", code="competent")
    m.state("signed", t.court)
    m.status("objection", "met")
    m.clock("notice", m.at["forward"], due="2026-05-15", owed=t.court)  # as if nothing had been
    yield "2026-05-15 23:59:59"
    m.do(t.court, "accept")
    m.status("notice", "met")
    m.do(t.pet, "withdraw")


def petition_objection_missed(t):
    m = t.matter("xinfang", "nobody decides on the objection")
    yield "2026-09-24 09:00"
    m.register(t.pet).do(t.pet, "forward", to=t.court)
    m.clock("object", m.at["forward"], due="2026-10-09", owed=t.court)  # across two holidays
    yield "2026-09-30 16:00"
    m.do(t.court, "object", code="same-matter-pending")
    m.clock("objection", m.at["object"], due="2026-10-13", owed=t.pet)  # Sat 10-10 counts
    yield "2026-10-14 00:00"
    m.status("objection", "missed")
    m.state("objected", t.pet, escalation="urged")
    m.none("watchdog")
    yield "2026-10-17 00:00"
    m.state("objected", escalation="supervised")  # three working days later
    m.do(t.pet, "uphold")
    m.status("objection", "met_late")
    m.state("returned", t.pet)


def petition_supplemented(t):
    m = t.matter("xinfang", "material asked for and supplied")
    yield "2026-03-02 09:00"
    m.register(t.pet).do(t.pet, "forward", to=t.court)
    m.do(t.court, "sign")
    arrived = m.at["forward"]
    yield "2026-03-04 15:00"
    m.do(t.pet, "supplement", refusal=4301)
    m.do(t.court, "supplement_request", code="identity")
    m.state("supplementing", t.pet)
    m.status("notice", "cancelled")
    m.clock("supplement", m.at["supplement_request"], due="2026-03-19", owed=t.pet)
    m.do(t.court, "supplement", refusal=4302)
    yield "2026-03-18 10:00"
    m.do(t.pet, "supplement")
    m.state("signed", t.court)
    m.status("supplement", "met")
    away = [(m.at["supplement_request"], m.at["supplement"])]
    m.clock("notice", arrived, due="2026-03-31", pauses=away, owed=t.court)
    m.clock("object", arrived, pauses=away)
    yield "2026-04-01 00:00"
    m.status("notice", "missed")
    m.do(t.court, "accept")
    m.status("notice", "met_late")
    m.do(t.pet, "withdraw")


def petition_suspended(t):
    m = t.matter("xinfang", "suspended and resumed, extended, missed through the whole ladder")
    yield "2026-08-07 09:00"
    m.register(t.pet).do(t.pet, "forward", to=t.court)
    yield "2026-08-08 09:00"
    m.do(t.court, "sign")
    m.do(t.court, "accept")
    start = m.at["accept"]
    m.clock("handle", start, due="2026-10-08", owed=t.court)  # 10-07 is a holiday
    yield "2026-08-20 10:00"
    m.do(t.court, "suspend", code="too-hot", refusal=4319)
    m.do(t.court, "suspend", code="expert-report")
    m.state("suspended", t.court)
    m.stopped("handle")
    m.watchdog("suspended", t.court)
    m.do(t.court, "conclude", code="supported", refusal=4301)
    m.do(t.court, "extend_request", code="complex", extend_n=5, refusal=4301)
    yield "2026-09-01 15:00"
    m.do(t.court, "resume")
    m.state("in_progress", t.court)
    pauses = [(m.at["suspend"], m.at["resume"])]
    m.clock("handle", start, due="2026-10-19", pauses=pauses)  # 12 days
    yield "2026-09-02 09:00"
    m.do(t.court, "suspend", code="expert-report")
    yield "2026-09-02 17:00"
    m.do(t.court, "resume")
    pauses.append((m.at["suspend"], m.at["resume"]))
    m.clock("handle", start, due="2026-10-19", pauses=pauses)  # the same day: nothing
    yield "2026-09-20 09:00"
    m.do(t.court, "suspend", code="related-case-pending")
    yield "2026-09-22 09:00"
    m.do(t.court, "resume")
    pauses.append((m.at["suspend"], m.at["resume"]))
    m.clock("handle", start, due="2026-10-21", pauses=pauses)
    m.do(t.court, "extend_grant", extend_n=10)
    m.clock("handle", start, due="2026-11-02", pauses=pauses, extensions=[(CD, 10)])  # Sat 10-31
    yield "2026-11-03 00:00"
    m.status("handle", "missed")
    m.state("in_progress", t.court, escalation="urged")
    yield "2026-11-09 23:59:59"
    m.state("in_progress", escalation="urged")
    yield "2026-11-10 00:00"
    m.state("in_progress", escalation="supervised")  # five working days: 03 to 09
    yield "2026-11-23 23:59:59"
    m.state("in_progress", escalation="supervised")
    yield "2026-11-24 00:00"
    m.state("in_progress", escalation="listed")  # fifteen
    m.told(t.court2, "supervise", 1)
    m.told(t.court2, "list_supervise", 1)
    yield "2026-11-24 09:00"
    m.do(t.court, "conclude", code="explained")
    m.status("handle", "met_late")
    m.state("concluded", t.court, escalation="none")
    m.do(t.court, "reply")
    m.do(t.pet, "reopen", code="new-facts")
    m.state("in_progress", t.court, reopen_count=1)
    m.clock("handle", m.at["reopen"], due="2027-01-25", owed=t.court)  # Sat 01-23, provisional
    m.do(t.pet, "withdraw")


def petition_assigned(t):
    m = t.matter("xinfang", "assigned with a date, urged, report rejected, reopened")
    due = ms("2026-03-20 12:00")
    yield "2026-03-02 10:00"
    m.register(t.pet)
    m.do(t.pet, "assign", to=t.court, refusal=4306)
    m.do(t.pet, "assign", to=t.court, due=ms("2026-03-02 10:00"), refusal=4306)
    m.do(t.pet, "assign", to=t.court, due=due)
    m.set_clock(due, owed=t.court)
    m.do(t.court, "sign")
    m.do(t.court, "accept")
    yield "2026-03-10 10:00"
    m.do(t.court2, "supervise", refusal=4314)
    m.do(t.police, "urge", refusal=4303)
    m.do(t.court, "urge", refusal=4302)
    m.do(t.pet, "urge")
    m.state("in_progress", t.court, escalation="urged")
    m.told(t.court, "urge", 1)
    m.do(t.court2, "supervise")
    m.state("in_progress", t.court, escalation="supervised")
    t.play.hub.ask("referral.escalate", id=m.show()["id"], reason="waited-too-long")
    m.state("in_progress", t.court, escalation="reported")
    yield "2026-03-20 11:59:59"
    m.do(t.court, "conclude", code="supported")
    m.do(t.court, "reply", refusal=4309)  # the report comes first
    m.do(t.court, "report")
    m.status("assigned", "met")
    again = ms("2026-04-10 18:00")
    yield "2026-03-23 09:00"
    m.do(t.court, "reject_report", code="incomplete", refusal=4302)
    m.do(t.pet, "reject_report", code="incomplete", due=again)
    m.state("in_progress", t.court)
    m.set_clock(again, owed=t.court)
    m.clock("handle", m.at["reject_report"], due="2026-05-22", owed=t.court)
    yield "2026-04-10 17:59:59"
    m.set_clock(again)
    yield "2026-04-10 18:00"
    m.set_clock(again, "missed")
    m.do(t.court, "conclude", code="partly-supported")
    m.do(t.court, "report")
    m.set_clock(again, "met_late")
    m.do(t.court, "reply")
    m.state("replied", t.pet)
    yield "2026-04-20 09:00"
    m.do(t.court, "reopen", code="new-facts", refusal=4302)
    m.do(t.pet, "reopen", code="new-facts", due=ms("2026-05-20 00:00"))
    m.state("in_progress", t.court, reopen_count=1)
    m.set_clock("2026-05-20 00:00", owed=t.court)
    m.clock("handle", m.at["reopen"], due="2026-06-22", owed=t.court)  # Fri 06-19 is a holiday
    m.do(t.court, "conclude", code="supported")
    m.do(t.court, "report")
    m.do(t.court, "reply")
    m.do(t.court, "close")
    m.state("closed")


def petition_passed_on(t):
    m = t.matter("xinfang", "passed on by a bureau that is not competent")
    yield "2026-03-10 09:00"
    m.register(t.pet).do(t.pet, "forward", to=t.pet2)
    yield "2026-03-12 09:00"
    m.do(t.pet2, "sign")
    child = t.part(m, "the child")
    other = pyagency.uuid7()
    m.do(t.pet2, "transfer_on", children=[[child.id, t.police.agency, True],
                                          [other, t.court.agency, True]], refusal=4112)
    m.do(t.pet2, "transfer_on", children=[[child.id, "police.999999", True]], refusal=4320)
    m.do(t.pet2, "transfer_on", children=[[child.id, t.police.agency, True]])
    m.state("transferred")
    m.status("notice", "cancelled")
    child.state("dispatched", t.police, origin=t.pet.agency,
                registered_at=m.show()["registered_at"], root_id=m.show()["root_id"])
    child.clock("object", m.at["transfer_on"], owed=t.police)
    child.clock("notice", m.at["transfer_on"], due="2026-03-27", owed=t.police)
    child.do(t.police, "sign")
    child.do(t.police, "accept")
    child.clock("handle", child.at["accept"], due="2026-05-11")
    child.do(t.police, "conclude", code="supported")
    child.do(t.police, "reply")
    child.state("replied", t.pet)


def petition_split(t):
    m = t.matter("xinfang", "split between a lead and helpers")
    yield "2026-03-16 09:00"
    m.register(t.pet).do(t.pet, "forward", to=t.proc)
    m.do(t.proc, "sign")
    m.do(t.proc, "accept")
    parts = [t.part(m, "police"), t.part(m, "court"), t.part(m, "labour")]
    due = ms("2026-04-01 00:00")
    m.do(t.proc, "split", due=due, children=[
        [parts[0].id, t.police.agency, True], [parts[1].id, t.court.agency, True],
        [parts[2].id, t.labour.agency, False]])
    m.state("in_progress", t.proc, child_open=2)
    for part, helper in zip(parts, (t.police, t.court, t.labour)):
        part.state("dispatched", helper, origin=t.proc.agency)
        part.set_clock(due, owed=helper)
    m.do(t.proc, "conclude", code="agreement", refusal=4312)
    parts[0].do(t.police, "sign")
    parts[0].do(t.police, "accept")
    parts[0].do(t.police, "conclude", code="supported")
    m.state("in_progress", t.proc, child_open=1)
    m.do(t.proc, "conclude", code="agreement", refusal=4312)
    m.do(t.proc, "release", other=parts[2].id, code="not-needed", refusal=4301)
    m.do(t.proc, "release", other=parts[1].id, code="not-needed")
    m.state("in_progress", t.proc, child_open=0)
    m.do(t.proc, "conclude", code="agreement")
    m.state("concluded", t.proc)
    yield due
    parts[1].set_clock(due, "missed")
    parts[2].set_clock(due, "missed")


def petition_recalled(t):
    m = t.matter("xinfang", "recalled before it was signed")
    yield "2026-04-13 09:00"
    m.register(t.pet).do(t.pet, "forward", to=t.police)
    yield "2026-04-14 09:00"
    m.do(t.police, "recall", refusal=4302)
    m.do(t.pet, "recall")
    m.state("returned", t.pet, arrived_at=None)
    m.status("object", "cancelled")
    m.status("notice", "cancelled")
    m.clock("redispatch", m.at["recall"], due="2026-04-21", owed=t.pet)
    m.told(t.police, "recall", 1)
    m.do(t.police, "sign", refusal=4301)
    m.do(t.pet, "forward", to=t.court)
    m.clock("notice", m.at["forward"], owed=t.court)  # another agency: a clock of its own
    m.do(t.pet, "withdraw")


# ---- 12309 ------------------------------------------------------------------------------------

def hotline_monthly(t):
    m = t.matter("p12309", "three months, then month by month")
    yield "2025-11-30 10:00"
    m.register(t.pet).do(t.pet, "forward", to=t.proc)
    arrived = m.at["forward"]
    m.clock("seven-days", arrived, due="2025-12-08", owed=t.proc)  # a Sunday
    m.clock("result", arrived, due="2026-02-28", owed=t.proc)  # last of the month, worked
    m.none("monthly")
    yield "2025-12-08 23:59:59"
    m.do(t.proc, "sign")
    m.do(t.proc, "accept")
    m.status("seven-days", "met")
    yield "2026-02-28 23:59:59"
    m.do(t.pet, "progress", to=t.proc)
    m.status("result", "running")  # a word of somebody who owes nothing
    m.do(t.proc, "progress", to=t.pet)
    m.status("result", "met")
    anchor = ms("2026-02-28 00:00")
    m.clock("monthly", anchor, due="2026-03-30", owed=t.proc)  # 03-28 is a Saturday
    yield "2026-03-30 12:00"
    m.do(t.proc, "progress", to=t.pet)
    m.clock("monthly", anchor, due="2026-04-28", k=2)  # from the same anchor
    yield "2026-04-29 00:00"
    # Missed: and the next month runs already.
    m.clock("monthly", anchor, due="2026-05-28", k=3)
    m.state("in_progress", t.proc, escalation="urged")
    yield "2026-05-06 09:00"
    m.do(t.proc, "progress", to=t.pet)  # settles what is owed longest, not two months
    m.clock("monthly", anchor, due="2026-05-28", k=3)
    m.do(t.proc, "conclude", code="explained")
    m.do(t.proc, "reply")
    m.status("monthly", "met")
    m.state("replied", t.pet)
    m.clock("remedy", m.at["reply"], due="2026-06-05", owed=t.pet)
    yield "2026-06-06 00:00"
    m.state("closed")


def hotline_festival(t):
    m = t.matter("p12309", "seven days end in Spring Festival")
    yield "2026-02-10 10:00"
    m.register(t.pet).do(t.pet, "forward", to=t.proc)
    m.clock("seven-days", m.at["forward"], due="2026-02-24", owed=t.proc)
    m.clock("result", m.at["forward"], due="2026-05-11")  # 05-10 is a Sunday
    yield "2026-02-25 00:00"
    m.status("seven-days", "missed")
    m.state("dispatched", t.proc, escalation="urged")
    yield "2026-02-26 23:59:59"
    m.state("dispatched", escalation="urged")
    yield "2026-02-27 00:00"
    m.state("dispatched", escalation="supervised")
    m.do(t.proc, "sign")
    m.do(t.proc, "notice", to=t.pet)  # the procedural answer may be a notice
    m.status("seven-days", "met_late")
    m.do(t.proc, "return", code="litigation-path")
    m.state("returned", t.pet, bounce_count=1)
    m.status("result", "cancelled")
    m.clock("redispatch", m.at["return"], due="2026-03-05", owed=t.pet)  # Sat 02-28 counts


def hotline_supplemented(t):
    m = t.matter("p12309", "material supplied: the seven days begin anew")
    yield "2026-03-09 10:00"
    m.register(t.pet).do(t.pet, "forward", to=t.proc)
    arrived = m.at["forward"]
    m.clock("seven-days", arrived, due="2026-03-16")
    m.do(t.proc, "sign")
    yield "2026-03-11 10:00"
    m.do(t.proc, "supplement_request", code="identity")
    m.state("supplementing", t.pet)
    m.status("seven-days", "cancelled")
    m.watchdog("supplementing", t.pet)
    m.clock("result", arrived, due="2026-06-09", owed=t.proc)  # goes on
    yield "2026-03-20 10:00"
    m.do(t.pet, "supplement")
    m.clock("seven-days", m.at["supplement"], due="2026-03-27", owed=t.proc)
    m.do(t.proc, "refuse", code="litigation-path")
    m.status("seven-days", "met")
    m.status("result", "cancelled")
    m.state("not_accepted", t.proc)
    m.watchdog("not_accepted", t.proc)
    m.do(t.proc, "reply")
    m.state("replied", t.pet)


def hotline_summer(t):
    m = t.matter("p12309", "three months to a Sunday that is worked")
    yield "2026-06-20 10:00"
    m.register(t.pet).do(t.pet, "forward", to=t.proc)
    m.clock("result", m.at["forward"], due="2026-09-20", owed=t.proc)
    yield "2026-09-13 09:00"
    other = t.matter("p12309", "seven days to a Sunday that is worked")
    other.register(t.pet).do(t.pet, "forward", to=t.proc)
    other.clock("seven-days", other.at["forward"], due="2026-09-20", owed=t.proc)
    other.do(t.pet, "withdraw")
    yield "2026-09-20 23:59:59"
    m.status("result", "running")
    yield "2026-09-21 00:00"
    m.status("result", "missed")
    m.do(t.pet, "withdraw")


def hotline_winter(t):
    m = t.matter("p12309", "three months beyond the calendar")
    yield "2026-11-30 10:00"
    m.register(t.pet).do(t.pet, "forward", to=t.proc)
    m.clock("result", m.at["forward"], due="2027-03-01", owed=t.proc)  # no 30 February
    m.do(t.pet, "withdraw")


def hotline_by_area(t):
    """The same seven days are working days where the settings of the place say so, and the
    explanation names that choice with its source."""
    yield "2026-09-24 10:00"
    for area, due, terms in (("620423", "2026-10-08", (7, CD, ROLL)),
                             ("350102", "2026-10-12", (7, WD, STAY))):
        m = t.matter("p12309", f"seven days counted in {area}")
        m.register(t.pet, area=area).do(t.pet, "forward", to=t.proc)
        m.clock("seven-days", m.at["forward"], due=due, owed=t.proc, terms=terms)
        row = [row for row in t.play.explain(m.id) if row["limit"] == "seven-days"][0]
        local = area.startswith("35")
        demand(row["local_area"] == ("35" if local else None) and
               ("福建" in row["instrument"]) == local and
               row["verification"] == ("V2" if local else "V1"), f"{area}: {row}")
        m.do(t.pet, "withdraw")


STORIES = (petition_in_time, petition_forgotten, petition_bounced, petition_objection_too_late,
           petition_overruled, petition_objection_missed, petition_supplemented,
           petition_suspended, petition_assigned, petition_passed_on, petition_split,
           petition_recalled, hotline_monthly, hotline_festival, hotline_supplemented,
           hotline_summer, hotline_winter, hotline_by_area)

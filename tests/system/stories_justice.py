"""司法确认, 立案监督 and 检察建议: every way through, one story each. See stories_petitions.py."""
from matter import CD
from play import ms

LAWFUL = {"mediating_org": "people-mediation", "mediating_org_lawful": "yes"}


def confirmation_ruled(t):
    m = t.matter("judicial-confirmation", "agreement confirmed, extended twice")
    yield "2026-02-09 09:00"
    m.register(t.proc, facts={"agreement_effective": 20260209})
    m.clock("apply", "2026-02-09 00:00", due="2026-03-11", owed=t.proc)
    m.clock("dispatch", m.at["register"], due="2026-02-24", owed=t.proc)
    m.do(t.proc, "transfer", to=t.court, refusal=4313)
    m.do(t.proc, "transfer", to=t.court, refusal=4313,
         facts={"mediating_org": "procuratorate", "mediating_org_lawful": "no"})
    m.do(t.proc, "forward", to=t.court, refusal=4305, facts=LAWFUL)
    m.state("registered", t.proc, facts={"agreement_effective": 20260209})
    m.do(t.proc, "transfer", to=t.court, facts=LAWFUL)
    m.status("apply", "met")
    m.status("dispatch", "met")
    m.clock("acceptance", m.at["transfer"], due="2026-02-12", owed=t.court)
    yield "2026-02-12 23:59:59"
    m.do(t.court, "object", code="other-court", refusal=4308)
    m.do(t.court, "sign")
    m.do(t.court, "accept")
    m.status("acceptance", "met")
    start = m.at["accept"]
    m.clock("decision", start, due="2026-02-27", owed=t.court)
    m.clock("ceiling", start, due="2026-03-16")  # 03-14 is a Saturday
    yield "2026-02-26 09:00"
    m.do(t.court, "extend_grant", extend_n=11, refusal=4311)
    m.do(t.court, "extend_grant", extend_n=10)
    m.clock("decision", start, due="2026-03-09", extensions=[(CD, 10)])
    m.do(t.court, "extend_request", code="complex", extend_n=30)  # now the ceiling
    m.do(t.court, "extend_grant")
    m.clock("ceiling", start, due="2026-04-13", extensions=[(CD, 30)])
    m.do(t.court, "extend_grant", extend_n=1, refusal=4311)
    yield "2026-03-09 23:59:59"
    m.do(t.court, "conclude", code="confirmed")
    m.status("decision", "met")
    m.status("ceiling", "met")
    m.clock("reply", m.at["conclude"], due="2026-03-16", owed=t.court)
    m.do(t.court, "reply")
    m.clock("rest", m.at["reply"], due="2026-04-08", owed=t.proc)
    yield "2026-04-09 00:00"
    m.state("closed", outcome="confirmed")


def confirmation_from_petitions(t):
    """信访局 -> 检察院 -> 法院 and back."""
    m = t.matter("judicial-confirmation", "through the procuratorate, suspended, missed")
    yield "2026-04-30 09:00"
    m.register(t.pet, facts=LAWFUL)
    m.none("apply")
    m.do(t.pet, "refer", to=t.proc)
    m.do(t.proc, "sign")
    court = t.part(m, "at the court")
    m.do(t.proc, "transfer_on", children=[[court.id, t.court.agency, True]])
    m.state("transferred")
    court.clock("acceptance", m.at["transfer_on"], due="2026-05-06", owed=t.court)  # 05-03
    yield "2026-05-06 10:00"
    court.do(t.court, "sign")
    court.do(t.court, "accept")
    start = court.at["accept"]
    court.clock("decision", start, due="2026-05-21")
    court.clock("ceiling", start, due="2026-06-05")
    yield "2026-05-08 10:00"
    court.do(t.court, "suspend", code="material-awaited")
    court.stopped("decision")
    court.clock("ceiling", start, due="2026-06-05")  # does not stand still
    yield "2026-05-18 10:00"
    court.do(t.court, "resume")
    court.clock("decision", start, due="2026-06-01",  # Sun 05-31
                pauses=[(court.at["suspend"], court.at["resume"])])
    court.clock("ceiling", start, due="2026-06-05")
    yield "2026-06-06 00:00"
    court.status("decision", "missed")
    court.status("ceiling", "missed")
    court.state("in_progress", t.court, escalation="supervised")
    yield "2026-06-10 23:59:59"
    court.state("in_progress", escalation="supervised")
    yield "2026-06-11 00:00"
    court.state("in_progress", escalation="listed")  # three working days after the ceiling
    court.do(t.court, "conclude", code="rejected")
    court.status("decision", "met_late")
    court.status("ceiling", "met_late")
    court.do(t.court, "reply")
    court.state("replied", t.pet, outcome="rejected")
    court.do(t.court, "copy", to=t.proc)


def confirmation_refused(t):
    m = t.matter("judicial-confirmation", "material missing, then outside the scope")
    yield "2026-09-22 09:00"
    m.register(t.proc, facts={**LAWFUL, "agreement_effective": 20260901})
    m.clock("apply", "2026-09-01 00:00", due="2026-10-08", owed=t.proc)  # 10-01 is a holiday
    m.do(t.proc, "transfer", to=t.court)
    arrived = m.at["transfer"]
    m.clock("acceptance", arrived, due="2026-09-28", owed=t.court)
    m.do(t.court, "sign")
    yield "2026-09-23 09:00"
    m.do(t.court, "supplement_request", code="material")
    m.watchdog("supplementing", t.proc)
    m.status("acceptance", "cancelled")
    yield "2026-09-29 09:00"
    m.do(t.proc, "supplement")
    m.clock("acceptance", arrived, owed=t.court, due="2026-10-08",  # 10-01, a holiday
            pauses=[(m.at["supplement_request"], m.at["supplement"])])
    m.do(t.court, "refuse", code="outside-civil-scope")
    m.status("acceptance", "met")
    m.clock("reply", m.at["refuse"], due="2026-10-12", owed=t.court)
    m.do(t.court, "close", refusal=4309)
    m.do(t.court, "reply")
    m.state("replied", t.proc, outcome="outside-civil-scope")


def confirmation_returned(t):
    m = t.matter("judicial-confirmation", "returned: the thirty days of the parties go on")
    yield "2026-03-02 09:00"
    m.register(t.proc, facts={**LAWFUL, "agreement_effective": 20260225})
    m.do(t.proc, "transfer", to=t.court)
    m.status("apply", "met")
    m.do(t.court, "sign")
    m.do(t.court, "return", code="other-court")
    m.state("returned", t.proc)
    m.do(t.proc, "withdraw")
    m.state("withdrawn")


# ---- 立案监督 ---------------------------------------------------------------------------------

def filing_explained(t):
    m = t.matter("filing-supervision", "reasons given in seven days")
    yield "2026-02-10 09:00"
    m.register(t.proc)
    m.clock("dispatch", m.at["register"], due="2026-02-24", owed=t.proc)
    m.do(t.pet, "explain", to=t.police, refusal=4303)
    m.do(t.proc, "explain", to=t.court, refusal=4305)
    m.do(t.proc, "explain", to=t.police)
    m.clock("explain", m.at["explain"], due="2026-02-24", owed=t.police)
    m.none("file")
    m.do(t.police, "object", code="not-competent", refusal=4308)
    yield "2026-02-24 23:59:59"
    m.do(t.police, "sign")
    m.do(t.police, "conclude", code="reasons-given")
    m.status("explain", "met")
    m.clock("reply", m.at["conclude"], due="2026-02-27", owed=t.police)
    yield "2026-02-27 10:00"
    m.do(t.police, "reply")
    m.clock("review", m.at["reply"], due="2026-03-30", owed=t.proc)  # 03-29 is a Sunday
    yield "2026-03-31 00:00"
    m.state("closed", outcome="reasons-given")


def filing_ordered(t):
    m = t.matter("filing-supervision", "order to file: missed, reported upwards")
    yield "2026-02-05 09:00"
    m.register(t.proc).do(t.proc, "notify_file", to=t.police)
    m.clock("file", m.at["notify_file"], due="2026-02-24", owed=t.police)  # 02-20
    m.none("explain")
    yield "2026-02-20 23:59:59"
    m.state("dispatched", escalation="none")
    yield "2026-02-21 00:00"
    m.state("dispatched", escalation="warned")  # three days before the last
    yield "2026-02-25 00:00"
    m.status("file", "missed")
    m.state("dispatched", t.police, escalation="urged")
    yield "2026-02-28 00:00"
    m.state("dispatched", escalation="reported")  # three calendar days later
    m.told(t.police2, "escalate", 1)
    yield "2026-04-30 09:00"
    m.do(t.police, "sign")
    m.do(t.police, "accept")
    m.do(t.police, "conclude", code="filed")
    m.status("file", "missed")
    m.clock("reply", m.at["conclude"], due="2026-05-08", owed=t.police)  # three working days
    m.do(t.police, "close")
    m.status("reply", "met")
    m.state("closed", outcome="filed")


def filing_correction(t):
    m = t.matter("filing-supervision", "notice to correct with a date of its own")
    due = ms("2026-03-13 00:00")
    yield "2026-03-02 09:00"
    m.register(t.proc).do(t.proc, "correction", to=t.police, due=due)
    m.set_clock(due, limit="correct", owed=t.police)
    m.none("explain", "file")
    yield "2026-03-12 23:59:59"
    m.do(t.police, "sign")
    m.do(t.police, "conclude", code="withdrawn-case")
    m.set_clock(due, "met", limit="correct")
    m.do(t.police, "reply")
    m.do(t.proc, "reopen", code="incomplete")
    m.state("in_progress", t.police, reopen_count=1)
    m.do(t.proc, "withdraw")
    m.state("withdrawn")


def filing_autumn(t):
    m = t.matter("filing-supervision", "three working days across Mid-Autumn")
    yield "2026-09-22 10:00"
    m.register(t.proc).do(t.proc, "explain", to=t.police)
    m.clock("explain", m.at["explain"], due="2026-09-29", owed=t.police)
    m.do(t.police, "sign")
    m.do(t.police, "conclude", code="not-filed")
    m.clock("reply", m.at["conclude"], due="2026-09-28", owed=t.police)
    yield "2026-09-28 23:59:59"
    m.do(t.police, "reply")
    m.status("reply", "met")


def filing_recalled(t):
    m = t.matter("filing-supervision", "recalled, sent again, withdrawn")
    yield "2026-03-02 10:00"
    m.register(t.proc).do(t.proc, "explain", to=t.police)
    yield "2026-03-03 10:00"
    m.do(t.proc, "recall")
    m.status("explain", "cancelled")
    m.clock("dispatch", m.at["register"], due="2026-03-09", owed=t.proc)  # the rest of it
    m.do(t.proc, "explain", to=t.police)
    m.clock("explain", m.at["explain"], due="2026-03-10", owed=t.police)  # from zero
    m.do(t.proc, "withdraw")
    m.state("withdrawn")


# ---- 检察建议 ---------------------------------------------------------------------------------

def suggestion_month_end(t):
    m = t.matter("suggestion", "two months from the last day of the year")
    yield "2025-12-31 10:00"
    m.register(t.proc)
    m.clock("dispatch", m.at["register"], due="2026-01-15", owed=t.proc)  # Sun 01-04 is worked
    m.do(t.proc, "suggestion", to=t.labour)
    m.clock("challenge", m.at["suggestion"], due="2026-01-15", owed=t.labour)
    m.clock("answer", m.at["suggestion"], due="2026-02-28", owed=t.labour)  # Saturday, worked
    yield "2026-02-28 23:59:59"
    m.do(t.labour, "sign")
    m.do(t.labour, "conclude", code="adopted")
    m.do(t.labour, "reply")
    m.status("answer", "met")
    m.clock("follow-up", m.at["reply"], due="2026-04-29", owed=t.proc)
    m.do(t.proc, "reopen", code="only-on-paper")
    m.state("in_progress", t.labour)
    m.watchdog("in_progress", t.labour)


def suggestion_forgotten(t):
    m = t.matter("suggestion", "not sent in ten working days")
    yield "2026-02-12 09:00"
    m.register(t.proc)
    m.clock("dispatch", m.at["register"], due="2026-03-04", owed=t.proc)
    yield "2026-03-05 00:00"
    m.status("dispatch", "missed")
    m.do(t.proc, "withdraw")


def suggestion_challenged(t):
    m = t.matter("suggestion", "challenged, overruled, answered late")
    yield "2026-08-01 09:00"
    m.register(t.proc).do(t.proc, "suggestion", to=t.labour)
    arrived = m.at["suggestion"]
    m.clock("answer", arrived, due="2026-10-08", owed=t.labour)  # 10-01 is a holiday
    m.clock("challenge", arrived, due="2026-08-14")
    yield "2026-08-14 23:59:59"
    m.do(t.labour, "object", code="facts-disputed")
    m.status("challenge", "met")
    m.clock("objection", m.at["object"], due="2026-08-21", owed=t.proc)
    yield "2026-08-21 10:00"
    m.do(t.proc, "overrule", code="facts-stand")
    m.state("signed", t.labour)
    m.clock("answer", arrived, due="2026-10-08", owed=t.labour)
    m.do(t.labour, "supplement_request", code="material")
    m.clock("supplement", m.at["supplement_request"], due="2026-09-04", owed=t.proc)
    m.status("answer", "cancelled")
    yield "2026-08-24 10:00"
    m.do(t.proc, "supplement")
    away = [(m.at["supplement_request"], m.at["supplement"])]
    m.clock("answer", arrived, pauses=away, owed=t.labour)
    yield m.expect("answer", arrived, pauses=away)[1]
    m.status("answer", "missed")
    m.state("signed", t.labour, escalation="urged")
    yield m.expect("answer", arrived, pauses=away)[1] + 15 * 86_400_000
    m.state("signed", t.labour, escalation="reported")
    m.do(t.labour, "conclude", code="partly-adopted")
    m.do(t.labour, "reply")
    m.status("answer", "met_late")
    m.state("replied", t.proc)


def suggestion_upheld(t):
    m = t.matter("suggestion", "challenge upheld, sent to somebody else")
    yield "2026-10-12 09:00"
    m.register(t.proc).do(t.proc, "suggestion", to=t.labour)
    m.do(t.labour, "object", code="not-competent", proper=t.police)
    yield "2026-10-13 09:00"
    m.do(t.proc, "uphold")
    m.state("returned", t.proc)
    m.status("answer", "cancelled")
    m.clock("dispatch", m.at["register"], due="2026-10-26", owed=t.proc)
    m.do(t.proc, "suggestion", to=t.police)
    m.clock("answer", m.at["suggestion"], due="2026-12-14", owed=t.police)  # 12-13, a Sunday
    m.clock("challenge", m.at["suggestion"], owed=t.police)
    m.do(t.proc, "withdraw")


STORIES = (confirmation_ruled, confirmation_from_petitions, confirmation_refused,
           confirmation_returned, filing_explained, filing_ordered, filing_correction,
           filing_autumn, filing_recalled, suggestion_month_end, suggestion_forgotten,
           suggestion_challenged, suggestion_upheld)

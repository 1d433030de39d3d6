"""The year 2027 of tests/data/calendar/test-2027.yaml once more, by hand, for the oracle. Its days
were made up: no notice of that year is known."""
import datetime

import matter
from harness import ROOT

DATA = ROOT / "tests" / "data" / "calendar"
OFF = ["2027-01-01..2027-01-03", "2027-02-05..2027-02-12", "2027-04-03..2027-04-05",
       "2027-05-01..2027-05-05", "2027-06-09", "2027-09-15", "2027-10-01..2027-10-07"]
WORK = ["2027-01-09", "2027-01-30", "2027-02-20", "2027-04-25", "2027-05-08", "2027-09-26",
        "2027-10-09"]


def days_of(texts):
    for text in texts:
        first, _, last = text.partition("..")
        day, end = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last or first)
        while day <= end:
            yield day
            day += datetime.timedelta(days=1)


def calendar_with(*more):
    """The oracle's calendar with the year 2027 of the test, and more days off."""
    calendar = matter.load_calendar()
    calendar.kinds.update({day: "holiday" for texts in (OFF, *more) for day in days_of(texts)})
    calendar.kinds.update({day: "makeup" for day in days_of(WORK)})
    return calendar

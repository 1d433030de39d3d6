"""Five procedures on the official calendar, each way through them once, through real processes:
all stories happen on one hub whose time is steered from the end of November 2025 through 2026.
Every date the hub gives is computed again by the day-walking oracle, those marked as fixed also by
hand, and every day of every explanation is looked at.

    test_deadlines.py FOLDER-OF-RHUBD [NAME]      only stories whose name has NAME in it
"""
import os
import sys

import harness
import matter
import stories_justice
import stories_petitions
from play import Play, beijing


class Town:
    """Who is there: four agencies of a county, those above them, one more."""

    def __init__(self, run):
        self.play = Play(run, "2025-11-28 08:00")
        self.checked, self.calendar = matter.Checked(), matter.load_calendar()
        self.top = self.enrol("political_legal.62")
        self.pet2 = self.enrol("petitions.6204", self.top)
        self.proc2 = self.enrol("procuratorate.6204", self.top)
        self.court2 = self.enrol("court.6204", self.top)
        self.police2 = self.enrol("police.6204", self.top)
        self.pet = self.enrol("petitions.620423", self.pet2)
        self.proc = self.enrol("procuratorate.620423", self.proc2)
        self.court = self.enrol("court.620423", self.court2)
        self.police = self.enrol("police.620423", self.police2)
        self.labour = self.enrol("labour.620423", self.top)
        self.matters = 0

    def enrol(self, agency, above=None):
        return self.play.agency(agency, enrol={"superior": above.agency} if above else {})

    def matter(self, procedure, name):
        self.matters += 1
        return matter.Matter(self.play, self.checked, self.calendar, procedure, name)

    def part(self, of, name):
        """A matter that another one brings forth."""
        made = self.matter(of.procedure, f"{of.name}: {name}")
        made.id = matter.new_id()
        return made


def body(run):
    wanted = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("RHT_ONLY", "")
    stories = [story for story in stories_petitions.STORIES + stories_justice.STORIES
               if wanted in story.__name__]
    town = Town(run)
    town.play.play([story(town) for story in stories])
    town.play.settle()
    done, play = town.checked, town.play
    run.say(f"{len(stories)} stories, {town.matters} matters, {play.acts} steps, "
            f"{play.steers} times steered, to {beijing(play.now)}")
    run.say(f"{done.dates} dates as the oracle has them, {done.fixed} of them counted by hand; "
            f"{done.days} explained days; {done.states} states; {done.refusals} refusals; "
            f"0 differences")
    play.hub.stop()


harness.main("deadlines", body)

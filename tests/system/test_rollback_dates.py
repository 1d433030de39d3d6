"""Dates after a recovery (ctest system.rollback_dates), on a steered clock.

A day and a half of work is lost and comes back a week later, with the receipts the agencies
hold. Every clock runs as if nothing had happened, and the timeline, the explanation and the audit
say why. Who shows a receipt that is forged, somebody else's, altered, of what was kept or from
the hub's future is refused by name, and harms nobody.
"""
import shutil
import sys

import harness
import pyagency as py
import rhwire
from harness import demand
from play import Play, drive, iso, ms


class Story:
    def __init__(self, run):
        self.run = run
        self.play = Play(run, "2026-03-02 09:00")
        self.hub = self.play.hub
        self.a, self.b, self.c = (self.play.agency(f"petitions.{name}") for name in "abc")
        self.all = [self.a, self.b, self.c]
        self.play.settle()

    def clocks(self, referral):
        """By limit. When something arrived is known after a recovery only as well as the
        addressee's own acts prove it: of those clocks the dates are compared, not the hour."""
        return {row["limit"]: (row["status"], row["end_at"], row["owed_by"],
                               None if row["limit"] in ("object", "notice") else
                               row["started_at"])
                for row in self.play.show(referral)["deadlines"] if row["limit"] != "watchdog"}

    def morning(self):
        """What the backup has."""
        play = self.play
        self.kept = play.new(self.a, "xinfang")
        play.act(self.a, "forward", self.kept, to=self.b)
        play.new(self.c, "xinfang")
        play.steer("2026-03-02 12:00")
        self.hub.stop()
        self.yesterday = self.hub.dir / "yesterday"
        shutil.copytree(self.hub.data, self.yesterday)
        self.hub.start()

    def lost_work(self):
        play, a, b, c = self.play, self.a, self.b, self.c
        play.steer("2026-03-02 15:00")
        play.act(b, "sign", self.kept)
        self.first = play.new(a, "xinfang")
        play.act(a, "forward", self.first, to=b)
        play.steer("2026-03-02 17:00")
        play.act(b, "sign", self.first)
        play.steer("2026-03-03 10:00")
        self.second = play.new(a, "xinfang")
        play.act(a, "forward", self.second, to=b)
        play.steer("2026-03-04 09:00")
        play.act(b, "accept", self.first)
        play.act(b, "accept", self.kept)
        self.third = play.new(c, "xinfang")
        play.act(c, "forward", self.third, to=b)
        play.steer("2026-03-04 16:00")
        play.act(b, "sign", self.third)
        play.settle()

    def restore(self):
        """Back to noon of the 2nd; noticed; a new generation."""
        for agency in self.all:
            agency.drop()
        self.hub.stop()
        self.hub.data.rename(self.hub.dir / "today")
        self.yesterday.rename(self.hub.data)
        self.hub.start()
        drive([self.a], "a is refused", lambda: self.a.held == 5201, 20)
        self.hub.stop()
        self.name = self.hub.recover("the disk was replaced by a copy")
        self.hub.start()
        for agency in self.all:
            agency.drop()

    def records(self):
        return self.hub.status()["log"]["records"]


def refused(story, code, lost, what):
    """c shows `lost`: its bundle is refused with that code and nothing is recorded."""
    c = story.c
    c.lost_receipts = (lambda items: lost) if lost is not None else c.lost_receipts
    c.drop()
    c.errors.clear()
    c.state, c.retry_at = "away", 0.0
    records = None

    def answered():
        nonlocal records
        if records is None and c.state == "live":
            records = story.records()
        return c.errors
    drive([c], f"{what} is answered", answered, 20)
    demand(c.errors[0][0] == code, f"{what}: RH-{c.errors[0][0]}, wanted RH-{code}")
    demand(records is None or story.records() == records, f"{what} left a record")
    c.__dict__.pop("lost_receipts", None)


def confirm_of(agency, kind, referral=None):
    """Hub id and CONFIRM frame of an own item, as the ledger kept them."""
    row = agency.ledger.all(
        "SELECT c.hub, c.frame FROM sent s JOIN confirms c ON c.n = s.n WHERE s.kind = ? AND "
        "(? IS NULL OR s.referral = ?) ORDER BY c.n LIMIT 1", kind, referral, referral)[0]
    return list(row)


def with_core(frame, change):
    """The frame with its first core changed, everything else as it was."""
    value = rhwire.unpack(frame)
    core = rhwire.unpack(value[7][0][0])
    change(core)
    value[7][0][0] = rhwire.pack(core)
    return rhwire.pack(value)


def liars(story):
    """c shows whatever it likes: nothing of it is believed, nothing of it is recorded."""
    c = story.c
    c.lenient = True
    c.rng.choice = lambda options: options[0]  # nothing known is sent along
    c.pin(story.name)
    refused(story, 5205, None, "a receipt of the hub's future")
    # A week later everybody comes back.
    story.play.now = ms("2026-03-09 09:00")
    story.hub.ask("clock.steer", to=iso(story.play.now))
    hub, frame = confirm_of(c, py.REGISTER, story.third)
    value = rhwire.unpack(frame)
    value[4] = bytes([value[4][0] ^ 1]) + value[4][1:]
    refused(story, 5202, [[[hub, rhwire.pack(value)]]], "a forged signature")
    refused(story, 5202, [[[hub, with_core(frame, lambda core: core.update(
        {4: core[4] - 86400000}))]]], "an altered instant")
    refused(story, 5202, [[confirm_of(story.a, py.REGISTER, story.first)]], "a's receipt")
    refused(story, 5202, [[["test.elsewhere", frame]]], "another hub's receipt")
    refused(story, 5203, [[confirm_of(c, py.REGISTER)]], "a receipt of something else")
    refused(story, 4101, [[[hub, frame], 7]], "no list of receipts")
    c.lenient = False
    c.drop()
    drive([c], "c is back", lambda: c.state == "live" and c.confirmed(), 20)


def says_kept(story):
    """What the hub still has is not lost: an item said twice does not get an older instant."""
    c = story.c
    item, = c.ledger.all("SELECT item FROM sent WHERE n = 1")[0]
    item = rhwire.unpack(item, rhwire.ITEM_MAX)
    c.lenient = True
    n = c.number(item, rhwire.public_decode(item[0]))
    refused(story, 5204, [[confirm_of(c, py.REGISTER)]], "a receipt of what was kept")
    c.lenient, c.show_lost = False, False
    c.drop()
    drive([c], "c has its receipt", c.confirmed, 20)
    demand(c.outcome(n) == 4122, f"said twice: {c.outcome(n)}")


def come_back(story):
    order = [story.a, story.b]
    story.run.rng.shuffle(order)
    present = [story.c]
    for agency in order:
        agency.pin(story.name)
        present.append(agency)
        drive(present, f"{agency.agency} is back",
              lambda x=agency: x.state == "live" and x.confirmed(), 30)
    story.play.settle()


def explained(story, before):
    """Every date says where it comes from."""
    lines = {row["message_id"]: row for row in story.play.timeline(story.first)
             if row["record"] == "item" and not row["refusal"]}
    items = {row["message_id"]: row for row in before
             if row["record"] == "item" and row["kind"] not in ("arrived", "ack")}
    for message, was in items.items():
        line = lines[message]
        demand(line["first_stored_at"] == was["at"] and line["first_generation"] == 1,
               f"{line['kind']} was stored at {was['at']}, the timeline says {line}")
        demand(line["at"] > was["at"], f"{line['kind']} was stored anew at {line['at']}")
    started = [row for row in story.play.explain(story.first) if row["limit"] != "watchdog"]
    demand(started and all(row["first_generation"] == 1 for row in started),
           f"the explanation: {started}")


def body(run):
    story = Story(run)
    story.morning()
    story.lost_work()
    referrals = {"kept": story.kept, "first": story.first, "third": story.third}
    clocks = {name: story.clocks(referral) for name, referral in referrals.items()}
    second = story.play.show(story.second)
    timeline = story.play.timeline(story.first)
    story.restore()
    liars(story)
    come_back(story)
    for name, referral in referrals.items():
        now = story.clocks(referral)
        demand(now == clocks[name], f"{name}: the clocks were {clocks[name]}, are {now}")
    # Acknowledged and nothing else: it had arrived when the grace was over, not a week later.
    again = story.play.show(story.second)
    demand(again["dispatched_at"] == second["dispatched_at"], f"dispatched: {again}")
    wanted = iso(ms(second["dispatched_at"]) + 86400000)
    demand(ms(again["arrived_at"]) == ms(wanted), f"arrived {again['arrived_at']}, not {wanted}")
    explained(story, timeline)
    says_kept(story)
    run.say(f"{sum(map(len, clocks.values()))} clocks run as if nothing had happened")
    story.hub.stop()
    if run.has("rhub-audit"):
        story.hub.audit("--redecide")


if __name__ == "__main__":
    sys.exit(harness.main("rollback_dates", body))

"""An agency is taken over while work is under way.

What waits for the old one reaches its successor. So does a body that only the old one's key opens:
the successor answers that it cannot (said here for it, so that no key matters), and the sender
holds a dead letter and amends it. When nothing
lies for the old one any more the hub asks for its keys to be revoked, until that is done.
"""
import harness
from harness import demand
from play import KIND, Play
from test_dead import Picky

SEAL_INVALID = 4222  # what a receiver answers that cannot open a body


def keys_due(play):
    return play.ask("status")[0]["agencies"]["revoke_due"]


def competent(play):
    """Whom the routing map sends people to."""
    return play.ask("route.query", category="judicial.litigation", area="620423")[0]["agency"]


def take_over(play, old, new):
    job = play.ask("agency.succeed", id=old.agency, by=new.agency, reason="merged")[0]
    play.run.until("everything is moved",
                   lambda: play.ask("agency.show", id=old.agency)[0]["succession_done"])
    return job


def unreadable(play, pet, old, new):
    """Sealed for the old one alone and routed to the new: held by the sender, repaired by it."""
    new.cannot = lambda said: SEAL_INVALID if said[2] == KIND["forward"] else None
    referral = play.new(pet, "xinfang")
    n = play.act(pet, "forward", referral, to=old)
    play.settle()
    new.cannot = lambda said: None
    letters = play.ask("dead.list", limit=10)
    demand(len(letters) == 1, f"one dead letter: {letters}")
    demand(letters[0]["to"] == new.agency and letters[0]["from"] == pet.agency and
           letters[0]["cause"] == f"RH-{SEAL_INVALID}", f"at the successor: {letters}")
    row = play.show(referral)
    demand(row["turn"] == pet.agency and row["arrived_at"] is None, f"the sender holds it: {row}")
    message = pet.ledger.one("SELECT message_id FROM sent WHERE n = ?", n)
    play.act(pet, "amend", referral, refers_to=message)
    play.settle()
    demand(play.ask("dead.list", limit=10) == [], "repaired")
    row = play.show(referral)
    demand(row["turn"] == new.agency and row["arrived_at"] is not None, f"arrived: {row}")


def both_ids(play, pet, old, new, waiting):
    """An old id is understood wherever one is asked for: what is, is its successor's; what was, and
    what lies in its own queue, stays its own."""
    number = play.show(waiting)["id"]
    for part in ("to", "holder"):
        lists = [[row["id"] for row in play.ask("referral.list", **{part: one.agency})]
                 for one in (old, new)]
        demand(lists[0] == lists[1] and number in lists[0], f"--{part} by both ids: {lists}")
    demand(number in [row["id"] for row in play.ask("referral.list", **{"from": pet.agency})],
           "and by who sent it")
    for one in (old, new):
        demand(play.ask("agency.show", id=one.agency)[0]["id"] == one.agency, "shown as itself")
        demand(isinstance(play.ask("queue.peek", agency=one.agency), list), "its own queue")
        demand(play.ask("agency.tree", id=one.agency)[0]["id"] == one.agency, "its own place")
        page = play.run.check([play.run.program("rhub"), "--hub", play.hub.admin, "referral",
                               "list", "--holder", one.agency, "-o", "json"]).stdout
        demand(number in page, f"rhub referral list --holder {one.agency}: {page}")
    demand(play.ask("agency.show", id=new.agency)[0]["took_over"] == [old.agency],
           "the successor has the old one in its past")
    for lang, words in (("zh", "承接自"), ("en", "took over from")):
        page = play.run.check([play.run.program("rhub"), "--hub", play.hub.admin, "--lang", lang,
                               "agency", "show", new.agency]).stdout
        demand(words in page, f"said in words: {page}")
    period = "2026-03"
    counted = {(row["agency"], row["figure"]) for row in
               play.ask("report.bulletin", period=period, by="agency")}
    demand((new.agency, "received") in counted or (old.agency, "received") in counted,
           f"who received it is counted once and named: {counted}")
    play.hub.audit("--redecide")


def levels(play):
    """The tree names the level of each division by the length of its code."""
    wanted = {"government.62": "province", "government.6204": "city",
              "government.620423": "county", "government.620423101": "town",
              "government.620423101203": "village"}
    above = None
    for agency in wanted:
        play.agency(agency, enrol={"superior": above} if above else {})
        above = agency
    rows = play.ask("agency.tree", id="government.62")
    demand({row["id"]: row["level"] for row in rows} == wanted, f"levels: {rows}")
    demand([row["depth"] for row in rows] == [0, 1, 2, 3, 4], f"one below the other: {rows}")
    page = play.run.check([play.run.program("rhub"), "--hub", play.hub.admin, "--lang", "zh",
                           "agency", "tree"]).stdout
    demand("县（区）" in page and "村（社区）" in page, f"in words: {page}")


def body(run):
    play = Play(run, "2026-03-02 10:00")
    pet, old = play.agency("petitions.620423"), play.agency("court.620423")
    new = play.agency("court.620499", cls=Picky)
    play.settle()
    play.leave(old)
    waiting = play.new(pet, "xinfang")
    play.act(pet, "forward", waiting, to=old)
    play.settle()
    demand(keys_due(play) == [], "nobody was taken over")
    demand(competent(play) == old.agency, "the map leads to the old one")
    take_over(play, old, new)
    demand(competent(play) == new.agency, f"and then to its successor: {competent(play)}")
    play.settle()
    demand(new.got(referral=waiting, kind=KIND["forward"]), "what waited is at the successor")
    demand(play.show(waiting)["turn"] == new.agency, "and its turn")
    demand(keys_due(play) == [], "the old queue still holds what must be taken in")
    demand(not play.ask("agency.show", id=old.agency)[0]["revoke_due"], "not yet")
    unreadable(play, pet, old, new)
    both_ids(play, pet, old, new, waiting)
    play.come_back(old)
    play.settle()
    demand(keys_due(play) == [old.agency], f"the last step is asked for: {keys_due(play)}")
    demand(play.ask("agency.show", id=old.agency)[0]["revoke_due"], "and shown")
    for lang in ("en", "zh"):
        page = run.check([run.program("rhub"), "--hub", play.hub.admin, "--lang", lang,
                          "status"]).stdout
        demand(f"rhub agency revoke {old.agency}" in page, f"and said to people: {page}")
    play.leave(old)
    play.ask("agency.revoke", id=old.agency, reason="taken over")
    demand(keys_due(play) == [], "asked for no more")
    both_ids(play, pet, old, new, waiting)  # for ever, also with its keys revoked
    levels(play)


if __name__ == "__main__":
    harness.main("succession", body)

"""Messages that their receiver cannot take.

A nack makes a dead letter: its sender holds it and hears of it with the receiver's reason, the
arrival that it would have been does not happen (or is undone), and the sender owes something by
a date. Then the four ways out: an amendment that stands in for it, a recall and a new dispatch,
`dead.retry` of the same message once the receiver is mended, `dead.return` to its origin.
Everything on a steered clock.
"""
import harness
from harness import Refusal, demand
from play import DAY, KIND, Play, end_of, iso, ms
from pyagency import NACK, PyAgency
import rhwire


class Picky(PyAgency):
    """Answers with a nack what `cannot` has a refusal for. An ack says everything up to a number,
    so what came before is acknowledged first."""

    cannot = staticmethod(lambda said: None)

    def delivery(self, data, value):
        sender, lane, seq, public = value[2], value[3], value[4], value[8]
        before = self.ledger.one("SELECT count(*) FROM deliveries")
        super().delivery(data, value)
        if self.ledger.one("SELECT count(*) FROM deliveries") == before:
            return
        why = self.cannot(rhwire.public_decode(public)) if value[1] == 0 else None
        if why is None:
            return
        self.acks[(sender, lane)] = seq - 1
        if seq == 1:
            del self.acks[(sender, lane)]
        self.flush_acks()
        self.send(NACK, sender=sender, pair_seq=seq, lane=lane or None, refusal=why)
        self.in_flight.pop((sender, lane, seq), None)
        self.counts["nacked"] += 1


class Town:
    def __init__(self, run):
        self.run, self.play = run, Play(run, "2026-03-02 10:00")
        self.top = self.play.agency("petitions.6204")
        self.pet = self.play.agency("petitions.620423", enrol={"superior": "petitions.6204"})
        self.court = self.play.agency("court.620423", cls=Picky)
        self.police = self.play.agency("police.620423")
        self.play.settle()

    def refused(self, why, **fields):
        """A matter whose dispatch the court cannot take, and its dead letter."""
        self.court.cannot = lambda said: why if said[2] == KIND["forward"] else None
        referral = self.play.new(self.pet, "xinfang")
        n = self.play.act(self.pet, "forward", referral, to=self.court, **fields)
        self.play.settle()
        self.court.cannot = lambda said: None
        index = self.pet.receipt(n)[3]
        letters = [row for row in self.letters() if row["log_index"] == index]
        demand(len(letters) == 1, f"{len(letters)} dead letters of {index}")
        return referral, letters[0], n

    def letters(self):
        return self.play.ask("dead.list", limit=1000)

    def clock(self, referral, limit):
        found = [d for d in self.play.show(referral)["deadlines"] if d["limit"] == limit]
        return found[-1] if found else None


def is_dead(town, referral, letter, why):
    """The sender holds it, knows why, and owes something by a date; nothing has arrived."""
    play = town.play
    row = play.show(referral)
    demand(letter["cause"] == f"RH-{why}" and letter["from"] == town.pet.agency and
           letter["to"] == town.court.agency and not letter["settled"] and
           letter["referral"] == row["id"] and letter["dead_at"] == iso(play.now), f"{letter}")
    demand(row["state"] == "dispatched" and row["turn"] == town.pet.agency and
           row["arrived_at"] is None and row["arrival_due_at"] is None and
           row["dead_count"] == 1, f"the sender holds it: {row}")
    demand(all(d["status"] != "running" for d in row["deadlines"]
               if d["owed_by"] == town.court.agency), "the receiver owes nothing")
    watch = town.clock(referral, "watchdog")
    demand(watch["status"] == "running" and watch["owed_by"] == town.pet.agency and
           watch["started_at"] == iso(play.now), f"the sender's clock: {watch}")
    words = [w for w in town.pet.got(referral=referral, kind=KIND["dead_letter"])]
    demand(len(words) == 1 and
           rhwire.public_decode(words[0]["public"])[30] == why,
           "the sender has been told, with the reason")
    return watch


def settled(town, letter, by=None):
    found = town.play.ask("dead.show", id=letter["id"])[0]
    demand(found["settled"] and (by is None or found["settled_by"] == by), f"settled: {found}")
    demand(letter["id"] not in [row["id"] for row in town.letters()], "no more in the list")


def arrived_now(town, referral):
    """As if it had been sent now: the receiver's clocks start here."""
    row = town.play.show(referral)
    demand(row["arrived_at"] == iso(town.play.now) and row["turn"] == town.court.agency,
           f"arrived {row['arrived_at']}, {row['turn']}")
    notice = town.clock(referral, "notice")
    demand(notice["status"] == "running" and notice["started_at"] == iso(town.play.now) and
           notice["owed_by"] == town.court.agency, f"{notice}")
    demand(town.clock(referral, "watchdog")["ended_at"] is not None, "no watchdog")


def amended(town):
    play = town.play
    referral, letter, n = town.refused(4221)
    is_dead(town, referral, letter, 4221)
    play.steer(play.now + DAY)
    message = town.pet.ledger.one("SELECT message_id FROM sent WHERE n = ?", n)
    done = play.act(town.pet, "amend", referral, refers_to=message)
    play.settle()
    settled(town, letter, town.pet.receipt(done)[3])
    got = [row["kind"] for row in town.court.got(referral=referral, form=0)]
    demand(got == [KIND["forward"], KIND["amend"]], f"the court got {got}")
    arrived_now(town, referral)
    play.act(town.court, "sign", referral)
    return referral


def sent_anew(town):
    play = town.play
    referral, letter, _ = town.refused(4223)
    is_dead(town, referral, letter, 4223)
    play.act(town.pet, "recall", referral)
    play.settle()
    row = play.show(referral)
    demand(row["state"] == "returned" and row["turn"] == town.pet.agency, f"{row['state']}")
    demand(town.clock(referral, "redispatch")["status"] == "running", "five working days")
    play.act(town.pet, "forward", referral, to=town.court)
    play.settle()
    arrived_now(town, referral)
    # The letter itself is still there for somebody to put away.
    play.hub.ask("dead.return", id=letter["id"], reason="sent-anew")
    settled(town, letter)
    demand(play.show(referral)["state"] == "dispatched" and
           play.show(referral)["turn"] == town.court.agency, "putting it away moves nothing")


def retried(town):
    play = town.play
    referral, letter, _ = town.refused(4222)
    watch = is_dead(town, referral, letter, 4222)
    demand(ms(watch["end_at"]) == end_of("2026-03-06"), "three working days from 3 March")
    play.steer(ms(watch["end_at"]))
    demand(town.clock(referral, "watchdog")["status"] == "missed" and
           play.show(referral)["turn"] == town.pet.agency, "missed, and still its turn")
    before = len(town.court.got(referral=referral))
    play.leave(town.court)
    row = play.hub.ask("dead.retry", id=letter["id"], reason="mended")[0]
    demand(row["settled"], f"{row}")
    settled(town, letter)
    shown = play.show(referral)
    demand(ms(shown["arrival_due_at"]) == play.now + DAY and shown["arrived_at"] is None,
           "on its way again, with its grace")
    play.steer(play.now + DAY - 1)
    demand(play.show(referral)["arrived_at"] is None, "not before the grace is over")
    play.steer(play.now + 1)
    arrived_now(town, referral)
    play.come_back(town.court)
    play.settle()
    got = [row["kind"] for row in town.court.got(referral=referral)[before:]
           if row["form"] == 0]
    demand(got == [KIND["forward"]], f"the same message again: {got}")
    demand(len({row["digest"] for row in town.court.got(referral=referral,
                                                        kind=KIND["forward"])}) == 1,
           "byte for byte")
    for verb in ("dead.retry", "dead.return"):
        refused(play, verb, id=letter["id"], reason="once-more")
    return referral


def refused(play, verb, **args):
    try:
        play.hub.ask(verb, **args)
    except Refusal as answer:
        demand(answer.code == "RH-4301", f"{verb}: {answer}")
        return
    demand(False, f"{verb} of what is settled was taken")


def fails_again(town):
    """A retry that fails makes a dead letter of its own."""
    play = town.play
    referral, letter, _ = town.refused(4221)
    town.court.cannot = lambda said: 4221
    play.hub.ask("dead.retry", id=letter["id"], reason="try")
    play.settle()
    town.court.cannot = lambda said: None
    again = [row for row in town.letters() if row["log_index"] == letter["log_index"]]
    demand(len(again) == 1 and again[0]["pair_seq"] > letter["pair_seq"], f"{again}")
    row = play.show(referral)
    demand(row["dead_count"] == 2 and row["turn"] == town.pet.agency and
           row["arrival_due_at"] is None, f"{row}")
    play.hub.ask("dead.return", id=again[0]["id"], reason="wrong-address")
    play.settle()
    row = play.show(referral)
    demand(row["state"] == "returned" and row["turn"] == town.pet.agency, f"{row['state']}")
    demand(town.clock(referral, "redispatch")["status"] == "running" and
           town.clock(referral, "redispatch")["started_at"] == iso(play.now), "a new clock")
    settled(town, again[0])
    demand(len(town.pet.got(referral=referral, kind=KIND["recall"])) == 1, "the sender hears")
    play.act(town.pet, "forward", referral, to=town.police)
    play.settle()
    row = play.show(referral)
    demand(row["turn"] == town.police.agency and row["arrived_at"] == iso(play.now), "elsewhere")


def after_arrival(town):
    """The grace was over before the receiver could say that it cannot take it: the arrival
    and its clocks are undone."""
    play = town.play
    play.leave(town.court)
    referral = play.new(town.pet, "xinfang")
    play.act(town.pet, "forward", referral, to=town.court)
    play.steer(play.now + 2 * DAY)
    row = play.show(referral)
    demand(row["arrived_at"] is not None and row["turn"] == town.court.agency, "deemed arrived")
    demand(town.clock(referral, "notice")["status"] == "running", "and its clocks run")
    town.court.cannot = lambda said: 4223 if said[2] == KIND["forward"] else None
    play.come_back(town.court)
    play.settle()
    town.court.cannot = lambda said: None
    row = play.show(referral)
    demand(row["arrived_at"] is None and row["turn"] == town.pet.agency and
           row["state"] == "dispatched", f"the arrival is undone: {row['arrived_at']}")
    for limit in ("notice", "object"):
        demand(town.clock(referral, limit)["status"] == "cancelled", limit)
    # What comes after a dead letter is delivered all the same, and in order.
    play.act(town.pet, "notice", referral, to=town.court)
    play.settle()
    demand(len(town.court.got(referral=referral, kind=KIND["notice"])) == 1, "the next one")
    letter = town.letters()[-1]
    play.hub.ask("dead.retry", id=letter["id"], reason="mended")
    play.settle()
    arrived_now(town, referral)


def words(town):
    """A letter that is no dispatch leaves the matter where it is; a nack of nothing is refused."""
    play = town.play
    referral = play.new(town.pet, "xinfang")
    play.act(town.pet, "forward", referral, to=town.court)
    play.settle()
    town.court.cannot = lambda said: 4223 if said[2] == KIND["notice"] else None
    play.act(town.pet, "notice", referral, to=town.court)
    play.settle()
    town.court.cannot = lambda said: None
    row = play.show(referral)
    demand(row["turn"] == town.court.agency and row["arrived_at"] is not None and
           row["dead_count"] == 1, "the matter stays with the court")
    demand(town.clock(referral, "notice")["status"] == "running", "and so do its clocks")
    letter = [row for row in town.letters() if row["kind"] == "notice"]
    demand(len(letter) == 1, f"{letter}")
    play.hub.ask("dead.return", id=letter[0]["id"], reason="never-mind")
    play.settle()
    for seq in (10**6, 1):
        n = town.court.send(NACK, sender=town.pet.agency, pair_seq=seq, refusal=4223)
        play.confirm(town.court)
        demand(town.court.outcome(n) == 4112, f"a nack of {seq}: {town.court.outcome(n)}")


def restarted(town, referrals):
    """Dead letters and what became of them outlive the hub."""
    play = town.play
    open_letters = town.letters()
    before = [play.show(referral)["state"] for referral in referrals]
    play.settle()
    play.hub.kill()
    play.hub.start()
    play.settle()
    demand(town.letters() == open_letters, "dead letters outlive the hub")
    demand([play.show(referral)["state"] for referral in referrals] == before, "and so on")


def body(run):
    town = Town(run)
    first = amended(town)
    sent_anew(town)
    second = retried(town)
    fails_again(town)
    after_arrival(town)
    words(town)
    town.refused(4221)
    restarted(town, [first, second])
    demand(len(town.letters()) == 1 and town.play.hub.status()["dead"]["count"] == 1,
           f"one left: {town.letters()}")
    run.say(f"{town.court.counts['nacked']} dead letters: amended, sent anew, retried, failed "
            f"again and returned, undone after the arrival, of a notice; one is left")
    town.play.hub.stop()


if __name__ == "__main__":
    harness.main("dead", body)

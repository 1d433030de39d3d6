"""The Python agency against the running hub (ctest interop.agency).

Two programs that share no line of code: the hub in C, the agency in Python from the
specification. First everything that should work, then everything that should not: each mistake
gets its own stable code and costs nobody anything. At the end nothing is lost and the log on disk
is what every receipt says.

    test_agency.py [BIN_DIR] [SCENE...]      scenes by name, default all
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
import harness  # noqa: E402
import log_verify  # noqa: E402
import pyagency as py  # noqa: E402
import rhwire  # noqa: E402
import pypipe  # noqa: E402
from pypipe import demand  # noqa: E402

PROGRESS = 82


class World:
    """A hub and two desks of petitions bureaus that work off what they get."""

    def __init__(self, run):
        self.run = run
        self.hub = run.hub().start()
        self.a = run.agency(self.hub, "petitions.a", react=py.work, thorough=True, lenient=True)
        self.b = run.agency(self.hub, "petitions.b", react=py.work, thorough=True, lenient=True)
        self.both = (self.a, self.b)
        self.ready(*self.both)

    def ready(self, *agencies):
        self.run.until("agencies are live", lambda: all(x.state == "live" for x in agencies),
                       *agencies)

    def settle(self, *agencies):
        """Everything said is confirmed."""
        agencies = agencies or self.both
        self.run.until("every number has its receipt", lambda: all(
            x.confirmed() for x in agencies), *agencies)

    def newcomer(self, name, **how):
        made = self.run.agency(self.hub, f"petitions.{name}", lenient=True, thorough=True, **how)
        self.ready(made)
        return made

    def answer(self, agency, frame, seconds=10):
        """What a frame is answered with: the refusal of the next ERROR."""
        seen = len(agency.errors)
        agency.pipe.send(frame)
        self.run.until("an answer", lambda: len(agency.errors) > seen, agency, seconds=seconds)
        return agency.errors[seen][0]

    def refused(self, agency, code, frame, what):
        """A whole frame is refused with one of the codes, nothing consumed, session alive."""
        codes = code if isinstance(code, tuple) else (code,)
        before = self.records()
        got = self.answer(agency, frame)
        demand(got in codes, f"{what}: answered RH-{got}, wanted {codes}")
        demand(self.records() == before, f"{what}: something was recorded")
        self.alive(agency, what)

    def records(self):
        return self.hub.status()["log"]["records"]

    def listed(self):
        """Every referral by id, as of everything that is recorded by now."""
        rows = self.hub.ask_all("referral.list", at_least_seq=self.records())
        return {bytes.fromhex(row["referral_id"].replace("-", "")): row for row in rows}

    def alive(self, agency, what):
        """It can still submit, under the next number."""
        n = agency.register()[1][0]
        self.run.until(f"{what}: the next message is stored",
                       lambda: agency.outcome(n) is not None, agency)
        demand(agency.outcome(n) == 0, f"{what}: the next message got RH-{agency.outcome(n)}")

    def item_refused(self, agency, code, n, what):
        """An item alone is refused: its number used, on record, with its receipt."""
        codes = code if isinstance(code, tuple) else (code,)
        self.run.until(f"{what}: a receipt", lambda: agency.outcome(n) is not None, agency)
        demand(agency.outcome(n) in codes,
               f"{what}: outcome RH-{agency.outcome(n)}, wanted {codes}")
        self.alive(agency, what)


def fresh_item(public=None, private=b"", body=b"", **fields):
    """An item that would be a fine registration."""
    said = {1: pypipe.uuid7(), 2: py.REGISTER, 3: pypipe.uuid7(), 8: "xinfang", 10: "labour",
            11: "620423", 12: "visit"}
    said.update({py.FIELDS.get(name, name): value for name, value in fields.items()})
    for key in [key for key, value in said.items() if value is None]:
        del said[key]
    data = rhwire.pack(said) if public is None else public
    return rhwire.item_make(data, private, body, os.urandom(32)), said


def offer(agency, items, first_n=None, **other):
    """A bundle frame that is not on the ledger: it must be refused as a whole."""
    return agency.bundle(first_n or agency.last_n + 1, items, **other)


# ---- what should work ----

def round_trip(world):
    """Register and forward in one bundle; received, signed, accepted, concluded, replied."""
    a, b, run = world.a, world.b, world.run
    referral, numbers = a.register("petitions.b", body=rhwire.pack(["text/plain", b"body"]))
    run.until("the reply", lambda: a.got(referral=referral, kind=py.REPLY), a, b)
    world.settle()
    demand(all(a.outcome(n) == 0 for n in numbers), "a registration was refused")
    kinds = [row["kind"] for row in a.got(referral=referral)]
    demand(kinds == [py.SIGN, py.ACCEPT, py.CONCLUDE, py.REPLY], f"came back: {kinds}")
    row = world.listed()[referral]
    demand(row["state"] == "replied" and row["outcome"] == "supported", f"the hub says {row}")
    demand(a.receipt(numbers[1])[11] in ("petitions.a", "petitions.b"), "nobody holds it")


def lanes_and_bodies(world):
    """Largest item, sealed content, every lane; all arrives as it was sent."""
    a, b, run = world.a, world.b, world.run
    before = len(b.got(kind=py.FORWARD))
    big = rhwire.pack(["application/octet-stream", os.urandom(200 * 1024)])
    sent = [a.register("petitions.b", lane=lane, body=body)[0]
            for lane, body in ((2, b""), (1, b""), (None, big))]
    run.until("three forwards", lambda: len(b.got(kind=py.FORWARD)) == before + 3, a, b)
    lanes = {row["referral"]: row["lane"] for row in b.got(kind=py.FORWARD)}
    demand([lanes[r] for r in sent] == [2, 1, 0], f"lanes {[lanes[r] for r in sent]}")
    world.settle()


def asked_again(world):
    """Every receipt asked for again is byte for byte the one of the first time."""
    for agency in world.both:
        agency.ask_all()
    world.settle()
    for agency in world.both:
        count = agency.ledger.one("SELECT count(*) FROM receipts WHERE asked = 0")
        demand(count == 0, f"{agency.agency}: {count} receipts did not come again")


def published_log(world):
    """The published checkpoint, its tiles, and every receipt of both agencies in them."""
    run, hub = world.run, world.hub
    log = hub.data / "log"
    key = world.a.card.keys["sign"]
    want = max(x.ledger.one("SELECT max(idx) + 1 FROM receipts") for x in world.both)

    def covered():
        return (log / "checkpoint").exists() and log_verify.verify_checkpoint(
            (log / "checkpoint").read_bytes(), hub.id, key).size >= want

    run.until("a checkpoint that covers everything", covered, *world.both, seconds=30)
    found = log_verify.verify_checkpoint((log / "checkpoint").read_bytes(), hub.id, key)
    leaves = log_verify.verify_tiles(log, found.size, found.root)
    checked = 0
    for agency in world.both:
        for index, core, rest in agency.ledger.all("SELECT idx, core, rest FROM receipts"):
            demand(leaves[index] == log_verify.leaf_hash(core, rest),
                   f"{agency.agency}: record {index} is another in the published log")
            checked += 1
    run.until("the agencies follow", lambda: all(
        x.note() is not None and x.note().size >= want for x in world.both), *world.both)
    run.say(f"{checked} receipts stand in the published log of {found.size} records")


def proofs(world):
    """PROVE for what is ours or was delivered to us; nothing for strangers."""
    a, b, run = world.a, world.b, world.run
    stranger = world.newcomer("stranger")
    mine = a.ledger.one("SELECT min(idx) FROM receipts")
    theirs = b.ledger.one("SELECT min(idx) FROM deliveries WHERE form = 0")
    for agency, index in ((a, mine), (b, theirs)):
        seen = len(agency.proofs)
        agency.pipe.send([py.PROVE, agency.session, index, 0])
        run.until("a proof", lambda: len(agency.proofs) > seen, agency)
        demand(agency.proofs[-1][0] == index, "a proof of another record")
    for index in (mine, theirs, 10**9):
        got = world.answer(stranger, [py.PROVE, stranger.session, index, 0])
        demand(got == 4303, f"a stranger asking for record {index} is told RH-{got}")


def credit(world):
    """Never more in flight than the window; acknowledging gives credit back; 0 pauses."""
    a, run = world.a, world.run
    c = world.newcomer("credit", window=(3, 1 << 20))
    c.auto_ack = False
    for _ in range(8):
        a.register("petitions.credit")
    world.settle(a)
    run.until("a full window", lambda: len(c.got()) == 3, a, c)
    for _ in range(20):
        c.turn(5)
    demand(len(c.got()) == 3, f"{len(c.got())} deliveries on a credit of 3")
    c.set_window(0, 0)
    c.auto_ack = True
    c.turn(5)
    world.settle(c)
    for _ in range(20):
        c.turn(5)
    demand(len(c.got()) == 3, "deliveries while paused")
    c.set_window(2, 1 << 20)
    run.until("the rest", lambda: len(c.got()) == 8, a, c)
    demand([r["seq"] for r in c.got()] == list(range(1, 9)), "not in order")
    world.settle(a, c)


def redelivery(world):
    """What was not acknowledged comes again after the cable was pulled, and on RESYNC."""
    a, run = world.a, world.run
    c = world.newcomer("again")
    c.auto_ack = False
    for _ in range(3):
        a.register("petitions.again")
    run.until("three", lambda: len(c.got()) == 3, a, c)
    c.drop()
    run.until("three again", lambda: c.counts["repeated"] >= 3, a, c)
    seen = c.counts["repeated"]
    c.pipe.send([py.RESYNC, c.session, "petitions.a", 0, 2])
    run.until("two again", lambda: c.counts["repeated"] >= seen + 2, a, c)
    c.auto_ack = True
    run.until("acknowledged", lambda: c.confirmed() and c.last_n > 0, a, c)
    demand(len(c.got()) == 3, "a repetition had an effect")


def referral_order(world):
    """Nothing of a referral before an earlier message of it that still waits: not on a quicker
    lane, and not from another sender whose queue would be served first."""
    a, run = world.a, world.run
    slow = world.newcomer("slow")
    late = world.newcomer("late")       # enrolled after a: its queue stands behind a's
    slow.drop()
    referral, (_, n) = late.register("petitions.slow", copies=["petitions.a"])
    run.until("a has its copy", lambda: a.got(referral=referral), a, late)
    told = a.send(PROGRESS, referral, to="petitions.slow", lane=2)
    other, _ = a.register("petitions.slow", lane=2)
    world.settle(a, late)
    demand(a.outcome(told) == 0, f"the progress got RH-{a.outcome(told)}")
    run.until("all three", lambda: len(slow.got()) == 3, slow)
    kinds = [row["kind"] for row in slow.got(referral=referral)]
    demand(kinds == [py.FORWARD, PROGRESS], f"order of the referral: {kinds}")
    demand(slow.got()[0]["referral"] == other, "the other referral had to wait")
    world.settle(slow)


def dead_letter(world):
    """What its receiver cannot take becomes a dead letter of the sender."""
    a, run = world.a, world.run
    c = world.newcomer("deaf")
    c.auto_ack = False
    referral, _ = a.register("petitions.deaf")
    run.until("one", lambda: len(c.got()) == 1, a, c)
    n = c.send(py.NACK, sender="petitions.a", pair_seq=1, refusal=4222)
    run.until("the nack is stored", lambda: c.outcome(n) is not None, a, c)
    demand(c.outcome(n) == 0, f"the nack got RH-{c.outcome(n)}")
    run.until("the sender is told", lambda: a.got(referral=referral), a, c)
    told = a.got(referral=referral)[0]
    demand(told["kind"] == py.NACK or told["form"] == 1, f"told by {told}")
    dead = world.hub.ask("dead.list", at_least_seq=world.records())
    demand(len(dead) == 1 and "4222" in str(dead[0]), f"dead letters: {dead}")


# ---- what gets its code ----

def malformed(world):
    c = world.newcomer("malformed")
    bundle = offer(c, [fresh_item()[0]])
    for what, frame in (("garbage", b"\xc1\xff\x00garbage"), ("an empty frame", b""),
                        ("a map", rhwire.pack({1: 2})), ("an unknown type", [40, 1]),
                        ("a hub's frame", [py.GAP, 1]), ("too few elements", [py.BUNDLE, b""]),
                        ("cut short", rhwire.pack(bundle)[:-5]),
                        ("too much", rhwire.pack(bundle) + b"\0"),
                        ("an array of a billion", b"\xdd\xff\x00\x00\x00"),
                        ("nested without end", b"\x91" * 900 + b"\x00"),
                        ("no items", [py.BUNDLE, bundle[1], bundle[2], []]),
                        ("no header", [py.BUNDLE, b"x", bundle[2], bundle[3]]),
                        ("a count of other items",
                         offer(c, [fresh_item()[0]], count=2))):
        world.refused(c, (4101, 4102), frame, what)
    item, said = fresh_item(public=b"\x81\x01")
    world.item_refused(c, (4101, 4102), c.number(item, said), "an unreadable public part")
    item, said = fresh_item()
    item[1] = os.urandom(32)
    world.item_refused(c, 4101, c.number(item, said), "a commitment that does not open")


def oversized(world):
    c = world.newcomer("oversized")
    for what, item in (
            ("an item above 256 KiB", fresh_item(body=rhwire.pack(["a/b", bytes(262144)]))[0]),
            ("a public part above 8 KiB", fresh_item(public=bytes(8193))[0]),
            ("a private part above 64 KiB", fresh_item(private=bytes(65537))[0])):
        world.refused(c, 4103, offer(c, [item]), what)
    world.refused(c, (4101, 4103, 4104), offer(c, [fresh_item()[0] for _ in range(257)]),
                  "257 items")
    lost = c.counts["lost"]
    c.pipe.send(bytes(rhwire.FRAME_MAX + 1))
    world.run.until("the pipe is cut", lambda: c.counts["lost"] > lost, c)
    world.ready(c)
    world.alive(c, "a frame above 1 MiB")


def not_canonical(world):
    c = world.newcomer("canonical")
    good = rhwire.pack(offer(c, [fresh_item()[0]]))
    demand(good[:2] == b"\x94\x03", "a bundle begins so")
    world.refused(c, 4102, b"\x94\xcc\x03" + good[2:], "a number that is not the shortest")
    world.refused(c, 4102, b"\xdc\x00\x04" + good[1:], "an array that is not the shortest")
    said = fresh_item()[1]
    pairs = [rhwire.pack(key) + rhwire.pack(value) for key, value in said.items()]
    for what, data in (("keys out of order", bytes([0x80 | len(pairs)]) +
                        b"".join(reversed(pairs))),
                       ("a key twice", bytes([0x80 | len(pairs) + 1]) + pairs[0] +
                        b"".join(pairs)),
                       ("a float", bytes([0x80 | len(pairs) + 1]) + b"".join(pairs) +
                        b"\x0d\xca\x3f\x80\x00\x00")):
        item, _ = fresh_item(public=data)
        world.item_refused(c, 4102, c.number(item, said), f"a public part with {what}")


def unsigned(world):
    c = world.newcomer("unsigned")
    other = pypipe.Party.make("petitions.x")
    bundle = offer(c, [fresh_item()[0]])
    world.refused(c, 7103, [py.BUNDLE, bundle[1], bytes(64), bundle[3]], "an empty signature")
    world.refused(c, 4101, [py.BUNDLE, bundle[1], b"", bundle[3]], "no signature")
    world.refused(c, 7103, offer(c, [fresh_item()[0]], seed=other.secrets["sign"]),
                  "somebody else's signature")
    bundle = offer(c, [fresh_item()[0]])
    world.refused(c, 7103, [py.BUNDLE, bundle[1], bundle[2], [fresh_item()[0]]],
                  "another item under a good header")
    item = fresh_item(private=rhwire.pack({1: "title"}))[0]
    bundle = offer(c, [item])
    world.refused(c, 7103, [py.BUNDLE, bundle[1], bundle[2],
                            [[item[0] + b""] + [os.urandom(32)] + item[2:]]],
                  "another commitment under a good header")


def addressed_wrongly(world):
    c = world.newcomer("address")
    world.refused(c, 7104, offer(c, [fresh_item()[0]], hub="test.other"), "another hub")
    world.refused(c, 7104, offer(c, [fresh_item()[0]], hub=world.hub.id + "/2"),
                  "another generation")
    world.refused(c, 7105, offer(c, [fresh_item()[0]], sender="petitions.a"), "another sender")
    world.refused(c, 7106, offer(c, [fresh_item()[0]], epoch=os.urandom(8)), "another epoch")
    before = c.counts[py.GAP]
    c.pipe.send(offer(c, [fresh_item()[0]], first_n=c.last_n + 5))
    world.run.until("GAP", lambda: c.counts[py.GAP] > before, c)
    world.alive(c, "a number ahead")
    for frame in ([py.WINDOW, 1, 1, 1], [py.ASK, 1, 1], [py.CLOSE, 1], [py.PROVE, 1, 0, 0]):
        world.refused(c, 7108, frame, f"frame {frame[0]} of another session")


def replayed(world):
    """The same bytes again: the same receipt, nothing new. By somebody else: refused."""
    c = world.newcomer("replay")
    thief = world.newcomer("thief")
    item, said = fresh_item()
    n = c.number(item, said)
    frame = c.bundle(n, [item])
    c.cursor = n + 1  # not by itself
    for _ in range(2):
        confirms = c.counts[py.CONFIRM]
        before = world.records()
        c.pipe.send(frame)
        world.run.until("a receipt", lambda: c.counts[py.CONFIRM] > confirms, c)
    demand(world.records() == before, "a replayed bundle was recorded")
    demand(c.receipt(n)[9] == rhwire.item_digest(item), "another receipt")
    world.refused(thief, 7105, frame, "a bundle replayed by another agency")
    # The receipt was compared byte for byte when it came again (keep_receipt).


def same_number(world):
    """One number with two contents: a copied spool. Alarm, nothing recorded but the alarm."""
    c = world.newcomer("clone")
    n = c.register()[1][0]
    world.settle(c)
    core = c.ledger.one("SELECT core FROM receipts WHERE n = ?", n)
    c.pipe.send(c.bundle(n, [fresh_item()[0]]))
    world.run.until("the alarm", lambda: c.state == "stopped", c)
    demand(c.why == "conflict" and c.errors[-1][2] == n, f"{c.why} {c.errors}")
    again = world.newcomer("clone2")
    world.alive(again, "a conflict of another agency")
    c.state, c.retry_at = "away", 0
    world.ready(c)
    c.ask_all()
    world.settle(c)
    demand(c.ledger.one("SELECT core FROM receipts WHERE n = ?", n) == core,
           "the receipt has changed")


def kinds_and_fields(world):
    c = world.newcomer("fields")
    for what, code, fields in (
            ("an unknown kind", 4110, {2: 99}), ("a kind of the hub's own", 4110, {2: 102}),
            ("no procedure", 4111, {8: None}), ("an unknown procedure", 4317, {8: "no-such"}),
            ("no category", 4318, {10: None}), ("a field it has no use for", 4112, {30: 5}),
            ("an unknown field", 4101, {77: 1})):
        item, said = fresh_with(fields)
        world.item_refused(c, code, c.number(item, said), what)
    referral, _ = c.register()
    world.settle(c)
    item, said = fresh_with({3: referral})
    world.item_refused(c, 4316, c.number(item, said), "a referral that exists")
    item, said = fresh_item()
    n = c.number(item, said)
    world.settle(c)
    demand(c.outcome(n) == 0, "a fine registration")
    other, told = fresh_with({1: said[1]})
    world.item_refused(c, 4122, c.number(other, told), "a message id used before")


def fresh_with(fields):
    said = fresh_item()[1]
    said.update(fields)
    said = {key: value for key, value in said.items() if value is not None}
    return fresh_item(public=rhwire.pack(said))[0], said


def out_of_turn(world):
    """Wrong state, wrong actor, unknown referral, no such addressee."""
    a, run = world.a, world.run
    quiet = world.newcomer("quiet")
    stranger = world.newcomer("outsider")
    referral, _ = a.register("petitions.quiet")
    run.until("it is there", lambda: quiet.got(referral=referral), a, quiet)
    world.settle(a, quiet)
    for agency, code, kind, what in (
            (quiet, 4301, py.ACCEPT, "accepting before signing"),
            (quiet, 4301, py.CONCLUDE, "concluding before signing"),
            (a, 4302, py.SIGN, "the sender signing"),
            (a, 4302, py.ACCEPT, "the sender accepting"),
            (stranger, 4303, py.SIGN, "a stranger signing")):
        named = {"code": "supported"} if kind == py.CONCLUDE else {}
        if (agency, kind) == (a, py.ACCEPT):
            code = (4301, 4302)
        world.item_refused(agency, code, agency.send(kind, referral, **named), what)
    world.item_refused(a, 4303, a.send(py.SIGN, pypipe.uuid7()), "an unknown referral")
    for to in ("petitions.nobody", "court.620423"):
        fresh, (_, n) = a.register(to)
        world.item_refused(a, 4320, n, f"forwarding to {to}, who is not there")
    row = world.listed()[referral]
    demand(row["state"] == "dispatched", f"after the refusals it is {row['state']}")
    n = quiet.send(py.SIGN, referral)
    world.settle(quiet)
    demand(quiet.outcome(n) == 0, "in turn it works")


def unknown_agency(world):
    """A key nobody enrolled does not even finish the handshake; a name must fit the key."""
    party = pypipe.Party.make("petitions.nobody")
    pipe = pypipe.Pipe(world.a.context, world.hub.endpoint, world.a.card.keys["transport"], party)
    pipe.send([py.OPEN, 1, "petitions.nobody"])
    world.run.until("the stranger is refused", lambda: pipe.look() or pipe.ended)
    demand(not pipe.shaken, "an unknown key was let in")
    pipe.close()
    c = world.newcomer("name")
    c.drop()
    c.agency, true = "petitions.a", c.agency
    world.run.until("refused", lambda: c.errors, c)
    demand(c.errors[0][0] == 7105, f"another's name is answered RH-{c.errors[0][0]}")
    c.agency = true
    c.drop()
    world.ready(c)
    world.alive(c, "a wrong name")


def greetings(world):
    """HELLO: wrong signature, old nonce, other hub; a second session; a newer epoch."""
    c = world.newcomer("hello")
    c.drop()
    card = c.card.keys["transport"]

    def hello(change=None, seed=None, nonce=None):
        pipe = pypipe.Pipe(c.context, world.hub.endpoint, card, c.party)
        pipe.send([py.OPEN, 1, c.agency])
        challenge = pipe.expect(py.CHALLENGE)
        said = rhwire.unpack(c.hello(nonce or challenge[3], 1000))
        for at, value in (change or {}).items():
            said[at] = value
        data = rhwire.pack(said)
        pipe.send([py.HELLO, data, rhwire.sign("rhub/hello/1", data,
                                               seed or c.party.secrets["sign"])])
        return pipe, data

    for what, codes, how in (
            ("another key", (7103, 7108), {"seed": os.urandom(32)}),
            ("another nonce", (7108,), {"nonce": os.urandom(32)}),
            ("another hub", (7103, 7104, 7108), {"change": {1: "test.other"}}),
            ("another agency", (7105, 7108), {"change": {2: "petitions.a"}}),
            ("a receipt nobody signed", (7108,), {"change": {6: 10**6}}),
            ("a checkpoint nobody signed", (7108,), {"change": {9: 10**6}})):
        pipe, _ = hello(**how)
        got = pipe.expect(py.ERROR)[1]
        demand(got in codes, f"HELLO with {what} is answered RH-{got}")
        pipe.close()
    first, data = hello()
    first.expect(py.WELCOME)
    second, _ = hello()
    demand(second.expect(py.ERROR)[1] == 7107, "an equal lease took over")
    second.send([py.HELLO, data, rhwire.sign("rhub/hello/1", data, c.party.secrets["sign"])])
    demand(second.expect(py.ERROR)[1] == 7108, "a HELLO was good twice")
    third, _ = hello({5: 1001})
    third.expect(py.WELCOME)
    demand(first.expect(py.ERROR)[1] == 7107, "the older session was not told")
    fourth, _ = hello({3: os.urandom(8)})
    fourth.expect(py.WELCOME)
    for pipe in (first, second, third, fourth):
        pipe.close()
    c.errors.clear()
    world.run.until("the older epoch is closed", lambda: c.state == "stopped", c)
    demand(c.why == "RH-7106", f"the older epoch: {c.why} {c.errors}")


def revoked(world):
    """A revoked key on an open connection: told at once, heard no more, others unharmed."""
    a, run = world.a, world.run
    c = world.newcomer("revoked")
    referral, _ = c.register("petitions.b")
    run.until("its referral is there", lambda: world.b.got(referral=referral), c, *world.both)
    world.settle(c)
    pipe = c.pipe
    world.hub.ask("agency.revoke", id=c.agency, reason="test")
    before = world.records()
    pipe.send(offer(c, [fresh_item()[0]]))
    run.until("the revoked one is told", lambda: c.errors, c)
    demand(c.errors[0][0] == 7102, f"told RH-{c.errors[0][0]}")
    demand(c.state == "stopped", "it goes on")
    run.until("its case goes on", lambda: world.b.confirmed(), *world.both)
    late = pypipe.Pipe(c.context, world.hub.endpoint, c.card.keys["transport"], c.party)
    late.send([py.OPEN, 1, c.agency])

    def turned_away():
        data = late.receive()
        return late.ended or data is not None and rhwire.frame_decode(data)[:2] == [71, 7102]

    run.until("it is not let in again", turned_away)
    late.close()
    demand(before <= world.records() <= before + 8, "something of it was recorded")
    _, (_, n) = a.register(c.agency)
    world.item_refused(a, 4320, n, "forwarding to a revoked agency")


def multipart(world):
    """Messages of more parts and foreign routing ids are dropped; the session lives on."""
    import zmq
    c = world.newcomer("parts")
    c.pipe.socket.send(rhwire.pack([py.ASK, c.session, 1]), zmq.SNDMORE)
    c.pipe.socket.send(b"more")
    world.alive(c, "a message of two parts")


def reconcile(world):
    """At the end: what the ledgers say is what the hub holds."""
    hub = world.hub
    stored = 0
    agencies = [x for x in world.run.agencies]
    for agency in agencies:
        with_receipt = agency.ledger.all(
            "SELECT s.item, r.outcome FROM sent s JOIN receipts r USING (n) WHERE s.kind = 1")
        stored += sum(1 for _, outcome in with_receipt if outcome == 0)
    listed = world.listed().values()
    demand(len(listed) == stored, f"{len(listed)} referrals listed, {stored} receipts for them")
    status = hub.status()
    demand(status["referrals"] == stored, f"status counts {status['referrals']}")
    resting = {"closed", "transferred", "merged", "withdrawn", "terminated", "archived"}
    final = sum(1 for r in listed if r["state"] in resting)
    demand(status["open"] + final == stored, "rows = open + final does not hold")
    for agency in world.both:
        doubles = agency.ledger.one(
            "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE form = 0 "
            "GROUP BY message_id, sender HAVING count(*) > 1)")
        demand(doubles == 0, f"{agency.agency}: {doubles} messages came twice")
    world.run.say(f"{stored} referrals, {status['log']['records']} records")


SCENES = [round_trip, lanes_and_bodies, asked_again, published_log, proofs, credit, redelivery,
          referral_order, dead_letter, malformed, oversized, not_canonical, unsigned,
          addressed_wrongly, replayed,
          same_number, kinds_and_fields, out_of_turn, unknown_agency, greetings, multipart,
          revoked, reconcile]


def body(run):
    wanted = [name for name in sys.argv[1:] if not os.path.isdir(name)]
    world = World(run)
    failed = []
    for scene in SCENES:
        if wanted and scene.__name__ not in wanted:
            continue
        try:
            scene(world)
            run.say(f"ok {scene.__name__}")
        except (AssertionError, rhwire.Refused, log_verify.Refused) as why:
            failed.append(scene.__name__)
            run.say(f"NOT OK {scene.__name__}: {why}")
    demand(not failed, f"failed: {', '.join(failed)}")
    world.hub.stop()


if __name__ == "__main__":
    harness.main("agency", body)

"""Damage and full disks (ctest system.damage).

What a hub must not take for a torn write, what it must meet before it hurts, and what it says:
flipped bits in the journal, an unfinished frame, a full disk, a full map, a bad row in the
views, a configuration nobody can read.

    test_damage.py [BIN_DIR] [SCENE...]
"""
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys

import harness
import pyagency as py
import rhwire
from harness import Refusal, demand

BLOCK = 4096


def tree_of(directory):
    """Names and hashes of the segments and what was put aside, to see that nothing changed."""
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
            for pattern in ("segment-*", "quarantine/*")
            for path in sorted(directory.glob(pattern))}


class Place:
    """A hub with a few worked-off referrals, stopped."""

    def __init__(self, run, name, **how):
        self.run = run
        self.hub = run.hub(name, **how).start()
        self.a = run.agency(self.hub, "petitions.a", name=f"{name}.a", react=py.work)
        self.b = run.agency(self.hub, "petitions.b", name=f"{name}.b", react=py.work)
        self.both = (self.a, self.b)

    def work(self, count=3, size=100):
        for _ in range(count):
            self.a.register("petitions.b", body=rhwire.pack(["a/b", os.urandom(size)]))
        self.settle()

    def settle(self, seconds=30):
        self.run.until("everything is confirmed", lambda: all(
            x.confirmed() and x.state == "live" for x in self.both), *self.both, seconds=seconds)
        wanted = self.a.ledger.one("SELECT count(*) FROM sent WHERE kind = 10")
        self.run.until("every reply is there", lambda: len(self.a.got(kind=py.REPLY)) == wanted
                       and all(x.confirmed() for x in self.both), *self.both, seconds=seconds)

    def check(self):
        """Every receipt again, byte for byte; every reply once."""
        for agency in self.both:
            agency.ask_all()
        self.settle()
        for agency in self.both:
            left = agency.ledger.one("SELECT count(*) FROM receipts WHERE asked = 0")
            demand(left == 0, f"{left} receipts did not come again")

    def stop(self):
        for agency in self.both:
            agency.drop()
        self.hub.stop()

    def segment(self):
        return max((self.hub.data / "journal").glob("segment-*.rhj"))

    @staticmethod
    def first(segment):
        return segment.stem.removeprefix("segment-")

    def fails(self, *patterns, code=None, seconds=20):
        """Starting is refused, with words that name the place."""
        self.hub.launch()
        got = self.hub.process.wait(seconds)
        words = self.hub.process.words(3)
        demand(got != 0 and (code is None or got == code), f"ended with {got}: {words}")
        for pattern in patterns:
            demand(re.search(pattern, words), f"no {pattern!r} in: {words}")
        return words


def frames(data):
    """(offset, bytes on disk) of each frame of a segment, by the specification."""
    at, found = BLOCK, []
    while at + 80 <= len(data) and data[at:at + 4] == b"RHJF":
        size = struct.unpack_from("<I", data, at + 16)[0]
        found.append((at, size))
        at += size
    return found, at


# ---- the journal ----

def flipped_bits(run):
    """One bit anywhere in the last acknowledged frame is damage, named, and changes nothing. It
    is never taken for a torn frame, which would be cut away with what was confirmed."""
    place = Place(run, "flip")
    place.work()
    place.stop()
    segment = place.segment()
    good = segment.read_bytes()
    found, end = frames(good)
    at, size = found[-1]
    places = {"head": at + 2, "number": at + 24, "time": at + 48, "last byte of a sector":
              at + 511, "last byte": at + size - 1, "padding": at + size - 100,
              "record": at + 80 + 41}
    for _ in range(4):
        places[f"byte {len(places)}"] = at + run.rng.randrange(size)
    for what, offset in places.items():
        spoilt = bytearray(good)
        spoilt[offset] ^= 1 << run.rng.randrange(8)
        segment.write_bytes(spoilt)
        before = tree_of(place.hub.data / "journal")
        place.fails("segment " + place.first(segment), str(at), code=70)
        demand(tree_of(place.hub.data / "journal") == before, f"{what}: something was changed")
        fails_alone(place, segment, at, what)
    if run.has("rhub-audit"):
        done = place.hub.audit("--lang", "en", code=1)
        demand(segment.name in done.stdout or str(at) in done.stdout or "#" in done.stdout,
               f"the auditor names no place: {done.stdout[-500:]}")
    # A whole sector gone, as a disk that never wrote it leaves it, in what was acknowledged.
    spoilt = bytearray(good)
    spoilt[at + size - 512:at + size] = bytes(512)
    segment.write_bytes(spoilt)
    place.fails("segment " + place.first(segment), code=70)
    segment.write_bytes(good)
    place.hub.start()
    place.check()
    place.stop()
    run.say(f"{len(places)} flipped bits and a lost sector in frame at {at}: each named")


def fails_alone(place, segment, at, what):
    """The same when neither views nor a checkpoint know of the frame, as after a kill at the
    instant of its confirm: the frame itself must tell a flipped bit from a torn write."""
    whole, alone = place.hub.data, place.hub.dir / "alone"
    shutil.copytree(whole, alone, ignore=shutil.ignore_patterns("views", "log"))
    place.hub.data = alone
    before = tree_of(alone / "journal")
    place.fails("segment " + place.first(segment), str(at), code=70)
    demand(tree_of(alone / "journal") == before, f"{what}: it was taken for torn")
    place.hub.data = whole
    shutil.rmtree(alone)


def flipped_earlier(run):
    """The same in an older frame of the newest segment."""
    place = Place(run, "older")
    place.work(4)
    place.stop()
    segment = place.segment()
    good = segment.read_bytes()
    found, _ = frames(good)
    at, size = found[len(found) // 2]
    spoilt = bytearray(good)
    spoilt[at + run.rng.randrange(min(size, 500))] ^= 4
    segment.write_bytes(spoilt)
    place.fails("segment " + place.first(segment), code=70)
    segment.write_bytes(good)
    place.hub.start()
    place.check()
    place.stop()


def unfinished(run):
    """A frame the power cut in two was confirmed to nobody: it is put aside, on record."""
    place = Place(run, "torn")
    place.work()
    place.stop()
    segment = place.segment()
    # The beginning of a frame that never got to its second half.
    for count, torn in enumerate((b"RHJF" + os.urandom(100), os.urandom(300),
                                  b"RHJF" + os.urandom(505) + bytes(3), b"RHJF"), 1):
        found, end = frames(segment.read_bytes())
        with open(segment, "r+b") as file:
            file.seek(end)
            file.write(torn)
        place.hub.start()
        aside = list((place.hub.data / "journal" / "quarantine").glob("*.torn"))
        demand(len(aside) == count, f"put aside: {aside}, {place.hub.process.words(2)}")
        demand("quarantine" in place.hub.process.words(3),
               f"nobody is told: {place.hub.process.words(3)}")
        place.work(1)
        place.check()
        place.stop()


def cut_and_wrong_rules(run):
    """A start that cuts a torn frame and then fails over its rules: the cut is on record after the
    next one."""
    place = Place(run, "torn2")
    place.work(2)
    place.stop()
    segment = place.segment()
    _, end = frames(segment.read_bytes())
    with open(segment, "r+b") as file:
        file.seek(end)
        file.write(b"RHJF" + os.urandom(100))
    rules = place.hub.dir / "rules"
    shutil.copytree(place.hub.rules, rules)
    place.hub.rules = rules
    xinfang = rules / "procedures" / "xinfang.yaml"
    good = xinfang.read_text()
    xinfang.write_text(good + "nonsense: 1\n")
    place.fails(r"xinfang\.yaml:\d+:\d+", code=78)
    aside = place.hub.data / "journal" / "quarantine"
    demand(len(list(aside.glob("*.torn"))) == 1, f"put aside: {list(aside.iterdir())}")
    xinfang.write_text(good)
    place.hub.start()
    demand(not list(aside.glob("*.note")), "the note of a recorded cut stays")
    place.check()
    place.stop()
    if run.has("rhub-audit"):
        found = json.loads(place.hub.audit("-o", "json").stdout)
        demand(found["cuts"] == 1, f"the cut is not on record: {found}")


def cut_short(run):
    """A journal that ends before what the views have applied is an older copy."""
    place = Place(run, "short")
    place.work()
    place.stop()
    segment = place.segment()
    good = segment.read_bytes()
    found, end = frames(good)
    at, size = found[-1]
    spoilt = bytearray(good)
    spoilt[at:end] = bytes(end - at)
    segment.write_bytes(spoilt)
    place.fails(code=70)
    segment.write_bytes(good)
    place.hub.start()
    place.check()
    place.stop()


# ---- the views ----

def views_made_again(run):
    """Everything but journal and keys can be made again from them."""
    place = Place(run, "again")
    place.work(4)
    records = place.hub.status()["log"]["records"]
    before = place.hub.ask_all("referral.list", at_least_seq=records)
    place.stop()
    shutil.rmtree(place.hub.data / "views")
    place.hub.start()
    after = place.hub.ask_all("referral.list")

    def stable(rows):
        return [{k: v for k, v in row.items() if k != "due"} for row in rows]

    demand(stable(after) == stable(before), "the views made again are others")
    place.work(2)
    place.check()
    place.stop()


def bad_row(run):
    """One bad byte in a row of the views: named when met, the others stay readable, the row is made
    anew while the hub runs, and nothing that was confirmed is lost."""
    place = Place(run, "row")
    place.work(4)
    rows = place.hub.ask_all("referral.list",
                             at_least_seq=place.hub.status()["log"]["records"])
    place.stop()
    victim = rows[1]
    data = place.hub.data / "views" / "data.mdb"
    image = bytearray(data.read_bytes())
    # Its human number stands in its row; older copies of the page hold it too.
    number = victim["id"].encode()
    hits = [m.start() for m in re.finditer(re.escape(number), image)]
    demand(hits, "the row is not in the file")
    for hit in hits:
        image[hit + len(number) - 1] ^= 0x01
    data.write_bytes(image)
    place.hub.start()
    try:
        place.hub.ask("referral.show", id=victim["referral_id"])
        raise AssertionError("a bad row was shown")
    except Refusal as why:
        demand(why.code == "RH-6103", f"a bad row is answered {why}")
        demand("referral" in why.error["value"], f"the row is not named: {why.error}")
        run.say(f"named: {why.error['value']}")
    for row in rows:
        if row is not victim:
            place.hub.ask("referral.show", id=row["referral_id"])

    def whole():
        listed = place.hub.ask("referral.list")
        demand(all(r["object"] == "referral" or row is victim for r, row in zip(listed, rows)),
               f"listed: {listed}")
        return [r["id"] for r in listed] == [r["id"] for r in rows]

    run.until("the row is made anew", whole, seconds=10)
    status = place.hub.status()
    demand(status["views"]["mended"] > 0 and not status["views"]["damaged"],
           f"status: {status['views']}")
    # Whoever writes to it is served.
    n = place.a.send(82, bytes.fromhex(victim["referral_id"].replace("-", "")), to="petitions.b")
    other = place.a.register("petitions.b")[1][1]

    def served():
        demand(place.hub.process.running(), f"it ended: {place.hub.process.words(3)}")
        return all(place.a.outcome(x) is not None for x in (n, other))

    run.until("both are answered", served, *place.both, seconds=40)
    demand("table 6 (referral)" in place.hub.process.words(20),
           f"it does not say why: {place.hub.process.words(3)}")
    demand(place.a.outcome(other) == 0 and place.a.outcome(n) == 0, "a message was refused")
    demand(place.hub.ask("referral.show", id=victim["referral_id"])[0]["id"] == victim["id"],
           "the row was not made anew")
    place.settle()
    place.check()
    place.stop()


def lmdb_rows(image):
    """Where the values of an LMDB file's last commit lie: {table: [(key, offset, bytes), ...]}, in
    order of keys. Rows on overflow pages are left out. By the layout of LMDB data version 1."""
    def db_at(at):
        return struct.unpack_from("<Q", image, at + 40)[0]  # its root page

    def walk(page, visit):
        if page == 2 ** 64 - 1:
            return
        base = page * BLOCK
        flags, lower = struct.unpack_from("<HH", image, base + 10)
        for i in range((lower - 16) // 2):
            node = base + struct.unpack_from("<H", image, base + 16 + 2 * i)[0]
            low, high, node_flags, key_bytes = struct.unpack_from("<HHHH", image, node)
            if flags & 1:
                walk(low | high << 16 | node_flags << 32, visit)
            else:
                visit(bytes(image[node + 8:node + 8 + key_bytes]), node + 8 + key_bytes,
                      low | high << 16, node_flags)

    newest = max((0, 1), key=lambda page: struct.unpack_from("<Q", image, page * BLOCK + 144)[0])
    tables = {}

    def table(key, at, _bytes, node_flags):
        if node_flags & 2:
            rows = tables.setdefault(key.decode().rstrip("\0"), [])
            walk(db_at(at), lambda row_key, row_at, row_bytes, row_flags: rows.append(
                (row_key, row_at, row_bytes)) if not row_flags & 1 else None)

    walk(db_at(newest * BLOCK + 16 + 24 + 48), table)
    return tables


def bad_rows(run):
    """One flipped bit in a row of each hot table: the hub does not end, makes the row anew from its
    journal, says so, and nothing that was confirmed is lost."""
    hot = {"meta": 0, "stream": 3, "number": 4, "referral": 6, "referral_id": 7, "human": 8,
           "timeline": 10, "wake": 11, "due": 12, "holder": 13, "pair": 15,
           "queue": 16, "queue_ref": 17, "count": 19, "body": 22}
    place = Place(run, "rows")
    place.work(4)
    hub, a, b = place.hub, place.a, place.b
    for name, number in hot.items():
        b.drop()
        for _ in range(2):
            a.register("petitions.b")
        run.until("two wait", a.confirmed, a)
        a.drop()
        hub.stop()
        data = hub.data / "views" / "data.mdb"
        image = bytearray(data.read_bytes())
        rows = lmdb_rows(image)[f"t{number:02}"]
        demand(rows, f"{name} has no rows")
        # What stands in front is what everybody looks at; elsewhere the newest row.
        _, at, size = rows[0] if name in ("wake", "due", "holder", "meta") else rows[-1]
        if name == "count":
            at, size = next(row[1:] for row in rows if row[0] == b"open")
        image[at + run.rng.randrange(size)] ^= 1 << run.rng.randrange(8)
        data.write_bytes(image)
        hub.start()
        for verb in ("referral.list", "deadline.board", "queue.list", "status"):
            try:
                hub.ask(verb)
            except Refusal as why:
                demand(why.code == "RH-6103", f"{name}: {verb} is answered {why}")

        def mended():
            try:
                if hub.status()["views"]["mended"] > 0:
                    return True
                for row in hub.ask("referral.list"):
                    if row["object"] == "referral":
                        hub.ask("referral.show", id=row["id"])
                        hub.ask("referral.timeline", id=row["referral_id"])
            except (Refusal, OSError):
                return False
            return list(hub.data.glob("views.damaged-*"))

        a.ask_all()
        b.ask_all()
        run.until(f"the row of {name} is made anew", mended, a, b, seconds=20)
        demand(hub.process.running(), f"{name}: the hub ended: {hub.process.words(3)}")
        run.until("it says so", lambda: '"views"' in hub.process.words(60), seconds=5)
        aside = list(hub.data.glob("views.damaged-*"))
        run.say(f"{name}: {'all views' if aside else 'the row'} made anew")
        for directory in aside:
            shutil.rmtree(directory)
        place.settle()
        demand(not hub.status()["views"]["damaged"], f"{name}: status says damaged still")
    place.check()
    place.stop()
    if run.has("rhub-audit"):
        hub.audit()


def unread_rows(run):
    """One flipped bit in a row nobody asks for: the hub reads through its views by itself, finds
    it, makes it anew and says so, while nobody is there."""
    place = Place(run, "unread")
    place.work(4)
    place.stop()
    hub = place.hub
    data = hub.data / "views" / "data.mdb"
    for name, number in (("human", 8), ("timeline", 10), ("body", 22)):
        image = bytearray(data.read_bytes())
        rows = lmdb_rows(image)[f"t{number:02}"]
        _, at, size = rows[len(rows) // 2]
        image[at + run.rng.randrange(size)] ^= 1 << run.rng.randrange(8)
        data.write_bytes(image)
        hub.start()
        run.until(f"the row of {name} is made anew", lambda: hub.status()["views"]["mended"] > 0,
                  seconds=40)
        words = hub.process.words(20)
        demand(f"table {number} ({name}" in words, f"{name}: it does not say which: {words}")
        demand(not hub.status()["views"]["damaged"], f"{name}: status says damaged still")
        hub.stop()
    hub.start()
    place.check()
    place.stop()


# ---- full ----

def full_map(run):
    """A full map: BUSY RH-6102, acknowledgements still pass; with a larger one it goes on."""
    place = Place(run, "map", options=["--map-bytes", str(4 << 20)])
    a, b, hub = place.a, place.b, place.hub
    b.react = None
    b.auto_ack = False

    def full():
        if len(a.unconfirmed) < 64 and not a.busies:
            a.register("petitions.b")
        return any(busy[0] == 6102 for busy in a.busies)

    run.until("the map is full", full, a, b, seconds=60)
    demand(hub.status()["intake_held"] or hub.status()["disk"]["map_percent"] >= 80,
           f"status says nothing: {hub.status()}")
    n = b.last_n
    b.auto_ack = True
    run.until("acknowledgements pass", lambda: b.last_n > n and b.confirmed(), a, b)
    stored = a.ledger.one("SELECT count(*) FROM receipts WHERE outcome = 0")
    place.stop()
    hub.options = []
    hub.start()
    run.until("the rest is taken", a.confirmed, a, b, seconds=60)
    run.say(f"full after {stored} messages, {a.last_n} in the end")
    run.until("all arrive", lambda: len(b.got(kind=py.FORWARD)) == a.ledger.one(
        "SELECT count(*) FROM sent WHERE kind = 10"), a, b, seconds=60)
    place.stop()


def full_disk(run):
    """A full disk is met by the next segment, before the hot path: BUSY RH-6101, nothing lost;
    with room again the hub goes on by itself."""
    # In the last one a segment is larger than a frame: when the next is missing already, this one
    # still takes frames, and the views go on growing beside it.
    for at, (megabytes, segment, size) in enumerate(((24, 4, 50000), (27, 4, 500),
                                                     (43, 12, 5000)), 1):
        mount = run.dir / f"small{at}"
        mount.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs",
                               str(mount)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            run.say("full_disk left out: " + done.stderr.strip())
            return
        try:
            fill_disk(run, f"disk{at}", mount, segment, size)
        finally:
            for process in run.processes:
                process.kill()
            subprocess.run(["umount", "-l", str(mount)], check=False)


def fill_disk(run, name, mount, segment, size):
    place = Place(run, name, data=mount / "data",
                  options=["--segment-bytes", str(segment << 20)])
    a, b = place.both
    body = rhwire.pack(["a/b", os.urandom(size)])

    def full():
        if len(a.unconfirmed) < 64 and not a.busies:
            a.register("petitions.b", body=body)
        return any(busy[0] == 6101 for busy in a.busies)

    run.until("the disk is full", full, a, b, seconds=60)
    stored = a.ledger.one("SELECT count(*) FROM receipts")
    demand(place.hub.process.running(), "the hub ended")
    demand(place.hub.status()["held_code"] == "RH-6101", "status says nothing")
    # kill -9 while it is full: nothing confirmed is lost.
    place.hub.kill()
    place.hub.start()
    run.until("busy still", lambda: (a.busies.clear() or a.turn(5)) or
              any(busy[0] == 6101 for busy in a.busies), b)
    subprocess.run(["mount", "-o", "remount,size=256m", str(mount)], check=True)
    place.settle(60)
    place.check()
    place.stop()
    run.say(f"{name}: BUSY RH-6101 after {stored} messages, then all {a.last_n}")


# ---- configuration ----

def unreadable(run):
    """Rules with a mistake: file, line and column, exit 78, before anything is touched. Keys and
    directories that cannot be used: a code and a name each."""
    place = Place(run, "config")
    place.work(1)
    place.stop()
    before = tree_of(place.hub.data / "journal")
    bad_rules(place)
    demand(tree_of(place.hub.data / "journal") == before, "the journal was touched")
    bad_keys(place)
    keys_of_another(run, place)
    another_hub(run, place)
    place.check()
    place.stop()


def bad_rules(place):
    hub = place.hub
    rules = hub.dir / "rules"
    shutil.copytree(hub.rules, rules)
    hub.rules = rules
    file = rules / "procedures" / "xinfang.yaml"
    good = file.read_text()
    for what, bad in (
            ("an unknown unit", good.replace("span: 15 calendar_day", "span: 15 moons", 1)),
            ("an unknown key", good + "nonsense: 1\n"),
            ("no YAML", good.replace("limits:", "limits: [", 1)),
            ("an unknown kind", good.replace("[forward, assign, refer]", "[forward, asign]", 1))):
        file.write_text(bad)
        words = place.fails(r"xinfang\.yaml:\d+:\d+", code=78)
        demand('"error"' in words, f"{what}: {words}")
    file.unlink()
    (rules / "settings.yaml").rename(rules / "settings.gone")
    place.fails("settings|rules", code=78)
    (rules / "settings.gone").rename(rules / "settings.yaml")
    file.write_text(good)


def bad_keys(place):
    hub = place.hub
    key = hub.keys / "sign.key"
    key.chmod(0o644)
    place.fails("sign.key.*chmod 600", code=77)
    key.chmod(0o600)
    content = key.read_bytes()
    key.write_bytes(content.replace(b"sign", b"seal"))
    place.fails("key")
    key.write_bytes(content)
    wrapping = hub.keys / "wrapping.key"
    wrapping.rename(hub.keys / "elsewhere")
    place.fails("wrapping", code=78)
    wrapping.write_bytes(bytes(32))
    wrapping.chmod(0o600)
    place.fails("key table.*wrapping", code=78)
    (hub.keys / "elsewhere").rename(wrapping)
    wrapping.chmod(0o600)
    external = hub.keys / "external.key"
    external.chmod(0o644)
    place.fails("external", code=77)
    external.rename(hub.keys / "elsewhere")
    place.fails("external", code=78)
    (hub.keys / "elsewhere").rename(external)
    external.chmod(0o600)
    # Well-formed, private, and another one: its hashes would find no number of old.
    content = external.read_bytes()
    external.write_bytes(os.urandom(32))
    place.fails("external.key is another one", code=78)
    external.write_bytes(content)


def keys_of_another(run, place):
    """The keys of another hub, and a key table that is not this journal's."""
    hub = place.hub
    run.check([run.program("rhubd"), "init", "--hub", hub.id, "--keys", hub.dir / "strange",
               "--endpoint", "tcp://127.0.0.1:1"])
    for name in ("sign.key", "transport.key"):
        content = (hub.keys / name).read_bytes()
        (hub.keys / name).write_bytes((hub.dir / "strange" / name).read_bytes())
        place.fails(f"{name}.*hub.card", code=78)
        (hub.keys / name).write_bytes(content)
    (hub.data / "keytable").rename(hub.dir / "keytable")
    place.fails("key table.*older than the journal", code=70)
    shutil.rmtree(hub.data / "keytable")
    (hub.dir / "keytable").rename(hub.data / "keytable")


def another_hub(run, place):
    """An endpoint that is none, another hub's name, a second hub on the same data."""
    hub = place.hub
    run.check([*hub.command("run"), "--endpoint", "nonsense"], code=78)
    mine = hub.id
    hub.id = "test.other"
    place.fails("test.other|belongs", code=78)
    hub.id = mine
    hub.start()
    done = subprocess.run([*map(str, hub.command("run")), "--endpoint", "tcp://127.0.0.1:*",
                           "--admin", str(hub.dir / "second.sock")], capture_output=True,
                          text=True, timeout=30, check=False)
    demand(done.returncode != 0, "two hubs run on one directory")


SCENES = [flipped_bits, flipped_earlier, unfinished, cut_and_wrong_rules, cut_short,
          views_made_again, bad_row, bad_rows, unread_rows, full_map, full_disk, unreadable]


def body(run):
    wanted = [name for name in sys.argv[1:] if not os.path.isdir(name)]
    failed = []
    for scene in SCENES:
        if wanted and scene.__name__ not in wanted:
            continue
        try:
            scene(run)
            run.say(f"ok {scene.__name__}")
        except AssertionError as why:
            failed.append(scene.__name__)
            run.say(f"NOT OK {scene.__name__}: {why}")
        for process in run.processes:
            process.kill()
    demand(not failed, f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    sys.exit(harness.main("damage", body))

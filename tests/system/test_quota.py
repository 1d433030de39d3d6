"""One agency floods the hub at many times its quota, another goes on with its work.

The flood comes from processes of its own and ignores every word of when to come again: single
items as fast as they can be signed, then large ones, then frames from somebody who never reads an
answer. It is told BUSY RH-5101 with the time to wait, nothing is consumed, no item is lost; the
memory of door and engine stays bounded; and the latency of the other agency, measured from
submission to receipt before and during the flood, is printed beside each other.

    test_quota.py FOLDER-OF-RHUBD            the test
    test_quota.py --flood STATE              one flooding process; STATE/config.json
"""
import json
import pathlib
import statistics
import subprocess
import sys
import time

import harness
from harness import SLOW, Party, demand
from pyagency import REGISTER, PyAgency
import pyagency
import pyledger
import rhwire

BUNDLES, BYTES = 100, 2 << 20   # a second, of one agency
MEBI = 1 << 20
QUIET_S, FLOOD_S = 2.0, 4.0
ITEMS = {"many": 600, "large": 16}


# ---- the flood ---------------------------------------------------------------------------------

class Rude(PyAgency):
    """Comes again at once, whatever it is told, until it is asked to behave."""

    rude = True

    def busy(self, refusal, retry_ms, first_n):
        super().busy(refusal, retry_ms, first_n)
        self.counts["busy"] += 1
        self.counts[f"busy {refusal}"] += 1
        self.counts["no time"] += not 0 < retry_ms < 60_000
        self.busies.clear()
        if self.rude:
            self.busy_until = 0

    def flush(self):
        before = self.cursor
        super().flush()
        self.counts["sent"] += self.cursor - before


def make(state, config, cls):
    return cls(state, config["agency"], config["card"], config["cards"], bundle=config["bundle"],
               outstanding=256)


def flood(state):
    config = json.loads((state / "config.json").read_text())
    agency = make(state, config, Rude)
    if config["mode"] == "deaf":
        return flood_deaf(agency, config)
    with agency.ledger.change():
        for _ in range(ITEMS[config["mode"]]):
            agency.send(REGISTER, pyagency.uuid7(), b"", bytes(config["bytes"]),
                        procedure="xinfang", category="labour", area="620423", source="visit")
    began = time.monotonic()
    while time.monotonic() < began + config["seconds"]:
        agency.turn(1)
    rude = dict(agency.counts)
    agency.rude = False
    agency.bundle_max, agency.outstanding_max = config["polite"]
    while not agency.confirmed():
        agency.turn(10)
    (state / "result.json").write_text(json.dumps(
        {"seconds": config["seconds"], "items": agency.last_n, "no time": agency.counts["no time"],
         "other busy": agency.counts["busy"] - agency.counts["busy 5101"],
         "sent": rude.get("sent", 0), "busy": rude.get("busy", 0)}))
    agency.close()
    return None


def flood_deaf(agency, config):
    """Frames as fast as the pipe takes them, and never an ear for what is said to them."""
    while agency.state != "live":
        agency.turn(10)
    item = rhwire.item_make(rhwire.pack({1: pyagency.uuid7(), 2: 250}), b"", b"", bytes(32), ())
    frame = rhwire.pack(agency.bundle(1, [item]))
    sent, until = 0, time.monotonic() + config["seconds"]
    agency.pipe.socket.sndtimeo = 100
    while time.monotonic() < until:
        try:
            agency.pipe.socket.send(frame)
            sent += 1
        except pyagency.zmq.Again:
            pass
    (agency.state_dir / "result.json").write_text(json.dumps({"sent": sent}))


class Flood:
    """A flooding process, as its parent sees it."""

    def __init__(self, run, hub, agency, mode, size=0, bundle=1):
        self.run, self.mode, self.dir = run, mode, run.dir / agency
        self.dir.mkdir()
        party = Party.make(agency)
        party.save(self.dir / "keys.json")
        hub.enrol(party)
        (self.dir / "config.json").write_text(json.dumps(
            {"agency": agency, "card": str(hub.card), "cards": str(hub.cards), "mode": mode,
             "bytes": size, "bundle": bundle, "polite": (2, 4) if size > 10_000 else (64, 64),
             "seconds": FLOOD_S}))
        self.process = harness.Process(
            run, agency, ["/usr/bin/python3", pathlib.Path(__file__).resolve(), "--flood",
                          self.dir], stdin=subprocess.DEVNULL,
            env={"PYTHONDONTWRITEBYTECODE": "1"})

    def result(self):
        code = self.process.wait(90)
        demand(code == 0, f"{self.mode} ended with {code}:\n{self.process.words()}")
        return json.loads((self.dir / "result.json").read_text())


# ---- the others --------------------------------------------------------------------------------

def anonymous_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def is_sanitized(hub):
    """A sanitizer keeps what was freed; its memory says nothing."""
    return "asan" in pathlib.Path(f"/proc/{hub.process.pid}/maps").read_text()


class Watch:
    """Memory of the door and of the engine, the most seen."""

    def __init__(self, hub):
        self.hub, self.most = hub, {"engine": 0, "door": 0}

    def look(self):
        doors = self.hub.door()
        demand(len(doors) == 1, f"{len(doors)} doors")
        for name, pid in (("engine", self.hub.process.pid), ("door", doors[0])):
            self.most[name] = max(self.most[name], anonymous_bytes(pid))
        return dict(self.most)


def work(agency, watch, seconds=None, flooding=None):
    """One referral after the other, each waited for: milliseconds from submission to receipt."""
    taken, until = [], time.monotonic() + (seconds or 90)
    while time.monotonic() < until and (flooding is None or flooding.process.running()):
        began = time.monotonic()
        agency.register()
        agency.turn(0)
        while not agency.confirmed():
            agency.turn(20)
            demand(time.monotonic() < began + 20 * SLOW, "no receipt within 20 s")
        taken.append((time.monotonic() - began) * 1000)
        watch.look()
        agency.turn(10)
    return taken


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def compare(run, name, quiet, busy):
    p50, p99 = statistics.median(busy), percentile(busy, 0.99)
    q50, q99 = statistics.median(quiet), percentile(quiet, 0.99)
    run.say(f"{name:5}: the other agency, {len(busy)} receipts: p50 {p50:.1f} ms ({p50 / q50:.1f} "
            f"times the quiet {q50:.1f}), p99 {p99:.1f} ms ({p99 / q99:.1f} times {q99:.1f})")
    demand(p99 < 3000 * SLOW and len(busy) >= 5, "the other agency stands still")


def kept(run, hub, name, result, before):
    """Each number once, none lost, nothing taken that was not confirmed."""
    path = run.dir / name / "ledger.db"
    ledger = pyledger.Ledger(path)
    rows = ledger.all("SELECT n, outcome, idx FROM receipts ORDER BY n")
    demand([row[0] for row in rows] == list(range(1, result["items"] + 1)), "dense, none lost")
    demand(all(row[1] == 0 for row in rows), "each of them stored")
    demand(len({row[2] for row in rows}) == len(rows), "each of them once")
    ledger.close()
    demand(hub.ask("agency.show", id=name)[0]["next_n"] == result["items"] + 1, "next n")
    stored = hub.status()["referrals"] - before
    demand(stored == result["items"], f"{stored} matters of {result['items']}")


def body(run):
    hub = run.hub(options=["--bundles-per-second", BUNDLES, "--bytes-per-second", BYTES]).start()
    desk = run.agency(hub, "petitions.620423")
    watch = Watch(hub)
    run.until("the desk is there", lambda: desk.state == "live", desk)
    quiet = work(desk, watch, QUIET_S)
    memory = watch.look()
    floods = (("petitions.620401", "many", 40, 1), ("petitions.620402", "large", 250_000, 2),
              ("petitions.620403", "deaf", 0, 1))
    for agency, mode, size, bundle in floods:
        settled = hub.status()["referrals"]
        mine = desk.last_n
        flooding = Flood(run, hub, agency, mode, size, bundle)
        busy = work(desk, watch, flooding=flooding)
        result = flooding.result()
        run.until("the desk has its receipts", desk.confirmed, desk)
        if mode != "deaf":
            run.say(f"{mode:5}: {result['sent']} items sent in {result['seconds']:.0f} s, "
                    f"{result['busy']} times BUSY, {result['items']} items, all stored once")
            demand(result["busy"] > 10 and result["other busy"] == 0, f"BUSY RH-5101: {result}")
            demand(result["no time"] == 0, "each with a time to wait")
            run.until("views", lambda w=settled, m=mine, i=result["items"]: hub.status()[
                "referrals"] >= w + (desk.last_n - m) + i)
            kept(run, hub, agency, result, settled + desk.last_n - mine)
        else:
            run.say(f"{mode:5}: {result['sent']} frames sent, no answer read")
        compare(run, mode, quiet, busy)
    demand(not desk.busies, f"the other agency was told BUSY: {desk.busies[:3]}")
    most = watch.look()
    run.say("memory: " + ", ".join(f"{name} {memory[name] / MEBI:.1f} MiB before, at most "
                                   f"{most[name] / MEBI:.1f} MiB" for name in most))
    for name in () if is_sanitized(hub) else most:
        demand(most[name] - memory[name] < 96 * MEBI, f"{name} has grown by "
               f"{(most[name] - memory[name]) / MEBI:.0f} MiB")
    hub.stop()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--flood"]:
        flood(pathlib.Path(sys.argv[2]))
    else:
        harness.main("quota", body)

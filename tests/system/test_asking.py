"""Asking an agent: nobody waits for another, and what was broken off goes on.

    while a long import runs and while a send waits for a hub that is not there, `due`, `inbox`
        and `status` are answered within a moment
    an import that its operator breaks off is named so, and asking again goes on with it: the
        figures are those of the whole table, the hub has each row once
    an import is not begun twice at a time
    askers who say nothing lock nobody out of the agent's socket
"""
import json
import signal
import socket
import subprocess
import sys
import threading
import time

import harness
from harness import ROOT, demand
from test_import import MAPS, Town

ROWS = 6000
MOMENT_S = 3 # much less than any of the waits, also on a loaded machine


def quick(desk, when):
    for verb in ("due", "inbox", "outbox", "status"):
        began = time.monotonic()
        desk.ask(verb, seconds=30)
        took = time.monotonic() - began
        demand(took < MOMENT_S, f"{verb} took {took:.1f} s {when}")


def importer(town, table, lang="en"):
    return subprocess.Popen(
        [town.run.program("rhub-agent"), "import", "--state", town.desk.dir / "state", "--lang",
         lang, "--map", MAPS / "nyc311.yaml", table],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def job(town):
    return town.desk.ask("imports")[-1]


def long_import(town):
    run, desk = town.run, town.desk
    table = run.dir / "long.csv"
    head = "unique_key,created_date,closed_date,agency,complaint_type,descriptor\n"
    table.write_text(head + "".join(
        f"{n},2023-12-10T12:00:00.000,,{'NYPD' if n % 100 == 0 else 'DOT'},noise,x\n"
        for n in range(ROWS)))
    first = importer(town, table)
    run.until("the import is under way", lambda: desk.ask("imports") and
              job(town)["rows"] > ROWS // 20, seconds=60)
    quick(desk, "during an import")
    demand(job(town)["state"] == "running", f"{job(town)}")
    try:
        desk.ask("import", file=str(table), map=str(MAPS / "nyc311.yaml"))
        raise harness.Violation("the same import was begun twice at a time")
    except harness.Refusal as refusal:
        demand(refusal.code == "RH-9107", f"{refusal}")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    run.until("it is broken off", lambda: job(town)["state"] == "broken_off")
    before = job(town)
    demand(0 < before["rows"] < ROWS and before["bytes"] < before["bytes_total"], f"{before}")
    second = importer(town, table)
    shown, errors = second.communicate(timeout=250)
    demand(second.returncode == 0, errors)
    demand(f"rows: {ROWS}; registered: {ROWS} (sent on: {ROWS // 100}," in shown, shown)
    demand(f"{before['new']} of the registered ones were taken in before" in shown,
           f"{before}: {shown}")
    after = job(town)
    demand(after["id"] == before["id"] and after["state"] == "done" and
           after["new"] == ROWS and after["bytes"] == after["bytes_total"], f"{after}")
    run.until("all is with the hub", town.settled, seconds=200)
    demand(town.hub.status()["referrals"] == ROWS, "each row is there once")
    third = importer(town, table, lang="zh")
    shown, _ = third.communicate(timeout=250)
    demand(f"{ROWS}" in shown and third.returncode == 0, shown)
    demand(job(town)["id"] == before["id"] + 1 and job(town)["new"] == 0, f"{job(town)}")
    run.say(f"an import of {ROWS} rows, broken off at {before['rows']}, went on; others asked")


def waiting_send(town):
    """Without its hub an agent still serves, and who waits gets his answer when it is back."""
    run, desk = town.run, town.desk
    town.hub.kill()
    run.until("the desk knows", lambda: not desk.ask("status")[0]["online"], seconds=60)
    answers = []

    def send():
        answers.append(desk.ask("send", wait="stored", wait_s=60, message={
            "kind": "register", "procedure": "xinfang", "category": "unscreened"}))

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    run.until("they wait", lambda: desk.ask("status")[0]["outbox"] == 3)
    quick(desk, "while others wait for the hub")
    demand(not answers, f"{answers}")
    town.hub.start()
    for thread in threads:
        thread.join(90)
    demand([one[0]["result"] for one in answers] == ["stored"] * 3, f"{answers}")
    began = time.monotonic()
    town.hub.kill()
    answer = desk.ask("send", wait="stored", wait_s=1, message={
        "kind": "register", "procedure": "xinfang", "category": "unscreened"})[0]
    demand(answer["result"] == "waiting" and time.monotonic() - began < 30, f"{answer}")
    town.hub.start()
    run.say("sends wait for the hub, others are served")


def silent_askers(town):
    silent = []
    for _ in range(80):
        one = socket.socket(socket.AF_UNIX)
        one.connect(str(town.desk.socket))
        silent.append(one)
    try:
        def served():
            try:
                return bool(town.desk.ask("status", seconds=5))
            except (harness.Refusal, OSError):
                return False
        town.run.until("there is room", served)
    finally:
        for one in silent:
            one.close()


def reasons(town):
    """What is wrong is said in both languages."""
    for verb, args in (("show", {"id": "R-1999-000001"}), ("due", {"limit": "many"}),
                       ("inbox", {"state": "lost"}), ("send", {}), ("nothing", {}),
                       ("act", {"kind": "sign", "id": "R-1999-000001"})):
        try:
            town.desk.ask(verb, **args)
            raise harness.Violation(f"{verb} {args} was answered")
        except harness.Refusal as refusal:
            error = refusal.error
            demand(error["detail"] and error["detail"].isascii(), json.dumps(error))
            demand(error["detail_zh"] and not error["detail_zh"].isascii(), json.dumps(error))


def body(run):
    demand((ROOT / "agents").is_dir(), "run from a checkout")
    town = Town(run)
    reasons(town)
    silent_askers(town)
    long_import(town)
    waiting_send(town)


if __name__ == "__main__":
    sys.exit(harness.main("asking", body))

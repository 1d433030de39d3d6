"""rhub as people and scripts use it: a real hub, pipes, a terminal, signals.

    test_cli.py BIN_DIR
"""
import json
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import unicodedata

import hubkit


class Shell:
    """Runs rhub against one hub."""

    def __init__(self, programs, home, socket):
        self.rhub = str(pathlib.Path(programs) / "rhub")
        self.home = home
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "RHUB_LANG": "en",
                            "TERM": "xterm", "RHUB_HUB": str(socket)}

    def run(self, *words, code=0, **environment):
        """Without a terminal anywhere. Standard output; the exit code must be `code`."""
        done = subprocess.run([self.rhub, *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=hubkit.PATIENCE_S,
                              env=self.environment | environment, check=False)
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        assert "\x1b" not in done.stdout + done.stderr, (words, "an escape without a terminal")
        self.errors = done.stderr
        return done.stdout

    def code(self, *words):
        return subprocess.run([self.rhub, *words], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=hubkit.PATIENCE_S,
                              env=self.environment, check=False).returncode

    def rows(self, *words):
        return json.loads(self.run(*words, "-o", "json"))

    def at_terminal(self, typed, *words):
        """The same on a terminal: (exit code, everything shown)."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(self.rhub, [self.rhub, *words], self.environment)
        shown = b""
        end = time.monotonic() + hubkit.PATIENCE_S
        for line in typed:
            shown += self.read(terminal, end, until=b": ", or_else=b"[y/N] ")
            os.write(terminal, line.encode() + b"\n")
        shown += self.read(terminal, end)
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    @staticmethod
    def read(terminal, end, until=None, or_else=None):
        """What is shown until a question, or until the program is gone."""
        shown = b""
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(terminal, 4096)
            except OSError: # how a terminal says that nobody is there any more
                return shown
            if not piece:
                return shown
            shown += piece
            if until and (shown.endswith(until) or shown.endswith(or_else)):
                return shown
        raise AssertionError(f"waited in vain; shown so far: {shown!r}")


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def check_a_hub_is_found(shell):
    assert "OK" in shell.run("check", "ping")
    assert shell.rows("status")[0]["hub"] == hubkit.HUB
    assert shell.run("status").startswith(f"hub {hubkit.HUB}   in order")
    assert "枢纽" in shell.run("status", RHUB_LANG="zh")
    assert "枢纽" in shell.run("status", "--lang", "zh")


def check_enrolment_by_hand(shell):
    keys = str(shell.home / "agency")
    shell.run("key", "gen", "--agency", "court.620423", "--out", keys)
    for file in pathlib.Path(keys).glob("*.key"):
        assert file.stat().st_mode & 0o777 == 0o600, file
    shell.run("agency", "enrol", "court.620423", "--card", keys + "/court.620423.pub",
              "--name", "景泰县人民法院")
    shell.run("key", "gen", "--agency", "police.620423", "--out", keys)
    shell.run("agency", "enrol", "police.620423", "--card", keys + "/police.620423.pub",
              "--name", "景泰县公安局")
    card = shell.rows("key", "fingerprint", keys + "/court.620423.pub")[0]
    assert shell.rows("agency", "show", "court.620423")[0]["fingerprint"] == card["fingerprint"]


def check_a_table_is_aligned(shell):
    lines = shell.run("agency", "list", "--lang", "zh").splitlines()
    at = columns(lines[0][:lines[0].index("状态")])
    for line in lines[1:]:
        assert columns(line[:line.index("正常")]) == at, lines


def check_scripts_are_never_asked(shell):
    shell.run("agency", "revoke", "police.620423", "--reason", "x", code=64)
    assert "--yes" in shell.errors
    shell.run("agency", "suspend", "police.620423", "--yes", code=64)
    assert "--reason" in shell.errors
    shell.run("agency", "suspend", "police.620423", "--yes", "--reason", "copied spool")
    shell.run("agency", "resume", "police.620423", "--reason", "copy removed")


def check_people_are_asked(shell):
    code, shown = shell.at_terminal(["key stolen", "n"], "agency", "revoke", "police.620423")
    assert code == 1 and "nothing was changed" in shown, (code, shown)
    assert shell.rows("agency", "show", "police.620423")[0]["state"] == "active"
    code, shown = shell.at_terminal(["key stolen", "y"], "agency", "revoke", "police.620423")
    assert code == 0, (code, shown)
    assert shell.rows("agency", "show", "police.620423")[0]["state"] == "revoked"
    assert "2 rows" in shell.at_terminal([], "agency", "list")[1]


def check_trouble_has_its_own_exit(shell, hub):
    shell.run("status", "-H", str(shell.home / "nobody.sock"), code=69)
    assert "RH-5105" in shell.errors
    (shell.home / "plain").write_text("")
    shell.run("status", "-H", str(shell.home / "plain"), code=69)
    shell.run("agency", "show", "court.999999", code=76)
    assert "RH-7101" in shell.errors
    shell.run("key", "fingerprint", "/etc/passwd", code=65)
    assert "NAME.pub" in shell.errors, shell.errors
    shell.run("referral", "show", "R-1999-000001", code=65)
    shell.run("refferal", "list", code=64)
    assert "referral" in shell.errors
    hub.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        shell.run("status", "-t", "1", code=124)
        assert time.monotonic() - began < 5
    finally:
        hub.process.send_signal(signal.SIGCONT)
    shell.run("status")


def check_silence_locks_nobody_out(shell):
    silent = []
    for _ in range(70):
        silent.append(socket.socket(socket.AF_UNIX))
        silent[-1].connect(shell.environment["RHUB_HUB"])
    try: # a second of silence is enough to have to make room
        hubkit.wait_until(lambda: shell.code("status") == 0, "the hub's socket is locked")
    finally:
        for one in silent:
            one.close()


def check_a_broken_answer_is_not_an_absent_hub(shell):
    path = str(shell.home / "rude.sock")
    with socket.socket(socket.AF_UNIX) as rude:
        rude.bind(path)
        rude.listen(1)
        for words in (b"", b'{"row":{"object":"status","v":1}}\n'):
            def answer(said=words):
                line, _ = rude.accept()
                line.recv(65536)
                line.sendall(said)
                line.close()
            thread = threading.Thread(target=answer)
            thread.start()
            shell.run("status", "-H", path, code=75)
            thread.join()
            assert "RH-5107" in shell.errors, shell.errors
    shell.run("status", "-H", path, code=69)
    assert "RH-5105" in shell.errors, shell.errors


def check_watching(shell):
    with subprocess.Popen([shell.rhub, "agency", "list", "--watch=1", "-o", "jsonl"],
                          stdout=subprocess.PIPE, env=shell.environment, text=True) as watch:
        first = [json.loads(watch.stdout.readline()) for _ in range(2)]
        assert {row["id"] for row in first} == {"court.620423", "police.620423"}
        shell.run("agency", "suspend", "court.620423", "--yes", "--reason", "to be seen")
        changed = json.loads(watch.stdout.readline())
        assert (changed["id"], changed["state"]) == ("court.620423", "suspended"), changed
        watch.send_signal(signal.SIGINT)
        assert watch.wait(hubkit.PATIENCE_S) in (-signal.SIGINT, 130)


def check_outside_programs(shell):
    tools = shell.home / "tools"
    tools.mkdir()
    for name in ("rhub-hello", "story"):
        (tools / name).write_text('#!/bin/sh\necho "$@"\nexit 7\n')
        (tools / name).chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    assert shell.run("hello", "--fast", "x", code=7, PATH=path) == "--fast x\n"
    assert shell.run("demo", "--fast", code=7, RHUB_DEMO=str(tools / "story")) == "--fast\n"
    shell.run("../tools/story", code=64, PATH=path)


def check_a_closed_pipe_is_no_crash(shell):
    done = subprocess.run(f"'{shell.rhub}' help | head -n 1", shell=True, text=True,
                          capture_output=True, env=shell.environment, check=False)
    assert done.stdout.startswith("rhub NOUN"), done
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([shell.rhub, "help"], stdout=full, env=shell.environment,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 74, done


def check_stopping(shell, hub):
    shell.run("stop", code=64)
    shell.run("stop", "--yes")
    assert hub.process.wait(hubkit.PATIENCE_S) == 0
    shell.run("status", code=69)


def main():
    programs = pathlib.Path(sys.argv[1])
    hub = hubkit.Hub(programs / "rhubd")
    try:
        hub.start()
        shell = Shell(programs, hub.home, hub.home / "data" / "admin.sock")
        check_a_hub_is_found(shell)
        check_enrolment_by_hand(shell)
        check_a_table_is_aligned(shell)
        check_scripts_are_never_asked(shell)
        check_people_are_asked(shell)
        check_trouble_has_its_own_exit(shell, hub)
        check_silence_locks_nobody_out(shell)
        check_a_broken_answer_is_not_an_absent_hub(shell)
        check_watching(shell)
        check_outside_programs(shell)
        check_a_closed_pipe_is_no_crash(shell)
        check_stopping(shell, hub)
        hub.process = None
    finally:
        hub.close()
    print("ok")


if __name__ == "__main__":
    main()

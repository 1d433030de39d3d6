"""What every system test needs: a place, free ports, processes that end with the test, waiting
for conditions with a limit, and a running hub to ask.

    with harness.Run("kill") as run:
        hub = run.hub()
        a = run.agency("petitions.a")            a PyAgency, driven by run.until
        b = run.process("petitions.b", ...)      the same in a process that can be killed
        c = run.agent("procuratorate.c", ...)    a real rhub-agent

Environment: RHT_BIN the folder of rhubd (else the first argument of the test, else build/dev/bin),
RHT_SEED the seed (printed), RHT_KEEP=1 leaves everything in place, RHT_SLOW a factor for every
time limit (sanitizers, loaded machines).
"""
import atexit
import contextlib
import ctypes
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "interop"))
sys.path.insert(0, str(ROOT / "tests" / "system"))
# Rules stand in the source tree, or beside the stories where those are installed.
RULES = next((place for place in (ROOT / "protocol" / "rules", ROOT.parent / "rules")
              if place.is_dir()), None)
import pyledger  # noqa: E402
from pyagency import PyAgency  # noqa: E402
from pypipe import Party, Violation, demand  # noqa: E402

SLOW = float(os.environ.get("RHT_SLOW", "1"))
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Refusal(Exception):
    """An `error` line of a local socket; `code` is RH-dddd."""

    def __init__(self, error):
        super().__init__(f"{error.get('code')} {error.get('title')} {error.get('detail')}")
        self.code, self.error = error.get("code"), error


class Skip(Exception):
    """What the test needs is not there."""


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def free_port():
    """Below the ports the system gives to callers: one of those could be taken by a client that
    looks for a hub which is just being started again, and even connect to itself."""
    while True:
        with socket.socket() as s, contextlib.suppress(OSError):
            port = random.SystemRandom().randrange(12000, 32000)
            s.bind(("127.0.0.1", port))
            return port


def alive(pid):
    """Running, and not a zombie waiting to be reaped."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def children(pid):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(stat[1]) == pid and stat[0] not in "ZX":
                found.append(int(entry.name))
    return found


def ask(path, verb, args=None, seconds=10):
    """One request on a local socket: (rows, end). Raises Refusal, or OSError when nobody is
    there or the answer is incomplete."""
    request = {"v": 1, "verb": verb, "args": args or {}, "operator": "test"}
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(seconds * SLOW)
        s.connect(str(path))
        s.sendall(json.dumps(request).encode() + b"\n")
        rows, buffer = [], b""
        while True:
            data = s.recv(65536)
            if not data:
                raise ConnectionError(f"{verb}: the answer is incomplete")
            buffer += data
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                said = json.loads(line)
                if "row" in said:
                    rows.append(said["row"])
                elif "end" in said:
                    return rows, said["end"]
                else:
                    raise Refusal(said["error"])


class Process:
    """A child of this test with its words in a file. Ended by its id and by nothing else."""

    def __init__(self, run, name, command, *, stdin=None, env=None, preexec=None):
        self.run, self.name, self.command = run, name, [str(c) for c in command]
        self.log = run.dir / f"{name}.log"

        def begin():
            end_with_parent()
            if preexec is not None:
                preexec()

        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(
                self.command, stdin=stdin or subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(env or {})}, preexec_fn=begin)
        self.pid = self.popen.pid
        run.processes.append(self)

    def running(self):
        return self.popen.poll() is None

    def kill(self):
        if self.running():
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()

    def end(self, seconds=15):
        if self.running():
            self.popen.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds=15):
        try:
            return self.popen.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Violation(f"{self.name} does not end within {seconds} s") from None

    def say(self, line):
        with contextlib.suppress(BrokenPipeError):
            self.popen.stdin.write(line.encode() + b"\n")
            self.popen.stdin.flush()

    def words(self, last=20):
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-last:])
        return ""


class Hub:
    """One rhubd with keys and data of its own, on a port of its own."""

    def __init__(self, run, name, *, hub_id=None, test_clock=False, rules=None, options=(),
                 data=None):
        self.run, self.name = run, name
        self.id = hub_id or f"test.{name}"
        self.dir = run.dir / name
        self.keys, self.data = self.dir / "keys", pathlib.Path(data or self.dir / "data")
        self.rules = pathlib.Path(rules or RULES)
        self.cards = run.dir / "cards"
        self.cards.mkdir(exist_ok=True)
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.admin = self.dir / "admin.sock"
        self.options = list(options) + (["--test-clock"] if test_clock else [])
        self.process = None
        self.starts = 0
        self.dir.mkdir()
        run.check([run.program("rhubd"), "init", "--hub", self.id, "--keys", self.keys,
                   "--endpoint", self.endpoint])
        self.card = self.keys / "hub.card"

    def command(self, verb):
        return [self.run.program("rhubd"), verb, "--hub", self.id, "--keys", self.keys,
                "--data", self.data, "--rules", self.rules]

    def launch(self, *, preexec=None, env=None):
        """Start without waiting."""
        self.starts += 1
        self.process = Process(
            self.run, self.name, self.command("run") + ["--endpoint", self.endpoint, "--admin",
                                                        self.admin, *self.options],
            preexec=preexec, env=env)
        return self

    def start(self, seconds=20, **how):
        self.launch(**how)
        self.run.until(f"{self.name} answers", self.answers, seconds=seconds)
        return self

    def answers(self):
        demand(self.process.running(),
               f"{self.name} ended with {self.process.popen.returncode}:\n{self.process.words()}")
        try:
            rows, _ = ask(self.admin, "ping", seconds=5)
        except (OSError, Refusal):
            return False
        return rows[0]["pid"] == self.process.pid

    def ask(self, verb, **args):
        return ask(self.admin, verb, args)[0]

    def ask_all(self, verb, **args):
        """Every page."""
        rows, end = ask(self.admin, verb, {**args, "limit": 1000})
        while end.get("cursor"):
            more, end = ask(self.admin, verb, {**args, "limit": 1000, "cursor": end["cursor"]})
            rows += more
        return rows

    def status(self):
        return self.ask("status")[0]

    def enrol(self, party, **more):
        """Enrol an agency by its card, and publish the card to the others."""
        (self.cards / f"{party.agency}.pub").write_text(party.card())
        more.setdefault("name_zh", party.agency)
        more.setdefault("name_en", party.agency)
        return self.ask("agency.enrol", id=party.agency, card=party.card(), **more)[0]

    def door(self):
        """Process ids of its door: one, or none while it is being replaced."""
        return children(self.process.pid)

    def kill(self):
        """kill -9. The door must see that its parent is gone and go by itself."""
        doors = self.door()
        self.process.kill()
        self.run.until("the door follows its hub", lambda: not any(map(alive, doors)),
                       seconds=10)

    def kill_door(self):
        for pid in self.door():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self):
        """As an operator stops it."""
        doors = self.door()
        with contextlib.suppress(OSError):
            ask(self.admin, "stop")
        code = self.process.wait()
        demand(code == 0, f"{self.name} ended with {code}:\n{self.process.words()}")
        self.run.until("the door follows its hub", lambda: not any(map(alive, doors)),
                       seconds=10)

    def audit(self, *more, code=0):
        """What an auditor finds in its directory, with public cards alone. The hub must not be
        running."""
        return self.run.check(
            [self.run.program("rhub-audit"), "verify", self.data, "--hub-card", self.card,
             "--agencies", self.cards, *more], code=code, seconds=600)

    def recover(self, reason):
        """A new generation; its id."""
        done = self.run.check(self.command("recover") + ["--reason", reason])
        return done.stdout.strip()


class Agent:
    """A real rhub-agent: keys, spool, exchange folder, socket."""

    def __init__(self, run, hub, agency, profile="petitions", *, name=None, options=()):
        self.run, self.hub, self.agency = run, hub, agency
        self.dir = run.dir / (name or agency)
        self.keys, self.state = self.dir / "keys", self.dir / "state"
        self.exchange, self.profile, self.options = self.dir / "ex", profile, list(options)
        self.socket = self.state / "agent.sock"
        self.process = None
        self.dir.mkdir()
        run.check([run.program("rhub-agent"), "init", "--agency", agency, "--keys", self.keys,
                   "--state", self.state, "--exchange", self.exchange])
        card = (self.keys / f"{agency}.pub").read_text()
        (hub.cards / f"{agency}.pub").write_text(card)
        hub.ask("agency.enrol", id=agency, card=card, name_zh=agency, name_en=agency)

    def launch(self):
        profile = [] if self.profile is None else [
            "--profile", ROOT / "agents" / self.profile / "profile.yaml"
            if (ROOT / "agents" / self.profile / "profile.yaml").exists() else self.profile]
        self.process = Process(
            self.run, self.agency,
            [self.run.program("rhub-agent"), "run", "--agency", self.agency, "--keys", self.keys,
             "--hub-card", self.hub.card, "--state", self.state, "--agencies", self.hub.cards,
             "--exchange", self.exchange, "--retry-ms", "300", *profile, *self.options])
        return self

    def start(self, seconds=20):
        self.launch()
        self.run.until(f"{self.agency} answers", self.answers, seconds=seconds)
        return self

    def answers(self):
        self.check()
        with contextlib.suppress(OSError, Refusal):
            self.ask("status")
            return True
        return False

    def online(self):
        with contextlib.suppress(OSError, Refusal):
            return self.ask("status")[0]["online"]
        return False

    def ask(self, verb, **args):
        return ask(self.socket, verb, args)[0]

    def check(self):
        demand(self.process.running(), f"{self.agency} ended with "
               f"{self.process.popen.returncode}:\n{self.process.words()}")

    def kill(self):
        self.process.kill()
        self.run.processes.remove(self.process)

    def stop(self):
        code = self.process.end()
        demand(code == 0, f"{self.agency} ended with {code}:\n{self.process.words()}")
        self.run.processes.remove(self.process)


class Run:
    """One test: its folder, its processes, its seed."""

    def __init__(self, name):
        self.name = name
        self.seed = int(os.environ.get("RHT_SEED") or random.SystemRandom().getrandbits(31))
        self.rng = random.Random(self.seed)
        self.processes, self.agencies = [], []
        self.began = time.monotonic()
        place = os.environ.get("TMPDIR", "/tmp")
        if len(place) > 60:
            place = "/tmp"  # the path of a socket has 107 bytes
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"rht-{name}.", dir=place))
        self.bin = pathlib.Path(os.environ.get("RHT_BIN") or
                                next((a for a in sys.argv[1:] if os.path.isdir(a)),
                                     ROOT / "build" / "dev" / "bin")).resolve()
        atexit.register(self.end)

    def __enter__(self):
        self.say(f"seed {self.seed}, in {self.dir}")
        return self

    def __exit__(self, kind, error, trace):
        failed = error is not None and not isinstance(error, Skip)
        if failed:
            last = {process.name: process for process in self.processes}
            for process in list(last.values())[-6:]:
                print(f"---- last words of {process.name} ({process.log})\n{process.words()}",
                      flush=True)
        self.end()
        if failed:
            self.say(f"FAILED after {self.seconds():.1f} s; {self.dir} is left as it is. Again:")
            self.say(f"  RHT_SEED={self.seed} /usr/bin/python3 {pathlib.Path(sys.argv[0])} "
                     f"{self.bin}")
        elif os.environ.get("RHT_KEEP"):
            self.say(f"left in {self.dir}")
        else:
            self.remove()

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)

    def sanitizers(self):
        """What a sanitizer said is a failure even where everything else went well."""
        for log in {process.log for process in self.processes} | set(self.dir.glob("*.log")):
            with contextlib.suppress(OSError):
                text = log.read_text(errors="replace")
                demand("Sanitizer" not in text and "runtime error:" not in text,
                       f"{log} has a sanitizer's report:\n{text[-3000:]}")

    def end(self):
        for agency in self.agencies:
            with contextlib.suppress(Exception):
                agency.drop()
        for process in self.processes:
            if process.running():
                process.kill()

    def seconds(self):
        return time.monotonic() - self.began

    def say(self, text):
        print(f"[{self.seconds():6.1f}] {self.name}: {text}", flush=True)

    def program(self, name):
        path = self.bin / name
        if not path.exists():
            raise Skip(f"{path} is not built")
        return path

    def has(self, name):
        return (self.bin / name).exists()

    def check(self, command, *, code=0, seconds=60, env=None):
        """Run to its end; the exit code must be the one expected."""
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True,
                              timeout=seconds * SLOW, stdin=subprocess.DEVNULL,
                              env={**os.environ, **(env or {})}, check=False)
        demand(done.returncode == code,
               f"{' '.join(map(str, command))}\nended with {done.returncode}, wanted {code}:\n"
               f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done

    def until(self, what, condition, *agencies, seconds=20):
        """Drive the agencies until the condition holds."""
        end = time.monotonic() + seconds * SLOW
        pause = 0.002
        while not condition():
            demand(time.monotonic() < end, f"not within {seconds} s: {what}")
            for agency in agencies:
                agency.turn(0)
            if agencies:
                agencies[0].turn(10)
            else:
                time.sleep(pause)
                pause = min(pause * 1.5, 0.05)

    def hub(self, name="hub", **how):
        return Hub(self, name, **how)

    def agency(self, hub, agency, *, enrol=True, name=None, **how):
        """A PyAgency in this process, enrolled."""
        how.setdefault("rng", random.Random(self.rng.random()))
        made = PyAgency(self.dir / (name or agency), agency, hub.card, hub.cards, **how)
        if enrol:
            hub.enrol(made.party)
        self.agencies.append(made)
        return made

    def agent(self, hub, agency, profile="petitions", **how):
        """A real rhub-agent, enrolled, not started yet."""
        return Agent(self, hub, agency, profile, **how)

    def process(self, hub, agency, peers, rate, **more):
        """A PyAgency in a process of its own, not started yet."""
        return AgencyProcess(self, hub, agency, peers, rate, **more)


class AgencyProcess:
    """A PyAgency that can be killed. Its ledger is open for reading at any time."""

    def __init__(self, run, hub, agency, peers, rate, **more):
        self.run, self.agency = run, agency
        self.dir = run.dir / agency
        self.dir.mkdir()
        self.party = Party.make(agency)
        self.party.save(self.dir / "keys.json")
        hub.enrol(self.party)
        self.config = {"agency": agency, "hub_card": str(hub.card), "cards": str(hub.cards),
                       "peers": peers, "rate": rate, "seed": run.rng.getrandbits(31), **more}
        (self.dir / "config.json").write_text(json.dumps(self.config))
        self.process = None
        self.ledger = pyledger.Ledger(self.dir / "ledger.db")

    def start(self, load):
        self.config["on"] = load
        self.config["seed"] += 1
        (self.dir / "config.json").write_text(json.dumps(self.config))
        self.process = Process(self.run, self.agency,
                               ["/usr/bin/python3", ROOT / "tests/system/pyagency.py", self.dir],
                               stdin=subprocess.PIPE, env={"PYTHONDONTWRITEBYTECODE": "1"})

    def kill(self):
        self.process.kill()
        self.process.popen.stdin.close()
        self.run.processes.remove(self.process)

    def say(self, line):
        self.process.say(line)

    def check(self):
        demand(self.process.running(), f"{self.agency} ended with "
               f"{self.process.popen.returncode}:\n{self.process.words()}")


def main(name, body):
    """Run one test and end with what ctest expects: 0, 1, or 77 for a skip."""
    try:
        with Run(name) as run:
            body(run)
            run.sanitizers()
            run.say("passed")
    except Skip as why:
        print(f"{name}: skipped, {why}")
        sys.exit(77)

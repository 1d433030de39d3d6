"""A real hub and clients written from the specification, for tests of whole processes.

Everything waits for a condition with a deadline. Frames, items and proofs are made and checked
by tests/interop/rhwire.py, which shares no line with the hub.
"""
import base64
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import nacl.bindings
import zmq
import zmq.utils.z85  # noqa: F401

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "interop"))
import rhwire as wire  # noqa: E402

HUB = "test.demo"
PATIENCE_S = 20.0
ERROR, BUSY, GAP, CONFIRM, DELIVERY, CHECKPOINT, TIME = 71, 69, 70, 67, 68, 72, 75


def wait_until(condition, what, patience_s=PATIENCE_S):
    end = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"in vain for {patience_s} s: {what}")
        time.sleep(0.01)


def message_id(now_ms=None):
    now_ms = int(time.time() * 1000) if now_ms is None else now_ms
    tail = bytearray(os.urandom(10))
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return now_ms.to_bytes(6, "big") + bytes(tail)


class Agency:
    """Keys of one agency, and its card."""

    def __init__(self, name):
        self.name = name
        self.transport = zmq.curve_keypair()
        self.seed = os.urandom(32)
        self.sign_public = wire.public_key(self.seed)
        self.seal_public, _ = nacl.bindings.crypto_box_keypair()
        self.witness_public = wire.public_key(os.urandom(32))
        self.epoch = os.urandom(8)
        self.lease = 0
        self.next_n = 1

    def card(self):
        keys = (("transport", zmq.utils.z85.decode(self.transport[0])),
                ("sign", self.sign_public), ("seal", self.seal_public),
                ("witness", self.witness_public))
        return "".join(f"rhub-public-1 {use} {self.name} {base64.b64encode(key).decode()}\n"
                       for use, key in keys)


class Hub:
    """rhubd in a directory of its own."""

    def __init__(self, program):
        self.program = str(program)
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rhub-test-"))
        self.process = None
        subprocess.run([self.program, "init", "--hub", HUB, "--keys", self.home / "keys",
                        "--endpoint", "tcp://127.0.0.1:5550"], check=True,
                       stdout=subprocess.DEVNULL)
        card = dict(line.split()[1::2] for line in
                    (self.home / "keys" / "hub.card").read_text().splitlines()
                    if line.startswith("rhub-public-1"))
        self.transport = base64.b64decode(card["transport"])
        self.sign_public = base64.b64decode(card["sign"])

    def start(self, *options, rules=SOURCE / "protocol" / "rules"):
        (self.home / "data").mkdir(exist_ok=True)
        (self.home / "data" / "endpoint").unlink(missing_ok=True)
        log = os.open(self.home / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.process = subprocess.Popen(
            [self.program, "run", "--hub", HUB, "--keys", self.home / "keys", "--data",
             self.home / "data", "--rules", rules, "--endpoint", "tcp://127.0.0.1:*",
             "--lang", "en", *options], stderr=log)
        os.close(log)
        wait_until(self.is_ready, "the hub is ready")

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError("the hub ended: " + (self.home / "log").read_text())
        if not (self.home / "data" / "admin.sock").exists():
            return False
        try:
            self.endpoint = (self.home / "data" / "endpoint").read_text().strip()
            self.ask("ping")
        except (OSError, AssertionError):
            return False
        return True

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE_S)
            self.process = None

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home)

    def ask(self, verb, **args):
        """Rows of one verb of the admin socket."""
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE_S)
        line.connect(str(self.home / "data" / "admin.sock"))
        request = {"v": 1, "verb": verb, "args": args, "operator": "test"}
        line.sendall(json.dumps(request).encode() + b"\n")
        rows = []
        for text in line.makefile():
            answer = json.loads(text)
            if "row" in answer:
                rows.append(answer["row"])
            else:
                line.close()
                assert "end" in answer, f"{verb}: {answer}"
                return rows
        raise AssertionError(f"{verb}: no end")

    def enrol(self, agency):
        self.ask("agency.enrol", id=agency.name, card=agency.card(), reason="test")

    def door_pid(self):
        """Process id of the door, 0 while there is none."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():
            try:
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if b"--door" in command:
                return int(pid)
        return 0


class Client:
    """One connection. Frames as lists; raw bytes where a test wants them."""

    def __init__(self, hub, agency, routing=None, keys=None, receive_mark=0):
        self.hub, self.agency = hub, agency
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.routing = routing if routing is not None else bytes([1]) + os.urandom(15)
        self.socket.setsockopt(zmq.ROUTING_ID, self.routing)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDHWM, 0)
        # A refused connection may be gone for good, and then a send waits for another.
        self.socket.setsockopt(zmq.SNDTIMEO, int(1000 * PATIENCE_S))
        self.socket.setsockopt(zmq.RCVHWM, receive_mark)
        keys = keys or agency.transport
        if keys:
            self.socket.curve_publickey, self.socket.curve_secretkey = keys
            self.socket.setsockopt(zmq.CURVE_SERVERKEY, hub.transport)
        self.monitor = self.socket.get_monitor_socket()
        self.socket.connect(hub.endpoint)
        self.session = 0
        self.deliveries = []
        self.notes = []
        self.hub_time = None  # of the newest TIME: ms, rate

    def close(self):
        self.socket.disable_monitor()
        self.context.destroy(linger=0)

    def refused(self, patience_s=10.0):
        """Whether the handshake was refused."""
        end = time.monotonic() + patience_s
        while self.monitor.poll(max(0, int(1000 * (end - time.monotonic())))):
            event = int.from_bytes(self.monitor.recv_multipart()[0][:2], "little")
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                return False
            if event in (zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
                         zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL):
                return True
        raise AssertionError("the handshake was not decided")

    def send(self, frame):
        self.socket.send(frame if isinstance(frame, bytes) else wire.pack(frame))

    def receive(self, patience_s=PATIENCE_S):
        """The next frame, or None."""
        if not self.socket.poll(int(patience_s * 1000)):
            return None
        parts = self.socket.recv_multipart()
        assert len(parts) == 1
        return wire.frame_decode(parts[0])

    def await_frame(self, *types, patience_s=PATIENCE_S):
        """The next frame of these types; deliveries, notes and the time are kept aside."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            frame = self.receive(end - time.monotonic())
            if frame is None:
                break
            if frame[0] == DELIVERY and DELIVERY not in types:
                self.deliveries.append(frame)
            elif frame[0] == CHECKPOINT and CHECKPOINT not in types:
                self.notes.append(frame[1])
            elif frame[0] == TIME and TIME not in types:
                self.hub_time = frame[1:]
            else:
                assert frame[0] in types, f"{frame[:3]} instead of {types}"
                return frame
        raise AssertionError(f"no frame of {types}")

    def open(self, window=(64, 2**20), lease=None, epoch=None):
        """OPEN and HELLO; the answer to the latter."""
        agency = self.agency
        self.send([1, 1, agency.name])
        challenge = self.await_frame(65, ERROR, BUSY)
        if challenge[0] != 65:
            return challenge
        self.send(self.hello(challenge, window, lease, epoch))
        answer = self.await_frame(66, ERROR, BUSY)
        if answer[0] == 66:
            self.session, agency.next_n = answer[1], answer[2]
        return answer

    def hello(self, challenge, window=(64, 2**20), lease=None, epoch=None, **changed):
        agency = self.agency
        agency.lease += 1
        value = {"suite": 1, "hub": challenge[2], "agency": agency.name,
                 "epoch": epoch or agency.epoch, "nonce": challenge[3],
                 "lease": agency.lease if lease is None else lease, "receipt": 0, "n": 0,
                 "delivery": 0, "size": 0, "root": bytes(32), "messages": window[0],
                 "bytes": window[1], "ms": int(time.time() * 1000), "software": "hubkit",
                 "receipt_root": bytes(32), "receipt_signature": bytes(64), "note": ""}
        value.update(changed)
        signed = wire.pack(list(value.values()))
        return [2, signed, wire.sign("rhub/hello/1", signed, agency.seed)]

    def item(self, public, private=b"", body=b""):
        return wire.item_make(wire.pack(public), private, body, os.urandom(32))

    def bundle(self, items, first=None, hub=HUB, sender=None):
        first = self.agency.next_n if first is None else first
        header = wire.header_encode(hub, sender or self.agency.name, self.agency.epoch, first,
                                    items, int(time.time() * 1000))
        return [3, header, wire.sign("rhub/bundle/1", header, self.agency.seed), items]

    def submit(self, items):
        """Bundle, confirm checked; the cores."""
        self.send(self.bundle(items))
        frame = self.await_frame(CONFIRM, ERROR, BUSY, GAP)
        assert frame[0] == CONFIRM, frame[:4]
        self.agency.next_n += len(items)
        wire.confirm_check(wire.pack(frame), HUB, self.hub.sign_public)
        return [wire.receipt_decode(core) for core, _ in frame[7]]

    def ack(self, sender, lane, seq):
        public = {1: message_id(), 2: wire.ACK, 28: sender, 29: seq}
        if lane:
            public[9] = lane
        return self.item(public)

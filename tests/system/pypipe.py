"""Keys, cards and one connection of an agency in Python: what pyagency.py stands on."""
import base64
import json
import os
import pathlib
import random
import sys
import time

import nacl.public
import zmq
import zmq.utils.monitor
from zmq.utils import z85

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
import rhwire  # noqa: E402

ERROR = 71


class Violation(AssertionError):
    """A promise of the hub is broken."""


def demand(condition, what):
    if not condition:
        raise Violation(what)


def now_ms():
    return time.time_ns() // 1_000_000


def uuid7():
    value = now_ms() << 80 | random.SystemRandom().getrandbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(3 << 62) | 2 << 62
    return value.to_bytes(16, "big")


# ---- keys and cards ----

class Party:
    """The four keys of an agency. `sign` is an Ed25519 seed, the others X25519 secrets."""

    USES = ("transport", "sign", "seal", "witness")

    def __init__(self, agency, secrets):
        self.agency, self.secrets = agency, secrets
        self.public = {}
        for use, secret in secrets.items():
            if use in ("transport", "seal"):
                self.public[use] = bytes(nacl.public.PrivateKey(secret).public_key)
            else:
                self.public[use] = rhwire.public_key(secret)

    @classmethod
    def make(cls, agency):
        return cls(agency, {use: os.urandom(32) for use in cls.USES})

    @classmethod
    def load(cls, path):
        raw = json.loads(pathlib.Path(path).read_text())
        return cls(raw["agency"], {use: bytes.fromhex(raw[use]) for use in cls.USES})

    def save(self, path):
        text = json.dumps({"agency": self.agency, **{u: s.hex() for u, s in self.secrets.items()}})
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(fd, text.encode())
        os.close(fd)

    def card(self):
        return "".join(f"rhub-public-1 {use} {self.agency} "
                       f"{base64.b64encode(self.public[use]).decode()}\n" for use in self.USES)


class Card:
    """A public card, of an agency or a hub."""

    def __init__(self, text):
        self.owner, self.endpoint, self.keys = "", "", {}
        for line in text.splitlines():
            parts = line.split()
            if parts and parts[0] == "rhub-public-1":
                self.owner = parts[2]
                self.keys[parts[1]] = base64.b64decode(parts[3])
            elif parts and parts[0] == "rhub-endpoint-1":
                self.endpoint = parts[1]


class Cards:
    """Every *.pub of a directory; read again when somebody unknown writes."""

    def __init__(self, directory):
        self.directory, self.known = pathlib.Path(directory), {}

    def sign_key(self, agency):
        if agency not in self.known:
            for path in self.directory.glob("*.pub"):
                card = Card(path.read_text())
                self.known[card.owner] = card
        demand(agency in self.known, f"a delivery of {agency}, whom nobody knows")
        return self.known[agency].keys["sign"]


# ---- one connection ----

class Pipe:
    """One CURVE connection with a fresh routing id. Ends for good when it breaks."""

    def __init__(self, context, endpoint, hub_transport, party, *, linger_ms=0, routing=None):
        self.ended = False
        self.why = ""
        self.shaken = False
        self.socket = context.socket(zmq.DEALER)
        s = self.socket
        s.linger = linger_ms
        s.setsockopt(zmq.MAXMSGSIZE, rhwire.FRAME_MAX)
        s.setsockopt(zmq.RECONNECT_IVL, -1)
        s.setsockopt(zmq.SNDHWM, 10000)
        s.setsockopt(zmq.RCVHWM, 10000)
        s.setsockopt(zmq.HEARTBEAT_IVL, 10000)
        s.setsockopt(zmq.HEARTBEAT_TIMEOUT, 30000)
        s.setsockopt(zmq.ROUTING_ID, routing or b"\x01" + os.urandom(15))
        s.curve_serverkey = z85.encode(hub_transport)
        s.curve_publickey = z85.encode(party.public["transport"])
        s.curve_secretkey = z85.encode(party.secrets["transport"])
        self.monitor = s.get_monitor_socket()
        self.poller = zmq.Poller()
        self.poller.register(s, zmq.POLLIN)
        self.poller.register(self.monitor, zmq.POLLIN)
        s.connect(endpoint)

    def send(self, value):
        """A frame (list, packed here) or bytes as they are."""
        if isinstance(value, list):
            value = rhwire.pack(value)
        try:
            self.socket.send(value, zmq.NOBLOCK)
        except zmq.Again:
            self.end("nothing more fits into the pipe")

    def wait(self, milliseconds):
        return bool(self.poller.poll(milliseconds)) if not self.ended else False

    def receive(self):
        """One frame's bytes, or None."""
        self.look()
        try:
            return self.socket.recv(zmq.NOBLOCK)
        except (zmq.Again, zmq.ZMQError):
            return None

    def look(self):
        while not self.ended and self.monitor.poll(0):
            event = zmq.utils.monitor.recv_monitor_message(self.monitor, zmq.NOBLOCK)["event"]
            if event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.shaken = True
            elif event in (zmq.EVENT_DISCONNECTED, zmq.EVENT_CLOSED,
                           zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
                           zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
                           zmq.EVENT_HANDSHAKE_FAILED_AUTH):
                self.end(f"event {event}")

    def end(self, why):
        self.ended, self.why = True, why

    def close(self):
        if self.socket is None:
            return
        self.socket.disable_monitor()
        self.monitor.close(0)
        self.socket.close()
        self.socket = None

    def expect(self, kind, seconds=10):
        """The next frame of a type, decoded; other frames are passed over. For tests of one
        exchange."""
        end = time.monotonic() + seconds
        seen = []
        while time.monotonic() < end:
            data = self.receive()
            if data is None:
                demand(not self.ended, f"the connection ended ({self.why}); wanted frame {kind}")
                self.wait(20)
                continue
            value = rhwire.frame_decode(data)
            if value[0] == kind:
                return value
            seen.append(value[:3] if value[0] == ERROR else value[0])
        raise Violation(f"no frame {kind} within {seconds} s, but {seen}")

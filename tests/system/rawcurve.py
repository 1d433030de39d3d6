"""A ZMTP 3.1 client with CURVE (RFC 23, 25, 26) over a plain socket, for what a ZeroMQ library
would never send: messages that do not end, frames cut short, commands out of place."""
import os
import socket
import struct

import nacl.bindings as box


def _u64(value):
    return struct.pack(">Q", value)


def _property(name, value):
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


class RawCurve:
    def __init__(self, endpoint, server_key, public_key, secret_key, routing,
                 patience_s=20.0):
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self.line = socket.create_connection((host, int(port)), patience_s)
        self.line.settimeout(patience_s)
        self.server_key = server_key
        self.nonce = 1
        self._greet()
        self._shake(public_key, secret_key, routing)

    def close(self):
        self.line.close()

    def _greet(self):
        greeting = (b"\xff" + bytes(8) + b"\x7f" + bytes([3, 1]) + b"CURVE".ljust(20, b"\0") +
                    bytes(32))
        self.line.sendall(greeting)
        self._exactly(64)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.line.recv(count - len(data))
            if not more:
                raise ConnectionError("closed by the other side")
            data += more
        return data

    def raw_frame(self, flags, body):
        """Any frame, sealed or not."""
        if len(body) > 255:
            self.line.sendall(bytes([flags | 2]) + _u64(len(body)) + body)
        else:
            self.line.sendall(bytes([flags, len(body)]) + body)

    def read_frame(self):
        flags = self._exactly(1)[0]
        size = struct.unpack(">Q", self._exactly(8))[0] if flags & 2 else self._exactly(1)[0]
        return flags, self._exactly(size)

    def _short(self):
        nonce = _u64(self.nonce)
        self.nonce += 1
        return nonce

    def _shake(self, public_key, secret_key, routing):
        short_public, short_secret = box.crypto_box_keypair()
        nonce = self._short()
        proof = box.crypto_box(bytes(64), b"CurveZMQHELLO---" + nonce, self.server_key,
                               short_secret)
        self.raw_frame(4, b"\x05HELLO\x01\x00" + bytes(72) + short_public + nonce + proof)
        _, welcome = self.read_frame()
        if not welcome.startswith(b"\x07WELCOME"):
            raise ConnectionError("no WELCOME")
        opened = box.crypto_box_open(welcome[24:], b"WELCOME-" + welcome[8:24], self.server_key,
                                     short_secret)
        server_short, cookie = opened[:32], opened[32:]
        self.shared = box.crypto_box_beforenm(server_short, short_secret)

        vouch_nonce = os.urandom(16)
        vouch = box.crypto_box(short_public + self.server_key, b"VOUCH---" + vouch_nonce,
                               server_short, secret_key)
        metadata = _property(b"Socket-Type", b"DEALER") + _property(b"Identity", routing)
        nonce = self._short()
        sealed = box.crypto_box_afternm(public_key + vouch_nonce + vouch + metadata,
                                        b"CurveZMQINITIATE" + nonce, self.shared)
        self.raw_frame(4, b"\x08INITIATE" + cookie + nonce + sealed)
        _, ready = self.read_frame()
        if not ready.startswith(b"\x05READY"):
            raise ConnectionError("refused: " + repr(ready[:20]))

    def send_part(self, payload, more):
        nonce = self._short()
        sealed = box.crypto_box_afternm(bytes([1 if more else 0]) + payload,
                                        b"CurveZMQMESSAGEC" + nonce, self.shared)
        self.raw_frame(0, b"\x07MESSAGE" + nonce + sealed)

    def read_message(self):
        """The next message of one part; heartbeats are passed over."""
        while True:
            flags, body = self.read_frame()
            if not body.startswith(b"\x07MESSAGE"):
                continue
            opened = box.crypto_box_open_afternm(body[16:], b"CurveZMQMESSAGES" + body[8:16],
                                                 self.shared)
            if opened[0] & 2:
                continue
            return opened[1:]

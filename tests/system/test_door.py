"""The door as strangers and hostile agencies meet it: who gets in, what is dropped, what it
costs, and that the hub behind it lives on.

    test_door.py FOLDER-OF-RHUBD [unittest arguments]
"""
import contextlib
import os
import pathlib
import signal
import sys
import time
import unittest

import zmq
import zmq.utils.z85

import hubkit
from hubkit import BUSY, CONFIRM, ERROR, GAP, Agency, Client, Hub, wait_until, wire
from rawcurve import RawCurve

PROGRAM = None


class HubCase(unittest.TestCase):
    """One hub for each class of tests, an agency and a client for each test."""

    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM)
        cls.hub.start()
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()
        cls.hub.close()

    def agency(self, role="petitions"):
        type(self).count += 1
        agency = Agency(f"{role}.62{self.count:04}")
        self.hub.enrol(agency)
        return agency

    def client(self, agency, **options):
        client = Client(self.hub, agency, **options)
        self.addCleanup(client.close)
        return client

    def assert_alive(self):
        """A fresh agency still gets its answer."""
        client = self.client(self.agency())
        self.assertEqual(client.open()[0], 66)
        return client


def sanitized():
    """Sanitizers reserve terabytes, so such a build limits no address space."""
    code = PROGRAM.read_bytes()
    return b"__asan_init" in code or b"__tsan_init" in code


def register(referral=None):
    return {1: hubkit.message_id(), 2: 1, 3: referral or hubkit.message_id(), 8: "xinfang",
            10: "labour", 11: "620423", 12: "letter"}


class Identity(HubCase):
    def test_unknown_key_is_refused(self):
        stranger = Agency("petitions.620999")
        client = self.client(stranger)
        self.assertTrue(client.refused())
        # libzmq may have taken the refused connection away, or be about to: either way the
        # frame reaches nobody.
        with contextlib.suppress(zmq.Again):
            client.socket.send(wire.pack([1, 1, stranger.name]), zmq.DONTWAIT)
        self.assertIsNone(client.receive(0.3))

    def test_null_and_plain_are_refused(self):
        agency = self.agency()
        for plain in (False, True):
            context = zmq.Context()
            socket = context.socket(zmq.DEALER)
            socket.setsockopt(zmq.ROUTING_ID, bytes([1]) + os.urandom(15))
            if plain:
                socket.plain_username, socket.plain_password = b"user", b"word"
            socket.connect(self.hub.endpoint)
            socket.send(wire.pack([1, 1, agency.name]))
            self.assertEqual(socket.poll(500), 0)
            context.destroy(linger=0)
        self.assert_alive()

    def test_key_enrolled_later_is_let_in(self):
        agency = Agency("petitions.620998")
        early = self.client(agency)
        self.assertTrue(early.refused())
        self.hub.enrol(agency)
        self.assertEqual(self.client(agency).open()[0], 66)

    def test_agency_speaks_only_for_itself(self):
        mine, other = self.agency(), self.agency()
        client = self.client(mine)
        client.send([1, 1, other.name])
        self.assertEqual(client.await_frame(ERROR)[1], 7105)
        client.send([1, 1, mine.name])
        challenge = client.await_frame(65)
        client.send(client.hello(challenge, agency=other.name))
        self.assertEqual(client.await_frame(ERROR)[1], 7108)

    def test_only_the_diagonal_of_keys_and_names_is_served(self):
        agencies = [self.agency() for _ in range(3)]
        for holder in agencies:
            for named in agencies:
                client = self.client(holder)
                client.send([1, 1, named.name])
                answer = client.await_frame(65, ERROR)
                self.assertEqual(answer[0], 65 if holder is named else ERROR)

    def test_challenge_is_good_once_and_on_its_connection(self):
        agency = self.agency()
        one, two = self.client(agency), self.client(agency)
        one.send([1, 1, agency.name])
        challenge = one.await_frame(65)
        two.send(two.hello(challenge))
        self.assertEqual(two.await_frame(ERROR)[1], 7108)
        hello = one.hello(challenge)
        one.send(hello)
        one.await_frame(66)
        one.send(hello)
        self.assertEqual(one.await_frame(ERROR)[1], 7108)

    def test_hello_of_another_hub_or_key_is_refused(self):
        agency = self.agency()
        client = self.client(agency)
        client.send([1, 1, agency.name])
        client.send(client.hello(client.await_frame(65), hub="test.demo/2"))
        answer = client.await_frame(ERROR)
        self.assertEqual((answer[1], answer[2]), (7104, hubkit.HUB))
        seed, agency.seed = agency.seed, os.urandom(32)
        self.assertEqual(client.open()[1], 7103)
        agency.seed = seed
        self.assertEqual(client.open()[0], 66)

    def test_frames_of_no_session_are_refused(self):
        agency = self.agency()
        client = self.client(agency)
        item = client.item(register())
        client.send(client.bundle([item]))
        self.assertEqual(client.await_frame(ERROR)[1], 7108)
        client.open()
        for frame in ([4, 1, 1, 1], [6, 1, 1], [7, 1, 0, 0], [8, 1], [9, 1, 0]):
            client.send(frame)
            self.assertEqual(client.await_frame(ERROR)[1], 7108, frame)
        self.assertEqual(len(client.submit([item])), 1)

    def test_second_session_needs_a_higher_lease(self):
        agency = self.agency()
        first, copy, second = (self.client(agency) for _ in range(3))
        self.assertEqual(first.open(lease=5)[0], 66)
        self.assertEqual(copy.open(lease=5)[1], 7107)
        self.assertEqual(second.open(lease=6)[0], 66)
        self.assertEqual(first.await_frame(ERROR)[1], 7107)
        second.submit([second.item(register())])
        first.send(first.bundle([first.item(register())]))
        self.assertEqual(first.await_frame(ERROR)[1], 7108)

    def test_new_epoch_closes_the_older_one(self):
        agency = self.agency()
        old, new = self.client(agency), self.client(agency)
        self.assertEqual(old.open(lease=9)[0], 66)
        old_epoch, agency.epoch = agency.epoch, os.urandom(8)
        self.assertEqual(new.open(lease=1)[0], 66)
        self.assertEqual(old.await_frame(ERROR)[1], 7107)
        agency.epoch = old_epoch
        self.assertEqual(old.open(lease=100)[1], 7106)


class Shape(HubCase):
    def test_routing_ids_of_another_form_are_not_answered(self):
        agency = self.agency()
        for routing in (b"\0" + os.urandom(15), b"x" * 15, b"x" * 17, b"y"):
            client = self.client(agency, routing=routing)
            client.send([1, 1, agency.name])
            self.assertIsNone(client.receive(0.3))
        self.assertEqual(self.client(agency).open()[0], 66)

    def test_routing_id_in_use_cannot_be_taken_over(self):
        agency, thief = self.agency(), self.agency()
        owner = self.client(agency)
        self.assertEqual(owner.open()[0], 66)
        other = self.client(thief, routing=owner.routing)
        other.send([1, 1, thief.name])
        self.assertIsNone(other.receive(0.5))
        self.assertEqual(len(owner.submit([owner.item(register())])), 1)

    def test_messages_of_more_parts_are_dropped(self):
        agency = self.agency()
        client = self.client(agency)
        frame = wire.pack([1, 1, agency.name])
        client.socket.send_multipart([frame, frame])
        client.socket.send_multipart([b"", frame])
        self.assertIsNone(client.receive(0.3))
        self.assertEqual(client.open()[0], 66)

    def test_frames_that_cannot_be_read_are_answered(self):
        agency = self.agency()
        client = self.client(agency)
        for frame, refusal in ((b"\xc1", 4102), (b"\x93\x01\x01", 4102), (b"", 4102),
                               (b"\x93\x01\xcc\x01\xa1a", 4102), (b"\x91\x41", 4101),
                               (b"\x91\x3f", 4101), (b"\x01", 4101), (b"\x91\x01", 4101)):
            client.send(frame)
            self.assertEqual(client.await_frame(ERROR)[1], refusal, frame)
        self.assertEqual(client.open()[0], 66)

    def test_frame_above_the_bound_cuts_the_pipe_and_nothing_else(self):
        agency = self.agency()
        client = self.client(agency)
        self.assertEqual(client.open()[0], 66)
        client.send(bytes(wire.FRAME_MAX + 1))
        wait_until(lambda: self.reopened(client), "a session after the cut")
        self.assertEqual(len(client.submit([client.item(register())])), 1)

    def reopened(self, client):
        client.send([1, 1, client.agency.name])
        challenge = client.receive(0.5)
        if challenge is None or challenge[0] != 65:
            return False
        client.send(client.hello(challenge))
        return client.await_frame(66, ERROR)[0] == 66

    def test_bundle_refused_as_a_whole_uses_no_number(self):
        client = self.client(self.agency())
        client.open()
        item = client.item(register())
        good = client.bundle([item])
        bad_root = [3, wire.header_encode(hubkit.HUB, client.agency.name, client.agency.epoch, 1,
                                          [client.item(register())], 1), None, [item]]
        bad_root[2] = wire.sign("rhub/bundle/1", bad_root[1], client.agency.seed)
        for frame, refusal in (
                ([3, good[1], bytes(64), good[3]], 7103), (bad_root, 7103),
                (client.bundle([item], hub="test.demo/2"), 7104),
                (client.bundle([item], sender="court.620000"), 7105)):
            client.send(frame)
            answer = client.await_frame(ERROR)
            self.assertEqual((answer[1], answer[3]), (refusal, 1))
        self.assertEqual(client.submit([item])[0][7], 1)

    def test_numbers_answered_as_the_specification_says(self):
        client = self.client(self.agency())
        client.open()
        items = [client.item(register()) for _ in range(6)]
        client.send(client.bundle(items[:2], first=2))
        self.assertEqual(client.await_frame(GAP)[1], 1)
        client.submit(items[:3])
        # Known ones again, partly known ones, and a number with other content.
        client.send(client.bundle(items[:3], first=1))
        again = client.await_frame(CONFIRM)
        self.assertEqual((again[1], len(again[7])), (1, 3))
        client.send(client.bundle(items[1:5], first=2))
        confirms = [client.await_frame(CONFIRM) for _ in range(2)]
        self.assertEqual([(c[1], len(c[7])) for c in confirms], [(2, 2), (4, 2)])
        for frame in [again, *confirms]:
            wire.confirm_check(wire.pack(frame), hubkit.HUB, self.hub.sign_public)
        client.send(client.bundle([items[1], items[5]], first=2))
        answer = client.await_frame(ERROR)
        self.assertEqual((answer[1], answer[3]), (4120, 3))
        client.send([6, client.session, 5])
        self.assertEqual(client.await_frame(CONFIRM)[1], 5)
        client.send([6, client.session, 6])
        self.assertEqual(client.await_frame(GAP)[1], 6)


class Revocation(HubCase):
    def test_revoked_key_is_cut_off_on_an_open_connection(self):
        agency = self.agency()
        client = self.client(agency)
        client.open()
        client.submit([client.item(register())])
        self.hub.ask("agency.revoke", id=agency.name, reason="test")
        began = time.monotonic()
        client.send(client.bundle([client.item(register())]))
        answer = client.await_frame(ERROR)
        self.assertEqual(answer[1], 7102)
        self.assertLess(time.monotonic() - began, 1.0)
        while client.receive(0.2) is not None:
            pass
        client.send([1, 1, agency.name])
        self.assertEqual(client.await_frame(ERROR)[1], 7102)
        self.assertTrue(self.client(agency).refused())

    def test_stream_under_way_stops_within_a_second(self):
        agency = self.agency()
        client = self.client(agency)
        client.open()
        sent, revoked_at, confirmed_at = 0, None, 0.0
        began = time.monotonic()
        while revoked_at is None or time.monotonic() < revoked_at + 1.5:
            client.send(client.bundle([client.item(register())]))
            agency.next_n += 1
            sent += 1
            answer = client.await_frame(CONFIRM, ERROR, GAP)
            if answer[0] == CONFIRM:
                confirmed_at = time.monotonic()
            elif revoked_at is not None:
                time.sleep(0.01)
            if revoked_at is None and time.monotonic() > began + 0.5:
                self.hub.ask("agency.revoke", id=agency.name, reason="test")
                revoked_at = time.monotonic()
        self.assertLess(confirmed_at - revoked_at, 1.0)
        self.assertGreater(sent, 10)

    def test_suspended_agency_may_come_back(self):
        agency = self.agency()
        client = self.client(agency)
        client.open()
        self.hub.ask("agency.suspend", id=agency.name, reason="test")
        self.assertEqual(client.await_frame(ERROR)[1], 7102)
        self.hub.ask("agency.resume", id=agency.name, reason="test")
        self.assertEqual(client.open()[0], 66)


class Abuse(HubCase):
    def memory(self):
        """Resident bytes of the door, 0 while there is none."""
        try:
            status = pathlib.Path(f"/proc/{self.hub.door_pid()}/status").read_text()
        except OSError:
            return 0
        lines = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(lines[0].split()[1]) * 1024 if lines else 0

    def raw(self, agency):
        secret = zmq.utils.z85.decode(agency.transport[1])
        public = zmq.utils.z85.decode(agency.transport[0])
        return RawCurve(self.hub.endpoint, self.hub.transport, public, secret,
                        bytes([1]) + os.urandom(15))

    def test_raw_client_is_a_client(self):
        agency = self.agency()
        raw = self.raw(agency)
        self.addCleanup(raw.close)
        raw.send_part(wire.pack([1, 1, agency.name]), False)
        self.assertEqual(wire.frame_decode(raw.read_message())[0], 65)

    def test_message_without_end_costs_the_door_at_most(self):
        """The door may die of it; the hub may not, and memory stays below the ceiling."""
        agency = self.agency()
        hub_pid = self.hub.process.pid
        raw = self.raw(agency)
        self.addCleanup(raw.close)
        part = bytes(900 * 1024)
        highest = 0
        try:
            for _ in range(800):
                raw.send_part(part, True)
                highest = max(highest, self.memory())
        except OSError:
            pass
        if not sanitized():
            self.assertLess(highest, 512 * 1024 * 1024)
        self.assertIsNone(self.hub.process.poll())
        self.assertEqual(self.hub.process.pid, hub_pid)
        wait_until(self.hub.door_pid, "a door")
        wait_until(self.opens, "an agency that is served")

    def opens(self):
        client = Client(self.hub, self.agency())
        try:
            client.send([1, 1, client.agency.name])
            answer = client.receive(1.0)
            return answer is not None and answer[0] == 65
        finally:
            client.close()

    def test_killed_door_is_replaced_and_sessions_go_on(self):
        agency = self.agency()
        client = self.client(agency)
        client.open()
        client.submit([client.item(register())])
        endpoint = self.hub.endpoint
        for _ in range(3):
            pid = wait_until(self.hub.door_pid, "a door")
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: self.hub.door_pid() not in (0, pid), "another door")
            again = self.client(agency)
            self.assertEqual(again.open()[0], 66)
            again.submit([again.item(register())])
        self.assertEqual(endpoint, self.hub.ask("ping")[0].get("endpoint", endpoint))

    def test_flood_is_answered_busy_and_others_are_served(self):
        agency, other = self.agency(), self.client(self.agency())
        flood = self.client(agency)
        flood.open()
        other.open()
        frame = wire.pack([4, flood.session, 1, 1])
        for _ in range(6000):
            flood.send(frame)
        began = time.monotonic()
        other.submit([other.item(register())])
        self.assertLess(time.monotonic() - began, 5.0)
        self.assertEqual(flood.await_frame(BUSY)[1], 5101)
        while flood.receive(0.5) is not None:
            pass
        wait_until(lambda: self.submits(flood), "a bundle is taken after the flood")

    def submits(self, client):
        client.send(client.bundle([client.item(register())]))
        return client.await_frame(CONFIRM, BUSY)[0] == CONFIRM

    def test_garbage_on_the_line_leaves_the_door_standing(self):
        pid = self.hub.door_pid()
        host, port = self.hub.endpoint.removeprefix("tcp://").rsplit(":", 1)
        import random
        import socket
        seed = random.Random(20260101)
        for _ in range(200):
            line = socket.create_connection((host, int(port)), 5)
            start = seed.choice((b"", b"\xff" + bytes(8) + b"\x7f\x03\x01CURVE", b"GET / HTTP"))
            line.sendall(start + seed.randbytes(seed.randrange(1, 400)))
            line.close()
        agency = self.agency()
        for _ in range(20):
            raw = self.raw(agency)
            try:
                raw.raw_frame(seed.randrange(256), seed.randbytes(seed.randrange(1, 300)))
                raw.send_part(seed.randbytes(50), False)
            except OSError:
                pass
            raw.close()
        self.assert_alive()
        self.assertEqual(self.hub.door_pid(), pid)

    def test_door_is_confined(self):
        pid = self.hub.door_pid()
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        space = [line for line in limits.splitlines() if line.startswith("Max address space")]
        core = [line for line in limits.splitlines() if line.startswith("Max core file")]
        if not sanitized():
            self.assertEqual(space[0].split()[3:5], ["536870912", "536870912"])
        self.assertEqual(core[0].split()[4:6], ["0", "0"])
        self.assertIn("NoNewPrivs:\t1", status)
        self.assertEqual(pathlib.Path(f"/proc/{pid}/environ").read_bytes(), b"")
        names = [os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
        self.assertFalse([name for name in names if str(self.hub.home / "data") in name], names)

    def test_door_does_not_outlive_the_hub(self):
        hub = Hub(PROGRAM)
        hub.start()
        pid = hub.door_pid()
        hub.process.kill()
        hub.process.wait()
        wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the door ends")
        hub.close()


if __name__ == "__main__":
    PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve() / "rhubd"
    unittest.main()

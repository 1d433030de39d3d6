"""Deliveries as a receiver sees them: proofs, order, lanes, credit, redelivery, and what the
published log says about them.

    test_delivery.py FOLDER-OF-RHUBD [unittest arguments]
"""
import base64
import pathlib
import sys
import time
import unittest

import hubkit
from hubkit import CHECKPOINT, CONFIRM, DELIVERY, ERROR, Agency, Client, Hub, wire

import log_verify  # of tests/interop, found by way of hubkit

PROGRAM = None
REGISTER, NOTICE = 1, 81
NORMAL, GREEN, URGENT = 0, 1, 2


class DeliveryCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM)
        cls.hub.start()
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()
        cls.hub.close()

    def client(self, agency, **options):
        client = Client(self.hub, agency)
        self.addCleanup(client.close)
        self.assertEqual(client.open(**options)[0], 66)
        return client

    def agency(self, role):
        type(self).count += 1
        agency = Agency(f"{role}.62{self.count:04}")
        self.hub.enrol(agency)
        return agency

    def sender(self):
        """A petitions bureau with a referral of its own."""
        client = self.client(self.agency("petitions"))
        client.referral = hubkit.message_id()
        cores = client.submit([client.item({1: hubkit.message_id(), 2: REGISTER,
                                            3: client.referral, 8: "xinfang", 10: "labour",
                                            11: "620423", 12: "letter"})])
        self.assertEqual(cores[0].get(10, 0), 0, cores)
        return client

    def notices(self, client, to, count, lane=NORMAL, referral=None, body=b""):
        """Submit notices to an agency; their cores."""
        items = []
        for _ in range(count):
            public = {1: hubkit.message_id(), 2: NOTICE, 3: referral or client.referral,
                      7: to.name}
            if lane:
                public[9] = lane
            items.append(client.item(public, body=body))
        cores = client.submit(items)
        self.assertEqual([core.get(10, 0) for core in cores], [0] * count)
        return cores

    def take(self, client, count, patience_s=20.0):
        while len(client.deliveries) < count:
            client.deliveries.append(client.await_frame(DELIVERY, patience_s=patience_s))
        taken, client.deliveries = client.deliveries[:count], client.deliveries[count:]
        return taken

    def nothing_comes(self, client, patience_s=0.5):
        end = time.monotonic() + patience_s
        while (left := end - time.monotonic()) > 0:
            frame = client.receive(left)
            if frame is not None and frame[0] != CHECKPOINT:
                return False
        return not client.deliveries


class Delivery(DeliveryCase):
    def test_item_arrives_with_its_senders_proof(self):
        sender, court = self.sender(), self.agency("court")
        receiver = self.client(court)
        core = self.notices(sender, court, 1)[0]
        frame = self.take(receiver, 1)[0]
        wire.delivery_check(wire.pack(frame), sender.agency.sign_public)
        self.assertEqual(frame[2:6], [sender.agency.name, NORMAL, 1, core[3]])
        cores = receiver.submit([receiver.ack(sender.agency.name, NORMAL, 1)])
        self.assertEqual(cores[0].get(10, 0), 0)
        self.assertTrue(self.nothing_comes(receiver))
        again = self.client(court)
        self.assertTrue(self.nothing_comes(again))

    def test_what_waited_comes_with_the_next_session(self):
        sender, court = self.sender(), self.agency("court")
        self.notices(sender, court, 5)
        receiver = self.client(court)
        self.assertEqual([frame[4] for frame in self.take(receiver, 5)], [1, 2, 3, 4, 5])
        receiver.submit([receiver.ack(sender.agency.name, NORMAL, 3)])
        again = self.client(court)
        self.assertEqual([frame[4] for frame in self.take(again, 2)], [4, 5])
        self.assertTrue(self.nothing_comes(again))

    def test_credit_is_never_exceeded_and_acks_give_it_back(self):
        sender, court = self.sender(), self.agency("court")
        self.notices(sender, court, 20)
        receiver = self.client(court, window=(4, 2**20))
        self.assertEqual([frame[4] for frame in self.take(receiver, 4)], [1, 2, 3, 4])
        self.assertTrue(self.nothing_comes(receiver))
        receiver.submit([receiver.ack(sender.agency.name, NORMAL, 2)])
        self.assertEqual([frame[4] for frame in self.take(receiver, 2)], [5, 6])
        self.assertTrue(self.nothing_comes(receiver))
        receiver.send([4, receiver.session, 0, 2**20])
        receiver.submit([receiver.ack(sender.agency.name, NORMAL, 6)])
        self.assertTrue(self.nothing_comes(receiver))
        receiver.send([4, receiver.session, 64, 2**20])
        self.assertEqual([frame[4] for frame in self.take(receiver, 14)], list(range(7, 21)))

    def test_window_of_bytes_holds_and_one_large_message_still_passes(self):
        sender, court = self.sender(), self.agency("court")
        large = wire.pack(["text/plain", bytes(60000)])
        self.notices(sender, court, 3, body=large)
        receiver = self.client(court, window=(64, 70000))
        self.take(receiver, 1)
        self.assertTrue(self.nothing_comes(receiver))
        receiver.send([4, receiver.session, 64, 1])
        receiver.submit([receiver.ack(sender.agency.name, NORMAL, 1)])
        self.assertEqual(self.take(receiver, 1)[0][4], 2)
        self.assertTrue(self.nothing_comes(receiver))

    def test_urgent_and_green_overtake_what_waits(self):
        court = self.agency("court")
        normal, green, urgent = (self.sender() for _ in range(3))
        for _ in range(4):
            self.notices(normal, court, 250)
        self.notices(green, court, 1, GREEN)
        self.notices(urgent, court, 1, URGENT)
        receiver = self.client(court, window=(3, 2**20))
        frames = self.take(receiver, 3)
        self.assertEqual([(frame[2], frame[3]) for frame in frames],
                         [(urgent.agency.name, URGENT), (green.agency.name, GREEN),
                          (normal.agency.name, NORMAL)])

    def test_senders_share_by_bytes(self):
        court = self.agency("court")
        many, few = self.sender(), self.sender()
        for _ in range(8):
            self.notices(many, court, 50, body=wire.pack(["text/plain", bytes(3000)]))
        self.notices(few, court, 10)
        receiver = self.client(court, window=(64, 2**20))
        names = [frame[2] for frame in self.take(receiver, 64)]
        self.assertEqual(names.count(few.agency.name), 10)

    def test_later_message_of_a_referral_waits_for_an_earlier_one(self):
        court, other = self.agency("court"), self.agency("police")
        sender = self.sender()
        forward = sender.item({1: hubkit.message_id(), 2: 10, 3: sender.referral,
                               7: court.name})
        self.assertEqual(sender.submit([forward])[0].get(10, 0), 0)
        self.notices(sender, other, 1)
        police = self.client(other)
        self.take(police, 1)
        reply = police.item({1: hubkit.message_id(), 2: NOTICE, 3: sender.referral,
                             7: court.name})
        outcome = police.submit([reply])[0].get(10, 0)
        if outcome != 0:
            self.skipTest(f"the life cycle refuses a third agency's notice ({outcome})")
        receiver = self.client(court)
        first = self.take(receiver, 1)[0]
        self.assertEqual(first[2], sender.agency.name)
        self.assertTrue(self.nothing_comes(receiver))
        receiver.submit([receiver.ack(sender.agency.name, first[3], first[4])])
        self.assertEqual(self.take(receiver, 1)[0][2], other.name)

    def test_resync_sends_again_from_there(self):
        sender, court = self.sender(), self.agency("court")
        self.notices(sender, court, 6)
        receiver = self.client(court)
        self.take(receiver, 6)
        receiver.send([5, receiver.session, sender.agency.name, NORMAL, 4])
        self.assertEqual([frame[4] for frame in self.take(receiver, 3)], [4, 5, 6])
        receiver.send([5, receiver.session, "court.629999", NORMAL, 1])
        self.assertEqual(receiver.await_frame(ERROR)[1], 7101)
        self.assertTrue(self.nothing_comes(receiver))

    def test_silence_is_answered_with_a_probe(self):
        sender, court = self.sender(), self.agency("court")
        self.notices(sender, court, 40)
        receiver = self.client(court)
        self.assertEqual(len(self.take(receiver, 40)), 40)
        again = self.take(receiver, 16, patience_s=12)
        self.assertEqual([frame[4] for frame in again], list(range(1, 17)))
        self.assertTrue(self.nothing_comes(receiver))
        receiver.submit([receiver.ack(sender.agency.name, NORMAL, 40)])
        self.assertTrue(self.nothing_comes(receiver))

    def test_nack_settles_one_and_gives_its_credit_back(self):
        sender, court = self.sender(), self.agency("court")
        self.notices(sender, court, 3)
        receiver = self.client(court, window=(2, 2**20))
        self.take(receiver, 2)
        nack = receiver.item({1: hubkit.message_id(), 2: wire.NACK, 28: sender.agency.name,
                              29: 1, 30: 4222})
        self.assertEqual(receiver.submit([nack])[0].get(10, 0), 0)
        self.assertEqual(self.take(receiver, 1)[0][4], 3)

    def test_receiver_that_does_not_read_costs_others_nothing(self):
        sender, deaf = self.sender(), self.agency("court")
        other, court = self.sender(), self.agency("court")
        stuck = Client(self.hub, deaf, receive_mark=1)
        self.addCleanup(stuck.close)
        self.assertEqual(stuck.open(window=(1024, 2**40))[0], 66)
        receiver = self.client(court)
        large = wire.pack(["text/plain", bytes(200000)])
        for _ in range(20):
            self.notices(sender, deaf, 4, body=large)
        for seq in range(1, 21):
            began = time.monotonic()
            self.notices(other, court, 1)
            self.assertEqual(self.take(receiver, 1)[0][4], seq)
            self.assertLess(time.monotonic() - began, 2.0)
        # When it reads at last, it gets what was sent, and after acks all the rest.
        seen = 0
        while seen < 80:
            frame = self.take(stuck, 1)[0]
            self.assertLessEqual(frame[4], seen + 1)
            if frame[4] == seen + 1:
                seen += 1
                if seen % 20 == 0:
                    stuck.send(stuck.bundle([stuck.ack(sender.agency.name, NORMAL, seen)]))
                    stuck.agency.next_n += 1
                    stuck.await_frame(CONFIRM)

    def test_close_ends_deliveries(self):
        sender, court = self.sender(), self.agency("court")
        receiver = self.client(court)
        receiver.send([8, receiver.session])
        receiver.send([4, receiver.session, 1, 1])
        self.assertEqual(receiver.await_frame(ERROR)[1], 7108)
        self.notices(sender, court, 1)
        self.assertTrue(self.nothing_comes(receiver))
        self.assertEqual(receiver.open()[0], 66)
        self.assertEqual(len(self.take(receiver, 1)), 1)


class Shared(DeliveryCase):
    """What a subscriber sees of a message of others: the bytes of its own notice, no more."""

    def subscriber(self, **terms):
        agency = self.agency("justice")
        self.hub.ask("subscription.add", id=agency.name, category="labour", until="2099-12-31",
                     basis="test", **terms)
        return self.client(agency)

    def next(self, client):
        return client.deliveries.pop(0) if client.deliveries else client.await_frame(DELIVERY)

    def test_masked_notice_is_all_there_is(self):
        third = self.subscriber(events="register", give="area=city,date=month,holder=role")
        sender = self.sender()
        frame = self.next(third)
        # [68, 1, sender, lane, pair_seq, index, stored ms, number, public]
        self.assertEqual(len(frame), 9)
        self.assertEqual((frame[1], frame[2], frame[3], frame[7]),
                         (1, hubkit.HUB, NORMAL, ""))
        said = wire.public_decode(frame[8])
        instant = time.gmtime(frame[6] / 1000 + 8 * 3600)  # in China
        self.assertEqual((instant.tm_mday, instant.tm_hour, instant.tm_min, instant.tm_sec),
                         (1, 0, 0, 0))
        self.assertEqual(said[1][:6], frame[6].to_bytes(6, "big"))
        self.assertEqual({key: said[key] for key in said if key not in (1, 26)},
                         {2: 105, 11: "6204", 13: "register"})
        self.assertEqual(set(said[26]), {"subscription", "month", "holder"})
        self.assertEqual(said[26]["holder"], "petitions")
        # No proof of the record, whose core has author, holder and date; the author has one.
        while True:
            note = sender.notes.pop(0) if sender.notes else sender.await_frame(CHECKPOINT)[1]
            if int(note.split("\n")[1]) > frame[5]:
                break
        third.send([7, third.session, frame[5], 0])
        self.assertEqual(third.await_frame(ERROR)[1], 4303)
        sender.send([7, sender.session, frame[5], 0])
        self.assertEqual(sender.await_frame(73)[1], frame[5])
        # It cannot be answered, taken note of, or asked about.
        for public in ({2: NOTICE, 3: sender.referral},
                       {2: 86, 6: said[1]},
                       {2: 64, 3: sender.referral, 6: said[1]}):
            cores = third.submit([third.item({1: hubkit.message_id(), **public})])
            self.assertEqual(cores[0].get(10, 0), 4303, public)

    def test_notice_comes_again_until_it_is_acknowledged(self):
        third = self.subscriber(events="register")
        self.sender()
        first = self.next(third)
        third.send([8, third.session])
        again = Client(self.hub, third.agency)
        self.addCleanup(again.close)
        self.assertEqual(again.open()[0], 66)
        self.assertEqual(self.next(again), first)
        cores = again.submit([again.ack(first[2], first[3], first[4])])
        self.assertEqual(cores[0].get(10, 0), 0)
        self.sender()
        self.assertEqual(self.next(again)[4], first[4] + 1)


class Log(DeliveryCase):
    def note_of(self, client, size):
        """The first published checkpoint of at least that size; its size and root."""
        while True:
            text = client.notes.pop(0) if client.notes else client.await_frame(CHECKPOINT)[1]
            lines = text.split("\n")
            if int(lines[1]) >= size:
                return text, int(lines[1])

    def test_checkpoints_come_by_themselves_and_prove_what_is_ours(self):
        sender, court, third = self.sender(), self.agency("court"), self.agency("police")
        receiver, stranger = self.client(court), self.client(third)
        core = self.notices(sender, court, 1)[0]
        index = core[3]
        _, size = self.note_of(sender, index + 1)
        for client in (sender, receiver):
            client.send([7, client.session, index, 0])
            proof = client.await_frame(73)
            self.assertEqual(proof[1], index)
            leaf = wire.leaf(proof[3] + proof[4])
            note_size = int(proof[2].split("\n")[1])
            self.assertEqual(wire.root_of_path(leaf, index, note_size, proof[5]),
                             self.root(proof[2]))
        stranger.send([7, stranger.session, index, 0])
        self.assertEqual(stranger.await_frame(ERROR)[1], 4303)
        sender.send([7, sender.session, 10**9, 0])
        self.assertEqual(sender.await_frame(ERROR)[1], 4303)
        sender.send([7, sender.session, index, size + 10**6])
        self.assertEqual(sender.await_frame(ERROR)[1], 4303)

    def root(self, note):
        return base64.b64decode(note.split("\n")[2])

    def test_log_is_shown_to_extend_what_was_seen(self):
        sender, court = self.sender(), self.agency("court")
        old, old_size = self.note_of(sender, 1)
        self.notices(sender, court, 10)
        self.note_of(sender, old_size + 10)
        sender.send([9, sender.session, old_size])
        frame = sender.await_frame(74)
        size = int(frame[2].split("\n")[1])
        log_verify.verify_consistency(old_size, self.root(old), size, self.root(frame[2]),
                                      frame[3])
        sender.send([9, sender.session, size + 10**6])
        self.assertEqual(sender.await_frame(ERROR)[1], 4303)


if __name__ == "__main__":
    PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve() / "rhubd"
    unittest.main()

"""What rhubd says: its log, its own texts in both languages, and how its failures end.

    test_log.py FOLDER-OF-RHUBD [unittest arguments]
"""
import datetime
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unicodedata
import unittest

import hubkit
from hubkit import Agency, Client, Hub, wait_until

PROGRAM = None
STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"


def rhubd(*words, lang="en", code=None):
    done = subprocess.run([str(PROGRAM), *map(str, words)], capture_output=True, text=True,
                          timeout=hubkit.PATIENCE_S, check=False,
                          env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                               "RHUB_LANG": lang})
    assert code is None or done.returncode == code, (words, done)
    return done


def lines(hub):
    return [json.loads(line) for line in (hub.home / "log").read_text().splitlines()]


def events(hub, event):
    return [line for line in lines(hub) if line["event"] == event]


def chinese(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


class Log(unittest.TestCase):
    """An operator who reads only the log must see what happened, when, and what to do."""

    def setUp(self):
        self.hub = Hub(PROGRAM)
        self.addCleanup(self.hub.close)
        self.rules = self.hub.home / "rules"
        shutil.copytree(hubkit.SOURCE / "protocol" / "rules", self.rules)

    def await_event(self, event, count=1):
        return wait_until(lambda: len(events(self.hub, event)) >= count and
                          events(self.hub, event)[-1], f"{event} in the log")

    def connect(self, agency, **options):
        client = Client(self.hub, agency, **options)
        self.addCleanup(client.close)
        return client

    def test_every_line_has_time_level_event_and_text(self):
        self.hub.start()
        self.hub.stop()
        for line in lines(self.hub):
            datetime.datetime.strptime(line["at"], STAMP)
            self.assertIn(line["level"], ("info", "warning", "error"))
            self.assertTrue(line["event"] and line["text"])
            self.assertNotIn("hub_time", line) # it agrees with the wall clock
        self.assertEqual([line["event"] for line in lines(self.hub)], ["ready", "stop"])

    def test_agencies_come_go_and_are_revoked(self):
        self.hub.start()
        agency = Agency("petitions.620423")
        self.hub.enrol(agency)
        self.assertEqual(self.connect(agency).open()[0], 66)
        self.assertEqual(self.await_event("agency_online")["agency"], agency.name)
        self.hub.ask("agency.revoke", id=agency.name, reason="key stolen")
        self.assertEqual(self.await_event("agency_revoked")["level"], "warning")
        self.assertEqual(self.await_event("agency_offline")["agency"], agency.name)
        self.assertTrue(self.connect(agency).refused())
        line = self.await_event("key_refused")
        self.assertEqual(line["agency"], agency.name)
        self.assertEqual(line["from"], "127.0.0.1")

    def test_a_stranger_is_told_once_a_minute(self):
        self.hub.start()
        stranger = Agency("court.620423")
        for _ in range(5):
            client = self.connect(stranger)
            self.assertTrue(client.refused())
        line = self.await_event("key_refused")
        self.assertNotIn("agency", line)
        card = self.hub.home / "stranger.pub"
        card.write_text(stranger.card().splitlines()[0] + "\n")
        done = subprocess.run([str(PROGRAM.parent / "rhub"), "key", "fingerprint", str(card),
                               "-o", "json"], capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(done.stdout)[0]["fingerprint"], line["key"])
        self.connect(Agency("police.620423")).refused()
        self.await_event("key_refused", 2)
        self.assertEqual(len(events(self.hub, "key_refused")), 2)

    def test_rules_and_the_greeting_of_another_agency(self):
        self.hub.start(rules=self.rules)
        agency = Agency("petitions.620423")
        self.hub.enrol(agency)
        agency.name = "petitions.620999"
        self.connect(agency).open()
        self.assertEqual(self.await_event("hello_refused")["agency"], "petitions.620423")
        book = sorted(self.rules.glob("procedures/*.yaml"))[0]
        good = book.read_text()
        book.write_text(good + "\n# looked at again\n")
        self.hub.process.send_signal(signal.SIGHUP)
        self.await_event("rules_journalled")
        book.write_text(good + "\nnonsense: [\n")
        self.hub.process.send_signal(signal.SIGHUP)
        line = self.await_event("reload", 2)
        self.assertEqual(line["level"], "error")
        self.assertIn(book.name + ":", line["detail"])

    def test_a_clock_that_is_not_believed(self):
        self.hub.start("--test-clock=2035-01-01T00:00:00Z")
        self.hub.stop()
        self.assertEqual(events(self.hub, "ready")[0]["hub_time"], "2035-01-01T00:00:00.000Z")
        self.hub.start()
        self.await_event("clock_held")
        self.assertTrue(self.await_event("wall_clock_jump")["hub_time"].startswith("2035-01-01"))
        self.hub.ask("clock.confirm", reason="the test clock stood in the future")
        self.await_event("clock_released")

    def test_a_bare_claim_of_more_does_not_stop_the_hub(self):
        self.hub.start()
        agency = Agency("petitions.620423")
        self.hub.enrol(agency)
        client = self.connect(agency)
        client.send([1, 1, agency.name])
        challenge = client.await_frame(65)
        client.send(client.hello(challenge, receipt=10**6, n=10**6, size=10**6))
        client.await_frame(hubkit.ERROR, hubkit.BUSY, 66)
        # Without proof it is only refused: an agency's bare word must not stop a hub.
        self.assertEqual(self.await_event("hello_refused")["agency"], agency.name)
        self.assertFalse(events(self.hub, "rollback_seen"))

    def test_chinese_sentences_and_the_same_codes(self):
        self.hub.start("--lang", "zh")
        self.hub.stop()
        self.assertEqual([line["event"] for line in lines(self.hub)], ["ready", "stop"])
        for line in lines(self.hub):
            self.assertTrue(chinese(line["text"]), line)


class Failing(unittest.TestCase):
    """Whoever starts a hub that cannot run is told what, where and what to do, and scripts
    get the exit code of the kind of mistake."""

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rhub-test-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.keys = self.home / "keys"
        self.words = ("--hub", hubkit.HUB, "--keys", self.keys)
        self.run_words = ("run", *self.words, "--data", self.home / "data", "--rules",
                          hubkit.SOURCE / "protocol" / "rules")

    def init(self, **options):
        return rhubd("init", *self.words, "--endpoint", "tcp://127.0.0.1:5550", **options)

    def assert_said(self, done, event, *words):
        """The last line of the log is the failure."""
        line = json.loads(done.stderr.splitlines()[-1])
        self.assertEqual((line["level"], line["event"]), ("error", event))
        for word in words:
            self.assertIn(word, line["text"] + line["detail"])

    def test_init_leaves_a_finished_hub_alone(self):
        self.init(code=0)
        before = {file.name: file.read_bytes() for file in self.keys.iterdir()}
        self.assertIn("already", self.init(code=73).stderr)
        self.assertTrue(chinese(self.init(code=73, lang="zh").stderr))
        self.assertEqual(before, {file.name: file.read_bytes() for file in self.keys.iterdir()})

    def test_init_goes_on_where_it_was_cut_short(self):
        first = self.init(code=0).stdout
        (self.keys / "hub.card").unlink()
        (self.keys / "external.key").unlink()
        self.assertEqual(self.init(code=0).stdout, first) # the same keys
        (self.keys / "hub.card").unlink()
        for name in ("wrapping.key", "sign.key"):
            whole = (self.keys / name).read_bytes()
            (self.keys / name).write_bytes(whole[:7])
            self.assertIn(f"{name}: ", self.init(code=73).stderr)
            self.assertIn("remove it", self.init(code=73).stderr)
            (self.keys / name).write_bytes(whole)
        self.assertEqual(self.init(code=0).stdout, first)

    def test_a_taken_port_is_named(self):
        self.init(code=0)
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            done = rhubd(*self.run_words, "--endpoint", f"tcp://127.0.0.1:{port}", code=78)
        self.assert_said(done, "gateway", str(port), "--endpoint")

    def test_an_admin_path_that_is_too_long(self):
        self.init(code=0)
        done = rhubd(*self.run_words, "--endpoint", "tcp://127.0.0.1:*", "--admin",
                     self.home / ("x" * 120), code=78)
        self.assert_said(done, "operator", "--admin", "107")
        self.assertFalse((self.home / "data").exists())

    def test_a_file_where_the_admin_socket_belongs(self):
        self.init(code=0)
        (self.home / "taken").write_text("")
        done = rhubd(*self.run_words, "--endpoint", "tcp://127.0.0.1:*", "--admin",
                     self.home / "taken", code=78)
        self.assert_said(done, "operator", "--admin", "taken")

    def test_the_endpoint_file_cannot_be_written(self):
        self.init(code=0)
        (self.home / "data" / "endpoint").mkdir(parents=True)
        done = rhubd(*self.run_words, "--endpoint", "tcp://127.0.0.1:*", code=74)
        self.assert_said(done, "endpoint", "endpoint")
        self.assertFalse((self.home / "data" / "admin.sock").exists())

    def test_whatever_is_missing_or_spoilt_is_named(self):
        endpoint = ("--endpoint", "tcp://127.0.0.1:*")
        self.assert_said(rhubd(*self.run_words, *endpoint, code=78), "start", "hub.card")
        self.init(code=0)
        done = rhubd("run", *self.words, "--data", self.home / "data", "--rules",
                     self.home / "no-rules", *endpoint)
        self.assertNotIn(done.returncode, (0, 1))
        self.assert_said(done, "start", "no-rules")
        (self.home / "file").write_text("")
        done = rhubd("run", *self.words, "--data", self.home / "file", "--rules",
                     hubkit.SOURCE / "protocol" / "rules", *endpoint)
        self.assertNotIn(done.returncode, (0, 1))
        self.assert_said(done, "start", "file")

    def test_words_that_are_not_understood(self):
        for words, said in ((("frobnicate",), "frobnicate"), (("run", "--nonsense"), "--nonsense"),
                            (("run", "--workers", "9"), "--workers"), (("init",), "--hub"),
                            (("run", "--hub"), "--hub"), (("run", "--lang", "fr"), "--lang")):
            self.assertIn(said, rhubd(*words, code=64).stderr)
        for lang in ("en", "zh"):
            page = rhubd("--help", lang=lang, code=0).stdout
            self.assertEqual(chinese(page), lang == "zh")
            for line in page.splitlines():
                width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
                self.assertLessEqual(width, 80, line)


if __name__ == "__main__":
    PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve() / "rhubd"
    unittest.main(verbosity=2)

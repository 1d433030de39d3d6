"""One fact, every form: what a list says as JSON it says as JSON lines, CSV, TSV, ids and
table, field by field, in both languages, without escapes and without questions; and every page
of help fits a terminal.

    test_lists.py BIN_DIR
"""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unicodedata

PATIENCE_S = 120.0

LISTS = ("referral list", "referral timeline R-2026-000002", "deadline board",
         "deadline board --by agency", "deadline explain R-2026-000003",
         "deadline board --by procedure", "queue list",
         "queue peek center.demo", "dead list", "agency list", "job list", "calendar list",
         "rules list",
         "route query judicial.procuratorial --area demo", "report figures")
AT_AGENT = ("inbox", "outbox", "due", "imports")
# What moves while nobody does anything: the wall clock and what was heard last.
MOVING = {"skew_ms", "last_seen_at", "clock_skew_ms", "last_ms"}


class Tour:
    """A hub and its agencies, as the demonstration leaves them."""

    def __init__(self, programs):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="rhub-test-"))
        self.rhub = str(programs / "rhub")
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
                            "RHUB_LANG": "en"}
        self.pids = []
        # Into a file: a pipe would stay open as long as what the tour leaves running.
        told = self.home / "told"
        with open(told, "w", encoding="utf-8") as out:
            done = subprocess.run([self.rhub, "demo", "--fast", "--lang", "en",
                                   "--keep", str(self.home / "tour")],
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                  timeout=PATIENCE_S, env=self.environment, check=False)
        text = told.read_text(encoding="utf-8")
        found = re.search(r"kill((?: \d+)+)", text)
        self.pids = [int(pid) for pid in found[1].split()] if found else []
        assert done.returncode == 0, text[-2000:]
        self.environment["RHUB_HUB"] = str(self.home / "tour" / "hub" / "admin.sock")
        self.environment["RHUB_AGENT"] = str(self.home / "tour" / "procuratorate" / "agent.sock")

    def close(self):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, words, *more, lang="en", code=0):
        done = subprocess.run([self.rhub, *words.split(), *more], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=PATIENCE_S, check=False,
                              env=self.environment | {"RHUB_LANG": lang})
        text = done.stdout.decode()
        assert done.returncode == code, (words, more, done)
        assert b"\x1b" not in done.stdout + done.stderr, (words, "an escape without a terminal")
        return text


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def chinese(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def value_at(row, path):
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def raw(value):
    """A value as a machine's cell shows it."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False,
                                                           separators=(",", ":"))
    return text


def steady(rows):
    return [{key: value for key, value in row.items() if key not in MOVING} for row in rows]


def check_machine_forms(tour, words):
    rows = json.loads(tour.run(words, "-o", "json"))
    lines = [json.loads(line) for line in tour.run(words, "-o", "jsonl").splitlines()]
    assert steady(rows) == steady(lines), words
    for lang in ("en", "zh"):
        assert steady(json.loads(tour.run(words, "-o", "json", lang=lang))) == steady(rows), words
    table = list(csv.reader(io.StringIO(tour.run(words, "-o", "csv"), newline="")))
    tabs = [line.split("\t") for line in tour.run(words, "-o", "tsv").splitlines()]
    assert len({len(line) for line in table}) <= 1, (words, "ragged")
    for cells, others in zip(table, tabs, strict=True):
        assert len(cells) == len(others), (words, cells, others)
    if not rows:
        return rows
    head, *body = table
    assert len(body) == len(rows), words
    for row, cells, others in zip(rows, body, tabs[1:], strict=True):
        for path, cell, other in zip(head, cells, others, strict=True):
            if path in MOVING:
                continue
            expected = raw(value_at(row, path))
            assert cell in (expected, "'" + expected), (words, path, cell, expected)
            assert other == expected, (words, path, other, expected)
    if "id" in rows[0]:
        assert tour.run(words, "-o", "ids").split() == [str(row["id"]) for row in rows], words
    return rows


def check_table(tour, words, rows):
    """Each field by itself: as many cells as rows, empty where the JSON says nothing."""
    for lang in ("en", "zh"):
        lines = tour.run(words, "--no-headers", "-q", lang=lang).splitlines()
        assert len(lines) >= len(rows), (words, lines)
    names = [line.split()[0] for line in tour.run(words, "--fields", "help").splitlines()]
    for path in names:
        cells = tour.run(words, "--fields", path, "--no-headers", "-q").split("\n")[:-1]
        values = [value_at(row, path) for row in rows]
        if not any(value not in (None, "", []) for value in values):
            continue
        assert len(cells) == len(rows), (words, path, cells)
        for cell, value in zip(cells, values):
            said = value not in (None, "", [])
            assert bool(cell.strip()) == said, (words, path, cell, value)
            if isinstance(value, int) and not isinstance(value, bool) and cell.isdigit():
                assert int(cell) == value or path in MOVING, (words, path, cell, value)


def check_help(tour):
    page = tour.run("help")
    commands = [" ".join(word for word in line[:28].split() if word.islower())
                for line in page.splitlines() if re.match(r"  [a-z]", line)]
    nouns = {command.split()[0] for command in commands if " " in command}
    assert len(commands) > 60 and {"referral", "queue", "dead", "rules"} <= nouns
    for words in ["help", "help exit-codes", *(f"help {noun}" for noun in sorted(nouns)),
                  *(f"{command} --help" for command in commands)]:
        for lang in ("en", "zh"):
            text = tour.run(words, lang=lang)
            assert chinese(text) or lang == "en" or words == "demo --help", words
            assert text, words
            for line in text.splitlines():
                assert columns(line) <= 80, (words, lang, line)


def check_wrong_words(tour):
    for words, meant in (("refferal list", "referral"), ("referral lst", "list"),
                         ("help quue", "queue"), ("queue list --limt 3", "limit"),
                         ("agency list --fields onlien", "online")):
        for lang in ("en", "zh"):
            done = subprocess.run([tour.rhub, *words.split()], stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, check=False,
                                  env=tour.environment | {"RHUB_LANG": lang})
            assert done.returncode == 64 and done.stdout == "", (words, done)
            assert meant in done.stderr, (words, done.stderr)
            assert chinese(done.stderr) == (lang == "zh"), (words, done.stderr)


def main():
    tour = Tour(pathlib.Path(sys.argv[1]).resolve())
    try:
        seen = 0
        for words in (*LISTS, *AT_AGENT):
            rows = check_machine_forms(tour, words)
            seen += len(rows)
            if rows:
                check_table(tour, words, rows)
        assert seen > 50, seen
        check_help(tour)
        check_wrong_words(tour)
    finally:
        tour.close()
    print("ok")


if __name__ == "__main__":
    main()

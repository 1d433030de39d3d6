"""The ledger of an agency in Python: what it said and what came back, in SQLite, so that a
`kill -9` in the middle of anything leaves it whole. It is the ground truth of the system tests."""
import contextlib
import json
import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS sent (
    n INTEGER PRIMARY KEY, hub TEXT, message_id BLOB, kind INTEGER, referral BLOB,
    expects TEXT, cause INTEGER, digest BLOB, item BLOB, void INTEGER DEFAULT 0);
CREATE INDEX IF NOT EXISTS sent_cause ON sent (cause);
CREATE INDEX IF NOT EXISTS sent_message ON sent (message_id);
CREATE TABLE IF NOT EXISTS receipts (
    hub TEXT, n INTEGER, idx INTEGER, outcome INTEGER, stored INTEGER, core BLOB, rest BLOB,
    asked INTEGER DEFAULT 0, PRIMARY KEY (hub, n)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS receipts_n ON receipts (n);
CREATE INDEX IF NOT EXISTS receipts_asked ON receipts (asked, n);
CREATE TABLE IF NOT EXISTS confirms (
    hub TEXT, n INTEGER, frame BLOB, PRIMARY KEY (hub, n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, hub TEXT, sender TEXT, lane INTEGER, seq INTEGER, form INTEGER,
    idx INTEGER, kind INTEGER, message_id BLOB, referral BLOB, digest BLOB, sender_n INTEGER,
    effect INTEGER, public BLOB);
CREATE INDEX IF NOT EXISTS deliveries_message ON deliveries (message_id);
CREATE INDEX IF NOT EXISTS deliveries_idx ON deliveries (hub, idx);
CREATE TABLE IF NOT EXISTS wanted (
    hub TEXT, sender TEXT, lane INTEGER, next INTEGER, acked INTEGER DEFAULT 0,
    PRIMARY KEY (hub, sender, lane));
"""


class Ledger:
    """What this agency said and heard. One writer; others may read at any time."""

    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")  # a process is killed here, not a machine
        self.db.executescript(SCHEMA)
        self.depth = 0

    @contextlib.contextmanager
    def change(self):
        if self.depth == 0:
            self.db.execute("BEGIN IMMEDIATE")
        self.depth += 1
        try:
            yield
        except BaseException:
            self.depth = 0
            with contextlib.suppress(sqlite3.Error):
                self.db.execute("ROLLBACK")
            raise
        self.depth -= 1
        if self.depth == 0:
            self.db.execute("COMMIT")

    def one(self, sql, *args):
        row = self.db.execute(sql, args).fetchone()
        return row[0] if row and len(row) == 1 else row

    def all(self, sql, *args):
        return self.db.execute(sql, args).fetchall()

    def run(self, sql, *args):
        return self.db.execute(sql, args)

    def get(self, key, default=None):
        value = self.one("SELECT value FROM meta WHERE key = ?", key)
        return json.loads(value) if value is not None else default

    def put(self, key, value):
        self.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, json.dumps(value))

    def close(self):
        self.db.close()

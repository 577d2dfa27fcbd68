"""What the file looks like, and how one of an older Headgate becomes one of ours."""

import secrets
import sqlite3

from headgate.errors import StoreError

VERSION = 4

_SCHEMA = """
CREATE TABLE IF NOT EXISTS owner (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS secret (one INTEGER PRIMARY KEY CHECK (one = 1), bytes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS room (filler BLOB);
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, segments BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS gone (run TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    id TEXT NOT NULL, owner TEXT NOT NULL, created REAL NOT NULL, ended REAL NOT NULL, format TEXT NOT NULL,
    asked TEXT NOT NULL, status TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, head BLOB NOT NULL, log BLOB NOT NULL,
    expires REAL, cost REAL, estimated INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS runs_owner ON runs (owner, id);
CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY, run TEXT NOT NULL, owner TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_run ON names (run);
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, owner TEXT NOT NULL, url TEXT NOT NULL, kind TEXT NOT NULL,
    created REAL NOT NULL, due REAL, tries INTEGER NOT NULL, status TEXT NOT NULL, note TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_run ON outbox (run);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS tries (
    delivery INTEGER NOT NULL, at REAL NOT NULL, status INTEGER NOT NULL, error TEXT NOT NULL, seconds REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS tries_delivery ON tries (delivery);
CREATE TABLE IF NOT EXISTS members (
    channel TEXT NOT NULL, user TEXT NOT NULL, mode TEXT NOT NULL, PRIMARY KEY (channel, user)
);
CREATE TABLE IF NOT EXISTS sounds (run TEXT NOT NULL, first INTEGER NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS sounds_run ON sounds (run, first);
CREATE TABLE IF NOT EXISTS sound_uses (run TEXT NOT NULL, file INTEGER NOT NULL, PRIMARY KEY (run, file)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sound_uses_file ON sound_uses (file);
CREATE TABLE IF NOT EXISTS sound_files (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS sound_leavings (run TEXT PRIMARY KEY, log BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS stream_journal (id INTEGER PRIMARY KEY, changes BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS streams (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, head BLOB NOT NULL, end INTEGER NOT NULL,
    due REAL, closed INTEGER NOT NULL, gone INTEGER NOT NULL, seq BLOB, closed_by BLOB, source INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS streams_name ON streams (owner, name);
CREATE INDEX IF NOT EXISTS streams_source ON streams (source) WHERE source IS NOT NULL;
CREATE INDEX IF NOT EXISTS streams_due ON streams (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS stream_pieces (
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS stream_pieces_first ON stream_pieces (stream, first);
CREATE TABLE IF NOT EXISTS stream_producers (
    stream INTEGER NOT NULL, producer TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (stream, producer)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream_leavings (stream INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS subscriptions (
    owner TEXT NOT NULL, id TEXT NOT NULL, wish BLOB NOT NULL, state BLOB NOT NULL, PRIMARY KEY (owner, id)
);
CREATE TABLE IF NOT EXISTS subscription_links (
    owner TEXT NOT NULL, subscription TEXT NOT NULL, stream TEXT NOT NULL, acked TEXT NOT NULL,
    explicit INTEGER NOT NULL,
    PRIMARY KEY (owner, subscription, stream)
) WITHOUT ROWID;
"""

_STEPS = {
    1: "ALTER TABLE runs ADD COLUMN expires REAL;",
    2: "ALTER TABLE runs ADD COLUMN cost REAL; ALTER TABLE runs ADD COLUMN estimated INTEGER;",
    3: "",  # Sounds went into files: what an older Headgate cannot read, it must not open.
}
"""What makes a file of that version one of the next."""

_AFTER = "CREATE INDEX IF NOT EXISTS runs_expires ON runs (expires) WHERE expires IS NOT NULL;"
"""Of those runs only that have a retention of their own, so that the others do not pay for it."""


def prepare(connection: sqlite3.Connection, path: object) -> None:
    """Make the tables, or bring them up to date; raises StoreError for a file of a newer Headgate."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise StoreError(f"The store {path} was written by a newer Headgate.", code="store_too_new")
    connection.execute("PRAGMA journal_mode = WAL")
    # All at once: a file that is half of one version and half of another could never be opened again.
    steps = [_STEPS[step] for step in range(version, VERSION)] if version else []
    changes = (_SCHEMA, *steps, _AFTER, f"PRAGMA user_version = {VERSION};")
    connection.executescript(f"BEGIN IMMEDIATE;{''.join(changes)}COMMIT;")


def take_possession(connection: sqlite3.Connection) -> int:
    """The epoch of a new owner: every transaction of an earlier one is refused from here on."""
    connection.execute("INSERT INTO owner VALUES (1, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1")
    epoch: int = connection.execute("SELECT epoch FROM owner").fetchone()[0]
    return epoch


def secret(connection: sqlite3.Connection) -> bytes:
    """The store's own secret, made once."""
    connection.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", (secrets.token_bytes(32),))
    found: bytes = connection.execute("SELECT bytes FROM secret").fetchone()[0]
    return found

"""
Which revisions there are, and at which a database is, found out without Alembic.

To ask Alembic would cost every start half a second, for an answer that is nearly always: at the newest.
"""

import sqlite3
from enum import Enum
from pathlib import Path

import msgspec

VERSIONS = Path(__file__).parent / "migrations" / "versions"

REVISIONS = tuple(sorted(file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*_*.py")))
"""From the first to the newest: each migration's file begins with the name of its revision."""

NEWEST = REVISIONS[-1]

_LOOK = 1.0
"""Seconds that a look may wait for whoever is writing."""


class State(Enum):
    """How a database stands."""

    MISSING = "missing"
    """There is none yet; it is made with its first use."""
    CURRENT = "current"
    BEHIND = "behind"
    """Older than this program, or of no revision at all."""
    AHEAD = "ahead"
    """Of a revision that this program does not know."""
    UNCLEAR = "unclear"
    """It could not be found out this way."""


class Standing(msgspec.Struct, frozen=True):
    """How a database stands, and at which revision."""

    state: State
    revision: str | None = None


def standing(file: Path) -> Standing:
    """How a database of SQLite's stands."""
    try:
        if not file.exists() or file.stat().st_size == 0:
            return Standing(State.MISSING)
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=_LOOK)
        try:
            return _standing(connection)
        finally:
            connection.close()
    except (sqlite3.Error, OSError):
        return Standing(State.UNCLEAR)


def state_of(revision: str | None) -> State:
    """How a database of that revision stands."""
    if revision is None:
        return State.BEHIND
    if revision not in REVISIONS:
        return State.AHEAD
    return State.CURRENT if revision == NEWEST else State.BEHIND


def _standing(connection: sqlite3.Connection) -> Standing:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    revision = None if row is None else str(row[0])
    return Standing(state_of(revision), revision)

"""The durable store of one machine, in one SQLite file."""

from headgate.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]

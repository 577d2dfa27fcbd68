"""Who belongs to a channel."""

import sqlite3
from collections.abc import Sequence

from headgate.store.base import Member


def everybody(connection: sqlite3.Connection) -> list[Member]:
    """All of them, in the order they were added."""
    return [Member(*row) for row in connection.execute("SELECT channel, user, mode FROM members ORDER BY rowid")]


def add(connection: sqlite3.Connection, members: Sequence[Member]) -> None:
    """Some more; who is one already has the new mode."""
    sql = "INSERT INTO members VALUES (?,?,?) ON CONFLICT (channel, user) DO UPDATE SET mode = excluded.mode"
    connection.executemany(sql, [(member.channel, member.user, member.mode) for member in members])


def remove(connection: sqlite3.Connection, members: Sequence[Member]) -> None:
    """Some less."""
    sql = "DELETE FROM members WHERE channel = ? AND user = ?"
    connection.executemany(sql, [(member.channel, member.user) for member in members])

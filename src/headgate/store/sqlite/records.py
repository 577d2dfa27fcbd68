"""The runs that are over, as they are found, listed and forgotten."""

import sqlite3
from typing import Any

import msgspec

from headgate.events import AnyEvent
from headgate.store.base import Filter, Head, Record, Summary
from headgate.store.sqlite import outbox

EXPIRE_ROWS = 200
"""How many old runs one transaction forgets, so that sweeping never holds up a commit for long."""

_SUMMARY = "id, created, ended, format, asked, status, provider, model, input_tokens, output_tokens"

_WAITING = "EXISTS (SELECT 1 FROM outbox WHERE outbox.run = runs.id AND outbox.due IS NOT NULL)"

_head = msgspec.msgpack.Decoder(Head)
_log = msgspec.msgpack.Decoder(list[AnyEvent])


def get(connection: sqlite3.Connection, run: str, owner: str) -> Record | None:
    """An owner's run."""
    sql = "SELECT head, log, ended FROM runs WHERE owner = ? AND id = ?"
    row = connection.execute(sql, (owner, run)).fetchone()
    return None if row is None else Record(_head.decode(row[0]), _log.decode(row[1]), row[2])


def who_has(connection: sqlite3.Connection, name: str) -> tuple[str, str] | None:
    """The run with that name, and its owner."""
    row: tuple[str, str] | None = connection.execute("SELECT run, owner FROM names WHERE name = ?", (name,)).fetchone()
    return row


def recent(
    connection: sqlite3.Connection, owner: str, limit: int, before: str | None, filter: Filter | None
) -> list[Summary]:
    """An owner's runs, newest first."""
    # "~" sorts after every id.
    where, values = ["owner = ?", "id < ?"], [owner, before or "~"]
    for condition, value in _conditions(filter or Filter()):
        if value is not None:
            where.append(condition)
            values += [value] * condition.count("?")
    sql = f"SELECT {_SUMMARY} FROM runs WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"
    return [Summary(*row) for row in connection.execute(sql, (*values, limit))]


def _conditions(filter: Filter) -> list[tuple[str, Any]]:
    return [
        ("status = ?", filter.status),
        ("provider = ?", filter.provider),
        ("(model = ? OR asked = ?)", filter.model),
        ("format = ?", filter.format),
        ("created >= ?", filter.since),
        ("created < ?", filter.until),
    ]


def delete(connection: sqlite3.Connection, run: str, owner: str) -> list[str]:
    """Forget an owner's run, and say which; none when there is none."""
    found = connection.execute("DELETE FROM runs WHERE owner = ? AND id = ?", (owner, run)).rowcount
    if found:
        _forget_the_rest(connection, run)
    return [run] * found


def expire(connection: sqlite3.Connection, now: float, retention: float) -> list[str]:
    """Forget some that were kept for long enough, and say which."""
    # Runs are written when they end, so the oldest rows are those that ended first: no index needed.
    common = f"SELECT rowid, id, ended FROM runs WHERE expires IS NULL AND NOT {_WAITING} ORDER BY rowid LIMIT ?"
    old = [(row, run) for row, run, ended in connection.execute(common, (EXPIRE_ROWS,)) if ended < now - retention]
    own = f"SELECT rowid, id FROM runs WHERE expires < ? AND NOT {_WAITING} LIMIT ?"
    old += connection.execute(own, (now, EXPIRE_ROWS)).fetchall()
    for row, run in old:
        connection.execute("DELETE FROM runs WHERE rowid = ?", (row,))
        _forget_the_rest(connection, run)
    return [run for _, run in old]


def _forget_the_rest(connection: sqlite3.Connection, run: str) -> None:
    connection.execute("DELETE FROM names WHERE run = ?", (run,))
    outbox.forget(connection, run)

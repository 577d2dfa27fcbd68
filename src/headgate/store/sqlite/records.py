"""The runs that are over, as they are found, listed and forgotten."""

import sqlite3
from collections.abc import Iterable
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from headgate.errors import StoreError
from headgate.events import AnyEvent
from headgate.formats.voices import SPEECH
from headgate.store.base import Filter, Head, Record, Summary
from headgate.store.sqlite import outbox, sounds
from headgate.store.sqlite.soundfiles import SoundFiles

EXPIRE_ROWS = 200
"""How many old runs one transaction forgets, so that sweeping never holds up a commit for long."""

EXPIRE_BYTES = 1 << 20
"""How large they may be together: where SQLite overwrites what it forgets, that takes as long as writing it."""

_SUMMARY = "id, created, ended, format, asked, status, provider, model, input_tokens, output_tokens, cost, estimated"

_IS_SPEECH = f"format = '{SPEECH}'"
_OLD = f"rowid, id, length(head) + length(log) + CASE WHEN {_IS_SPEECH} THEN {sounds.SIZE} ELSE 0 END, {_IS_SPEECH}"

_WAITING = "EXISTS (SELECT 1 FROM outbox WHERE outbox.run = runs.id AND outbox.due IS NOT NULL)"

_head = msgspec.msgpack.Decoder(Head)
_log = msgspec.msgpack.Decoder(list[AnyEvent])


class Old(NamedTuple):
    """A run that may be forgotten, or was."""

    row: int
    run: str
    size: int
    """Of its request and its log."""
    is_speech: int


def get(connection: sqlite3.Connection, files: SoundFiles, run: str, owner: str) -> Record | None:
    """An owner's run."""
    sql = "SELECT head, log, ended FROM runs WHERE owner = ? AND id = ?"
    row = connection.execute(sql, (owner, run)).fetchone()
    if row is None:
        return None
    head, events = _head.decode(row[0]), _log.decode(row[1])
    if head.format == SPEECH:
        return _with_sounds(connection, files, Record(head, events, row[2]))
    return Record(head, events, row[2])


def _with_sounds(connection: sqlite3.Connection, files: SoundFiles, record: Record) -> Record | None:
    problem: StoreError | None = None
    events: list[AnyEvent] = []
    try:
        events += sounds.put_back(connection, files, record.head.run, record.events)
    except StoreError as error:
        problem = error
    # Its sounds are taken away after it was forgotten: if it is there now, they were there, too.
    sql = "SELECT 1 FROM runs WHERE owner = ? AND id = ?"
    if connection.execute(sql, (record.head.owner, record.head.run)).fetchone() is None:
        return None
    if problem is not None:
        raise problem
    return Record(record.head, events, record.ended)


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
    rows = connection.execute(sql, (*values, limit))
    return [Summary(*_with_truth(row)) for row in rows]


def _with_truth(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """SQLite has no bool."""
    *others, last = row
    return (*others, None if last is None else bool(last))


def _conditions(filter: Filter) -> list[tuple[str, Any]]:
    return [
        ("status = ?", filter.status),
        ("provider = ?", filter.provider),
        ("(model = ? OR asked = ?)", filter.model),
        ("format = ?", filter.format),
        ("created >= ?", filter.since),
        ("created < ?", filter.until),
    ]


def delete(connection: sqlite3.Connection, run: str, owner: str) -> list[Old]:
    """Forget an owner's run, and say which; none when there is none."""
    sql = f"SELECT {_OLD} FROM runs WHERE owner = ? AND id = ?"
    return _forget(connection, [Old(*row) for row in connection.execute(sql, (owner, run))])


def old(connection: sqlite3.Connection, now: float, retention: float) -> list[Old]:
    """Some that were kept for long enough. It may have to look at many others, so it is nothing for a writer."""
    # Runs are written when they end, so the oldest rows are those that ended first: no index needed.
    common = f"SELECT {_OLD}, ended FROM runs WHERE expires IS NULL AND NOT {_WAITING} ORDER BY rowid LIMIT ?"
    found = [Old(*row) for *row, ended in connection.execute(common, (EXPIRE_ROWS,)) if ended < now - retention]
    own = f"SELECT {_OLD} FROM runs WHERE expires < ? AND NOT {_WAITING} LIMIT ?"
    found += [Old(*row) for row in connection.execute(own, (now, EXPIRE_ROWS))]
    sizes = accumulate(each.size for each in found)
    return [each for each, size in zip(found, sizes, strict=True) if size <= EXPIRE_BYTES] or found[:1]


def expire(connection: sqlite3.Connection, old: Iterable[Old]) -> list[Old]:
    """Forget these, and say which; but for those that are gone, or have a message to be sent again, by now."""
    sql = f"SELECT 1 FROM runs WHERE rowid = ? AND id = ? AND NOT {_WAITING}"
    still = [each for each in old if connection.execute(sql, (each.row, each.run)).fetchone()]
    return _forget(connection, still)


def _forget(connection: sqlite3.Connection, runs: list[Old]) -> list[Old]:
    for row, run, _, is_speech in runs:
        if is_speech:
            sounds.forget(connection, row, run)
        connection.execute("DELETE FROM runs WHERE rowid = ?", (row,))
        connection.execute("DELETE FROM names WHERE run = ?", (run,))
        outbox.forget(connection, run)
    return runs

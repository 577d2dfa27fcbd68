"""Streams as rows: one for each, its bytes in pieces, and where its producers are."""

import sqlite3
from collections.abc import Iterable

import msgspec

from headgate.store.streams import Appended, Change, Created, Extended, KeptStream, Mark, Removed, StreamHead

LARGE = 256 << 10
"""The largest piece: a reader gets about as much at once, and SQLite reads a whole row to give a part of it."""

SMALL = 4 << 10
"""A last piece below this is written again with what comes after it: a page is written in any case, and a stream that
says little at a time must not become a row for every word."""

_encode = msgspec.msgpack.Encoder().encode
_head = msgspec.msgpack.Decoder(StreamHead)
_mark = msgspec.msgpack.Decoder(Mark)


class _Growth:
    """What was appended to one stream, taken together."""

    def __init__(self, first: int) -> None:
        self.first = first
        self._pieces: list[bytes] = []
        self._size = 0
        self.seq: bytes | None = None
        self.due: float | None = None
        self.marks: dict[str, Mark] = {}
        self.is_closed = False
        self.closed_by: Mark | None = None

    def add(self, change: Appended) -> None:
        """Some more."""
        if self._size != change.first - self.first:
            # Of a commit that failed nobody can say for certain that it left nothing.
            self._pieces, self._size = [self.data[: change.first - self.first]], change.first - self.first
        self._pieces.append(change.data)
        self._size += len(change.data)
        self.seq = self.seq if change.seq is None else change.seq
        self.due = self.due if change.due is None else change.due
        if change.mark is not None:
            self.marks[change.mark.producer] = change.mark
        if change.closes:
            self.is_closed, self.closed_by = True, change.mark

    @property
    def data(self) -> bytes:
        """All of it."""
        return b"".join(self._pieces)


def write(connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
    """What happened, in its order; part of a transaction."""
    grown: dict[int, _Growth] = {}
    for change in changes:
        match change:
            case Created(stream, head, due):
                _create(connection, stream, head, due)
            case Appended(stream):
                if stream not in grown:
                    grown[stream] = _Growth(change.first)
                grown[stream].add(change)
            case Extended(stream, due):
                if stream in grown:
                    grown[stream].due = due
                else:
                    connection.execute("UPDATE streams SET due = ? WHERE id = ?", (due, stream))
            case Removed(stream):
                # Before it is gone, and not after: what is gone has no time any more.
                if stream in grown:
                    _grow(connection, stream, grown.pop(stream))
                _remove(connection, stream)
    for stream, growth in grown.items():
        _grow(connection, stream, growth)


def _create(connection: sqlite3.Connection, stream: int, head: StreamHead, due: float | None) -> None:
    source = None if head.fork is None else head.fork.source
    sql = "INSERT INTO streams VALUES (?,?,?,?,?,?,0,0,NULL,NULL,?)"
    connection.execute(sql, (stream, head.owner, head.name, _encode(head), head.first, due, source))


def _grow(connection: sqlite3.Connection, stream: int, growth: _Growth) -> None:
    data = growth.data
    end = growth.first + len(data)
    closer = None if growth.closed_by is None else _encode(growth.closed_by)
    sql = (
        "UPDATE streams SET end = ?, closed = closed OR ?, closed_by = coalesce(?, closed_by), "
        "seq = coalesce(?, seq), due = coalesce(?, due) WHERE id = ?"
    )
    connection.execute(sql, (end, growth.is_closed, closer, growth.seq, growth.due, stream))
    if growth.marks:
        sql = "INSERT OR REPLACE INTO stream_producers VALUES (?,?,?,?)"
        connection.executemany(sql, [(stream, mark.producer, mark.epoch, mark.seq) for mark in growth.marks.values()])
    if data:
        _add_bytes(connection, stream, growth.first, data)


def _add_bytes(connection: sqlite3.Connection, stream: int, first: int, data: bytes) -> None:
    sql = "SELECT id, first, data FROM stream_pieces WHERE stream = ? ORDER BY first DESC LIMIT 1"
    last = connection.execute(sql, (stream,)).fetchone()
    if last is not None and len(last[2]) < SMALL:
        id, first, before = last
        data = before + data
        connection.execute("UPDATE stream_pieces SET data = ? WHERE id = ?", (data[:LARGE], id))
        first, data = first + LARGE, data[LARGE:]
    while data:
        connection.execute("INSERT INTO stream_pieces VALUES (NULL,?,?,?)", (stream, first, data[:LARGE]))
        first, data = first + LARGE, data[LARGE:]


def _remove(connection: sqlite3.Connection, stream: int | None) -> None:
    while stream is not None:
        if connection.execute("SELECT 1 FROM streams WHERE source = ? LIMIT 1", (stream,)).fetchone():
            connection.execute("UPDATE streams SET gone = 1, due = NULL WHERE id = ?", (stream,))
            return
        row = connection.execute("SELECT source FROM streams WHERE id = ?", (stream,)).fetchone()
        connection.execute("DELETE FROM streams WHERE id = ?", (stream,))
        # Its bytes may be many, and are deleted a little at a time.
        connection.execute("INSERT OR IGNORE INTO stream_leavings VALUES (?)", (stream,))
        source = None if row is None else row[0]
        sql = "SELECT id FROM streams WHERE id = ? AND gone"
        gone = None if source is None else connection.execute(sql, (source,)).fetchone()
        stream = None if gone is None else gone[0]


def sweep(connection: sqlite3.Connection, most: int) -> bool:
    """Delete some of what streams left behind that are gone; says whether there is more."""
    left = connection.execute("SELECT stream FROM stream_leavings LIMIT 1").fetchone()
    if left is None:
        return False
    sql = "DELETE FROM stream_pieces WHERE id IN (SELECT id FROM stream_pieces WHERE stream = ? LIMIT ?)"
    if connection.execute(sql, (*left, most)).rowcount < most:
        connection.execute("DELETE FROM stream_producers WHERE stream = ?", left)
        connection.execute("DELETE FROM stream_leavings WHERE stream = ?", left)
    return True


def next_number(connection: sqlite3.Connection) -> int:
    """A number that nothing of any stream has."""
    sql = (
        "SELECT max((SELECT coalesce(max(id), 0) FROM streams), (SELECT coalesce(max(stream), 0) FROM stream_leavings))"
    )
    return int(connection.execute(sql).fetchone()[0]) + 1


def find(connection: sqlite3.Connection, owner: str, name: str) -> KeptStream | None:
    """An owner's stream of that name."""
    sql = "SELECT id, head, end, due, closed, gone, seq, closed_by FROM streams WHERE owner = ? AND name = ?"
    row = connection.execute(sql, (owner, name)).fetchone()
    if row is None:
        return None
    id, head, end, due, closed, gone, seq, closed_by = row
    sql = "SELECT producer, epoch, seq FROM stream_producers WHERE stream = ?"
    return KeptStream(
        id=id,
        head=_head.decode(head),
        end=end,
        due=due,
        is_closed=bool(closed),
        is_gone=bool(gone),
        seq=seq,
        producers={row[0]: Mark(*row) for row in connection.execute(sql, (id,))},
        closed_by=None if closed_by is None else _mark.decode(closed_by),
    )


def read(connection: sqlite3.Connection, stream: int, first: int, upto: int, limit: int) -> bytes:
    """Some of a stream's own bytes."""
    sql = (
        "SELECT first, data FROM stream_pieces WHERE stream = ?1 AND first < ?3 AND first >= coalesce("
        "(SELECT max(first) FROM stream_pieces WHERE stream = ?1 AND first <= ?2), ?2) ORDER BY first"
    )
    pieces, size, upto = [], 0, min(upto, first + limit)
    for at, data in connection.execute(sql, (stream, first, upto)):
        piece = data[max(0, first - at) : upto - at]
        pieces.append(piece)
        size += len(piece)
        if first + size >= upto:
            break
    return b"".join(pieces)


def count(connection: sqlite3.Connection, owner: str) -> int:
    """How many an owner has."""
    found: int = connection.execute("SELECT count(*) FROM streams WHERE owner = ?", (owner,)).fetchone()[0]
    return found


def ends(connection: sqlite3.Connection, owner: str) -> list[tuple[str, int]]:
    """How far all of an owner's go that are not gone."""
    sql = "SELECT name, end FROM streams WHERE owner = ? AND NOT gone ORDER BY name"
    return connection.execute(sql, (owner,)).fetchall()


def due(connection: sqlite3.Connection, now: float, limit: int) -> list[tuple[str, str]]:
    """Some that may be forgotten."""
    sql = "SELECT owner, name FROM streams WHERE due < ? ORDER BY due LIMIT ?"
    return connection.execute(sql, (now, limit)).fetchall()

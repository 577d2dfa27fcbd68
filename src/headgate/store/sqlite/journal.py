"""
What live runs say, as it is kept: one journal row for each commit, and a record when a run ends.

Rows are dropped from the front once every run in them is over; so that one long run cannot hold
the rows of thousands of short ones, old rows are now and then rewritten to hold live runs only.

A run's end keeps its whole log once more, as one record. When many long answers end together that
is far more than all they have said meanwhile, and everybody would wait for it. So one commit takes
only so much of it (AT_ONCE); the other runs' ends go into the journal like everything else, and
their records follow piece by piece, between commits.

A run that is forgotten soon after its end may still have rows here. It is noted as gone until they are dropped,
so that it is not taken for one that a crash left without an end.

Everything here runs in the writer's thread.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, TypeAlias

import msgspec

from headgate.events import AnyEvent
from headgate.formats.voices import SPEECH
from headgate.store.base import End, Head, Record, Segment
from headgate.store.encoded import EncodedLogs
from headgate.store.sqlite import outbox
from headgate.store.sqlite.soundfiles import SoundFiles
from headgate.store.sqlite.sounds import Heard, Sounds
from headgate.store.sqlite.writer import IS_OURS, Writer

log = logging.getLogger(__name__)

DROP_ROWS = 64
"""How many rows that nobody needs any more gather before they are dropped together."""

REWRITE_ROWS = 64
"""How many journal rows one rewrite takes together: enough to make rows rare, few enough to take milliseconds."""

REWRITE_BACKLOG = 16 * REWRITE_ROWS
"""How far the journal may reach back behind the newest row before old rows are rewritten."""

AT_ONCE = 1 << 20
"""How many bytes of finished runs one commit takes with it: some milliseconds of everybody's time."""

PAGE = 4096

_ROW = f"INSERT INTO journal SELECT ?, ?{IS_OURS}"
_RECORD = "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
RECORDS = 32
"""Records that one statement takes: to hand them over one by one would let go of the interpreter after each."""

_NAME = (
    "INSERT INTO names VALUES (?,?,?) ON CONFLICT (name) DO UPDATE SET run = excluded.run, owner = excluded.owner "
    "WHERE excluded.run > run"
)

_encode = msgspec.msgpack.Encoder().encode

_Row: TypeAlias = tuple[Any, ...]


class _Ended(msgspec.Struct, array_like=True, frozen=True):
    """What a run's record says beyond its head and its log."""

    ended: float
    status: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: float | None = None
    estimated: bool | None = None


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    """A segment as the journal holds it."""

    run: str
    first: int
    head: Head | None
    events: list[AnyEvent]
    ended: _Ended | None = None
    """With the last segment of a run whose record is still to be written."""


_segments = msgspec.msgpack.Decoder(list[_Kept])


class Journal:
    """The journal of one store."""

    def __init__(self, writer: Writer, files: SoundFiles) -> None:
        self._writer, self._files = writer, files
        self.pages = 0
        """How many pages were written since somebody set this to 0."""
        self.bytes = 0
        """How many bytes of logs and records were ever written."""
        self._next_row = 1
        self._dropped = 0
        self._rewritten = 0
        self._logs = EncodedLogs()
        self._sounds = Sounds(files)
        self._needed: dict[str, int] = {}
        """For each run whose record is not written the journal row it begins in, in the order of the rows."""
        self._past: dict[str, tuple[int, int]] = {}
        """For runs whose records are written but which may still be in the journal: in which rows, first and last."""
        self._skipped = 0
        """The newest row that a rewriting left as it was."""
        self.owed: dict[str, _Row] = {}
        """The records of runs that are over, still to be written."""
        self._will_settle = False

    # Keeping.

    def append(self, batch: Sequence[Segment], beside: Callable[[sqlite3.Connection], None] | None = None) -> None:
        """Keep all segments and what somebody else has beside them, or none."""
        batch, heard = self._sounds.taken_out(batch)
        ends = [segment.end for segment in batch if segment.end is not None]
        tells = any(end.head.names or end.head.hooks for end in ends)
        records, owed = self._records(batch)
        journaled = [(s, _encode(s.events)) for s in batch if s.end is None or s.run in owed]
        row = self._row(journaled) if journaled else b""
        oldest = next(iter(self._needed.values()), self._next_row)
        drops = oldest - self._dropped > DROP_ROWS
        has_users = heard is not None and heard.users
        has_more = tells or drops or beside is not None or has_users
        if has_more or not self._insert_alone(row, records):
            with self._writer.transaction() as connection:
                if beside is not None:
                    beside(connection)
                if heard is not None and has_users:
                    self._sounds.note(connection, heard)
                if row:
                    connection.execute("INSERT INTO journal VALUES (?, ?)", (self._next_row, row))
                _insert(connection, list(records.values()))
                _post(connection, ends)
                if drops:
                    connection.execute("DELETE FROM journal WHERE id < ?", (oldest,))
                    connection.execute("DELETE FROM gone WHERE row < ?", (oldest,))
        # It is kept; only now may we believe it.
        if drops:
            self._dropped = oldest
            self._past = {run: rows for run, rows in self._past.items() if rows[1] >= oldest}
        self._believe(journaled, records, owed)
        self._count(len(row), records)
        if heard is not None:
            self._on_heard(heard)
        if self._sounds.are_at_work:
            for end in ends:
                self._sounds.end(end.head.run)
        self._settle_soon()
        if self._next_row - max(self._rewritten, self._dropped) > REWRITE_BACKLOG:
            # After this commit is answered: nobody should wait for tidying.
            self._writer.later(self.tidy)

    def _count(self, size: int, records: dict[str, _Row]) -> None:
        size += sum([len(record[_HEAD]) + len(record[_LOG]) for record in records.values()])
        self.pages += size // PAGE + 2 * len(records) + 2
        self.bytes += size

    def _on_heard(self, heard: Heard) -> None:
        self.bytes += heard.where.size
        if refused := self._sounds.believe(heard):
            self._writer.later(lambda: self._files.erase(refused))

    def _insert_alone(self, row: bytes, records: dict[str, _Row]) -> bool:
        """Write a row or some records, where it is only the one or the other; False where it is not."""
        if row and not records:
            self._writer.insert(_ROW, (self._next_row, row), 1)
        elif records and not row and len(records) <= RECORDS:
            rows = records.values()
            self._writer.insert(_insertion(len(rows)) + IS_OURS, chain.from_iterable(rows), len(rows))
        else:
            return False
        return True

    def _records(self, batch: Sequence[Segment]) -> tuple[dict[str, _Row], dict[str, _Row]]:
        """The records of the runs that end: those for now, and those for later."""
        now: dict[str, _Row] = {}
        later: dict[str, _Row] = {}
        room = AT_ONCE
        for segment in batch:
            if segment.end is None:
                continue
            record = _row_of(segment.end.head, segment.end, self._whole(segment, segment.end))
            room -= _size(record)
            # What the journal does not hold yet is written whole in any case.
            is_now = room >= 0 or not segment.first
            (now if is_now else later)[segment.run] = record
        return now, later

    def _whole(self, segment: Segment, end: End) -> bytes:
        """The encoded log of a run that ends."""
        if not segment.first:
            return _encode(end.events)
        return self._logs.whole(segment.run, segment.first, segment.events, end.events)

    def _row(self, journaled: Sequence[tuple[Segment, bytes]]) -> bytes:
        return _encode(
            [
                (s.run, s.first, s.head, msgspec.Raw(events), None if s.end is None else _ended(s.end))
                for s, events in journaled
            ]
        )

    def _believe(
        self, journaled: Sequence[tuple[Segment, bytes]], records: dict[str, _Row], owed: dict[str, _Row]
    ) -> None:
        for segment, events in journaled:
            if segment.head is not None:
                self._needed[segment.run] = self._next_row
            if segment.end is None:
                self._logs.add(segment.run, len(segment.events), events)
        for run in records:
            self._on_recorded(run)
        for run in owed:
            self._logs.forget(run)
        self.owed |= owed
        self._next_row += bool(journaled)

    def _on_recorded(self, run: str) -> None:
        first = self._needed.pop(run, None)
        if first is not None:
            self._logs.forget(run)
            self._past[run] = (first, self._next_row - 1)

    def forget(self, connection: sqlite3.Connection, runs: Iterable[str]) -> None:
        """Part of the transaction that deletes their records."""
        gone = [(run, self._past[run][1]) for run in runs if run in self._past]
        connection.executemany("INSERT OR REPLACE INTO gone VALUES (?, ?)", gone)

    # What was owed.

    def settle(self) -> None:
        """Write some of the records that are owed."""
        room = AT_ONCE
        records: dict[str, _Row] = {}
        for run, record in self.owed.items():
            room -= _size(record)
            if room < 0 and records:
                break
            records[run] = record
        if not records:
            return
        with self._writer.transaction() as connection:
            _insert(connection, list(records.values()))
        for run in records:
            del self.owed[run]
            self._on_recorded(run)
        self._count(0, records)

    def _settle_soon(self) -> None:
        # One piece at a time, so that a commit that comes meanwhile waits for one piece only.
        if self.owed and not self._will_settle:
            self._will_settle = True
            self._writer.later(self._settle_next)

    def _settle_next(self) -> None:
        # Should it fail, the next commit has it tried again.
        self._will_settle = False
        self.settle()
        self._settle_soon()

    # Tidying.

    def tidy(self) -> None:
        """Make the journal shorter, if it is long."""
        # Whatever goes wrong here must not make it look as if something had not been kept.
        try:
            if self._next_row - max(self._rewritten, self._dropped) > REWRITE_BACKLOG:
                self._rewrite()
        except Exception as problem:
            log.warning("The store's journal could not be tidied: %s", problem)

    def _rewrite(self) -> None:
        """Put what is still needed of the oldest rows into one."""
        sql = "SELECT id, segments FROM journal WHERE id > ? ORDER BY id LIMIT ?"
        after = max(self._rewritten, self._dropped - 1)
        rows = self._writer.connection.execute(sql, (after, REWRITE_ROWS)).fetchall()
        oldest = _segments.decode(rows[0][1])
        if 2 * sum(kept.run in self._needed for kept in oldest) > len(oldest):
            # Most of it is still needed, so there is little to win.
            self._rewritten = self._skipped = rows[-1][0]
            return
        whole: dict[str, _Kept] = {}
        for kept in (kept for _, segments in rows for kept in _segments.decode(segments) if kept.run in self._needed):
            whole[kept.run] = _joined(whole.get(kept.run), kept)
        first, last = rows[0][0], rows[-1][0]
        with self._writer.transaction() as connection:
            connection.execute("DELETE FROM journal WHERE id BETWEEN ? AND ?", (first, last))
            connection.execute("INSERT INTO journal VALUES (?, ?)", (last, _encode(list(whole.values()))))
        self._rewritten = last
        self._needed = {run: last if first <= row <= last else row for run, row in self._needed.items()}
        self._past = {run: rows for run, rows in self._past.items() if rows[0] <= self._skipped or rows[1] > last}

    # After a crash.

    def left_behind(self) -> list[Record]:
        """The runs in the journal that never ended, put together from their segments."""
        found: dict[str, _Kept] = {}
        for row, segments in self._writer.connection.execute("SELECT id, segments FROM journal ORDER BY id"):
            self._next_row = row + 1
            for kept in _segments.decode(segments):
                if kept.head is not None:
                    found[kept.run] = kept
                    self._needed[kept.run] = row
                elif kept.run in found:
                    found[kept.run] = _joined(found[kept.run], kept)
        orphans = []
        for kept in found.values():
            if self._is_past(kept):
                self._on_recorded(kept.run)
            elif kept.ended is not None:
                self.owed[kept.run] = _late_record(kept, kept.ended)
            elif kept.head is not None:
                orphans.append(Record(kept.head, self._with_sound(kept.head, kept.events)))
        while self.owed:
            self.settle()
        return orphans

    def _with_sound(self, head: Head, events: list[AnyEvent]) -> list[AnyEvent]:
        if head.format != SPEECH:
            return events
        return self._sounds.left_behind(self._writer.connection, head.run, events)

    def _is_past(self, kept: _Kept) -> bool:
        owner = "" if kept.head is None else kept.head.owner
        sql = "SELECT 1 FROM runs WHERE owner = ? AND id = ? UNION ALL SELECT 1 FROM gone WHERE run = ?"
        return self._writer.connection.execute(sql, (owner, kept.run, kept.run)).fetchone() is not None


def logs(connection: sqlite3.Connection) -> list[list[AnyEvent]]:
    """What the journal holds of what runs said, in pieces."""
    rows = connection.execute("SELECT segments FROM journal")
    return [kept.events for (segments,) in rows for kept in _segments.decode(segments)]


def _insert(connection: sqlite3.Connection, records: Sequence[_Row]) -> None:
    for start in range(0, len(records), RECORDS):
        some = records[start : start + RECORDS]
        connection.execute(_insertion(len(some)), list(chain.from_iterable(some)))


@cache
def _insertion(records: int) -> str:
    return f"INSERT INTO runs SELECT * FROM (VALUES {','.join([_RECORD] * records)})"


def _post(connection: sqlite3.Connection, ends: Sequence[End]) -> None:
    """What else is kept of runs that are over: their names, and messages to be sent."""
    for end in ends:
        if end.head.names:
            connection.executemany(_NAME, [(name, end.head.run, end.head.owner) for name in end.head.names])
        if end.head.hooks:
            outbox.post(connection, end)


def _joined(before: _Kept | None, kept: _Kept) -> _Kept:
    """
    A run's earlier segments and its next one.

    Of a commit that failed nobody can say for certain that it left nothing, so a segment that comes
    again takes the place of the first.
    """
    if before is None:
        return kept
    before.events[kept.first - before.first :] = kept.events
    return before if kept.ended is None else msgspec.structs.replace(before, ended=kept.ended)


def _ended(end: End) -> _Ended:
    tokens = (end.input_tokens, end.output_tokens, end.cost, end.estimated)
    return _Ended(end.ended, end.status, end.provider, end.model, *tokens)


_HEAD, _LOG = 11, 12
"""Where in a record's row the request and the log are."""


def _late_record(kept: _Kept, ended: _Ended) -> _Row:
    assert kept.head is not None
    return _row_of(kept.head, ended, _encode(kept.events))


def _row_of(head: Head, ended: End | _Ended, whole: bytes) -> _Row:
    return (
        head.run,
        head.owner,
        head.created,
        ended.ended,
        head.format,
        head.model,
        ended.status,
        ended.provider,
        ended.model,
        ended.input_tokens,
        ended.output_tokens,
        _encode(head),
        whole,
        None if head.retention is None else ended.ended + head.retention,
        ended.cost,
        ended.estimated,
    )


def _size(record: _Row) -> int:
    return len(record[_HEAD]) + len(record[_LOG])

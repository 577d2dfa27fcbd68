"""
The sounds of speeches, written once, and past the database.

What runs say is written twice: into the journal as it comes, and whole when they end; and SQLite writes both twice.
Of words that costs little; a sound is a hundred times as large. So its bytes go into a file as they come
(soundfiles.py), before the transaction that keeps the rest, and where they were in the log stands only where they are.

An older Headgate kept them in the table `sounds`, and in the log how many there were; those are read there still.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from struct import Struct
from typing import NamedTuple

import msgspec

from headgate.errors import StoreError
from headgate.events import AnyEvent, Audio
from headgate.formats.voices import SPEECH
from headgate.store.base import Segment
from headgate.store.sqlite.soundfiles import SoundFiles, Stretch

log = logging.getLogger(__name__)

SIZE = "(SELECT total(length(data)) FROM sounds WHERE sounds.run = runs.id)"
"""What SQLite has to forget with a run: of an older Headgate's sounds only."""

_MARKER = Struct(">IQQ")
"""How many bytes, in which file, and where; of those that lie just behind the event's before only how many."""

TABLE = 0
"""The number of no file, for what is in the table."""


class Heard(NamedTuple):
    """What one commit has of sounds."""

    where: Stretch
    users: Sequence[str]
    """Runs that were not in that file before."""


class Sounds:
    """Takes them out of what is to be kept."""

    def __init__(self, files: SoundFiles) -> None:
        self._files = files
        self._logs: dict[str, list[AnyEvent]] = {}
        """Of the speeches that are at work, without their sounds."""
        self._in: dict[str, int] = {}
        """In which file each of them was last."""
        self._doubtful: list[Stretch] = []
        """What was written for transactions of which nobody has heard yet that they succeeded."""
        self._last: tuple[Sequence[Segment], Sequence[Segment], Heard] | None = None
        """A batch, and what was made of it, until it is kept."""

    def left_behind(self, connection: sqlite3.Connection, run: str, events: Sequence[AnyEvent]) -> list[AnyEvent]:
        """What a crash left of a speech, which goes on: its log, with its sounds as far as they are there."""
        self._logs[run] = list(events)
        found = []
        try:
            for event in put_back(connection, self._files, run, events):
                found.append(event)
        except StoreError as problem:
            log.error("Of %s only %d of %d events are left: %s", run, len(found), len(events), problem.message)
        return found

    @property
    def are_at_work(self) -> bool:
        """Whether there is any speech that is not over."""
        return bool(self._logs)

    def end(self, run: str) -> None:
        """It is over."""
        self._logs.pop(run, None)
        self._in.pop(run, None)

    def taken_out(self, batch: Sequence[Segment]) -> tuple[Sequence[Segment], Heard | None]:
        """The segments without their sounds, which are written; raises StoreError when they cannot be."""
        for segment in batch:
            if segment.head is not None and segment.head.format == SPEECH:
                self._logs.setdefault(segment.run, [])
        if not self._logs:
            return batch, None
        if self._last is not None and self._last[0] is batch:
            # It comes again after its transaction failed, perhaps because the disk is full.
            return self._last[1:]
        pieces = [
            event.data
            for segment in batch
            if segment.run in self._logs
            for event in segment.events
            if type(event) is Audio
        ]
        if not pieces:
            return self._marked(batch, TABLE, 0)[0], None
        self._last = None
        where = self._files.write(pieces)
        self._doubtful.append(where)
        marked, users = self._marked(batch, where.file, where.at)
        heard = Heard(where, [run for run in users if self._in.get(run) != where.file])
        self._last = (batch, marked, heard)
        return marked, heard

    def believe(self, heard: Heard) -> Sequence[Stretch]:
        """It is kept; says what was written before for transactions that failed, and can be erased."""
        self._in.update(dict.fromkeys(heard.users, heard.where.file))
        doubtful, self._doubtful, self._last = self._doubtful, [], None
        return [stretch for stretch in doubtful if stretch != heard.where]

    def note(self, connection: sqlite3.Connection, heard: Heard) -> None:
        """Part of the transaction that keeps their segments."""
        # All by one statement: the interpreter is let go of with each, and has to be fought for afterwards.
        sql = "INSERT OR IGNORE INTO sound_uses SELECT value, ? FROM json_each(?)"
        connection.execute(sql, (heard.where.file, msgspec.json.encode(heard.users).decode()))
        connection.execute("INSERT OR IGNORE INTO sound_files VALUES (?)", (heard.where.file,))
        if len(self._doubtful) == 1:
            connection.execute(
                "DELETE FROM sound_files WHERE number BETWEEN ? AND ?", (self._files.first, heard.where.file - 1)
            )

    def _marked(self, batch: Sequence[Segment], file: int, at: int) -> tuple[Sequence[Segment], list[str]]:
        """The segments without their sounds, which begin there; and which runs had any."""
        marked, users = [], []
        for segment in batch:
            whole = self._logs.get(segment.run)
            if whole is None:
                marked.append(segment)
                continue
            events, upto = _without(segment.events, file, at)
            if upto > at:
                users.append(segment.run)
                at = upto
            # What comes again takes the place of the first.
            whole[segment.first :] = events
            end = segment.end and msgspec.structs.replace(segment.end, events=whole)
            marked.append(Segment(segment.run, segment.first, events, segment.head, end))
        return marked, users


def _without(events: Sequence[AnyEvent], file: int, at: int) -> tuple[list[AnyEvent], int]:
    """The events with markers in place of the sounds, which begin there; and where those end."""
    marked, begin = [], at
    for event in events:
        if type(event) is Audio:
            size = len(event.data)
            event = Audio(_MARKER.pack(size, file, at) if at == begin else size.to_bytes(4, "big"))
            at += size
        marked.append(event)
    return marked, at


def stretches(events: Iterable[AnyEvent]) -> Iterator[Stretch]:
    """Where each sound of a kept log is."""
    file = at = TABLE
    for event in _audio(events):
        if len(event.data) == _MARKER.size:
            size, file, at = _MARKER.unpack(event.data)
        else:
            size = int.from_bytes(event.data, "big")
        yield Stretch(file, at, size)
        at += size


def put_back(
    connection: sqlite3.Connection, files: SoundFiles, run: str, events: Sequence[AnyEvent]
) -> Iterator[AnyEvent]:
    """A kept log with its sounds; raises StoreError at the first that is lost."""
    places = stretches(events)
    table: memoryview | None = None
    with files.reading() as reading:
        for event in events:
            if not isinstance(event, Audio):
                yield event
                continue
            where = next(places)
            if where.file != TABLE:
                yield Audio(reading.read(where))
                continue
            if table is None:
                table = memoryview(_in_table(connection, run))
            yield Audio(bytes(table[where.at : where.at + where.size]))


def _in_table(connection: sqlite3.Connection, run: str) -> bytes:
    return b"".join(
        chain.from_iterable(connection.execute("SELECT data FROM sounds WHERE run = ? ORDER BY first", (run,)))
    )


def forget(connection: sqlite3.Connection, row: int, run: str) -> None:
    """Part of the transaction that forgets that run, before its record is gone; its bytes follow (leavings.py)."""
    connection.execute("INSERT OR REPLACE INTO sound_leavings SELECT id, log FROM runs WHERE rowid = ?", (row,))
    connection.execute("DELETE FROM sound_uses WHERE run = ?", (run,))
    connection.execute("DELETE FROM sounds WHERE run = ?", (run,))


def _audio(events: Iterable[AnyEvent]) -> Iterator[Audio]:
    return (event for event in events if isinstance(event, Audio))

"""
The sounds of speeches, written once.

What runs say is written twice: into the journal as it comes, and whole when they end. Of words that costs little; a
sound is a hundred times as large. So its bytes go into a table of their own as they come, and where they were in the
log stands only how many there are.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from headgate.events import AnyEvent, Audio
from headgate.formats.voices import SPEECH
from headgate.store.base import Segment

SIZE = "(SELECT total(length(data)) FROM sounds WHERE sounds.run = runs.id)"
"""Of a run's sound."""


class Sound(NamedTuple):
    """The bytes of one segment."""

    run: str
    first: int
    """The number of the segment's first event."""
    data: bytes


class Sounds:
    """Takes them out of what is to be kept."""

    def __init__(self) -> None:
        self._runs: set[str] = set()
        """The speeches that are at work."""

    def begin(self, run: str, format: str) -> None:
        """That run is being kept from here on."""
        if format == SPEECH:
            self._runs.add(run)

    def end(self, run: str) -> None:
        """It is over."""
        self._runs.discard(run)

    def taken_out(self, batch: Sequence[Segment]) -> tuple[Sequence[Segment], Sequence[Sound]]:
        """The segments without their sounds, and those."""
        for segment in batch:
            if segment.head is not None and segment.head.format == SPEECH:
                self._runs.add(segment.run)
        if not self._runs:
            return batch, ()
        sounds = [
            Sound(segment.run, segment.first, data)
            for segment in batch
            if segment.run in self._runs and (data := _joined(segment.events))
        ]
        return [_without(segment) if segment.run in self._runs else segment for segment in batch], sounds


def write(connection: sqlite3.Connection, sounds: Sequence[Sound]) -> None:
    """Part of the transaction that keeps their segments; one that comes again takes the place of the first."""
    connection.executemany("INSERT OR REPLACE INTO sounds VALUES (?, ?, ?)", sounds)


def put_back(connection: sqlite3.Connection, run: str, events: list[AnyEvent]) -> list[AnyEvent]:
    """A kept log with its sounds."""
    pieces = [data for (data,) in connection.execute("SELECT data FROM sounds WHERE run = ? ORDER BY first", (run,))]
    whole, at = memoryview(b"".join(pieces)), 0
    for number, event in enumerate(events):
        if isinstance(event, Audio):
            upto = at + int.from_bytes(event.data, "big")
            events[number] = Audio(bytes(whole[at:upto]))
            at = upto
    return events


def forget(connection: sqlite3.Connection, run: str) -> None:
    """Part of the transaction that forgets that run."""
    connection.execute("DELETE FROM sounds WHERE run = ?", (run,))


def _joined(events: Iterable[AnyEvent]) -> bytes:
    return b"".join([event.data for event in events if isinstance(event, Audio)])


def _without(segment: Segment) -> Segment:
    end = segment.end
    if end is not None:
        end = msgspec.structs.replace(end, events=_counted(end.events))
    return msgspec.structs.replace(segment, events=_counted(segment.events), end=end)


def _counted(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    return [Audio(len(event.data).to_bytes(4, "big")) if isinstance(event, Audio) else event for event in events]

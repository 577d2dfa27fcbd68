"""
Bytes of sounds that nobody needs any more.

A transaction that forgets speeches only notes that; what they were goes afterwards, while nobody waits: a file when
none of those in it is left, and before that the bytes alone. What a crash prevented is done at the next start. So is
what it left in the files that were being written then: bytes whose transaction never was.
"""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain

import msgspec

from headgate.errors import StoreError
from headgate.events import AnyEvent
from headgate.store.sqlite import journal
from headgate.store.sqlite.reader import Reader
from headgate.store.sqlite.soundfiles import SoundFiles, Stretch, gaps
from headgate.store.sqlite.sounds import stretches
from headgate.store.sqlite.writer import Writer

log = logging.getLogger(__name__)

AT_ONCE = 100
"""How many runs one sweep looks after, so that a list never waits for many."""

_log = msgspec.msgpack.Decoder(list[AnyEvent])


class Leavings:
    """Looks after them, in the thread that may take long."""

    def __init__(self, files: SoundFiles, lister: Reader, writer: Writer) -> None:
        self._files, self._lister, self._writer = files, lister, writer

    def sweep_soon(self) -> None:
        """Take away what is left of those that were forgotten."""
        self._lister.later(lambda: self._try(self._sweep))

    def look_soon(self) -> None:
        """Take away what earlier owners left, too."""
        self._lister.later(lambda: self._try(self._look))
        self.sweep_soon()

    def _try(self, work: Callable[[sqlite3.Connection], None]) -> None:
        try:
            work(self._lister.connection)
        except (sqlite3.Error, OSError, StoreError) as problem:
            log.warning("Sounds that nobody needs could not be removed, which will be tried again: %s", problem)

    def _sweep(self, connection: sqlite3.Connection) -> None:
        # Those below this number have all the runs that they will ever have; so it is asked for first.
        number = self._files.number
        needed = {file for (file,) in connection.execute("SELECT DISTINCT file FROM sound_uses")}
        self._files.remove(file for file in self._files.numbers() if file < number and file not in needed)
        rows = connection.execute("SELECT run, log FROM sound_leavings LIMIT ?", (AT_ONCE,)).fetchall()
        if rows:
            self._files.erase(chain.from_iterable(stretches(_log.decode(events)) for _, events in rows))
            self._writer.later(lambda: self._forget([run for run, _ in rows]))

    def _forget(self, runs: Sequence[str]) -> None:
        with self._writer.transaction() as connection:
            connection.executemany("DELETE FROM sound_leavings WHERE run = ?", [(run,) for run in runs])
        if len(runs) == AT_ONCE:
            self.sweep_soon()

    def _look(self, connection: sqlite3.Connection) -> None:
        first = self._files.first
        for (file,) in connection.execute("SELECT number FROM sound_files WHERE number < ?", (first,)).fetchall():
            self._files.erase(gaps(_needed(connection, file), file, self._files.length(file)))
        self._writer.later(lambda: self._looked(first))

    def _looked(self, first: int) -> None:
        with self._writer.transaction() as connection:
            connection.execute("DELETE FROM sound_files WHERE number < ?", (first,))


def _needed(connection: sqlite3.Connection, file: int) -> list[Stretch]:
    """All that a log refers to, of runs at work or over."""
    connection.execute("BEGIN")
    try:
        # Both as they are at one moment: a run goes from the one to the other.
        logs = journal.logs(connection)
        # By rows, which an index finds: there may be a million of runs, with long logs.
        rows = "SELECT rowid FROM runs WHERE id IN (SELECT run FROM sound_uses WHERE file = ?)"
        sql = f"SELECT log FROM runs WHERE rowid IN ({rows})"
        logs += [_log.decode(events) for (events,) in connection.execute(sql, (file,))]
    finally:
        connection.execute("COMMIT")
    return [stretch for events in logs for stretch in stretches(events) if stretch.file == file]

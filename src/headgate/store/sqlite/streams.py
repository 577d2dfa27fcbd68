"""
What happens to streams, as it is kept: one row for each commit, and later the streams' own rows.

To write every stream's rows with every commit would cost several pages for each of them, however little it said. So
what was said gathers in `stream_journal`, one row for all, and every now and then all of it is settled: each
stream gets in one go what it has said meanwhile. Who asks for a stream of which something is not settled has
that done first. After a crash everything is settled that the journal holds.

All of this runs in the writer's thread, but for `owes`.
"""

import logging
import sqlite3
from collections.abc import Callable, Sequence

import msgspec

from headgate.store.sqlite import stream_rows
from headgate.store.sqlite.writer import Writer
from headgate.store.streams import Appended, Change, Created, Removed

log = logging.getLogger(__name__)

SETTLE_ROWS = 256
"""How many commits gather before they are settled: a second of a busy server."""

SETTLE_BYTES = 1 << 20
"""How much gathers at most: it is held in memory, and to settle it takes some milliseconds of everybody's time."""

SWEEP_PIECES = 16
"""How many pieces of a stream that is gone are deleted at once: four megabytes at most."""

NOWHERE = 1 << 62
"""After all bytes."""

_encode = msgspec.msgpack.Encoder().encode
_changes = msgspec.msgpack.Decoder(list[Change])


class StreamJournal:
    """The streams of one store, as far as it writes them."""

    def __init__(self, writer: Writer, on_pages: Callable[[int], None]) -> None:
        self._writer, self._on_pages = writer, on_pages
        self._rows = 0
        self._next_row = 1
        self._size = 0
        self._waiting: list[Change] = []
        """What is kept, but not settled."""
        self._owed: dict[int, int] = {}
        """Of which streams, and from which place on."""
        self._names: set[tuple[str, str]] = set()
        self._owes_removals = False
        self.settled = 0
        """How often it was: who has read rows meanwhile may have read what was there before."""

    def write(self, connection: sqlite3.Connection, changes: Sequence[Change]) -> int:
        """Keep what happened, as a part of a transaction; says how large it is."""
        row = _encode(changes)
        connection.execute("INSERT INTO stream_journal VALUES (?, ?)", (self._next_row, row))
        return len(row)

    def believe(self, changes: Sequence[Change], size: int) -> None:
        """It is kept."""
        self._next_row += 1
        self._rows += 1
        self._size += size
        self._waiting += changes
        for change in changes:
            first = change.first if isinstance(change, Appended) else NOWHERE
            self._owed[change.stream] = min(first, self._owed.get(change.stream, NOWHERE))
            if isinstance(change, Removed):
                self._owes_removals = True
            if isinstance(change, Created):
                self._names.add((change.head.owner, change.head.name))
        if self._rows >= SETTLE_ROWS or self._size >= SETTLE_BYTES:
            # After this commit is answered: nobody should wait for it.
            self._writer.later(self.settle)

    def owes(self, stream: int) -> bool:
        """Whether something of that stream is not settled; may be asked by anybody."""
        return stream in self._owed

    def owes_name(self, owner: str, name: str) -> bool:
        """The same for one that may have been made just now."""
        return (owner, name) in self._names

    def owes_removals(self) -> bool:
        """Whether some were deleted, and others with them perhaps, that were there for their sake."""
        return self._owes_removals

    def owes_bytes(self, stream: int, upto: int) -> bool:
        """Whether bytes before that place are not settled."""
        return self._owed.get(stream, upto) < upto

    def settle(self) -> None:
        """Write all that is owed into the streams' own rows."""
        if not self._waiting:
            return
        with self._writer.transaction() as connection:
            stream_rows.write(connection, self._waiting)
            connection.execute("DELETE FROM stream_journal WHERE id < ?", (self._next_row,))
        self._on_pages(2 * (self._size // 4096) + 3 * len(self._owed))
        # Before it is owed no more: nobody may see that and miss this.
        self.settled += 1
        self._rows = self._size = 0
        self._waiting, self._owed, self._names = [], {}, set()
        self._owes_removals = False
        self._writer.later(self._sweep)

    def open(self) -> int:
        """Settle what a crash left behind; returns the number of the next stream."""
        rows = self._writer.connection.execute("SELECT id, changes FROM stream_journal ORDER BY id").fetchall()
        for id, changes in rows:
            self._next_row = id + 1
            self._waiting += _changes.decode(changes)
        self.settle()
        self._writer.later(self._sweep)
        return stream_rows.next_number(self._writer.connection)

    def _sweep(self) -> None:
        with self._writer.transaction() as connection:
            is_more = stream_rows.sweep(connection, SWEEP_PIECES)
        if is_more:
            self._on_pages(SWEEP_PIECES)
            self._writer.later(self._sweep)

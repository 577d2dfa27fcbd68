"""
Keeps runs in one SQLite file.

Theory of operation. While runs are live, each group commit writes ONE row to `journal`: the
segments of all runs in it. When a run ends, its finished record goes to `runs`; a run that begins
and ends within one commit never touches the journal (see journal.py).

One thread writes, and does nothing else; reads have a thread and a connection of their own, and what
may take long has another: so a long list delays neither a token nor somebody who asks for one run.
`wal_autocheckpoint` is off because the checkpoint would run inside somebody's commit: that other thread
does the bulk of it, the writer only the small rest.

One process owns the file, by a lock on a file beside it, and by `epoch`: every transaction checks
that it is still ours, so a writer that was taken for dead can do no harm.
"""

import asyncio
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from typing_extensions import override

from headgate.errors import StoreError
from headgate.store.base import Delivery, Filter, Member, Record, Room, Segment, Store, Summary, Try
from headgate.store.sqlite import members as memberships
from headgate.store.sqlite import outbox, records, schema, stream_rows, values
from headgate.store.sqlite import subscriptions as subscribed
from headgate.store.sqlite.holder import Holder
from headgate.store.sqlite.journal import PAGE, Journal
from headgate.store.sqlite.leavings import Leavings
from headgate.store.sqlite.reader import Reader
from headgate.store.sqlite.records import Old
from headgate.store.sqlite.soundfiles import SoundFiles
from headgate.store.sqlite.streams import StreamJournal
from headgate.store.sqlite.writer import Writer
from headgate.store.streams import Change, KeptStream
from headgate.store.subscriptions import Link, Subscription

T = TypeVar("T")

log = logging.getLogger(__name__)

CHECKPOINT_PAGES = 1000
"""4 MB of write-ahead log: large enough to make checkpoints rare, small enough to read back quickly."""

MUCH_ROOM = 100
"""How many times as much as it takes must be free before room is made: a nearly full disk has better uses for it."""


class SqliteStore(Store):
    """The durable store of one machine."""

    def __init__(self, path: Path, *, sync: str = "full") -> None:
        self._path, self._sync = path, sync
        self._holder = Holder(path)
        self._writer = Writer()
        self._sounds = SoundFiles(path, is_synced=sync == "full")
        self._journal = Journal(self._writer, self._sounds)
        self._streams = StreamJournal(self._writer, self._on_pages)
        self._reader, self._lister = Reader("headgate-reads"), Reader("headgate-lists")
        self._leavings = Leavings(self._sounds, self._lister, self._writer)
        self._connections: list[sqlite3.Connection] = []

    # Opening and closing.

    @override
    async def open(self) -> list[Record]:
        self._holder.take()
        self._writer.start()
        try:
            return await self._writer.do(self._open_or_say_why)
        except BaseException:
            await self.close()
            raise

    @override
    async def close(self) -> None:
        await self._reader.stop()
        await self._lister.stop()
        await self._writer.stop()
        await asyncio.to_thread(self._let_go)
        self._holder.release()

    def _open_or_say_why(self) -> list[Record]:
        try:
            return self._open()
        except sqlite3.Error as problem:
            raise StoreError(f"The store {self._path} cannot be opened: {problem}.") from None

    def _open(self) -> list[Record]:
        values.register()
        writes = self._writer.connection = self._connect()
        # Before anything is written: the files that SQLite puts beside this one get the mode that it has then.
        os.chmod(self._path, 0o600)
        schema.prepare(writes, self._path)
        writes.execute(f"PRAGMA synchronous = {'FULL' if self._sync == 'full' else 'NORMAL'}")
        writes.execute("PRAGMA wal_autocheckpoint = 0")
        self._writer.epoch = schema.take_possession(writes)
        self.secret = schema.secret(writes)
        self._sounds.take_possession(self._writer.epoch, self.secret)
        self._reader.connection, self._lister.connection = self._connect(), self._connect()
        self._make_room()
        self.next_stream = self._streams.open()
        left = self._journal.left_behind()
        self._leavings.look_soon()
        return left

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._connections.append(connection)
        connection.execute("PRAGMA busy_timeout = 5000")
        return connection

    def _make_room(self) -> None:
        """Grow the write-ahead log once: a commit into a file that must grow takes half as long again."""
        room = CHECKPOINT_PAGES * PAGE
        if shutil.disk_usage(self._path.parent).free < MUCH_ROOM * room:
            return
        writes = self._writer.connection
        with suppress(sqlite3.Error):
            writes.execute("INSERT INTO room VALUES (zeroblob(?))", (room,))
            writes.execute("DELETE FROM room")
            writes.execute("PRAGMA wal_checkpoint(RESTART)")

    def _let_go(self) -> None:
        self._sounds.let_go()
        for connection in self._connections:
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    # Writing.

    @override
    async def append(self, batch: Sequence[Segment], changes: Sequence[Change] = ()) -> None:
        if changes:
            await self._writer.do(lambda: self._append(batch, changes))
        else:
            await self._writer.do(lambda: self._journal.append(batch))
        self._checkpoint_if_long()

    def _append(self, batch: Sequence[Segment], changes: Sequence[Change]) -> None:
        size = 0

        def write(connection: sqlite3.Connection) -> None:
            nonlocal size
            size = self._streams.write(connection, changes)

        self._journal.append(batch, write)
        self._streams.believe(changes, size)
        self._on_pages(size // PAGE + 2)
        self._journal.bytes += size

    @override
    async def delete(self, run: str, owner: str) -> bool:
        await self._settle(run)
        return await self._forget(lambda connection: records.delete(connection, run, owner)) > 0

    @override
    async def expire(self, now: float, retention: float) -> int:
        old = await self._lister.do(lambda connection: records.old(connection, now, retention))
        return await self._forget(lambda connection: records.expire(connection, old)) if old else 0

    @override
    async def update_delivery(self, delivery: Delivery, tried: Try | None = None) -> None:
        await self._change(lambda connection: outbox.update(connection, delivery, tried))

    async def _forget(self, work: Callable[[sqlite3.Connection], list[Old]]) -> int:
        def forget(connection: sqlite3.Connection) -> list[Old]:
            forgotten = work(connection)
            self._journal.forget(connection, [each.run for each in forgotten])
            self._journal.pages += sum(int(each.size) // PAGE + 2 for each in forgotten)
            return forgotten

        forgotten = await self._change(forget)
        if any(each.is_speech for each in forgotten):
            self._leavings.sweep_soon()
        return len(forgotten)

    @override
    async def put_off(self, deliveries: Sequence[Delivery]) -> None:
        await self._change(lambda connection: outbox.put_off(connection, deliveries))

    @override
    async def add_members(self, members: Sequence[Member]) -> None:
        await self._change(lambda connection: memberships.add(connection, members))

    @override
    async def remove_members(self, members: Sequence[Member]) -> None:
        await self._change(lambda connection: memberships.remove(connection, members))

    async def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def change() -> T:
            with self._writer.transaction() as connection:
                return work(connection)

        changed = await self._writer.do(change)
        self._journal.pages += 2
        self._checkpoint_if_long()
        return changed

    async def _settle(self, run: str | None) -> None:
        """Have the record of a run written that is owed, or all of them."""
        while self._journal.owed and (run is None or run in self._journal.owed):
            await self._writer.do(self._journal.settle)

    # Reading.

    @override
    async def get(self, run: str, owner: str) -> Record | None:
        await self._settle(run)
        return await self._reader.do(lambda connection: records.get(connection, self._sounds, run, owner))

    @override
    async def named(self, name: str) -> Record | None:
        found = await self._reader.do(lambda connection: records.who_has(connection, name))
        return None if found is None else await self.get(*found)

    @override
    async def recent(
        self, owner: str, *, limit: int, before: str | None = None, filter: Filter | None = None
    ) -> list[Summary]:
        await self._settle(None)
        return await self._lister.do(lambda connection: records.recent(connection, owner, limit, before, filter))

    @override
    async def due(self, now: float, limit: int) -> list[Delivery]:
        return await self._reader.do(lambda connection: outbox.due(connection, now, limit))

    @override
    async def next_due(self) -> float | None:
        return await self._reader.do(outbox.next_due)

    @override
    async def deliveries(self, run: str, owner: str) -> list[Delivery]:
        return await self._reader.do(lambda connection: outbox.of_run(connection, run, owner))

    @override
    async def tries(self, delivery: int) -> list[Try]:
        return await self._reader.do(lambda connection: outbox.tries(connection, delivery))

    @override
    async def members(self) -> list[Member]:
        return await self._lister.do(memberships.everybody)

    @override
    async def room(self) -> Room:
        return await self._reader.do(self._room)

    def _room(self, connection: sqlite3.Connection) -> Room:
        # What was deleted leaves free pages in the file, which the next runs take.
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        unused = connection.execute("PRAGMA freelist_count").fetchone()[0]
        free = shutil.disk_usage(self._path.parent).free
        used = (pages - unused) * PAGE + self._sounds.size()
        return Room(used, free, self._journal.bytes, outbox.waiting(connection))

    # Streams.

    @override
    async def stream(self, owner: str, name: str) -> KeptStream | None:
        streams = self._streams
        if streams.owes_name(owner, name):
            await self._writer.do(streams.settle)
        while True:
            settled = streams.settled
            found = await self._reader.do(lambda connection: stream_rows.find(connection, owner, name))
            if found is None:
                return None
            if streams.owes(found.id) or (found.is_gone and streams.owes_removals()):
                await self._writer.do(streams.settle)
            elif streams.settled == settled:
                return found

    @override
    async def read_stream(self, stream: int, first: int, upto: int, limit: int) -> bytes:
        if self._streams.owes_bytes(stream, upto):
            await self._writer.do(self._streams.settle)
        return await self._reader.do(lambda connection: stream_rows.read(connection, stream, first, upto, limit))

    @override
    async def count_streams(self, owner: str) -> int:
        await self._writer.do(self._streams.settle)
        return await self._lister.do(lambda connection: stream_rows.count(connection, owner))

    @override
    async def due_streams(self, now: float, limit: int) -> list[tuple[str, str]]:
        return await self._reader.do(lambda connection: stream_rows.due(connection, now, limit))

    # Subscriptions to streams.

    @override
    async def stream_ends(self, owner: str) -> list[tuple[str, int]]:
        await self._writer.do(self._streams.settle)
        return await self._lister.do(lambda connection: stream_rows.ends(connection, owner))

    @override
    async def subscriptions(self) -> list[tuple[Subscription, list[Link]]]:
        return await self._lister.do(subscribed.everything)

    @override
    async def keep_subscription(
        self, subscription: Subscription, links: Sequence[Link] = (), unlinked: Sequence[str] = ()
    ) -> None:
        await self._change(lambda connection: subscribed.keep(connection, subscription, links, unlinked))

    @override
    async def forget_subscription(self, owner: str, id: str) -> None:
        await self._change(lambda connection: subscribed.forget(connection, owner, id))

    # Checkpoints.

    def _on_pages(self, count: int) -> None:
        self._journal.pages += count

    def _checkpoint_if_long(self) -> None:
        if self._journal.pages > CHECKPOINT_PAGES:
            self._journal.pages = 0
            self._lister.later(self._checkpoint)

    def _checkpoint(self) -> None:
        """Move most of the write-ahead log into the file here; the writer only does what came meanwhile."""
        try:
            self._lister.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._writer.later(self._checkpoint_rest)
        except sqlite3.Error as problem:
            log.warning("The store's checkpoint failed, and will be tried again: %s", problem)

    def _checkpoint_rest(self) -> None:
        self._writer.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

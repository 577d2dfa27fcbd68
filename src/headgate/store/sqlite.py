"""
Keeps runs in one SQLite file.

Theory of operation. While runs are live, each group commit writes ONE row to `journal`: the
segments of all runs in it. When a run ends, the same transaction writes its finished record to
`runs`; a run that begins and ends within one commit never touches the journal. Journal rows are
dropped from the front once every run in them is over; so that one long run cannot hold the rows of
thousands of short ones, old rows are now and then rewritten to hold live runs only.

One thread writes, and does nothing else; reads have a thread and a connection of their own, so a
long list never delays a token. `wal_autocheckpoint` is off because the checkpoint would run inside
somebody's commit: the reading thread does the bulk of it, the writer only the small rest.

One process owns the file, by a lock on a file beside it, and by `epoch`: every transaction checks
that it is still ours, so a writer that was taken for dead can do no harm.
"""

import asyncio
import fcntl
import logging
import os
import queue
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from typing_extensions import override

from headgate.errors import Fenced, StoreError
from headgate.events import AnyEvent
from headgate.store.base import End, Head, Record, Segment, Store, Summary
from headgate.store.encoded import EncodedLogs

T = TypeVar("T")

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS owner (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS room (filler BLOB);
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, segments BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS runs (
    id TEXT NOT NULL, owner TEXT NOT NULL, created REAL NOT NULL, ended REAL NOT NULL, format TEXT NOT NULL,
    asked TEXT NOT NULL, status TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, head BLOB NOT NULL, log BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS runs_owner ON runs (owner, id);
"""

_INSERT_RUN = "INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
_SELECT_RUN = "SELECT head, log, ended FROM runs WHERE owner = ? AND id = ?"
_SUMMARY = "id, created, ended, format, asked, status, provider, model, input_tokens, output_tokens"

DROP_ROWS = 64
"""How many rows that nobody needs any more gather before they are dropped together."""

REWRITE_ROWS = 64
"""How many journal rows one rewrite takes together: enough to make rows rare, few enough to take milliseconds."""

REWRITE_BACKLOG = 16 * REWRITE_ROWS
"""How far the journal may reach back behind the newest row before old rows are rewritten."""

CHECKPOINT_PAGES = 1000
"""4 MB of write-ahead log: large enough to make checkpoints rare, small enough to read back quickly."""

MUCH_ROOM = 100
"""How many times as much as it takes must be free before room is made: a nearly full disk has better uses for it."""

EXPIRE_ROWS = 200
"""How many old runs one transaction forgets, so that sweeping never holds up a commit for long."""

_encode = msgspec.msgpack.Encoder().encode


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    """A segment as the journal holds it."""

    run: str
    first: int
    head: Head | None
    events: list[AnyEvent]


_segments = msgspec.msgpack.Decoder(list[_Kept])
_head = msgspec.msgpack.Decoder(Head)
_log = msgspec.msgpack.Decoder(list[AnyEvent])


class SqliteStore(Store):
    """The durable store of one machine."""

    def __init__(self, path: Path, *, sync: str = "full") -> None:
        self._path, self._sync = path, sync
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any] | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="headgate-journal", daemon=True)
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="headgate-reads")
        self._connections: list[sqlite3.Connection] = []
        self._lock_file: int | None = None
        self._epoch = 0
        self._next_row = 1
        self._dropped = 0
        self._rewritten = 0
        self._pages = 0
        self._logs = EncodedLogs()
        self._live: dict[str, int] = {}
        """For each run without an end the journal row it begins in, in the order of the rows."""

    @override
    async def open(self) -> list[Record]:
        self._loop = asyncio.get_running_loop()
        self._take_lock()
        self._thread.start()
        try:
            return await self._in_writer(self._open_or_say_why)
        except BaseException:
            await self.close()
            raise

    @override
    async def append(self, batch: Sequence[Segment]) -> None:
        await self._in_writer(lambda: self._append(batch))
        if self._pages > CHECKPOINT_PAGES:
            self._pages = 0
            self._loop.run_in_executor(self._readers, self._checkpoint)

    @override
    async def get(self, run: str, owner: str) -> Record | None:
        return await self._in_reader(lambda: self._get(run, owner))

    @override
    async def recent(self, owner: str, *, limit: int, before: str | None = None) -> list[Summary]:
        sql = f"SELECT {_SUMMARY} FROM runs WHERE owner = ? AND id < ? ORDER BY id DESC LIMIT ?"
        # "~" sorts after every id.
        rows = await self._in_reader(lambda: self._reads.execute(sql, (owner, before or "~", limit)).fetchall())
        return [Summary(*row) for row in rows]

    @override
    async def delete(self, run: str, owner: str) -> bool:
        sql = "DELETE FROM runs WHERE owner = ? AND id = ?"
        return await self._in_writer(lambda: self._change(sql, (owner, run))) > 0

    @override
    async def expire(self, before: float) -> int:
        # Runs are written when they end, so the oldest rows are those that ended first: no index needed.
        sql = "DELETE FROM runs WHERE rowid IN (SELECT rowid FROM runs ORDER BY rowid LIMIT ?) AND ended < ?"
        return await self._in_writer(lambda: self._change(sql, (EXPIRE_ROWS, before)))

    @override
    async def close(self) -> None:
        await asyncio.to_thread(self._readers.shutdown)
        if self._thread.is_alive():
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    # Opening.

    def _take_lock(self) -> None:
        path = self._path.with_name(self._path.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"The store {self._path} cannot be opened: {error.strerror}.") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(lock, 32).decode(errors="replace").strip()
            os.close(lock)
            who = f" (process {holder})" if holder else ""
            raise StoreError(
                f"The store {self._path} is in use by another Headgate{who}. "
                "Stop that one first, or give this one a store of its own: [store] path.",
                code="store_in_use",
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._lock_file = lock

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._connections.append(connection)
        connection.execute("PRAGMA busy_timeout = 5000")
        return connection

    def _open_or_say_why(self) -> list[Record]:
        try:
            return self._open()
        except sqlite3.Error as problem:
            raise StoreError(f"The store {self._path} cannot be opened: {problem}.") from None

    def _open(self) -> list[Record]:
        self._writes = self._connect()
        if self._writes.execute("PRAGMA user_version").fetchone()[0] > SCHEMA_VERSION:
            raise StoreError(f"The store {self._path} was written by a newer Headgate.", code="store_too_new")
        self._writes.execute("PRAGMA journal_mode = WAL")
        self._writes.execute(f"PRAGMA synchronous = {'FULL' if self._sync == 'full' else 'NORMAL'}")
        self._writes.execute("PRAGMA wal_autocheckpoint = 0")
        os.chmod(self._path, 0o600)
        self._writes.executescript(_SCHEMA)
        self._writes.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._writes.execute("INSERT INTO owner VALUES (1, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1")
        self._epoch = self._writes.execute("SELECT epoch FROM owner").fetchone()[0]
        self._reads = self._connect()
        self._make_room()
        return self._left_behind()

    def _make_room(self) -> None:
        """Grow the write-ahead log once: a commit into a file that must grow takes half as long again."""
        room = CHECKPOINT_PAGES * 4096
        if shutil.disk_usage(self._path.parent).free < MUCH_ROOM * room:
            return
        with suppress(sqlite3.Error):
            self._writes.execute("INSERT INTO room VALUES (zeroblob(?))", (room,))
            self._writes.execute("DELETE FROM room")
            self._writes.execute("PRAGMA wal_checkpoint(RESTART)")

    def _left_behind(self) -> list[Record]:
        """The runs in the journal that never ended, put together from their segments."""
        found: dict[str, Record] = {}
        for row, segments in self._writes.execute("SELECT id, segments FROM journal ORDER BY id"):
            self._next_row = row + 1
            for kept in _segments.decode(segments):
                if kept.head is not None:
                    found[kept.run] = Record(kept.head, [])
                    self._live[kept.run] = row
                if kept.run in found:
                    found[kept.run].events[kept.first :] = kept.events
        for run, record in list(found.items()):
            if self._writes.execute(_SELECT_RUN, (record.head.owner, run)).fetchone():
                del found[run], self._live[run]
        return list(found.values())

    # The writer's thread.

    def _write_all(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            result: Any = None
            error: Exception | None = None
            try:
                result = work()
            except sqlite3.Error as problem:
                error = StoreError(f"The store cannot be written: {problem}.")
            except StoreError as problem:
                error = problem
            except Exception:
                # Whoever keeps runs understands StoreError only, and must not die of anything else.
                log.exception("The store failed in a way that it should not.")
                error = StoreError("The store failed; the log says why.")
            if done is not None:
                self._answer(done, result, error)
        for connection in self._connections:
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()

    def _answer(self, done: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
        # When the loop has closed, nobody waits for the answer any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(_settle, done, result, error)

    async def _in_writer(self, work: Callable[[], T]) -> T:
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((work, done))
        return await done

    async def _in_reader(self, work: Callable[[], T]) -> T:
        try:
            return await self._loop.run_in_executor(self._readers, work)
        except sqlite3.Error as problem:
            raise StoreError(f"The store cannot be read: {problem}.") from None
        except RuntimeError:
            # The executor takes nothing any more.
            raise StoreError("The store is closed.", code="shutting_down") from None

    def _append(self, batch: Sequence[Segment]) -> None:
        encoded = [(s, _encode(s.events)) for s in batch if s.end is None]
        records = [_row(s.end, self._logs.whole(s.run, s.first, s.events, s.end.events)) for s in batch if s.end]
        segments = _encode([(s.run, s.first, s.head, msgspec.Raw(events)) for s, events in encoded]) if encoded else b""
        oldest = next(iter(self._live.values()), self._next_row)
        with self._transaction():
            if segments:
                self._writes.execute("INSERT INTO journal VALUES (?, ?)", (self._next_row, segments))
            if records:
                self._writes.executemany(_INSERT_RUN, records)
            if oldest - self._dropped > DROP_ROWS:
                self._writes.execute("DELETE FROM journal WHERE id < ?", (oldest,))
        # It is kept; only now may we believe it.
        if oldest - self._dropped > DROP_ROWS:
            self._dropped = oldest
        for segment, events in encoded:
            self._logs.add(segment.run, len(segment.events), events)
            if segment.head is not None:
                self._live[segment.run] = self._next_row
        for segment in batch:
            if segment.end is not None:
                self._live.pop(segment.run, None)
                self._logs.forget(segment.run)
        self._next_row += bool(segments)
        self._pages += len(segments) // 4096 + sum(len(record[-1]) // 4096 + 2 for record in records) + 2
        if self._next_row - max(self._rewritten, self._dropped) > REWRITE_BACKLOG:
            # After this commit is answered: nobody should wait for tidying.
            self._jobs.put((self._tidy, None))

    def _tidy(self) -> None:
        # Whatever goes wrong here must not make it look as if something had not been kept.
        try:
            if self._next_row - max(self._rewritten, self._dropped) > REWRITE_BACKLOG:
                self._rewrite()
        except Exception as problem:
            log.warning("The store's journal could not be tidied: %s", problem)

    def _rewrite(self) -> None:
        """Put what is still needed of the oldest rows into one."""
        sql = "SELECT id, segments FROM journal WHERE id > ? ORDER BY id LIMIT ?"
        rows = self._writes.execute(sql, (max(self._rewritten, self._dropped - 1), REWRITE_ROWS)).fetchall()
        oldest = _segments.decode(rows[0][1])
        if 2 * sum(kept.run in self._live for kept in oldest) > len(oldest):
            # Most of it is still needed, so there is little to win.
            self._rewritten = rows[-1][0]
            return
        whole: dict[str, _Kept] = {}
        for kept in (kept for _, segments in rows for kept in _segments.decode(segments) if kept.run in self._live):
            if kept.run in whole:
                before = whole[kept.run]
                before.events[kept.first - before.first :] = kept.events
            else:
                whole[kept.run] = kept
        first, last = rows[0][0], rows[-1][0]
        with self._transaction():
            self._writes.execute("DELETE FROM journal WHERE id BETWEEN ? AND ?", (first, last))
            self._writes.execute("INSERT INTO journal VALUES (?, ?)", (last, _encode(list(whole.values()))))
        self._rewritten = last
        self._live = {run: last if first <= row <= last else row for run, row in self._live.items()}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writes.execute("BEGIN IMMEDIATE")
        try:
            if self._writes.execute("SELECT epoch FROM owner").fetchone()[0] != self._epoch:
                raise Fenced("Another process has taken over the store.")
            yield
            self._writes.execute("COMMIT")
        except BaseException:
            if self._writes.in_transaction:
                self._writes.execute("ROLLBACK")
            raise

    def _change(self, sql: str, values: tuple[Any, ...]) -> int:
        with self._transaction():
            return self._writes.execute(sql, values).rowcount

    def _checkpoint_rest(self) -> None:
        self._writes.execute("PRAGMA wal_checkpoint(PASSIVE)")

    # The reader's thread.

    def _get(self, run: str, owner: str) -> Record | None:
        row = self._reads.execute(_SELECT_RUN, (owner, run)).fetchone()
        return None if row is None else Record(_head.decode(row[0]), _log.decode(row[1]), row[2])

    def _checkpoint(self) -> None:
        """Move most of the write-ahead log into the file here; the writer only does what came meanwhile."""
        try:
            self._reads.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._jobs.put((self._checkpoint_rest, None))
        except sqlite3.Error as problem:
            log.warning("The store's checkpoint failed, and will be tried again: %s", problem)


def _row(end: End, log: bytes) -> tuple[Any, ...]:
    head = end.head
    asked = (head.run, head.owner, head.created, end.ended, head.format, head.model)
    answered = (end.status, end.provider, end.model, end.input_tokens, end.output_tokens)
    return (*asked, *answered, _encode(head), log)


def _settle(done: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)

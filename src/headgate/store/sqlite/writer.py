"""The thread that writes, and does nothing else, with its connection."""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, TypeVar

from headgate.errors import Fenced, StoreError

T = TypeVar("T")

log = logging.getLogger(__name__)

IS_OURS = " WHERE (SELECT epoch FROM owner) = ?"
"""What makes a statement do nothing when the store has another owner by now."""

_Job: TypeAlias = tuple[Callable[[], Any], "asyncio.Future[Any] | None"]


class Writer:
    """Does jobs one after another, in the order they were handed over."""

    def __init__(self) -> None:
        self.connection: sqlite3.Connection
        """Set by the first job; used by jobs only."""
        self.epoch = 0
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._work, name="headgate-journal", daemon=True)

    def start(self) -> None:
        """Must be called inside the event loop that waits for the answers."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def do(self, work: Callable[[], T]) -> T:
        """Have a job done, and wait for what comes of it; raises StoreError when nothing does."""
        if self._is_stopped:
            raise StoreError("The store is closed.", code="shutting_down")
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((work, done))
        return await done

    def later(self, work: Callable[[], None]) -> None:
        """Have a job done that nobody waits for."""
        self._jobs.put((work, None))

    async def stop(self) -> None:
        """Come back when all jobs are done; those that come later are refused."""
        self._is_stopped = True
        if self._thread.is_alive():
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; raises Fenced when the store has another owner by now."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            if self.connection.execute("SELECT epoch FROM owner").fetchone()[0] != self.epoch:
                raise _fenced()
            yield self.connection
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def insert(self, statement: str, values: Iterable[object], rows: int) -> None:
        """
        Insert so many rows by one statement that ends in `IS_OURS`; raises Fenced like a transaction.

        One that is alone is a transaction of its own: the interpreter is let go of once, and not before and after each
        of four statements, for which it has to be fought over every time.
        """
        inserted = self.connection.execute(statement, (*values, self.epoch)).rowcount
        if inserted != rows:
            raise _fenced()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            result: Any = None
            error: StoreError | None = None
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
            elif error is not None:
                log.warning("The store could not tidy up, and will try again: %s", error.message)

    def _answer(self, done: "asyncio.Future[Any]", result: Any, error: StoreError | None) -> None:
        # When the loop has closed, nobody waits for the answer any more.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(_settle, done, result, error)


def _fenced() -> Fenced:
    return Fenced("Another process has taken over the store.")


def _settle(done: "asyncio.Future[Any]", result: Any, error: StoreError | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)

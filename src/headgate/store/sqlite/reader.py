"""A thread that reads, with a connection of its own."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from headgate.errors import StoreError

T = TypeVar("T")


class Reader:
    """Does jobs one after another."""

    def __init__(self, name: str) -> None:
        self.connection: sqlite3.Connection
        """Set before the first job; used by jobs only."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Have something read; raises StoreError when that cannot be."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(self.connection))
        except sqlite3.Error as problem:
            raise StoreError(f"The store cannot be read: {problem}.") from None
        except RuntimeError:
            # The executor takes nothing any more.
            raise StoreError("The store is closed.", code="shutting_down") from None

    def later(self, work: Callable[[], None]) -> None:
        """Have a job done that nobody waits for; none when it is too late for that."""
        with suppress(RuntimeError):
            self._thread.submit(work)

    async def stop(self) -> None:
        """Come back when all jobs are done."""
        await asyncio.to_thread(self._thread.shutdown)

"""
Takes what is to be written somewhere to a thread, a handful at a time.

The event loop pays for putting a thing into a list, and a few times a second for handing the list over. However
slow the disk or the network is, nobody here waits for it: what would be too much is dropped, and counted.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)

LAST_WORDS = 3.0
"""Seconds that the thread has to write what is left when the server ends."""


class Batches(Generic[T]):
    """One kind of thing, on its way to one place."""

    def __init__(self, name: str, write: Callable[[list[T]], None], *, every: float, limit: int) -> None:
        self._name, self._write = name, write
        self._every, self._limit = every, limit
        self._things: list[T] = []
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[None] | None = None
        self._is_well = True
        self.dropped = 0
        """How many were lost."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"headgate-{name}")

    def add(self, thing: T) -> None:
        """One more."""
        if len(self._things) >= self._limit:
            self.dropped += 1
            return
        self._things.append(thing)
        if self._timer is None:
            self._timer = self._loop.call_later(self._every, self._hand_over)

    async def close(self) -> None:
        """Write what is left, if that can be done in a moment."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            async with asyncio.timeout(LAST_WORDS):
                while self._things or self._writing is not None:
                    if self._writing is None:
                        self._hand_over()
                    assert self._writing is not None
                    await asyncio.wait([self._writing])
        except TimeoutError:
            self.dropped += len(self._things)
            log.warning("%d %s could not be written before the end.", len(self._things), self._name)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _hand_over(self) -> None:
        self._timer = None
        if self._writing is not None:
            # It will look here again when it is done.
            return
        things, self._things = self._things, []
        self._writing = self._loop.run_in_executor(self._thread, self._write, things)
        self._writing.add_done_callback(lambda done: self._on_written(done, len(things)))

    def _on_written(self, done: "asyncio.Future[None]", count: int) -> None:
        self._writing = None
        error = None if done.cancelled() else done.exception()
        if error is None:
            self._is_well = True
        else:
            self.dropped += count
            if self._is_well:
                # Once: it may go on like this for hours.
                log.warning("The %s cannot be written, and are lost until they can: %s", self._name, error)
            self._is_well = False
        if self._things and self._timer is None:
            self._timer = self._loop.call_later(self._every, self._hand_over)

"""
What a connection waits with: asyncio's `Queue` and `Event` with as much as one reader needs.

Theirs take 3 KB for each connection, most of it empty rings, and there may be thousands that say nothing.
"""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """What came for one reader."""

    __slots__ = ("_future", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[T] = []
        self._future: asyncio.Future[None] | None = None

    def put_nowait(self, item: T) -> None:
        """Something came."""
        self._waiting.append(item)
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def empty(self) -> bool:
        """Whether nothing is there."""
        return not self._waiting

    async def get(self) -> T:
        """The next that came."""
        while not self._waiting:
            self._future = asyncio.get_running_loop().create_future()
            try:
                await self._future
            finally:
                self._future = None
        return self._waiting.pop(0)


class Door:
    """Open or shut, for any number of those who wait before it."""

    __slots__ = ("_is_open", "_waiting")

    def __init__(self) -> None:
        self._is_open = True
        self._waiting: list[asyncio.Future[None]] | None = None

    def is_set(self) -> bool:
        """Whether it is open."""
        return self._is_open

    def set(self) -> None:
        """Open it."""
        self._is_open = True
        waiting, self._waiting = self._waiting or (), None
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def clear(self) -> None:
        """Shut it."""
        self._is_open = False

    async def wait(self) -> None:
        """Come back when it is open, or was for a moment."""
        if not self._is_open:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting = [*(self._waiting or ()), future]
            await future

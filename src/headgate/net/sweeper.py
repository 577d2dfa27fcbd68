"""One timer for many things that all wait equally long."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Sweeper(Generic[T]):
    """
    Calls `expire` for everything that stayed longer than `seconds`.

    A timer per thing would be paid by every request and fire for almost none. As all wait equally
    long, they fall due in the order they came, so one timer for the first of them is enough.
    """

    def __init__(self, seconds: float, expire: Callable[[T], None]) -> None:
        self._seconds = seconds
        self._expire = expire
        self.due: dict[T, float] = {}
        """When it is each one's time."""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, thing: T) -> None:
        """Start waiting for it."""
        loop = asyncio.get_running_loop()
        self.due[thing] = due = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(due, self._sweep)

    def discard(self, thing: T) -> None:
        """Wait for it no more, if it was waited for at all."""
        self.due.pop(thing, None)

    def close(self) -> None:
        """Forget everything."""
        self.due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        # uvloop's clock has whole milliseconds: a timer may fire that much before its time.
        now = loop.time() + 0.001
        while self.due:
            thing, due = next(iter(self.due.items()))
            if due > now:
                self._timer = self._timer or loop.call_at(due, self._sweep)
                return
            del self.due[thing]
            self._expire(thing)

"""
The clock of those who would rather hear less often: all of one pace are woken together.

So they are at the same place in the log, and one piece of bytes is made for all of them.
"""

import asyncio
import math
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from headgate.runs.crowd import SLICE

T = TypeVar("T")


class Waiter(Protocol):
    """Somebody who waits for news."""

    def pour(self) -> None:
        """It has waited long enough."""


class Beat:
    """Wakes whoever has asked, at the next multiple of its time."""

    def __init__(self, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        self._seconds, self._loop = seconds, loop
        self._waiting: dict[Waiter, None] = {}

    def add(self, waiter: Waiter) -> None:
        """Somebody has news coming."""
        if not self._waiting:
            at = (math.floor(self._loop.time() / self._seconds) + 1) * self._seconds
            self._loop.call_at(at, self._strike)
        self._waiting[waiter] = None

    def _strike(self) -> None:
        waiting, self._waiting = self._waiting, {}
        in_slices(waiting, lambda waiter: waiter.pour(), self._loop)


def in_slices(many: Iterable[T], act: Callable[[T], None], loop: asyncio.AbstractEventLoop) -> None:
    """Do something to each of many, and let everybody else have a turn in between."""
    left = list(many)

    def go_on() -> None:
        for one in left[-SLICE:]:
            act(one)
        del left[-SLICE:]
        if left:
            loop.call_soon(go_on)

    go_on()

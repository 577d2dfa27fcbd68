"""
The clock of those who would rather hear less often: all of one pace are woken together.

So they are at the same place in the log, and one piece of bytes is made for all of them.
"""

import asyncio
import math
from collections.abc import Iterable
from typing import Protocol

from headgate.runs.crowd import SLICE


class Waiter(Protocol):
    """Somebody whose wait can be ended."""

    def end_wait(self, is_news: bool) -> None:
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
        end_waits(waiting, self._loop, is_news=True)


def end_waits(waiting: Iterable[Waiter], loop: asyncio.AbstractEventLoop, *, is_news: bool) -> None:
    """End many, and let everybody else have a turn in between."""
    left = list(waiting)

    def go_on() -> None:
        for waiter in left[-SLICE:]:
            waiter.end_wait(is_news)
        del left[-SLICE:]
        if left:
            loop.call_soon(go_on)

    go_on()

"""
Waking a run's readers when there are many.

One reader hears of every event at once. Thousands cannot: to wake each for every event would cost more
than the process has. So a crowd is woken in rounds, the rarer the larger it is, and each reader then
gets all that came meanwhile in one piece. A round is taken in slices, so that other runs' words
need not wait for its end.
"""

import asyncio
from collections.abc import Collection
from typing import Protocol

FEW = 32
"""Up to so many readers are woken with every event."""

EACH = 20e-6
"""Seconds between two rounds for each reader: about twice what one costs, so that a run's crowd takes half a core."""

LONGEST = 0.1
"""Seconds between two rounds at most, as long as the process keeps up."""

REST = 0.5
"""How long a round is followed by none, in its own length: who comes or asks meanwhile must not have to wait for a
process that does nothing but wake."""

SLICE = 100
"""Readers woken before everybody else has a turn: a millisecond or two."""


class Reader(Protocol):
    """Somebody to be woken."""

    def wake(self, is_news: bool) -> None:
        """End its wait."""


class Crowd:
    """The rounds of one run."""

    def __init__(self, readers: Collection[Reader], each: float = EACH) -> None:
        self._readers, self._each = readers, each
        self._left: list[Reader] = []
        self._last = self._rested = 0.0
        """When the last round began, and until when there is to be none."""
        self._is_due = False
        """A round is under way, or has its time set."""
        self._is_news = False
        """Something came after the round had begun."""

    def wake(self) -> None:
        """Wake everybody soon."""
        self._is_news = True
        if not self._is_due:
            self._is_due = True
            loop = asyncio.get_running_loop()
            at = self._last + min(LONGEST, self._each * len(self._readers))
            loop.call_at(max(at, self._rested), self._begin, loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._last, self._is_news = loop.time(), False
        self._left = list(self._readers)
        self._go_on(loop)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        for reader in self._left[-SLICE:]:
            reader.wake(True)
        del self._left[-SLICE:]
        if self._left:
            loop.call_soon(self._go_on, loop)
            return
        now = loop.time()
        self._rested = now + min(LONGEST, REST * (now - self._last))
        self._is_due = False
        if self._is_news:
            self.wake()

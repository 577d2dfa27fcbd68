"""Updates as long as they are kept: one log for all topics, so that one id is a place in all of them."""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

import msgspec

from headgate.dialects.mercure.updates import Update

OVERHEAD = 500
"""Bytes that an entry takes beside its event: without them, empty updates would be free."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept."""

    count: int = 10_000
    size: int = 16 << 20
    age: float = 300.0


class Asker(Protocol):
    """Somebody who has an entry waiting."""

    def let_go(self, entry: "Entry") -> None:
        """It is not kept any more, and was the oldest."""


class Entry:
    """One update, and whom it concerns."""

    __slots__ = ("at", "groups", "number", "size", "update")

    def __init__(self, number: int, at: float, update: Update) -> None:
        self.number, self.at, self.update = number, at, update
        self.size = OVERHEAD + len(update.frame) + sum(map(len, update.topics))
        self.groups: Sequence[Asker] = ()
        """Those who ask for it, and have it waiting for them."""


class History:
    """The entries; bounded in number, bytes and age."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._entries: deque[Entry] = deque()
        self._ids: dict[str, int] = {}
        self._size = 0
        self.number = 0
        """Of the newest."""
        self.lost = 0
        """The newest that was let go."""

    def add(self, update: Update, at: float) -> Entry:
        """Keep one, and let go of what is too much."""
        self.number += 1
        entry = Entry(self.number, at, update)
        self._entries.append(entry)
        self._ids[update.id] = entry.number
        self._size += entry.size
        bounds = self._bounds
        # The newest always stays, whatever it takes: nobody has got it yet.
        while len(self._entries) > 1 and (len(self._entries) > bounds.count or self._size > bounds.size):
            self._let_go()
        return entry

    def expire(self, now: float) -> None:
        """Let go of those that are too old."""
        while self._entries and self._entries[0].at < now - self._bounds.age:
            self._let_go()

    def find(self, id: str) -> Entry | None:
        """The entry of an id; of several the newest."""
        number = self._ids.get(id)
        return None if number is None else self._entries[number - self.lost - 1]

    def after(self, place: int, most: int, upto: int) -> list[Entry]:
        """Some entries after a place, up to another."""
        first = max(place, self.lost) + 1
        last = min(upto, first + most - 1)
        return [self._entries[number - self.lost - 1] for number in range(first, last + 1)]

    def _let_go(self) -> None:
        entry = self._entries.popleft()
        self.lost = entry.number
        self._size -= entry.size
        if self._ids.get(entry.update.id) == entry.number:
            del self._ids[entry.update.id]
        for group in entry.groups:
            group.let_go(entry)
        entry.groups = ()

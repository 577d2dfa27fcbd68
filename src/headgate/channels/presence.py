"""Who is on a channel."""

from collections import deque
from collections.abc import Collection

import msgspec

MAX_CHANGES = 100
"""How many comings and goings are told one by one; who was told of none of so many is told that there were many."""


class Presence(msgspec.Struct, frozen=True):
    """One connection, as others see it."""

    connection: str
    """The connection's id."""
    user: str | None = None
    """Whose it is; None for one that did not say and prove it."""
    email: str | None = None


class Change(msgspec.Struct, frozen=True):
    """Somebody came, or went."""

    who: Presence
    is_here: bool


class Roll:
    """Who came and went lately, for those who watch; each has a place in it, and no queue."""

    def __init__(self) -> None:
        self.number = 0
        """How many changes there were while anybody watched."""
        self._changes: deque[Change] = deque(maxlen=MAX_CHANGES)

    def add(self, change: Change) -> None:
        """Somebody came or went."""
        self.number += 1
        self._changes.append(change)

    def after(self, place: int) -> Collection[Change] | None:
        """What changed since; None when it was too much."""
        count = self.number - place
        if count > len(self._changes):
            return None
        return list(self._changes)[len(self._changes) - count :]

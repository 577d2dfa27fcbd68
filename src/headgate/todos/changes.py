"""
What changes in lists of todos, told to whoever listens, as long as they listen.

Nothing is kept for those who come later: they read the list. Only what this server changes is told.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import msgspec

from headgate.errors import HeadgateError
from headgate.todos.todo import Todo

MAX_BEHIND = 1000
"""How many changes may wait for one listener: a megabyte or two, and minutes of anybody's work."""


class Change(msgspec.Struct, frozen=True):
    """Something that happened to a todo."""

    kind: str
    """created, updated or deleted."""
    todo: Todo
    """As it is now, or as it was."""


class TooSlow(HeadgateError):
    """A listener has not taken what there was for it."""

    status = 409
    code = "too_slow"


class Changes:
    """Tells them."""

    def __init__(self) -> None:
        self._listening: dict[str, set[Subscription]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def subscribe(self, owner: str) -> "Subscription":
        """Hear what changes in that list from now on."""
        self._loop = asyncio.get_running_loop()
        subscription = Subscription(self, owner)
        self._listening.setdefault(owner, set()).add(subscription)
        return subscription

    def leave(self, subscription: "Subscription") -> None:
        """Hear no more."""
        others = self._listening.get(subscription.owner, set())
        others.discard(subscription)
        if not others:
            self._listening.pop(subscription.owner, None)

    def tell(self, owner: str, change: Change) -> None:
        """Tell everybody who listens; from any thread, after the change was kept."""
        if self._loop is not None and owner in self._listening:
            self._loop.call_soon_threadsafe(self._tell, owner, change)

    def _tell(self, owner: str, change: Change) -> None:
        for subscription in self._listening.get(owner, ()):
            subscription.take(change)


class Subscription:
    """One listener's changes, in order."""

    def __init__(self, changes: Changes, owner: str) -> None:
        self.owner = owner
        self._changes = changes
        self._waiting: deque[Change] = deque()
        self._news = asyncio.Event()
        self._is_too_slow = False

    def take(self, change: Change) -> None:
        """There is one more."""
        if len(self._waiting) >= MAX_BEHIND:
            self._is_too_slow = True
        else:
            self._waiting.append(change)
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[Change]:
        """All that come. Raises TooSlow where one would be missing."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._is_too_slow:
                raise TooSlow("More has changed than was read; ask for the todos again, and listen again.")
            self._news.clear()
            await self._news.wait()

    def close(self) -> None:
        """Hear no more."""
        self._changes.leave(self)

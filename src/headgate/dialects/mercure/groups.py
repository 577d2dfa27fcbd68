"""Everybody who asks for the same topics."""

from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING, Protocol

from headgate.dialects.mercure.history import Entry
from headgate.dialects.mercure.matchers import Matcher
from headgate.runs.crowd import FEW, Crowd

if TYPE_CHECKING:
    from urlpattern import URLPattern


class Member(Protocol):
    """A connection, as its groups know it."""

    def wake(self, is_news: bool) -> None:
        """Something happened."""


class Group:
    """Exists while somebody asks; has what was published meanwhile and is still kept."""

    __slots__ = ("_crowd", "lost", "matcher", "members", "pattern", "waiting")

    def __init__(self, matcher: Matcher, pattern: "URLPattern | None") -> None:
        self.matcher, self.pattern = matcher, pattern
        self.members: dict[Member, None] = {}
        self.waiting: deque[Entry] = deque()
        self.lost = 0
        """The newest of its entries that was let go."""
        self._crowd: Crowd | None = None

    @property
    def last(self) -> int:
        """The number of its newest entry."""
        return self.waiting[-1].number if self.waiting else self.lost

    def after(self, place: int) -> list[Entry]:
        """Its entries after a place."""
        newer = list(takewhile(lambda entry: entry.number > place, reversed(self.waiting)))
        newer.reverse()
        return newer

    def let_go(self, entry: Entry) -> None:
        """Its oldest entry is not kept any more."""
        if self.waiting and self.waiting[0] is entry:
            self.waiting.popleft()
            self.lost = entry.number

    def wake(self) -> None:
        """Something was published."""
        if len(self.members) > FEW:
            if self._crowd is None:
                self._crowd = Crowd(self.members)
            self._crowd.wake()
            return
        for member in self.members:
            member.wake(True)

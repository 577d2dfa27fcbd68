"""
The board: everybody who listens, and what was published.

Theory of operation. All updates are in one log, so the id of one is a place in all topics. Those who ask for the same
are a group. When something is published, the groups that ask for it are found (exact ones by the topic itself, patterns
by asking each) and their members woken, few at once, many in rounds. So a topic need not be known before it is spoken
of, and a quiet subscriber costs nothing however much is published elsewhere.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from headgate.dialects.mercure.grants import Grants
from headgate.dialects.mercure.groups import Group
from headgate.dialects.mercure.history import Bounds, History
from headgate.dialects.mercure.listeners import Listener
from headgate.dialects.mercure.matchers import ALL, KEPT_PATTERNS, Matcher, Matchers
from headgate.dialects.mercure.updates import EARLIEST, Update
from headgate.errors import Unavailable

TICK = 1.0
"""Seconds between two looks at the clock: keep-alives, the age of updates and the ends of tokens need no better."""

KEPT_TOPICS = 4096
"""Topics of which it is remembered which patterns match them."""


class Subscribed(NamedTuple):
    """A new subscriber, and where it really begins."""

    listener: Listener
    position: str | None
    """The id after which it goes on; None for one that did not ask."""


class Board:
    """Belongs to one event loop."""

    def __init__(
        self,
        matchers: Matchers,
        bounds: Bounds,
        *,
        keep_alive: float,
        most: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._matchers, self._keep_alive, self._most, self._now = matchers, keep_alive, most, now
        self._history = History(bounds)
        self._exact: dict[str, Group] = {}
        self._others: dict[Matcher, Group] = {}
        self._found: dict[str, Sequence[Group]] = {}
        """Which of the others match a topic, as long as they stay the same."""
        self._listeners: dict[Listener, None] = {}
        self._clock: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def close(self) -> None:
        """Send everybody away, when they have been told what was published."""
        self._is_closed = True
        if self._clock is not None:
            self._clock.cancel()
        for listener in list(self._listeners):
            listener.close()

    def publish(self, update: Update) -> None:
        """Tell everybody who asks for it."""
        self._refuse_if_closed()
        groups = tuple(dict.fromkeys(group for topic in update.topics for group in self._groups_of(topic)))
        entry = self._history.add(update, self._now())
        entry.groups = groups
        for group in groups:
            group.waiting.append(entry)
        for group in groups:
            group.wake()
        self._start_clock()

    def subscribe(self, wanted: Sequence[Matcher], grants: Grants, last_id: str | None = None) -> Subscribed:
        """
        A new subscriber, to be given back with `leave`; it goes on after the update of that id, if there is one.

        Raises Unavailable when there are too many subscribers, or patterns.
        """
        self._refuse_if_closed()
        if len(self._listeners) >= self._most:
            raise Unavailable("There are too many subscribers.", code="too_many_subscribers", retry_after=5)
        wanted = tuple(dict.fromkeys(wanted))
        matchers = self._matchers

        def may_read(update: Update) -> bool:
            return matchers.any_accepts(grants.subscribe, update.topics)

        place, position = self._begin(last_id, may_read)
        groups = self._all_groups(wanted)
        listener = Listener(
            self._history,
            groups,
            place,
            lambda update: matchers.any_accepts(wanted, update.topics),
            may_read,
            grants.expires,
        )
        for group in groups:
            group.members[listener] = None
        self._listeners[listener] = None
        self._start_clock()
        return Subscribed(listener, position)

    def leave(self, listener: Listener) -> None:
        """A subscriber is gone; it may be said more than once."""
        listener.close()
        if self._listeners.pop(listener, 0) == 0:
            return
        for group in listener.groups:
            del group.members[listener]
            if not group.members:
                self._drop(group)

    def _begin(self, last_id: str | None, may_read: Callable[[Update], bool]) -> tuple[int, str | None]:
        if last_id is None:
            return self._history.number, None
        entry = self._history.find(last_id)
        # Of an update that it must not read, nobody is told that it exists.
        if entry is None or (entry.update.is_private and not may_read(entry.update)):
            return self._history.lost, EARLIEST
        return entry.number, last_id

    # Groups come and go.

    def _groups_of(self, topic: str) -> Sequence[Group]:
        others = self._found.get(topic)
        if others is None:
            if len(self._found) >= KEPT_TOPICS:
                self._found.clear()
            others = self._found[topic] = [group for group in self._others.values() if self._asks(group, topic)]
        exact = self._exact.get(topic)
        return others if exact is None else (exact, *others)

    def _asks(self, group: Group, topic: str) -> bool:
        if group.pattern is not None:
            return self._matchers.tests(group.pattern, topic)
        return self._matchers.accepts(group.matcher, topic)

    def _all_groups(self, matchers: Sequence[Matcher]) -> list[Group]:
        groups: list[Group] = []
        try:
            groups.extend(map(self._group, matchers))
        except BaseException:
            for group in groups:
                if not group.members:
                    self._drop(group)
            raise
        return groups

    def _group(self, matcher: Matcher) -> Group:
        is_exact = matcher.kind == "exact" and matcher is not ALL
        found = self._exact.get(matcher.text) if is_exact else self._others.get(matcher)
        if found is not None:
            return found
        if is_exact:
            group = self._exact[matcher.text] = Group(matcher, None)
            return group
        if len(self._others) >= KEPT_PATTERNS:
            raise Unavailable("There are too many patterns.", code="too_many_patterns", retry_after=5)
        is_pattern = matcher.kind == "urlpattern"
        group = Group(matcher, self._matchers.pattern(matcher.text) if is_pattern else None)
        self._others[matcher] = group
        self._found.clear()
        return group

    def _drop(self, group: Group) -> None:
        group.waiting.clear()
        if self._exact.get(group.matcher.text) is group:
            del self._exact[group.matcher.text]
        elif self._others.get(group.matcher) is group:
            del self._others[group.matcher]
            self._found.clear()

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise Unavailable("The server is shutting down.", code="shutting_down", retry_after=5)

    # The clock.

    def _start_clock(self) -> None:
        if self._clock is None and not self._is_closed:
            self._clock = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _tick(self) -> None:
        self._clock = None
        loop, now = asyncio.get_running_loop(), self._now()
        oldest = loop.time() - self._keep_alive
        for listener in self._listeners:
            # No later than at the end of its token, so rather a moment before.
            if listener.expires is not None and listener.expires <= now + TICK:
                listener.cut()
            elif 0 < listener.since <= oldest:
                listener.wake(False)
        self._history.expire(now)
        if self._listeners or self._history.number > self._history.lost:
            self._start_clock()

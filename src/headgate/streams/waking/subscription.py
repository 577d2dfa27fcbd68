"""
A subscription, and what may happen to it: decided here, without a clock, a store or a network.

It is idle, or there is a wake: somebody was called, under a name that nobody else had, and the number of the
generation, which only grows. Whoever says something of a wake that is no more is fenced off. A wake ends when it
is done or released, or when nothing was heard of it for a lease; what is still to be done then makes another.

What is decided is a `State`, and links; it becomes true by `become`, once it is kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from headgate.store.subscriptions import Link
from headgate.streams.offsets import offset_of, place_of
from headgate.streams.waking.errors import AlreadyClaimed, FencedOff, InvalidOffset, InvalidRequest, NothingPending
from headgate.streams.waking.globs import Glob
from headgate.streams.waking.limits import MAX_LISTED
from headgate.streams.waking.wish import Made

NOTHING = "-1"
"""The offset before everything."""

_EMPTY = offset_of(0)

MAX_STRANGERS = 1000
"""Streams that a subscription remembers to be none of its business."""


class State(msgspec.Struct, frozen=True, array_like=True):
    """How a subscription stands."""

    generation: int = 0
    wake: str | None = None
    """The name of the wake that is under way."""
    holder: str | None = None
    """The worker that has claimed it."""
    lease_until: float | None = None
    """When it is over if nothing is heard of it; Unix seconds."""
    failures: int = 0
    """How often in a row nobody could be called."""
    next_try: float | None = None
    """When somebody is called again."""


class Told(NamedTuple):
    """A stream as those who are woken are told of it."""

    link: Link
    tail: str
    is_pending: bool
    is_explicit: bool


class Subscription:
    """One of an owner's."""

    def __init__(self, owner: str, id: str, made: Made, state: State | None = None, links: Iterable[Link] = ()) -> None:
        self.owner, self.id, self.made = owner, id, made
        self.state = state or State()
        self.links = {link.stream: link for link in links}
        self.tails: dict[str, str] = {}
        """How far the streams go that it has links of, and that are there."""
        self._glob = None if made.wish.pattern is None else Glob(made.wish.pattern)
        self._pending: set[str] = set()
        self._strangers: set[str] = set()
        """Streams that its pattern does not mean; most of what streams say is of these."""

    @property
    def is_webhook(self) -> bool:
        """Whether it calls, or writes that somebody may come."""
        return self.made.wish.kind == "webhook"

    @property
    def is_pending(self) -> bool:
        """Whether there is something to be done."""
        return bool(self._pending)

    @property
    def is_idle_call(self) -> bool:
        """Whether somebody was called who has not come, and there is nothing left to come for."""
        state = self.state
        return not self.is_webhook and state.wake is not None and state.holder is None and not self.is_pending

    @property
    def first_pending(self) -> str:
        """One of the streams with something to be done."""
        return min(self._pending)

    def matches(self, stream: str) -> bool:
        """Whether its pattern means that stream."""
        if self._glob is None or stream in self._strangers:
            return False
        if self._glob.matches(stream):
            return True
        if len(self._strangers) >= MAX_STRANGERS:
            self._strangers.clear()
        self._strangers.add(stream)
        return False

    # Streams.

    def look(self, stream: str, tail: str) -> None:
        """A stream goes so far; one that it did not know has nothing of it done yet."""
        if stream not in self.links:
            self.links[stream] = Link(stream, NOTHING, False)
        self.tails[stream] = tail
        self._judge(stream)

    def forget(self, stream: str) -> bool:
        """A stream is no more; says whether it had a link of it that was kept."""
        self.tails.pop(stream, None)
        self._pending.discard(stream)
        link = self.links.get(stream)
        if link is None or link.is_explicit:
            # Who asked for it by name wants it when it is there again.
            if link is not None and link.acked != NOTHING:
                self.links[stream] = Link(stream, NOTHING, True)
            return link is not None
        del self.links[stream]
        return True

    def unlink(self, stream: str) -> None:
        """It wants no more of a stream."""
        del self.links[stream]
        self.tails.pop(stream, None)
        self._pending.discard(stream)

    def _judge(self, stream: str) -> None:
        acked, tail = self.links[stream].acked, self.tails.get(stream, NOTHING)
        is_pending = tail > acked and not (acked == NOTHING and tail == _EMPTY)
        (self._pending.add if is_pending else self._pending.discard)(stream)

    def told(self) -> list[Told]:
        """Its streams, those first with something to be done; as many as anybody is told of."""
        pending = sorted(self._pending)[:MAX_LISTED]
        names = [*pending, *self._others(MAX_LISTED - len(pending))]
        return [self._told(name) for name in names]

    def _others(self, count: int) -> Iterator[str]:
        for name in self.links:
            if count > 0 and name not in self._pending and name in self.tails:
                count -= 1
                yield name

    def _told(self, name: str) -> Told:
        link = self.links[name]
        return Told(link, self.tails.get(name, NOTHING), name in self._pending, link.is_explicit)

    # What is decided.

    def woken(self, wake: str, now: float) -> State:
        """Somebody is called."""
        until = now + self.made.wish.lease if self.is_webhook else None
        return State(self.state.generation + 1, wake, None, until, self.state.failures)

    def called_again(self, now: float) -> State:
        """The same is called again, who did not hear."""
        until = now + self.made.wish.lease if self.is_webhook else None
        return msgspec.structs.replace(self.state, lease_until=until, next_try=None)

    def not_called(self, next_try: float) -> State:
        """Nobody could be called."""
        failures = self.state.failures + 1
        return msgspec.structs.replace(self.state, lease_until=None, failures=failures, next_try=next_try)

    def heard(self) -> State:
        """Whoever was called has heard."""
        return msgspec.structs.replace(self.state, failures=0, next_try=None)

    def claimed(self, worker: str, now: float) -> State:
        """A worker is at it, of the wake that is under way; raises AlreadyClaimed and NothingPending."""
        state = self.state
        if state.holder is not None:
            raise AlreadyClaimed(state.holder, state.generation)
        if not self.is_pending:
            raise NothingPending
        return msgspec.structs.replace(
            state, holder=worker, lease_until=now + self.made.wish.lease, failures=0, next_try=None
        )

    def longer(self, now: float) -> State:
        """Something was heard of the wake."""
        return msgspec.structs.replace(self.heard(), lease_until=now + self.made.wish.lease)

    def idle(self, failures: int = 0) -> State:
        """The wake is over."""
        return State(self.state.generation, failures=failures)

    def check(self, token_generation: int, generation: int, wake: str) -> None:
        """Raises FencedOff for what is said of any wake but the one that is under way."""
        state = self.state
        if state.wake is None or not token_generation == generation == state.generation or wake != state.wake:
            raise FencedOff
        if not self.is_webhook and state.holder is None:
            raise FencedOff

    def acked(self, acks: Mapping[str, str]) -> list[Link]:
        """Up to those offsets everything is done; raises InvalidRequest and InvalidOffset, for all of them or none."""
        links = []
        for stream, offset in acks.items():
            link = self.links.get(stream)
            if link is None:
                raise InvalidRequest(f"The subscription has nothing of the stream '{stream[:100]}'.", param="acks")
            if place_of(offset) is None and offset != NOTHING:
                raise InvalidRequest("'offset' must be one that a stream has told.", param="acks")
            if offset > self.tails.get(stream, NOTHING):
                raise InvalidOffset(stream)
            if offset > link.acked:
                links.append(msgspec.structs.replace(link, acked=offset))
        return links

    # What became true.

    def become(self, state: State, links: Sequence[Link] = ()) -> None:
        """It was decided, and is kept."""
        self.state = state
        for link in links:
            self.links[link.stream] = link
            self._judge(link.stream)

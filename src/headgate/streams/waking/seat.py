"""A subscription at work: what is done to it is done one after the other, and kept before it counts."""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from headgate.store.base import Store
from headgate.store.subscriptions import Link
from headgate.store.subscriptions import Subscription as Kept
from headgate.streams.offsets import offset_of, place_of
from headgate.streams.waking.subscription import NOTHING, State, Subscription
from headgate.streams.waking.wish import Made

log = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_made = msgspec.msgpack.Decoder(Made)
_state = msgspec.msgpack.Decoder(State)


class Seat:
    """One."""

    def __init__(self, store: Store, subscription: Subscription) -> None:
        self._store, self.subscription = store, subscription
        self.lock = asyncio.Lock()
        """Whoever decides anything holds it until that is kept."""
        self.is_gone = False
        """It was deleted."""
        self.timer: asyncio.TimerHandle | None = None
        self.stirring: asyncio.Task[None] | None = None
        """Whoever looks what is to be done."""
        self._stale: set[str] = set()
        """Streams whose links are not what was kept of them: they were deleted meanwhile."""
        self._said_full = False

    @classmethod
    def kept(cls, store: Store, kept: Kept, links: Sequence[Link]) -> "Seat":
        """One as it was kept."""
        made, state = _made.decode(kept.wish), _state.decode(kept.state)
        return cls(store, Subscription(kept.owner, kept.id, made, state, links))

    @property
    def is_stale(self) -> bool:
        """Whether something is to be kept that nobody waits for."""
        return bool(self._stale)

    async def become(self, state: State, links: Sequence[Link] = (), unlinked: Sequence[str] = ()) -> None:
        """Have it kept, and true then; raises StoreError, and nothing has changed."""
        stale, self._stale = self._stale, set()
        known = self.subscription.links
        changed = {stream: known[stream] for stream in stale if stream in known}
        changed |= {link.stream: link for link in links}
        gone = [*unlinked, *(stream for stream in stale if stream not in changed)]
        try:
            await self._store.keep_subscription(self._as_kept(state), list(changed.values()), gone)
        except BaseException:
            self._stale |= stale
            raise
        self.subscription.become(state, links)

    async def begin(self) -> None:
        """Have it kept for the first time."""
        subscription = self.subscription
        await self._store.keep_subscription(self._as_kept(subscription.state), list(subscription.links.values()))

    def _as_kept(self, state: State) -> Kept:
        subscription = self.subscription
        return Kept(subscription.owner, subscription.id, _encode(subscription.made), _encode(state))

    def forget(self, stream: str) -> None:
        """A stream was deleted."""
        if self.subscription.forget(stream):
            self._stale.add(stream)

    def say_full(self) -> None:
        """It has all the streams it may have: said once, and not with every word on a stream that it cannot have."""
        if not self._said_full:
            self._said_full = True
            log.warning("The subscription '%s' has all the streams it may have.", self.subscription.id)

    def catch_up(self, ends: dict[str, int]) -> None:
        """So far the streams go that are there; what was kept of others is of none that is there."""
        subscription = self.subscription
        for stream, link in list(subscription.links.items()):
            end = ends.get(stream)
            if end is None:
                self.forget(stream)
            elif link.acked != NOTHING and (place_of(link.acked) or 0) > end:
                # It was deleted, and is another by now.
                self.forget(stream)
                subscription.look(stream, offset_of(end))
            else:
                subscription.look(stream, offset_of(end))

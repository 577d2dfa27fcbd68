"""
The hub: every channel, and everybody who is on one.

Theory of operation. What is said gets the next number and goes into the log of each of its channels;
then those who are on them are woken, few at once, many in rounds. A connection is a place in those
logs (`subscription`). A channel that nobody is on, and of which nothing is kept any more, is gone; what it
had lost is remembered for a while, so that whoever comes back to it is not told of a gap without need.
"""

import asyncio
import math
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice

from headgate.channels.beats import Beat, in_slices
from headgate.channels.bounds import Bounds
from headgate.channels.channel import Channel
from headgate.channels.cursors import write_cursor
from headgate.channels.feed import Feed
from headgate.channels.log import OVERHEAD, Entry, Ledger, Source
from headgate.channels.members import Members
from headgate.channels.messages import Form, Message, Projection
from headgate.channels.names import ChannelId
from headgate.channels.places import AT_ONCE, NOW, Pace, Place
from headgate.channels.presence import Presence
from headgate.channels.subscription import Subscription
from headgate.errors import BadRequest, Unavailable
from headgate.metrics import Meters
from headgate.runs import Run
from headgate.store.base import Store

TICK = 1.0
"""Seconds between two looks at the clock: keep-alives and the age of messages need no better."""

SLICE = 1000
"""Channels looked at in one go, a fraction of a millisecond."""

SPARE = 0.02
"""How much of all room is made at once, where there is none left."""

MAX_GONE = 10_000
"""How many channels are remembered that are gone."""


class Hub:
    """Belongs to one event loop."""

    def __init__(
        self,
        store: Store,
        bounds: Bounds | None = None,
        *,
        meters: Meters | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.members = Members(store)
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._ledger = Ledger(self.bounds, secrets.token_urlsafe(6))
        self._channels: dict[ChannelId, Channel] = {}
        self._gone: dict[ChannelId, int] = {}
        """The newest number that each had lost."""
        self._floor = 0
        """The newest that any channel had lost that we do not remember any more."""
        self._subscriptions: dict[Subscription, None] = {}
        self._beats: dict[float, Beat] = {}
        self._clock: asyncio.TimerHandle | None = None
        self._full_until = 0.0
        """Until when there is nothing more that could be let go, by the loop's clock."""
        self._is_closed = False
        if meters is not None:
            meters.channels.read_one(lambda: len(self._channels))
            meters.listeners.read_one(lambda: len(self._subscriptions))
            meters.messages.read_one(lambda: self._ledger.number)
            meters.history.read_one(lambda: self._ledger.size)

    # Living.

    async def open(self) -> None:
        """Learn what the store knows, which is open by now, and begin to look at the clock."""
        await self.members.open()
        self._clock = self._loop.call_later(TICK, self._tick)

    async def close(self) -> None:
        """Send everybody away, when they have been told what was said."""
        self._is_closed = True
        if self._clock is not None:
            self._clock.cancel()
        for subscription in list(self._subscriptions):
            subscription.close()

    # Saying.

    def publish(self, channels: Sequence[ChannelId], message: bytes, note: object = None) -> str:
        """
        Say something on channels: JSON on one line; a connection that is on several of them hears it once.

        Returns the cursor of who has got it. Raises Unavailable when there is no room for another channel.
        """
        self._check_size()
        found = self._all(tuple(dict.fromkeys(channels)))
        self._add(found, Message(message, note), len(message))
        _wake(found)
        return self.cursor

    def attach(self, channels: Sequence[ChannelId], run: Run, projection: Projection) -> None:
        """Say what a run's events come to, all of them, as soon as they may be seen."""
        unlike = tuple(dict.fromkeys(channels))
        self._all(unlike)
        Feed(run, unlike, projection, self._say)

    def _say(self, ids: Sequence[ChannelId], source: Source, first: int, upto: int) -> None:
        """Some events of a run."""
        self._check_size()
        channels: list[Channel] = []
        for event in range(first, upto):
            for part, data in enumerate(source.messages(event)):
                channels = channels or self._all(ids)
                self._add(channels, source, len(data), event, part)
        _wake(channels)

    def _add(
        self, channels: Collection[Channel], origin: Message | Source, size: int, event: int = 0, part: int = 0
    ) -> None:
        ledger = self._ledger
        ledger.number += 1
        entry = Entry(ledger.number, self._now(), size + OVERHEAD, origin, event, part)
        for channel in channels:
            channel.log.add(entry)

    # Hearing.

    def subscribe(
        self,
        places: Mapping[ChannelId, Place],
        who: Presence,
        form: Form,
        *,
        pace: Pace = AT_ONCE,
        watches: Collection[ChannelId] = (),
    ) -> Subscription:
        """
        A new connection, on those channels; to be given back with `leave`.

        On channels that it watches it is told who comes and goes. Raises Unavailable when there is no room
        for another channel, BadRequest for too many at once.
        """
        self._refuse_if_closed()
        cursors = {place.cursor for place in places.values()}
        common = cursors.pop() if len(cursors) == 1 else None
        subscription = Subscription(self._ledger, who, form, pace, self._beat(pace), common)
        self._subscriptions[subscription] = None
        try:
            for channel, place in places.items():
                self._enter(subscription, channel, place, channel in watches)
        except BaseException:
            self.leave(subscription)
            raise
        return subscription

    def join(
        self, subscription: Subscription, channel: ChannelId, place: Place = NOW, *, watches: bool = False
    ) -> None:
        """Have a connection be on one more channel; one that it is on already stays as it is."""
        self._refuse_if_closed()
        if channel not in subscription.channels and not subscription.is_gone:
            subscription.skip_silence()
            self._enter(subscription, channel, place, watches)

    def change_pace(self, subscription: Subscription, pace: Pace) -> None:
        """Have a connection hear more or less often from now on."""
        subscription.change_pace(pace, self._beat(pace))

    def part(self, subscription: Subscription, channel: ChannelId) -> None:
        """Have a connection be on one channel less."""
        if channel in subscription.channels:
            found = self._channels[channel]
            subscription.exit(found)
            self._drop_if_unused(found)

    def leave(self, subscription: Subscription) -> None:
        """A connection is over; it may be said more than once."""
        subscription.close()
        self._subscriptions.pop(subscription, None)
        for channel in list(subscription.channels):
            self.part(subscription, channel)

    def _beat(self, pace: Pace) -> Beat | None:
        if pace.rollup <= 0:
            return None
        if pace.rollup not in self._beats:
            self._beats[pace.rollup] = Beat(pace.rollup, self._loop)
        return self._beats[pace.rollup]

    def _enter(self, subscription: Subscription, channel: ChannelId, place: Place, watches: bool) -> None:
        if len(subscription.channels) >= self.bounds.channels_per_connection:
            raise BadRequest(
                f"A connection can be on {self.bounds.channels_per_connection} channels.", code="too_many_channels"
            )
        subscription.enter(self._all((channel,))[0], place, watches=watches)

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise Unavailable("The server is shutting down.", code="shutting_down", retry_after=5)

    # Looking.

    @property
    def cursor(self) -> str:
        """Where somebody is who has everything."""
        return write_cursor(self._ledger.epoch, self._ledger.number)

    def active(self) -> list[ChannelId]:
        """The channels that somebody is on."""
        return [id for id, channel in self._channels.items() if channel.here]

    def presence(self, channel: ChannelId) -> list[Presence]:
        """Who is on a channel, in the order they came."""
        found = self._channels.get(channel)
        return [] if found is None else [listener.who for listener in found.here]

    def count(self, channel: ChannelId) -> int:
        """How many are on a channel."""
        found = self._channels.get(channel)
        return 0 if found is None else len(found.here)

    @property
    def connections(self) -> Collection[Subscription]:
        """Everybody, in the order they came."""
        return self._subscriptions.keys()

    def kept(self, channel: ChannelId) -> list[tuple[str, Message]]:
        """What is kept of a channel, oldest first, each with the cursor of who has got it."""
        found = self._channels.get(channel)
        entries: Iterable[Entry] = () if found is None else islice(found.log.entries, found.log.after(0), None)
        return [(write_cursor(self._ledger.epoch, entry.number), entry.message) for entry in entries]

    # Channels come and go.

    def _all(self, ids: Sequence[ChannelId]) -> list[Channel]:
        """Those channels, all of them or none."""
        if (lack := self._lack(ids)) > 0:
            self._make_room(lack, ids)
            if self._lack(ids) > 0:
                raise Unavailable("There are too many channels.", code="too_many_channels", retry_after=5)
        return [self._channel(id) for id in ids]

    def _lack(self, ids: Sequence[ChannelId]) -> int:
        """How many channels too many there would be."""
        return len(self._channels) + sum(id not in self._channels for id in ids) - self.bounds.channels

    def _channel(self, id: ChannelId) -> Channel:
        found = self._channels.get(id)
        if found is None:
            found = self._channels[id] = Channel(id, self._ledger, self._gone.pop(id, self._floor))
        return found

    def _check_size(self) -> None:
        """Before something is said: what is kept must not come to its limit, at which each channel loses its own."""
        if self._ledger.size > self.bounds.total_size * (1 - SPARE):
            self._make_room()

    def _make_room(self, count: int = 0, needed: Collection[ChannelId] = ()) -> None:
        """
        Let go of what is kept on channels that nobody is on, the oldest first: whoever is here comes before those who
        may come back. A little more than is needed, as all channels are looked through for it.
        """
        if self._loop.time() < self._full_until:
            return
        most = len(self._channels) - count - int(self.bounds.channels * SPARE) if count else len(self._channels)
        size = self.bounds.total_size * (1 - 2 * SPARE)
        for channel in [each for each in self._channels.values() if not each.here and each.id not in needed]:
            if len(self._channels) <= most and self._ledger.size <= size:
                return
            channel.expire(math.inf)
            self._drop_if_unused(channel)
        self._full_until = self._loop.time() + TICK

    def _drop_if_unused(self, channel: Channel) -> None:
        # One that has waited to be looked at may be gone already, and another have its name.
        if channel.is_used or self._channels.get(channel.id) is not channel:
            return
        del self._channels[channel.id]
        if channel.log.lost > self._floor:
            self._gone[channel.id] = channel.log.lost
        while len(self._gone) > MAX_GONE:
            self._floor = max(self._floor, self._gone.pop(next(iter(self._gone))))

    # The clock.

    def _tick(self) -> None:
        self._clock = self._loop.call_later(TICK, self._tick)
        oldest = self._loop.time() - self.bounds.keep_alive
        late = [each for each in self._subscriptions if 0 < each.since <= oldest]
        in_slices(late, lambda each: each.end_wait(False), self._loop)
        self.expire()

    def expire(self) -> None:
        """Let go of messages that are too old, and of channels that nobody needs any more."""
        self._expire(list(self._channels.values()), self._now() - self.bounds.history_age)

    def _expire(self, left: list[Channel], before: float) -> None:
        for channel in left[-SLICE:]:
            channel.expire(before)
            self._drop_if_unused(channel)
        del left[-SLICE:]
        if left:
            self._loop.call_soon(self._expire, left, before)


def _wake(channels: Iterable[Channel]) -> None:
    """What was said is in all logs by now, so that nobody hears it twice."""
    for channel in channels:
        channel.wake()

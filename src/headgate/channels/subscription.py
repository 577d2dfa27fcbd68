"""
One connection on its channels: a place in their logs, and no queue.

Theory of operation. Numbers are the hub's, so one number says how far a connection got on all of its
channels, and what it takes comes in their order. A channel that is joined with a history, or with a
cursor of its own, is behind at first: that is made up for before anything else, and until then the
connection's cursor says so. Every frame has the cursor of what was told up to and with it, so a
connection that is cut anywhere, and comes back, misses nothing and gets nothing twice.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Protocol

from headgate.channels.beats import Beat
from headgate.channels.channel import Channel
from headgate.channels.cursors import read_cursor, write_cursor
from headgate.channels.frames import groups
from headgate.channels.log import Ledger
from headgate.channels.merging import enough, merged, written
from headgate.channels.messages import Form
from headgate.channels.names import ChannelId
from headgate.channels.places import Pace, Place
from headgate.channels.presence import Presence


class Sink(Protocol):
    """Where a connection's bytes go."""

    @property
    def is_free(self) -> bool:
        """Whether it takes more at once: it is open, and its client has read most of what it was sent."""

    def write_now(self, piece: bytes) -> None:
        """Take more; to be called only while it is free."""


class Subscription:
    """One connection; made by the hub, and to be given back to it."""

    __slots__ = (
        "_beat",
        "_channels",
        "_future",
        "_is_behind",
        "_ledger",
        "_loop",
        "_others",
        "_place",
        "_seen",
        "_sink",
        "_told_at",
        "form",
        "is_gone",
        "pace",
        "since",
        "who",
    )

    def __init__(
        self, ledger: Ledger, who: Presence, form: Form, pace: Pace, beat: Beat | None, cursor: str | None
    ) -> None:
        self._ledger, self._beat = ledger, beat
        self._loop = asyncio.get_running_loop()
        self.who, self.form, self.pace = who, form, pace
        self.is_gone = False
        """It is closed, by its client or by us."""
        self.since = 0.0
        """While it waits: when its client last heard of us, by the loop's clock; 0 otherwise."""
        self._channels: dict[ChannelId, Channel] = {}
        self._place = ledger.number if cursor is None else read_cursor(cursor, ledger.epoch, ledger.number).number
        """It has everything up to here, on all of its channels but the others."""
        self._others: dict[Channel, int] = {}
        """Channels with a place of their own: they are behind, or were joined while something else was waiting."""
        self._seen: dict[Channel, int] = {}
        """On channels it watches: how many comings and goings it has been told of."""
        self._is_behind = False
        """The last piece was not all there was."""
        self._told_at = self._loop.time()
        self._sink: Sink | None = None
        self._future: asyncio.Future[bool] | None = None

    # What transports use.

    @property
    def channels(self) -> Collection[ChannelId]:
        """Which it is on."""
        return self._channels.keys()

    @property
    def cursor(self) -> str:
        """Where it is: a client that comes back with it goes on here."""
        behind = [(channel.id, own) for channel, own in self._others.items() if own < self._place]
        return write_cursor(self._ledger.epoch, self._place, behind)

    @property
    def has_news(self) -> bool:
        """Whether there is something to take."""
        place, others = self._place, self._others
        for channel in self._channels.values():
            if channel.log.last > (others.get(channel, place) if others else place):
                return True
        return any(channel.changes > seen for channel, seen in self._seen.items())

    async def news(self) -> bool:
        """Wait until there is something to take; False when there is nothing for a while, or it is closed."""
        if self.is_gone:
            return False
        if self._is_behind:
            return True
        if self.has_news:
            if self._beat is None:
                return True
            self._beat.add(self)
        future: asyncio.Future[bool] = self._loop.create_future()
        self._future, self.since = future, self._told_at
        try:
            is_news = await future
        finally:
            self._future, self.since = None, 0.0
        if not is_news:
            self._told_at = self._loop.time()
        return is_news

    def take(self) -> bytes:
        """What is new, in its form, or as much of it as goes in one piece; b"" for nothing it wants to hear."""
        self._is_behind = False
        piece = self._catch_up() if self._others else b""
        if not self._is_behind:
            piece += self._flow()
        if self._seen:
            piece += self._presence()
        if piece:
            self._told_at = self._loop.time()
        return piece

    def pour_into(self, sink: Sink) -> None:
        """
        Hand what is new to a sink while `news` waits for it, without ending the wait, as long as the sink is free.

        Nobody needs a turn of its own then, which is half of what a message costs in a large crowd.
        """
        self._sink = sink

    # What wakes it.

    def wake(self, is_news: bool) -> None:
        """Something happened, or nothing for a long time."""
        if not is_news:
            self.end_wait(False)
        elif self._beat is None:
            self.pour()
        elif self._future is not None:
            self._beat.add(self)

    def pour(self) -> None:
        """Its time has come to hear what is new."""
        future, sink = self._future, self._sink
        if future is None or future.done():
            return
        if sink is None or self.pace.latest or not sink.is_free:
            # Who wants the latest alone gets it in its own turn: by then there may be a later one.
            future.set_result(True)
            return
        try:
            piece = self.take()
        except Exception as error:
            # It is for whoever waits, and not for those who are woken after it.
            future.set_exception(error)
            return
        if piece:
            self.since = self._told_at
            sink.write_now(piece)
        if self._is_behind:
            future.set_result(True)

    def end_wait(self, is_news: bool) -> None:
        """Its wait is over."""
        if self._future is not None and not self._future.done():
            self._future.set_result(is_news)

    # What the hub uses.

    def enter(self, channel: Channel, place: Place, *, watches: bool) -> None:
        """Be on a channel."""
        self._channels[channel.id] = channel
        own = self._own_place(channel, place)
        if own > self._place or own < min(self._place, channel.log.last):
            self._others[channel] = own
        channel.enter(self, watches=watches)
        if watches:
            self._seen[channel] = channel.changes
        # Not poured: whoever has it enter may want to say so first.
        self.end_wait(True)

    def change_pace(self, pace: Pace, beat: Beat | None) -> None:
        """Hear more or less often."""
        self.pace, self._beat = pace, beat
        if self.has_news:
            self.wake(True)

    def skip_silence(self) -> None:
        """Before a channel is entered later: what was said elsewhere is nothing to go back for."""
        place, others = self._place, self._others
        if not any(channel.log.last > max(place, others.get(channel, 0)) for channel in self._channels.values()):
            self._reach(self._ledger.number)

    def exit(self, channel: Channel) -> None:
        """Be on it no more."""
        del self._channels[channel.id]
        self._others.pop(channel, None)
        self._seen.pop(channel, None)
        channel.exit(self)

    def close(self) -> None:
        """Nobody is there any more."""
        self.is_gone = True
        self.end_wait(False)

    def _own_place(self, channel: Channel, place: Place) -> int:
        if place.cursor is not None:
            return read_cursor(place.cursor, self._ledger.epoch, self._ledger.number).place(channel.id)
        return channel.log.before_last(place.history)

    # What is new on all channels, in the order of its numbers.

    def _flow(self) -> bytes:
        place, others = self._place, self._others
        news = [channel for channel in self._channels.values() if channel.log.last > others.get(channel, place)]
        if not news:
            self._reach(self._ledger.number)
            return b""
        if self.pace.latest:
            return self._newest(news)
        since = others.get(news[0], place)
        if len(news) == 1 and news[0].log.lost <= since:
            return self._of_one(news[0], since)
        return self._of_several(news)

    def _of_one(self, channel: Channel, since: int) -> bytes:
        """The same bytes for everybody who has got as far."""
        log = channel.log
        first = log.after(since)
        upto = enough(log.entries, first, len(log.entries))
        piece = channel.frames(self.form).piece(log, first, upto, joined=self._beat is not None)
        self._took(log.numbers[upto - 1], log.last)
        return piece

    def _of_several(self, news: Sequence[Channel]) -> bytes:
        items = merged({channel: self._others.get(channel, self._place) for channel in news})
        piece = written(items, self.form, self._ledger.epoch, joined=self._beat is not None)
        self._took(items[-1].number, max(channel.log.last for channel in news))
        return piece

    def _newest(self, news: Sequence[Channel]) -> bytes:
        newest = {channel.log.last: channel for channel in reversed(news) if len(channel.log)}
        self._reach(self._ledger.number)
        pieces = [newest[number].frames(self.form).frame(newest[number].log.entries[-1]) for number in sorted(newest)]
        return b"".join(pieces)

    def _took(self, number: int, last: int) -> None:
        """It has everything up to that number, of what there is up to the last."""
        self._is_behind = number < last
        self._reach(number if self._is_behind else self._ledger.number)

    def _reach(self, number: int) -> None:
        place, self._place = self._place, number
        if self._others:
            self._others = {channel: own for channel, own in self._others.items() if own < place or own > number}

    # What is behind.

    def _catch_up(self) -> bytes:
        """Some of what the channels that are behind have to make up for; `_is_behind` when that was not all."""
        behind = [channel for channel, own in self._others.items() if own < self._place]
        for channel in behind:
            piece = self._of_past(channel)
            self._is_behind = channel in self._others or (bool(piece) and channel is not behind[-1])
            if piece or self._is_behind:
                return piece
        return b""

    def _of_past(self, channel: Channel) -> bytes:
        log, others, own = channel.log, self._others, self._others[channel]
        if own < log.lost and (self.pace.latest or log.lost > self._place):
            # Who wants the newest only misses nothing; and a gap that reaches further is told in its turn.
            del others[channel]
            return b""
        pieces = []
        if own < log.lost:
            others[channel] = log.lost
            pieces.append(self.form.gap(channel.id, self.cursor, channel.gap))
        end = log.after(self._place)
        first = log.after(others[channel])
        first = max(first, end - 1) if self.pace.latest else first
        upto = enough(log.entries, first, end)
        entries = log.entries[first:upto]
        told = groups(entries) if self._beat is not None else ((entry.message, entry) for entry in entries)
        for message, entry in told:
            others[channel] = entry.number
            pieces.append(self.form.message(channel.id, self.cursor, message))
        if upto == end:
            del others[channel]
        return b"".join(pieces)

    # Who is here.

    def _presence(self) -> bytes:
        pieces = []
        for channel, seen in self._seen.items():
            if channel.changes > seen:
                self._seen[channel] = channel.changes
                pieces.append(channel.presence(self.form, seen))
        return b"".join(pieces)

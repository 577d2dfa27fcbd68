"""
What was said on one channel, as long as it is kept.

A message has one number in the whole hub, however many channels it was said on; so one number is a
place in all channels at once. Words of a run are not kept here: an entry names the event, and the
run's own log has it.
"""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from headgate.channels.bounds import Bounds
from headgate.channels.messages import Message, Projection
from headgate.events import AnyEvent

OVERHEAD = 100
"""Bytes that an entry takes beside its message: without them, empty messages would be free."""


class Source:
    """A run's events as messages, for all channels that they go to."""

    __slots__ = ("_made", "events", "projection")

    def __init__(self, events: Sequence[AnyEvent], projection: Projection) -> None:
        self.events, self.projection = events, projection
        self._made: tuple[int, Sequence[bytes]] = (-1, ())
        """What was asked for last; it is asked for again at once by every channel."""

    def messages(self, number: int) -> Sequence[bytes]:
        """Those of one event."""
        if self._made[0] != number:
            self._made = number, self.projection.messages(self.events, number)
        return self._made[1]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One message in the logs of the channels it was said on."""

    number: int
    at: float
    """Unix seconds."""
    size: int
    origin: Message | Source
    event: int = 0
    """Of a source, the event's number, and which of its messages it is."""
    part: int = 0

    @property
    def message(self) -> Message:
        """What was said."""
        origin = self.origin
        return origin if isinstance(origin, Message) else Message(origin.messages(self.event)[self.part])


class Ledger:
    """What all channels of a hub have in common."""

    __slots__ = ("bounds", "epoch", "number", "size")

    def __init__(self, bounds: Bounds, epoch: str) -> None:
        self.bounds, self.epoch = bounds, epoch
        self.number = 0
        """Of the newest message anywhere."""
        self.size = 0
        """Bytes of all messages that are kept."""


class Log:
    """The entries of one channel; bounded in number, bytes and age."""

    __slots__ = ("_ledger", "_start", "entries", "lost", "numbers", "size")

    def __init__(self, ledger: Ledger, lost: int) -> None:
        self._ledger = ledger
        self.lost = lost
        """The newest number that was let go: who has not got it has missed something."""
        self.entries: list[Entry] = []
        self.numbers: list[int] = []
        """The entries' numbers."""
        self.size = 0
        self._start = 0
        """How many at the beginning of the lists are gone already: a list is not moved up for each of them."""

    def __len__(self) -> int:
        return len(self.entries) - self._start

    @property
    def last(self) -> int:
        """The newest number."""
        return self.numbers[-1] if self.numbers else self.lost

    @property
    def oldest(self) -> Entry | None:
        """The first that is still kept."""
        return self.entries[self._start] if len(self) else None

    def add(self, entry: Entry) -> None:
        """Keep one, and let go of what is too much."""
        self.entries.append(entry)
        self.numbers.append(entry.number)
        self._grow(entry.size)
        bounds, gone = self._ledger.bounds, self._start
        # The newest always stays, whatever it takes: those who are on the channel have not got it yet.
        while gone < len(self.entries) - 1 and (
            len(self.entries) - gone > bounds.history
            or self.size > bounds.history_size
            or self._ledger.size > bounds.total_size
        ):
            self._grow(-self.entries[gone].size)
            gone += 1
        self._let_go(gone)

    def expire(self, before: float) -> None:
        """Let go of those that were said before that time."""
        gone = self._start
        while gone < len(self.entries) and self.entries[gone].at < before:
            self._grow(-self.entries[gone].size)
            gone += 1
        self._let_go(gone)

    def after(self, place: int) -> int:
        """The index of the first entry after a place."""
        return bisect_right(self.numbers, place, self._start)

    def before_last(self, count: int) -> int:
        """The place from which that many are still to come, or as many as there are."""
        if count <= 0:
            return self._ledger.number
        index = len(self.entries) - count
        return self.numbers[index - 1] if index > self._start else self.lost

    def _grow(self, size: int) -> None:
        self.size += size
        self._ledger.size += size

    def _let_go(self, gone: int) -> None:
        if gone == self._start:
            return
        self.lost = self.numbers[gone - 1]
        self._start = gone
        if 2 * gone >= len(self.entries):
            del self.entries[:gone], self.numbers[:gone]
            self._start = 0

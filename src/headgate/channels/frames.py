"""
Messages as bytes for connections, made once for all that want them in the same form.

Those who are woken together, at the same place, are handed the same piece.
"""

from collections.abc import Iterator, Sequence

from headgate.channels.cursors import write_cursor
from headgate.channels.log import Entry, Log, Source
from headgate.channels.messages import Form, Message
from headgate.channels.names import ChannelId

KEPT_FRAMES = 512
"""How many frames are kept for those who are a little behind; whoever is further behind has them made again."""

KEPT_SIZE = 256 * 1024
"""Bytes of frames and pieces of one form: they are kept beside the messages, and there may be many channels."""

KEPT_PIECES = 8
"""How many pieces: nearly everybody of a crowd is at one of a few places."""

MAX_FORMS = 64
"""Forms of one channel whose frames are kept: who makes up new ones pays for them alone."""


def groups(entries: Sequence[Entry]) -> Iterator[tuple[Message, Entry]]:
    """The messages of entries, neighbours of one run with the same tie as one; each with its last entry."""
    first = 0
    while first < len(entries):
        entry, upto = entries[first], first + 1
        origin = entry.origin
        if isinstance(origin, Source):
            tie = origin.projection.tie(origin.events[entry.event])
            while tie is not None and upto < len(entries) and _is_tied(entries[upto], origin, tie):
                upto += 1
            if upto - first > 1:
                events = [origin.events[each.event] for each in entries[first:upto]]
                yield Message(origin.projection.joined(events)), entries[upto - 1]
                first = upto
                continue
        yield entry.message, entry
        first = upto


def _is_tied(entry: Entry, source: Source, tie: object) -> bool:
    return entry.origin is source and source.projection.tie(source.events[entry.event]) == tie


class Frames:
    """Those of one channel in one form."""

    __slots__ = ("_channel", "_epoch", "_form", "_frames", "_pieces", "_size")

    def __init__(self, channel: ChannelId, form: Form, epoch: str) -> None:
        self._channel, self._form, self._epoch = channel, form, epoch
        self._frames: dict[int, bytes] = {}
        self._pieces: dict[tuple[int, int, bool], bytes] = {}
        self._size = 0

    def frame(self, entry: Entry) -> bytes:
        """One message's."""
        found = self._frames.get(entry.number)
        if found is None:
            if len(self._frames) >= KEPT_FRAMES:
                self._frames.clear()
            found = self.made(entry.message, entry.number)
            self._make_room(len(found))
            self._frames[entry.number] = found
        return found

    def made(self, message: Message, number: int) -> bytes:
        """A frame that is nobody else's."""
        return self._form.message(self._channel, write_cursor(self._epoch, number), message)

    def piece(self, log: Log, first: int, upto: int, *, joined: bool) -> bytes:
        """Those of a log from one index up to another."""
        if upto - first == 1:
            return self.frame(log.entries[first])
        key = (log.numbers[first], log.numbers[upto - 1], joined)
        found = self._pieces.get(key)
        if found is None:
            if len(self._pieces) >= KEPT_PIECES:
                self._pieces.clear()
            found = self._join(log.entries[first:upto], joined)
            self._make_room(len(found))
            self._pieces[key] = found
        return found

    def _make_room(self, size: int) -> None:
        self._size += size
        if self._size > KEPT_SIZE:
            self._frames.clear()
            self._pieces.clear()
            self._size = size

    def _join(self, entries: Sequence[Entry], joined: bool) -> bytes:
        if not joined:
            return b"".join([self.frame(entry) for entry in entries])
        return b"".join([self.made(message, entry.number) for message, entry in groups(entries)])

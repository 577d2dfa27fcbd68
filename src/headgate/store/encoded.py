"""
Live runs' events as the journal has them already.

A run's end keeps its whole log once more. Encoding it again would hold up everybody when many long
answers end together, so the bytes of every segment are put together instead.
"""

from collections.abc import Sequence

import msgspec

from headgate.events import AnyEvent

_encode = msgspec.msgpack.Encoder().encode


class EncodedLogs:
    """The encoded events of each live run, without the array around them."""

    def __init__(self) -> None:
        self._pieces: dict[str, list[bytes]] = {}
        self._counts: dict[str, int] = {}

    def add(self, run: str, count: int, segment: bytes) -> None:
        """A segment of that many events was kept."""
        self._pieces.setdefault(run, []).append(segment[_head_size(count) :])
        self._counts[run] = self._counts.get(run, 0) + count

    def whole(self, run: str, first: int, last: Sequence[AnyEvent], events: Sequence[AnyEvent]) -> bytes:
        """The encoded log, whose last segment is `last`."""
        if not first or self._counts.get(run) != first or first + len(last) != len(events):
            return _encode(events)
        rest = _encode(last)[_head_size(len(last)) :]
        return b"".join((_array(len(events)), *self._pieces[run], rest))

    def forget(self, run: str) -> None:
        """That run is over."""
        self._pieces.pop(run, None)
        self._counts.pop(run, None)


def _head_size(count: int) -> int:
    return 1 if count < 16 else 3 if count < 65536 else 5


def _array(count: int) -> bytes:
    """How MessagePack begins an array of that many."""
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdc" + count.to_bytes(2, "big") if count < 65536 else b"\xdd" + count.to_bytes(4, "big")

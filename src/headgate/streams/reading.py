"""What there is on a stream from a place on, as much as goes in one piece."""

from headgate.store.base import Store
from headgate.streams.stream import Stream

PIECE = 1 << 20
"""Bytes that a reader gets at once: enough to be worth an answer, few enough not to hold up the others."""


async def read(store: Store, stream: Stream, first: int) -> bytes:
    """
    Some of what readers may see; b"" at its end.

    Of a stream of JSON whole lines, however long one is.
    """
    upto = stream.shown_end
    if (at_hand := recent(stream, first)) is not None:
        return at_hand
    data = bytearray()
    while first + len(data) < upto and (len(data) < PIECE or (stream.is_json and b"\n" not in data)):
        data += await _bytes(store, stream, first + len(data), upto, max(PIECE - len(data), PIECE // 4))
    if stream.is_json:
        del data[data.rindex(b"\n") + 1 :]
    return bytes(data)


async def _bytes(store: Store, stream: Stream, first: int, upto: int, limit: int) -> bytes:
    """Its own bytes, or those of others that it has."""
    before = 0
    for other, end in stream.head.inherits:
        if before <= first < end:
            return await store.read_stream(other, first, min(upto, end), limit)
        before = end
    if first >= stream.recent.first:
        return stream.recent.read(first, min(upto, first + limit))
    return await store.read_stream(stream.id, first, min(upto, stream.recent.first), limit)


def recent(stream: Stream, first: int) -> bytes | None:
    """All that readers may see from a place on, if it is at hand."""
    upto = stream.shown_end
    if first >= upto:
        return b""
    return stream.recent.read(first, upto) if stream.recent.first <= first and upto - first <= PIECE else None


async def is_between(store: Store, stream: Stream, place: int) -> bool:
    """Whether that is a place where a message may begin; of bytes every place is."""
    if not stream.is_json or place in (0, stream.shown_end) or stream.recent.begins_at(place):
        return True
    return await _bytes(store, stream, place - 1, place, 1) == b"\n"

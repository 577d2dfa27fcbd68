"""A stream of a client's, for one reader."""

import asyncio
from collections.abc import Callable

from typing_extensions import override

from headgate.dialects.streams.answering import SMALL
from headgate.dialects.streams.reading import NOW, START, Piece, malformed
from headgate.errors import BadRequest, Unavailable
from headgate.formats.json_lines import to_array
from headgate.runs import Follower
from headgate.streams import Library, Stream, offset_of, place_of, read
from headgate.streams.errors import NoStream
from headgate.streams.reading import is_between, recent


class Listener(Follower[Stream]):
    """A reader who waits, and may be told of news without a turn of its own."""

    __slots__ = ("pour",)

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, asyncio.get_running_loop())
        self.pour: Callable[[], bool] | None = None
        stream.followers.add(self)

    @override
    def wake(self, is_news: bool) -> None:
        if not (is_news and self.since and self.pour is not None and self.pour()):
            super().wake(is_news)


class StreamSource:
    """What one reader reads of a stream, and waits for."""

    def __init__(self, library: Library, stream: Stream, listener: Listener | None, *, as_text: bool) -> None:
        self._library, self._stream, self._listener = library, stream, listener
        self._as_text = as_text
        """Whether no letter may be cut."""
        self.name, self.kind = stream.name, stream.head.kind

    @property
    def is_left(self) -> bool:
        """Whether the reader has gone."""
        return self._listener is not None and self._listener.is_gone and not self._is_over

    @property
    def _is_over(self) -> bool:
        return self._stream.is_lost or self._stream.is_leaving

    async def read(self, offset: str) -> Piece:
        """Some of it; the same piece for all who are at the same place."""
        if (piece := self._last(offset)) is not None:
            return piece
        place = await self._place(offset)
        return self._piece(offset, place, await read(self._library.store, self._stream, place))

    def peek(self, offset: str) -> Piece | None:
        """The same of what is at hand."""
        if (piece := self._last(offset)) is not None:
            return piece
        place = place_of(offset)
        data = None if place is None else recent(self._stream, place)
        return None if place is None or data is None else self._piece(offset, place, data)

    def pour_by(self, pour: Callable[[], bool]) -> None:
        """Who hands on what is at hand."""
        assert self._listener is not None, "only those who follow wait"
        self._listener.pour = pour

    def _last(self, offset: str) -> Piece | None:
        last = self._stream.last_read
        if last is None or last[:3] != (offset, self._stream.shown, self._as_text):
            return None
        piece: Piece = last[3]
        return piece

    def _piece(self, offset: str, place: int, data: bytes) -> Piece:
        stream, end, held = self._stream, place + len(data), 0
        is_tail = end == stream.shown_end
        if self._as_text and data and not data.isascii():
            data = _whole_letters(data, is_end=stream.shows_closed and is_tail)
            held = end - place - len(data)
        next = place + len(data)
        is_closed = is_tail and stream.shows_closed
        told = to_array(data) if stream.is_json else data
        piece = Piece(offset_of(place), offset_of(next), told, not data, is_tail, is_closed, held)
        if len(piece.data) <= SMALL:
            stream.last_read = offset, stream.shown, self._as_text, piece
        return piece

    async def news(self, piece: Piece, seconds: float | None) -> bool:
        """Wait for more."""
        listener, place = self._listener, place_of(piece.next)
        assert listener is not None, "only those who follow wait"
        assert place is not None, "it is one of ours"
        seen = place + piece.held
        try:
            if seconds is None:
                is_news = await listener.news(seen)
            else:
                async with asyncio.timeout(seconds):
                    is_news = await listener.news(seen)
        except TimeoutError:
            return False
        if self._stream.is_leaving:
            raise NoStream(self._stream.head.name)
        if self._stream.is_lost:
            raise Unavailable("The stream has to be looked up again.", code="stream_interrupted", retry_after=1)
        return is_news

    async def _place(self, offset: str) -> int:
        if offset == START:
            return 0
        if offset == NOW:
            return self._stream.shown_end
        place = place_of(offset)
        if place is None:
            raise malformed()
        if place > self._stream.shown_end:
            raise BadRequest("This stream is not that long.", param="offset", code="invalid_offset")
        if not await is_between(self._library.store, self._stream, place):
            raise malformed()
        return place


def _whole_letters(data: bytes, *, is_end: bool) -> bytes:
    """Without the beginning of a letter whose rest is still to come; text is cut nowhere else."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data[:-back] if back < length and not is_end else data
    return data

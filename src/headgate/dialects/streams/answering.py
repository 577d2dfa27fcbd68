"""A stream's reader, answered: with what there is, with what comes next, or with all that comes."""

import asyncio
import random
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol as Shape

import msgspec

from headgate.dialects.streams.reading import (
    CACHING,
    ENCODED,
    NO_STORE,
    NOW,
    Asked,
    Piece,
    control_event,
    cursor_after,
    data_event,
    etag,
    is_known,
    is_text,
    place_lines,
)
from headgate.formats import sse
from headgate.web.exchange import Exchange
from headgate.web.http import Request

EVENT_STREAM = b"text/event-stream"
"""As the protocol has it, letter by letter."""


SMALL = 64 << 10
"""Bytes of a piece whose events are held for the next reader at the same place."""


class Patience(msgspec.Struct, frozen=True):
    """How long readers may wait, in seconds."""

    long_poll: float = 15.0
    """Until a long poll is answered that nothing came: less than what proxies allow, and what the clients expect."""
    sse: float = 60.0
    """Until server-sent events end, and the reader comes again: so that a cache may put many readers together."""
    keep_alive: float = 15.0
    """Until server-sent events without news say that they are alive."""


class Source(Shape):
    """A stream as its readers know it."""

    name: str
    """What its pieces are known by; of two streams at the same address, one after the other, not the same."""
    kind: str
    """Its content type."""

    @property
    def is_left(self) -> bool:
        """Whether the reader has gone."""

    async def read(self, offset: str) -> Piece:
        """What there is from an offset on, as much as fits an answer; raises BadRequest for one that is none."""

    async def news(self, piece: Piece, seconds: float | None) -> bool:
        """
        Wait until there is more than that; False when it took too long, or the reader left.

        None is until whoever looks after all readers says that this one has waited for long enough: a clock for
        each of thousands costs more than what they read.
        """

    def pour_by(self, pour: Callable[[], bool]) -> None:
        """
        While news are waited for, have them handed on by this, and go on waiting as long as it says that it did.

        Nobody needs a turn of its own then, which is most of what a message costs in a large crowd.
        """

    def peek(self, offset: str) -> Piece | None:
        """The same as `read`, of what is at hand; None when it has to be read."""


async def answer_reader(source: Source, asked: Asked, request: Request, patience: Patience) -> None:
    """Answer a GET or a HEAD."""
    if request.scope["method"] == "HEAD":
        piece = await source.read(NOW)
        request.answer(200, b"", place_lines(piece) + NO_STORE, kind=source.kind.encode())
    elif asked.live == "sse":
        await _stream(source, asked, request, patience)
    elif asked.live == "long-poll":
        await _poll(source, asked, request, patience)
    else:
        _show(source, asked, await source.read(asked.offset), request)


def _show(source: Source, asked: Asked, piece: Piece, request: Request, more: bytes = b"") -> None:
    lines = place_lines(piece) + more
    if asked.offset == NOW and not asked.live:
        request.answer(200, piece.data, lines + NO_STORE, kind=source.kind.encode())
        return
    tag = etag(source.name, piece)
    lines += b"etag: %b\r\n%b" % (tag, CACHING)
    if not asked.live and is_known(request, tag):
        request.answer(304, b"", lines, kind=source.kind.encode())
    else:
        request.answer(200, piece.data, lines, kind=source.kind.encode())


async def _poll(source: Source, asked: Asked, request: Request, patience: Patience) -> None:
    """What there is, or what comes within a while."""
    until = asyncio.get_running_loop().time() + patience.long_poll
    piece = await source.read(asked.offset)
    while piece.is_empty and not piece.is_closed:
        left = until - asyncio.get_running_loop().time()
        if left <= 0 or not await source.news(piece, left):
            break
        piece = await source.read(piece.next)
    if source.is_left:
        return
    cursor = b"" if piece.is_closed else b"stream-cursor: %d\r\n" % _cursor(asked)
    if piece.is_empty:
        request.answer(204, b"", place_lines(piece) + cursor + NO_STORE)
    else:
        _show(source, asked, piece, request, cursor)


async def _stream(source: Source, asked: Asked, request: Request, patience: Patience) -> None:
    """All that comes, as server-sent events, until the stream is closed or it is time to come again."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience.sse
    piece = await source.read(asked.offset)
    as_text = is_text(source.kind)
    if not as_text:
        request.add_headers(ENCODED)
    if not request.begin_stream(EVENT_STREAM):
        return
    telling, said = _Telling(source, request.exchange, piece, _cursor(asked), as_text), ""
    source.pour_by(telling.pour)
    while not source.is_left:
        piece = telling.piece
        is_last = piece.is_closed or (piece.is_tail and loop.time() >= until)
        if piece.next != said or piece.is_closed:
            await request.write(_events(piece, telling.cursor, as_text), more=not is_last)
        elif is_last:
            await request.write(b"", more=False)
        if is_last:
            return
        if piece.is_tail:
            left = until - loop.time()
            if not await source.news(piece, None if left > patience.keep_alive else max(0.0, left)):
                await _keep_alive(source, request)
        else:
            # A socket that takes everything lets nobody else have a turn.
            await asyncio.sleep(0)
        said = telling.piece.next
        telling.piece = await source.read(said)


class _Telling:
    """How far one reader of server-sent events was told, whoever does it."""

    __slots__ = ("_as_text", "_exchange", "_source", "cursor", "piece")

    def __init__(self, source: Source, exchange: Exchange, piece: Piece, cursor: int, as_text: bool) -> None:
        self._source, self._exchange, self._as_text = source, exchange, as_text
        self.cursor = cursor
        self.piece = piece
        """What it was told last, or is being told."""

    def pour(self) -> bool:
        """Tell what came while it waits; False when it must do so in its own turn."""
        piece = self._source.peek(self.piece.next) if self._exchange.is_free else None
        if piece is None or piece.is_closed:
            return False
        if not piece.is_empty:
            self.piece = piece
            self._exchange.write_now(_events(piece, self.cursor, self._as_text))
        return True


def _events(piece: Piece, cursor: int, as_text: bool) -> bytes:
    return (_small if len(piece.data) <= SMALL else _small.__wrapped__)(piece, cursor, as_text)


@lru_cache(maxsize=32)
def _small(piece: Piece, cursor: int, as_text: bool) -> bytes:
    """Made once for all who are woken together at the same place."""
    events = control_event(piece, cursor)
    return events if piece.is_empty else data_event(piece.data, as_text=as_text) + events


async def _keep_alive(source: Source, request: Request) -> None:
    if not source.is_left:
        await request.write(sse.KEEP_ALIVE, more=True)


def _cursor(asked: Asked) -> int:
    return cursor_after(asked.cursor, time.time(), random.random())

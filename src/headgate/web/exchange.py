"""
An answer on its way to the client, written straight to the socket: one write for a head and what follows it.

ASGI's messages cost a dictionary, a coroutine and a check of every header for each of them, measured
at a third of a short request.
"""

import asyncio
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol as Shape

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from headgate.web.cycle import Cycle

WRITE_LIMIT = 15.0
"""Seconds a client may read nothing of what waits for it, before it counts as gone; it can come back to its run."""


class Connection(Shape):
    """What an answer needs to know of the connection it goes out on."""

    server_state: ServerState
    on_leave: Callable[[], None] | None
    """Called once when the client goes away while its answer is being made."""

    def linger(self) -> None:
        """Hang up on a client that may still be talking."""

    def on_response_complete(self) -> None:
        """The answer is over; another may begin."""


class Exchange:
    """One request's answer, on its way to the client."""

    # What all begin with is said once, here: to say it of each takes a while.

    _head = b""
    has_begun = False
    is_cut = False
    """Whether we have ended the connection in the middle of the answer."""
    first_at = 0.0
    """When the first byte of the answer went out; 0 as long as none has."""
    status = 0
    sent = 0
    """The bytes of the answer so far, with its head."""

    def __init__(self, connection: Connection, cycle: Cycle) -> None:
        self._connection, self._cycle = connection, cycle
        self.came_at = time.perf_counter()

    def whole_body(self) -> bytes | None:
        """The request's, where all of it is here already."""
        cycle = self._cycle
        if cycle.more_body or cycle.waiting_for_100_continue:
            return None
        body, cycle.body = cycle.body, b""
        cycle.flow.resume_reading()
        return body

    @property
    def is_left(self) -> bool:
        """Whether the client has gone away."""
        return self._cycle.disconnected

    def on_leave(self, told: Callable[[], None] | None) -> None:
        """Whom to tell, at once or later, when the client goes before its answer is over; None for nobody any more."""
        if told is not None and self._cycle.disconnected:
            told()
        else:
            self._connection.on_leave = told

    def answer(self, status: int, headers: bytes, body: bytes) -> None:
        """Answer whole; `headers` are lines, each with its end."""
        cycle = self._begin()
        if cycle.disconnected:
            return
        # To format bytes takes three times as long.
        length = b"" if status in (204, 304) else b"content-length: " + str(len(body)).encode() + b"\r\n"
        close = b"" if cycle.keep_alive else b"connection: close\r\n"
        written = body if cycle.scope["method"] != "HEAD" else b""
        data = b"".join((STATUS_LINE[status], self._date(), headers, length, close, b"\r\n", written))
        cycle.transport.write(data)
        self.status, self.sent, self.first_at = status, len(data), time.perf_counter()
        self._over(cycle)

    def begin(self, status: int, headers: bytes) -> bool:
        """Begin an answer in pieces; its head goes out with the first of them. False when there will be none."""
        cycle = self._begin()
        # HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer.
        is_old = cycle.scope["http_version"] == "1.0"
        cycle.chunked_encoding = not is_old
        cycle.keep_alive = cycle.keep_alive and not is_old
        framing = b"" if is_old else b"transfer-encoding: chunked\r\n"
        close = b"" if cycle.keep_alive else b"connection: close\r\n"
        self._head = b"".join((STATUS_LINE[status], self._date(), headers, framing, close, b"\r\n"))
        self.status = status
        return cycle.scope["method"] != "HEAD" or self._end_with_head(cycle)

    def begin_sized(self, status: int, headers: bytes, length: int) -> bool:
        """The same of one whose length is known: exactly as many bytes have to be written."""
        cycle = self._begin()
        cycle.chunked_encoding = False
        close = b"" if cycle.keep_alive else b"connection: close\r\n"
        framing = b"content-length: %d\r\n" % length
        self._head = b"".join((STATUS_LINE[status], self._date(), headers, framing, close, b"\r\n"))
        self.status = status
        return cycle.scope["method"] != "HEAD" or self._end_with_head(cycle)

    def _end_with_head(self, cycle: Cycle) -> bool:
        if not cycle.disconnected:
            cycle.transport.write(self._head)
            self.sent, self.first_at = len(self._head), time.perf_counter()
            self._over(cycle)
        return False

    async def write(self, data: bytes, *, more: bool) -> None:
        """A piece; comes back when the client's socket would take another."""
        cycle = self._cycle
        if cycle.flow.write_paused:
            await self._drain(cycle)
        if cycle.disconnected:
            return
        if not cycle.chunked_encoding or (more and not data):
            # An empty chunk would be the end of the body.
            framed = self._head + data
        elif more:
            framed = b"%b%x\r\n%b\r\n" % (self._head, len(data), data)
        else:
            framed = b"%b%x\r\n%b\r\n0\r\n\r\n" % (self._head, len(data), data) if data else self._head + b"0\r\n\r\n"
        if self._head:
            self._head = b""
            self.first_at = time.perf_counter()
        cycle.transport.write(framed)
        self.sent += len(framed)
        if not more:
            self._over(cycle)

    @property
    def is_free(self) -> bool:
        """Whether a piece may be written at once: the answer is under way, and its client reads."""
        cycle = self._cycle
        if not self.has_begun or self._head or cycle.response_complete:
            return False
        return not (cycle.flow.write_paused or cycle.disconnected)

    def write_now(self, piece: bytes) -> None:
        """A piece of an answer that is free, and not its last; the same piece may go to many clients."""
        cycle = self._cycle
        framed = _chunk(piece) if cycle.chunked_encoding else piece
        cycle.transport.write(framed)
        self.sent += len(framed)

    async def _drain(self, cycle: Cycle) -> None:
        while not cycle.disconnected:
            waiting = cycle.transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(WRITE_LIMIT):
                    return await cycle.flow.drain()
            except TimeoutError:
                # Slow is not gone.
                if cycle.transport.get_write_buffer_size() >= waiting:
                    cycle.disconnected = True
                    cycle.transport.abort()

    def cut(self) -> None:
        """
        End the connection in the middle of the answer, after what was written.

        A client must not take a broken answer for a whole one, and the missing end of its body
        is the one sign that every HTTP client understands.
        """
        self.is_cut = True
        self._cycle.disconnected = True
        self._cycle.transport.close()

    def _begin(self) -> Cycle:
        self.has_begun, cycle = True, self._cycle
        cycle.response_started = True
        cycle.waiting_for_100_continue = False
        if cycle.more_body:
            # The rest of the request is not read, so what comes after it could not be understood.
            cycle.keep_alive = False
        return cycle

    def _over(self, cycle: Cycle) -> None:
        cycle.response_complete = True
        cycle.set()
        if not cycle.keep_alive:
            if cycle.more_body:
                self._connection.linger()
            else:
                cycle.transport.close()
        self._connection.on_response_complete()

    def _date(self) -> bytes:
        return _line(self._connection.server_state.default_headers[0])


@lru_cache(maxsize=1)
def _line(header: tuple[bytes, bytes]) -> bytes:
    """The server makes a new one each second."""
    return b"%b: %b\r\n" % header


@lru_cache(maxsize=4)
def _chunk(piece: bytes) -> bytes:
    """As it is on the wire: made once for all who are written to in the same round."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)

"""
One client's connection: uvicorn's HTTP protocol with a few things added.

- Bounds on the head of a request, in size and in time.
- To be told at once when the client leaves, and to cut an answer short: ASGI has no word for either.
- `Exchange`: an answer written straight to the socket, one write for a head and what follows it.
  ASGI's messages cost a dictionary, a coroutine and a check of every header for each of them,
  measured at a third of a short request.
- Idle connections are found by one look at all of them every few seconds, instead of a timer each.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from headgate.errors import BadRequest, HeadgateError, Timeout, Unavailable
from headgate.formats import openai

MAX_HEADERS = 100
MAX_HEAD_BYTES = 64 * 1024
"""Caps what a request's head can make us hold; browsers and SDKs stay under 8 kB and 40 headers."""

MAX_URL_BYTES = 8 * 1024

HEAD_LIMIT = 30.0
"""Seconds a client may take from its connection, or its last answer, to a whole head of a request."""


WRITE_LIMIT = 60.0
"""Seconds a client may read nothing of what waits for it, before it counts as gone; it can come back to its run."""


class HeadTooLarge(BadRequest):
    """A request's head over the limits."""

    status = 431
    code = "request_header_fields_too_large"


class Protocol(HttpToolsProtocol):
    """One client's connection."""

    max_connections = 10_000
    """Set by `serve`: beyond it new clients are told to come again."""

    on_leave: Callable[[], None] | None = None
    """Called once when the client goes away while its answer is being made."""

    _refusal: HeadgateError | None = None
    _head_bytes = 0
    _head_since: float | None = None
    """Since when a request's head is awaited or incomplete."""
    _idle_since: float | None = None
    """Since when the connection is kept between two requests."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._refuse(Unavailable("Too many connections.", code="overloaded", retry_after=1))
            return
        self._head_since = self.loop.time()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.on_leave is not None:
            on_leave, self.on_leave = self.on_leave, None
            on_leave()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._idle_since = None
        if self._head_since is None:
            self._head_since = self.loop.time()

    @override
    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            self._refusal = BadRequest("The request's address is too long.", status=414, code="uri_too_long")
            raise self._refusal

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES or len(self.headers) >= MAX_HEADERS:
            self._refusal = HeadTooLarge("The request's headers are too many or too large.")
            raise self._refusal
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    @override
    def on_headers_complete(self) -> None:
        self._head_since = None
        super().on_headers_complete()
        # The cycle's task has its first turn later; until then nobody has looked into the scope.
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["headgate.exchange"] = Exchange(self, self.cycle)

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal or BadRequest("This is no valid HTTP request.", code="invalid_http"))

    @override
    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        else:
            self._idle_since = self.loop.time()

    def _refuse(self, error: HeadgateError) -> None:
        """Answer without a request, and hang up."""
        if self.transport.is_closing():
            return
        body = openai.error_body(error)
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[error.status] + head + body)
        self.transport.close()

    def check(self, now: float) -> None:
        """Called every few seconds: who does not finish a head, or asks nothing more, is sent away."""
        if self._head_since is not None and now - self._head_since > HEAD_LIMIT:
            self._refuse(Timeout("The request did not come in time."))
        elif self._idle_since is not None and now - self._idle_since > self.timeout_keep_alive:
            self.transport.close()


class Exchange:
    """One request's answer, on its way to the client."""

    __slots__ = ("_cycle", "_head", "_protocol", "has_begun")

    def __init__(self, protocol: Protocol, cycle: RequestResponseCycle) -> None:
        self._protocol, self._cycle = protocol, cycle
        self._head = b""
        self.has_begun = False

    @property
    def has_whole_body(self) -> bool:
        """Whether all of the request is here already."""
        return not self._cycle.more_body and not self._cycle.waiting_for_100_continue

    @property
    def is_half_read(self) -> bool:
        """Whether some of the request's body may still come."""
        return self._cycle.more_body

    def on_leave(self, told: Callable[[], None] | None) -> None:
        """Whom to tell when the client goes away before its answer is over; None for nobody any more."""
        self._protocol.on_leave = told

    def answer(self, status: int, headers: bytes, body: bytes) -> None:
        """Answer whole; `headers` are lines, each with its end."""
        cycle = self._begin()
        if cycle.disconnected:
            return
        length = b"" if status in (204, 304) else b"content-length: %d\r\n" % len(body)
        close = b"" if cycle.keep_alive else b"connection: close\r\n"
        written = body if cycle.scope["method"] != "HEAD" else b""
        cycle.transport.write(b"".join((STATUS_LINE[status], self._date(), headers, length, close, b"\r\n", written)))
        self._over(cycle)

    def begin(self, status: int, headers: bytes) -> None:
        """Begin an answer in pieces; its head goes out with the first of them."""
        cycle = self._begin()
        # HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer.
        is_old = cycle.scope["http_version"] == "1.0"
        cycle.chunked_encoding = not is_old
        cycle.keep_alive = cycle.keep_alive and not is_old
        framing = b"" if is_old else b"transfer-encoding: chunked\r\n"
        close = b"" if cycle.keep_alive else b"connection: close\r\n"
        self._head = b"".join((STATUS_LINE[status], self._date(), headers, framing, close, b"\r\n"))

    async def write(self, data: bytes, *, more: bool) -> None:
        """A piece; comes back when the client's socket would take another."""
        cycle = self._cycle
        if cycle.flow.write_paused:
            await self._drain(cycle)
        if cycle.disconnected:
            return
        if not cycle.chunked_encoding:
            framed = self._head + data
        elif more:
            framed = b"%b%x\r\n%b\r\n" % (self._head, len(data), data)
        else:
            framed = b"%b%x\r\n%b\r\n0\r\n\r\n" % (self._head, len(data), data) if data else b"0\r\n\r\n"
        self._head = b""
        cycle.transport.write(framed)
        if not more:
            self._over(cycle)

    async def _drain(self, cycle: RequestResponseCycle) -> None:
        try:
            async with asyncio.timeout(WRITE_LIMIT):
                await cycle.flow.drain()
        except TimeoutError:
            cycle.disconnected = True
            cycle.transport.abort()

    def cut(self) -> None:
        """
        End the connection in the middle of the answer, after what was written.

        A client must not take a broken answer for a whole one, and the missing end of its body
        is the one sign that every HTTP client understands.
        """
        self._cycle.disconnected = True
        self._cycle.transport.close()

    def close_after(self) -> None:
        """The connection is of no use after this answer."""
        self._cycle.keep_alive = False

    def _begin(self) -> RequestResponseCycle:
        self.has_begun = True
        self._cycle.response_started = True
        self._cycle.waiting_for_100_continue = False
        return self._cycle

    def _over(self, cycle: RequestResponseCycle) -> None:
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def _date(self) -> bytes:
        name, value = self._protocol.server_state.default_headers[0]
        return b"%b: %b\r\n" % (name, value)

"""
One client's connection: uvicorn's HTTP protocol, with bounds on the head of a request, and with
two things ASGI has no word for: to be told at once when the client leaves, and to cut an answer short.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from headgate.errors import BadRequest, HeadgateError, Timeout, Unavailable
from headgate.formats import openai

MAX_HEADERS = 100
MAX_HEAD_BYTES = 64 * 1024
"""Caps what a request's head can make us hold; browsers and SDKs stay under 8 kB and 40 headers."""

MAX_URL_BYTES = 8 * 1024

HEAD_LIMIT = 30.0
"""Seconds a client may take from its connection, or its last answer, to a whole head of a request."""


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
        self._head_since = self._head_since or self.loop.time()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["headgate.client"] = self

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
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        self._head_since = None
        super().on_headers_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal or BadRequest("This is no valid HTTP request.", code="invalid_http"))

    def cut(self) -> None:
        """
        End the connection in the middle of the answer, after what was written.

        A client must not take a broken answer for a whole one, and the missing end of its body
        is the one sign that every HTTP client understands.
        """
        self.cycle.disconnected = True
        self.transport.close()

    def _refuse(self, error: HeadgateError) -> None:
        """Answer without a request, and hang up."""
        if self.transport.is_closing():
            return
        body = openai.error_body(error)
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[error.status] + head + body)
        self.transport.close()

    def check(self, now: float) -> None:
        """Called every few seconds: a client that does not finish its request's head is sent away."""
        if self._head_since is not None and now - self._head_since > HEAD_LIMIT:
            self._refuse(Timeout("The request did not come in time."))

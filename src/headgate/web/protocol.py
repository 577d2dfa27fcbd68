"""
One client's connection: uvicorn's HTTP protocol with a few things added.

- Bounds on the head of a request, in size and in time.
- Requests to become a WebSocket are handed over where there is one (`web/upgrade`); any other request to change the
  protocol is declined, and answered in this one.
- To be told at once when the client leaves, and to cut an answer short: ASGI has no word for either.
- Answers are written straight to the socket (`web/exchange`).
- Idle connections are found by one look at all of them every few seconds, instead of a timer each.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httptools
from typing_extensions import override
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from headgate.errors import BadRequest, HeadgateError, Timeout, Unavailable
from headgate.formats import openai
from headgate.web import exchange
from headgate.web.cycle import Cycle
from headgate.web.exchange import Exchange
from headgate.web.policy import SECURITY
from headgate.web.targets import method_of, target_of, text_of
from headgate.web.upgrade import Upgraded

MAX_HEADERS = 100
MAX_HEAD_BYTES = 64 * 1024
"""Caps what a request's head can make us hold; browsers and SDKs stay under 8 kB and 40 headers."""

MAX_URL_BYTES = 8 * 1024

MAX_PIPELINED = 16
"""Requests that may wait behind the one that is being answered: no client we know sends more than one."""

HEAD_LIMIT = 30.0
"""Seconds a client may take from its connection, or its last answer, to a whole head of a request."""

LINGER = 2.0
"""Seconds we listen to a client that was turned away in the middle of its request, without looking at what it says:
a connection that is closed with something unread is reset, and the client may lose our answer."""

HOP_HEADERS = frozenset((b"connection", b"upgrade", b"http2-settings"))
"""What asks for another protocol."""


class HeadTooLarge(BadRequest):
    """A request's head over the limits."""

    status = 431
    code = "request_header_fields_too_large"


class Protocol(HttpToolsProtocol):
    """One client's connection."""

    max_connections = 10_000
    """Set by `serve`: beyond it new clients are told to come again."""

    descriptors = sys.maxsize
    """Sockets from this number on are the last that there are: who gets one is told to come again. Set by `serve`."""

    has_socket: Callable[[str], bool] = staticmethod(lambda path: False)
    """Whether there is a WebSocket at a path; set by `serve` too."""

    on_refusal: Callable[[HeadgateError, tuple[str, int] | None], None] = staticmethod(lambda error, client: None)
    """Who is told of those that are turned away without a request; set by `serve` as well."""

    on_leave: Callable[[], None] | None = None
    """Called once when the client goes away while its answer is being made."""

    cycle: Cycle
    """The request that came last; None before the first."""
    pipeline: deque[tuple[Cycle, Any]]  # type: ignore[assignment]
    _told: dict[str, Any]
    """What ASGI is told of every request of this connection."""
    _by_name: dict[bytes, bytes]
    """The request's headers: of a name that comes twice the last; whoever needs both looks into the list."""
    _current: Cycle | None = None
    """The request that is being answered, or was last."""
    _refusal: HeadgateError | None = None
    _is_deaf = False
    """Nothing more of what the client says matters."""
    _lingers_since: float | None = None
    _unsent = 0
    """How much was left to send when it last became less, and since when."""
    _unsent_since = 0.0
    _trailer_bytes = 0
    _incoming = 0
    """What is being read now."""
    _is_past_head = False
    """Whether headers that come now are trailers, which must not pass for the request's own (RFC 9110, 6.5.1)."""
    _heads = 0
    """How many heads were whole so far."""
    _waiting_bytes = 0
    """What came of a head without making it whole."""
    _head_since: float | None = None
    """Since when a request's head is awaited or incomplete."""
    _idle_since: float | None = None
    """Since when the connection is kept between two requests."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._is_deaf = False
        self._told = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": self.root_path,
        }
        if len(self.connections) > self.max_connections:
            self._send_away("Too many connections.")
            return
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.fileno() >= self.descriptors:
            self._send_away("This server has no socket left.")
            return
        self._head_since = self.loop.time()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # Ours looks at the last request only, which may be waiting behind the one that is being answered.
        self._forget(self._current)
        if self.on_leave is not None:
            on_leave, self.on_leave = self.on_leave, None
            on_leave()

    @override
    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        was_in_head, heads, self._incoming = self._head_since is not None, self._heads, len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
            if self._wants_socket:
                self._hand_over(rest)
            else:
                self._decline(rest)
        except httptools.HttpParserError:
            self._refuse(self._refusal or BadRequest("This is no valid HTTP request.", code="invalid_http"))
        if was_in_head and self._head_since is not None and heads == self._heads:
            # The parser gathers a header until it is whole, however long it is.
            self._waiting_bytes += len(data)
            if self._waiting_bytes > MAX_HEAD_BYTES:
                self._refuse(HeadTooLarge("The request's headers are too large."))

    @property
    def _wants_socket(self) -> bool:
        """Whether the request is for a WebSocket that there is, and nothing is being answered before it."""
        if self.parser.get_method() != b"GET" or (self._current is not None and not self._current.response_complete):
            return False
        wanted = next((value for name, value in self.headers if name == b"upgrade"), b"")
        return wanted.lower() == b"websocket" and self.has_socket(_path(self.url))

    def _hand_over(self, rest: bytes) -> None:
        """From here on the connection is somebody else's."""
        if rest:
            self._refuse(BadRequest("The client spoke before the WebSocket was accepted.", code="invalid_http"))
            return
        lines = [b"%b: %b\r\n" % header for header in self.headers]
        self.connections.discard(self)
        self._head_since = None
        socket = Upgraded(self.config, self.server_state, self.app_state)
        socket.connection_made(self.transport)
        self.transport.set_protocol(socket)
        # The library would take a whole URL, as a client may send one to a proxy, for a path.
        path, query = target_of(self.url)
        target = b"%b?%b" % (path, query) if query else path
        socket.data_received(b"".join((b"GET ", target, b" HTTP/1.1\r\n", *lines, b"\r\n")))

    def _decline(self, rest: bytes) -> None:
        """Read a request that asks for another protocol as if it did not; the parser has left its body alone."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(BadRequest("This server is no proxy.", code="invalid_http"))
            return
        lines = [b"%b: %b\r\n" % (name, value) for name, value in self.headers if name not in HOP_HEADERS]
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"".join((method, b" ", self.url, b" HTTP/1.1\r\n", *lines, b"\r\n", rest)))

    @override
    def on_message_begin(self) -> None:
        self.url, self.headers, self._by_name = b"", [], {}
        self.expect_100_continue = self._is_past_head = False
        self._idle_since = None
        if self._head_since is None:
            self._head_since = self.loop.time()

    @override
    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > MAX_URL_BYTES:
            self._refusal = BadRequest("The request's address is too long.", status=414, code="uri_too_long")
            raise self._refusal

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_past_head:
            name = name.lower()
            self.headers.append((name, value))
            self._by_name[name] = value
            return
        self._trailer_bytes += len(name) + len(value)
        if self._trailer_bytes > MAX_HEAD_BYTES:
            self._stop()

    def _stop(self) -> None:
        self._refusal = HeadTooLarge("The request's headers are too many or too large.")
        raise self._refusal

    @override
    def on_headers_complete(self) -> None:
        if self._waiting_bytes + self._incoming > MAX_HEAD_BYTES < sum([len(n) + len(v) for n, v in self.headers]):
            self._stop()
        if len(self.headers) > MAX_HEADERS:
            # No earlier: what came of them until now is bounded by its size.
            self._stop()
        if self.parser.should_upgrade():
            return
        self._head_since, self._waiting_bytes, self._trailer_bytes = None, 0, 0
        self._is_past_head = True
        self._heads += 1
        headers = self._by_name
        if b"expect" in headers:
            self.expect_100_continue = headers[b"expect"].lower() == b"100-continue"
        before = self.cycle
        scope = self._told_scope()
        self.cycle = cycle = Cycle(self, scope)
        scope["headgate.headers"], scope["headgate.exchange"] = headers, Exchange(self, cycle)
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
            return
        self.flow.pause_reading()
        self.pipeline.appendleft((cycle, self.app))
        if len(self.pipeline) > MAX_PIPELINED:
            # What comes after these is not read, and the connection ends with the last of them.
            self._is_deaf = True
            cycle.keep_alive = False

    def _told_scope(self) -> dict[str, Any]:
        """What ASGI wants to know of the request."""
        path, query = target_of(self.url)
        return {
            **self._told,
            "method": method_of(self.parser.get_method()),
            "http_version": self.parser.get_http_version(),
            "path": text_of(path),
            "raw_path": path,
            "query_string": query,
            "headers": self.headers,
        }

    @override
    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if self.parser.should_upgrade() or cycle.response_complete:
            return
        cycle.body = cycle.body + body if cycle.body else body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.set()

    @override
    def on_message_complete(self) -> None:
        cycle = self.cycle
        if not (self.parser.should_upgrade() or cycle.response_complete):
            cycle.more_body = False
            cycle.set()

    @override
    def _start_asgi_task(self, cycle: Cycle, app: Any) -> None:  # type: ignore[override]
        self._current, self._idle_since = cycle, None
        # Named, because to number it takes a good part of making it; uvloop's own way would number it first.
        task = cycle.task = asyncio.Task(cycle.run_asgi(app), loop=self.loop, name="request")
        self.tasks.add(task)

    @override
    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_next()
        else:
            self.flow.resume_reading()
            self._idle_since = self.loop.time()

    def _start_next(self) -> None:
        # A client that does not read its answers gets no more of them.
        if self.pipeline and not self.flow.write_paused:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self._current is None or self._current.response_complete:
            self._start_next()

    @override
    def shutdown(self) -> None:
        """The server ends: close, at once or after the answer that is being sent."""
        if self.cycle is not None and self.cycle.more_body and not self.cycle.response_started:
            self._say(Unavailable("The server is shutting down.", code="shutting_down", retry_after=5))
            self._forget(self.cycle)
            self.transport.close()
        else:
            super().shutdown()

    def _send_away(self, why: str) -> None:
        self._say(Unavailable(why, code="overloaded", retry_after=1))
        self.transport.close()

    def _refuse(self, error: HeadgateError) -> None:
        """What came cannot be understood: say so, unless it came after a request that is still being answered."""
        cycle = self._current
        if cycle is not None and not cycle.more_body and not cycle.response_complete:
            cycle.keep_alive = False
            self._is_deaf = True
        elif not self._is_deaf:
            self._turn_away(error)

    def _turn_away(self, error: HeadgateError) -> None:
        """Answer without a request, or in the middle of one, and hang up."""
        if self.transport.is_closing():
            return
        cycle = self._current
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            # An answer is on its way already; a second one inside it would be read as a part of it.
            self._forget(cycle)
            self.transport.close()
            return
        self._say(error)
        self._forget(cycle)
        self.linger()

    def _say(self, error: HeadgateError) -> None:
        self.on_refusal(error, self.client)
        body = openai.error_body(error)
        head = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n" % len(body)
        self.transport.write(b"".join((STATUS_LINE[error.status], head, SECURITY, b"\r\n", body)))

    @staticmethod
    def _forget(cycle: Cycle | None) -> None:
        """For its handler the client is gone."""
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.set()

    def linger(self) -> None:
        """Hang up on a client that may still be talking."""
        self._is_deaf = True
        self._lingers_since = self.loop.time()
        self._head_since = None
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self.transport.write_eof()

    def check(self, now: float) -> None:
        """Called every few seconds: who does not finish a head, does not read, or asks nothing more, is sent away."""
        if self._head_since is not None and now - self._head_since > HEAD_LIMIT:
            self._refuse(Timeout("The request did not come in time."))
        elif self._lingers_since is not None and now - self._lingers_since > LINGER:
            self.transport.close()
        elif self._has_stalled(now):
            self.transport.abort()
        elif self._idle_since is not None and now - self._idle_since > self.timeout_keep_alive:
            self.transport.close()

    def _has_stalled(self, now: float) -> bool:
        """Whether what is left of an answer that is over has not moved for too long."""
        if self._current is None or not (self._current.response_complete or self._current.disconnected):
            return False
        waiting = self.transport.get_write_buffer_size()
        if not waiting or waiting != self._unsent:
            self._unsent, self._unsent_since = waiting, now
        return waiting > 0 and now - self._unsent_since > exchange.WRITE_LIMIT


def _path(url: bytes) -> str:
    try:
        return unquote((httptools.parse_url(url).path or b"").decode("ascii", "replace"))
    except httptools.HttpParserError:
        return ""

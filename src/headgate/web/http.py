"""Requests and answers as the data plane sees them: raw ASGI, with as little as possible around it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from headgate.errors import BadRequest, HeadgateError, Timeout, TooLarge
from headgate.observe.facts import Told
from headgate.runs import Run
from headgate.web.exchange import Exchange

Scope: TypeAlias = Any
Message: TypeAlias = Any
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

EVENT_STREAM = b"text/event-stream; charset=utf-8"


class Request:
    """One request of a client."""

    # What all begin with is said once, here: to say it of each takes a while.

    run: Run | None = None
    """The run it is about, where it is about one."""
    is_maker = False
    """Whether it has made that run."""
    told: Told | None = None
    """What it came to, where it makes none."""
    error: HeadgateError | None = None
    """What it was refused with."""

    def __init__(self, scope: Scope, receive: Receive, path_parameters: Mapping[str, str], common: bytes) -> None:
        self.scope, self._receive = scope, receive
        # Taken out, because it leads back to the scope: a circle that only the collector would free.
        self.exchange: Exchange = scope.pop("headgate.exchange")
        """Its answer."""
        self.headers: dict[bytes, bytes] = scope.pop("headgate.headers", None) or dict(scope["headers"])
        self.path_parameters = path_parameters
        self._common = common

    @property
    def has_begun(self) -> bool:
        """Whether its answer has begun."""
        return self.exchange.has_begun

    @property
    def is_left(self) -> bool:
        """Whether the client has gone away."""
        return self.exchange.is_left

    def on_leave(self, told: Callable[[], None] | None) -> None:
        """Whom to tell, at once or later, when the client goes before its answer is over; None for nobody any more."""
        self.exchange.on_leave(told)

    def cut(self) -> None:
        """End the connection in the middle of the answer."""
        self.exchange.cut()

    def add_headers(self, lines: bytes) -> None:
        """Say this with the answer, whether it will be one or an error."""
        self._common = lines + self._common

    def query(self) -> dict[str, str]:
        """The query's parameters; of a repeated one the last."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True))

    async def body(self, limit: int, patience: float) -> bytes:
        """
        The whole body.

        Raises TooLarge beyond `limit` bytes, Timeout when it takes longer than `patience` seconds.
        """
        length = self.headers.get(b"content-length")
        if length is not None and int(length) > limit:
            raise _too_large(limit)
        whole = self.exchange.whole_body()
        if whole is not None:
            return self._checked(whole, limit)
        message = await self._in_time(self._receive(), patience)
        if not message.get("more_body"):
            body: bytes = message.get("body", b"")
            return self._checked(body, limit)
        rest: bytes = await self._in_time(self._rest(message["body"], limit), patience)
        return rest

    async def pieces(self, limit: int, patience: float, total: float) -> AsyncIterator[bytes]:
        """
        The body as it comes, for what is too large to be held.

        Raises TooLarge beyond `limit` bytes, Timeout when nothing comes for `patience` seconds, or the whole of it
        takes longer than `total`.
        """
        length = self.headers.get(b"content-length")
        if length is not None and int(length) > limit:
            raise _too_large(limit)
        size, more, until = 0, True, time.monotonic() + total
        while more:
            left = max(0.0, min(patience, until - time.monotonic()))
            message = await self._in_time(self._receive(), left)
            if message["type"] != "http.request":
                raise BadRequest("The request's body was cut short.")
            size += len(message["body"])
            if size > limit:
                raise _too_large(limit)
            more = message["more_body"]
            yield message["body"]

    async def _rest(self, first: bytes, limit: int) -> bytes:
        pieces, size, more = [first], len(first), True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise BadRequest("The request's body was cut short.")
            pieces.append(message["body"])
            size += len(message["body"])
            if size > limit:
                raise _too_large(limit)
            more = message["more_body"]
        return b"".join(pieces)

    async def _in_time(self, reading: Awaitable[Any], patience: float) -> Any:
        try:
            async with asyncio.timeout(patience):
                return await reading
        except TimeoutError:
            raise Timeout(f"The request's body did not come within {patience:g} s.") from None

    @staticmethod
    def _checked(body: bytes, limit: int) -> bytes:
        if len(body) > limit:
            raise _too_large(limit)
        return body

    def answer(self, status: int, body: bytes, headers: bytes = b"", *, kind: bytes = b"application/json") -> None:
        """Answer whole; `headers` are lines, each with its end."""
        self.exchange.answer(status, b"".join((b"content-type: ", kind, b"\r\n", headers, self._common)), body)

    def begin_stream(self, kind: bytes = EVENT_STREAM) -> bool:
        """Begin an answer in pieces; False when only its head was asked for, and that was all."""
        return self.exchange.begin(200, b"content-type: %b\r\n%b%b" % (kind, _STREAM, self._common))

    def begin_sized(self, status: int, length: int, headers: bytes, *, kind: bytes) -> bool:
        """The same of an answer that is too large for one piece, and whose length is known."""
        head = b"".join((b"content-type: ", kind, b"\r\n", headers, self._common))
        return self.exchange.begin_sized(status, head, length)

    async def write(self, piece: bytes, *, more: bool) -> None:
        """A piece of the stream; comes back when the client may be sent more."""
        await self.exchange.write(piece, more=more)


_STREAM = b"cache-control: no-cache, no-transform\r\nx-accel-buffering: no\r\n"
"""No proxy on the way may hold pieces back or put them together."""


def run_headers(run: str) -> bytes:
    """What every answer of a run says about it."""
    id = run.encode()
    return b"".join((b"headgate-run: ", id, b"\r\nx-request-id: ", id, b"\r\n"))


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request's body is larger than {limit // 1_000_000} MB.")

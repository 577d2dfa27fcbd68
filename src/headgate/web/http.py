"""Requests and answers as the data plane sees them: raw ASGI, with as little as possible around it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from headgate.errors import BadRequest, Timeout, TooLarge
from headgate.web.protocol import Protocol

Scope: TypeAlias = Any
Message: TypeAlias = Any
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]
Headers: TypeAlias = list[Header]


class Request:
    """One request of a client."""

    __slots__ = ("_common", "_receive", "_send", "client", "has_begun", "headers", "path_parameters", "scope")

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, path_parameters: Mapping[str, str], common: Headers
    ) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.client: Protocol = scope["headgate.client"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.path_parameters = path_parameters
        self._common = common
        self.has_begun = False
        """Whether its answer has begun."""

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
        message = await self._receive() if self._is_here() else await self._in_time(self._receive(), patience)
        if not message.get("more_body"):
            body: bytes = message.get("body", b"")
            return self._checked(body, limit)
        rest: bytes = await self._in_time(self._rest(message["body"], limit), patience)
        return rest

    def _is_here(self) -> bool:
        """Whether the whole body came with the head, as it nearly always does: then no time limit is needed."""
        cycle = self.client.cycle
        return not cycle.more_body and not cycle.waiting_for_100_continue

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

    async def answer(
        self, status: int, body: bytes, headers: Iterable[Header] = (), *, kind: bytes = b"application/json"
    ) -> None:
        """Answer whole."""
        length: list[Header] = []
        if status not in (204, 304):
            length = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        await self._begin(status, [*length, *headers])
        await self._send({"type": "http.response.body", "body": body})

    async def begin_stream(self, headers: Iterable[Header]) -> None:
        """Begin an answer of server-sent events."""
        await self._begin(200, [*_STREAM, *headers])

    async def write(self, body: bytes, *, more: bool) -> None:
        """A piece of the stream; comes back when the client may be sent more."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _begin(self, status: int, headers: Headers) -> None:
        self.has_begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers + self._common})


_STREAM: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
"""No proxy on the way may hold pieces back or put them together."""


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request's body is larger than {limit // 1_000_000} MB.")

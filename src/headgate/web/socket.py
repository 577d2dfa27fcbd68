"""
A WebSocket as a handler sees it: accepted or refused, then messages both ways.

It is refused in HTTP as long as it is not accepted, so that a client without a key reads why. A
handler has to go on receiving while it answers: pings are answered, and a client's leaving is
noticed, by nobody else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias
from urllib.parse import parse_qsl

import msgspec
from uvicorn.protocols.utils import ClientDisconnected

from headgate.errors import HeadgateError
from headgate.keys import HEADERS
from headgate.runs import Run
from headgate.web.doc import Doc
from headgate.web.http import Receive, Scope, Send

NORMAL, GOING_AWAY, POLICY, FAILED = 1000, 1001, 1008, 1011
"""Why a socket is closed (RFC 6455, 7.4.1). Clients connect again after all but the first and the third."""

KEY_HEADERS = frozenset((*HEADERS, b"authorization"))

MAX_REASON = 123
"""Bytes that a reason may have; the frame has no room for more."""


def text_frame(text: bytes) -> bytes:
    """
    A message as a frame of the wire (RFC 6455, 5.2), to be written to any number of sockets.

    What a server sends is neither masked nor, here, compressed, so it is the same bytes for everybody.
    """
    size = len(text)
    if size < 126:
        return b"\x81%c%b" % (size, text)
    length = b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else b"\x7f" + size.to_bytes(8, "big")
    return b"\x81%b%b" % (length, text)


class Wire(Protocol):
    """What is under a socket."""

    async def write(self, frames: bytes) -> bool:
        """Write whole frames as soon as the client may be sent more; False when it has left."""

    @property
    def is_free(self) -> bool:
        """Whether frames may be written at once."""

    def write_now(self, piece: bytes) -> None:
        """Write whole frames, while it is free."""

    def limit(self, size: int) -> None:
        """Take no messages larger than that."""


OnTurn: TypeAlias = Callable[[Run | None, HeadgateError | None, float], None]
"""Told of the run that was made, of the error that it was refused with, and of when it came."""


class Socket:
    """One client's WebSocket."""

    __slots__ = (
        "_common",
        "_receive",
        "_send",
        "_wire",
        "headers",
        "is_accepted",
        "is_left",
        "on_turn",
        "path_parameters",
        "scope",
        "status",
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, path_parameters: Mapping[str, str], common: bytes
    ) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        # Taken out, because it leads back to the scope: a circle that only the collector would free.
        self._wire: Wire = scope.pop("headgate.wire")
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.path_parameters = path_parameters
        self._common = common
        self.is_accepted = False
        self.is_left = False
        """Whether the client, or we, have said goodbye."""
        self.status = 0
        """What it was refused with."""
        self.on_turn: OnTurn = lambda run, error, came_at: None
        """Who is told of each question that is over, where many are asked on one socket."""

    def query(self) -> dict[str, str]:
        """The query's parameters; of a repeated one the last."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True))

    @property
    def protocols(self) -> list[str]:
        """The subprotocols that the client offers, the one it likes best first."""
        offered: list[str] = self.scope["subprotocols"]
        return offered

    @property
    def wire(self) -> Wire:
        """Where whole frames can be written at once, past everything else."""
        return self._wire

    def limit(self, size: int) -> None:
        """Take no messages of more bytes than that: the server's limit for all of them is that of a request."""
        self._wire.limit(size)

    async def accept(self, protocol: str | None = None, headers: bytes = b"") -> None:
        """Become a WebSocket; `headers` are lines, each with its end."""
        await self._receive()  # That the client has connected.
        self.is_accepted = True
        await self._say({"type": "websocket.accept", "subprotocol": protocol, "headers": _pairs(headers)})

    def forget_request(self) -> None:
        """Let go of what the client's request said, but for its key: for sockets that are many and say little."""
        self.headers = {name: value for name, value in self.headers.items() if name in KEY_HEADERS}

    async def refuse(self, status: int, body: bytes, headers: bytes = b"") -> None:
        """Remain HTTP, with an answer."""
        self.is_left, self.status = True, status
        lines = b"content-type: application/json\r\n" + headers + self._common
        start = {"type": "websocket.http.response.start", "status": status, "headers": _pairs(lines)}
        try:
            await self._send(start)
            await self._send({"type": "websocket.http.response.body", "body": body})
        except ClientDisconnected:
            pass

    async def receive(self, patience: float | None = None) -> str | bytes | None:
        """
        The client's next message; None when it has left.

        Raises TimeoutError after `patience` seconds without one.
        """
        if self.is_left:
            return None
        if patience is None:
            message = await self._receive()
        else:
            async with asyncio.timeout(patience):
                message = await self._receive()
        if message["type"] != "websocket.receive":
            self.is_left = True
            return None
        text: str | None = message.get("text")
        data: bytes | None = message.get("bytes")
        return text if text is not None else data

    async def send(self, text: str) -> None:
        """Send a message; comes back when the client may be sent more, and does nothing when it has left."""
        if not self.is_left:
            await self._say({"type": "websocket.send", "text": text})

    async def write(self, frames: bytes) -> None:
        """Send messages that are frames already, as `send` does: for what is said to many at once."""
        if not self.is_left and not await self._wire.write(frames):
            self.is_left = True

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye."""
        if not self.is_left:
            short = reason.encode()[:MAX_REASON].decode(errors="ignore")
            await self._say({"type": "websocket.close", "code": code, "reason": short})
            self.is_left = True

    async def _say(self, message: dict[str, object]) -> None:
        try:
            await self._send(message)
        except ClientDisconnected:
            self.is_left = True


SocketHandler: TypeAlias = Callable[[Socket], Awaitable[None]]


class SocketRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A path that is asked with `Upgrade: websocket`."""

    path: str
    """May hold parameters, as a route's."""
    handler: SocketHandler
    """Accepts the socket or raises; closes it when it returns."""
    error: Callable[[HeadgateError], bytes]
    """How an error is told before the socket is accepted."""
    doc: Doc


def _pairs(lines: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, _, value in (line.partition(b": ") for line in lines.splitlines())]

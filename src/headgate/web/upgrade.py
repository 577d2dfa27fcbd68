"""
One client's WebSocket: uvicorn's protocol with a few things added.

- A client that reads nothing of what waits for it is sent away, as one of HTTP is.
- Text that is none is refused without a word in the log.
- A message in very many pieces is refused: the library counts their bytes, and there may be none in them.
- A client that pings and pings, and reads none of our answers, is sent away, too.
- Frames that were made for many clients are written as they are, past the library.
- An idle connection holds half as much: nothing of its handshake, and no queues that nobody needs.

Pings go out every `PING_EVERY` seconds, so a client that vanished without a word is noticed.
"""

from contextlib import suppress
from typing import Any

from typing_extensions import override
from uvicorn import Config
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.frames import Frame
from websockets.http11 import Request

from headgate.web import exchange
from headgate.web.waiting import Door, Mailbox

PING_EVERY = 20.0
PING_LIMIT = 20.0
"""Seconds a client may take to answer one: its network may be bad, but no proxy waits longer than a minute."""

_OF_NO_USE = ("asgi", "extensions", "raw_path", "server", "state", "subprotocols")
"""What the scope says that nobody asks for once the socket is accepted."""

MAX_PIECES = 10_000
"""Of one message; browsers send one, and what cuts messages up makes pieces of kilobytes."""


MAX_PINGS = 100
"""That a client may send while it reads nothing: each is answered, and the answers wait. Real ones send one in 20 s."""


class Upgraded(WebSocketsSansIOProtocol):
    """A connection that has become a WebSocket."""

    _unsent = 0
    """How much was left to send when it last became less, and since when."""
    _unsent_since = 0.0
    _pings = 0
    """How many came since the client last read."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self.queue = Mailbox()  # type: ignore[assignment]
        self.writable = Door()  # type: ignore[assignment]

    @override
    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MAX_PIECES:
            self.conn.fail(1009, "The message has too many pieces.")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    @override
    def handle_ping(self) -> None:
        self._pings = 0 if self.writable.is_set() else self._pings + 1
        if self._pings > MAX_PINGS:
            self.transport.abort()
        else:
            super().handle_ping()

    @override
    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            # Uvicorn would write a traceback into our log for it.
            self.conn.fail(1007, "The message is not valid UTF-8.")
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()

    @override
    async def run_asgi(self) -> None:
        # Uvicorn's own takes a refusal for a fault of ours, and writes an error for it; the gate lets no other out.
        with suppress(ClientDisconnected):
            await self.app(self.scope, self.receive, self.send)
        if self.close_timer is None:
            self.transport.close()

    @override
    def eof_received(self) -> None:
        # The client has shut its sending side; it cannot answer pings, nor say goodbye.
        self.transport.close()

    @override
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            # Its task has its first turn later; until then nobody has looked into the scope.
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]
            scope["headgate.wire"] = self

    @override
    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            self._forget_handshake()

    def _forget_handshake(self) -> None:
        # The library's parser holds the request as long as it lives.
        self.request.headers = Headers()
        del self.request, self.response
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["headers"] = []
        for name in _OF_NO_USE:
            del scope[name]
        # One that has grown by and by has twice the room it needs.
        self.__dict__ = dict(self.__dict__)

    async def write(self, frames: bytes) -> bool:
        """Write whole frames as soon as the client may be sent more; False when it has left."""
        if not self.writable.is_set():
            await self.writable.wait()
        if not self.is_free:
            return False
        self.transport.write(frames)
        return True

    @property
    def is_free(self) -> bool:
        """Whether frames may be written at once: the socket is open, and its client reads."""
        if self.disconnected or self.close_sent or not self.writable.is_set():
            return False
        return not self.transport.is_closing()

    def write_now(self, piece: bytes) -> None:
        """Write whole frames, while it is free."""
        self.transport.write(piece)

    def limit(self, size: int) -> None:
        """Take no messages larger than that."""
        self.conn.max_size = size

    def check(self, now: float) -> None:
        """Called every few seconds: who does not read is sent away."""
        waiting = self.transport.get_write_buffer_size()
        if not waiting or waiting != self._unsent:
            self._unsent, self._unsent_since = waiting, now
        elif now - self._unsent_since > exchange.WRITE_LIMIT:
            self.transport.abort()


def _is_text(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True

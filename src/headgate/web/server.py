"""The server process: uvicorn with our protocol, our clock and our way to end."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import NamedTuple, cast
from typing import Protocol as Shape

import uvicorn
from typing_extensions import override

from headgate.channels import Hub
from headgate.db import Database
from headgate.metrics import Meters
from headgate.runs import Engine
from headgate.streams import Library
from headgate.streams.waking import Desk
from headgate.web.gate import Gate
from headgate.web.pages import Pages
from headgate.web.protocol import Protocol
from headgate.web.upgrade import PING_EVERY, PING_LIMIT, Upgraded
from headgate.web.uploads import Uploads
from headgate.webhooks import Worker

log = logging.getLogger(__name__)

CHECK_EVERY = 50
"""Uvicorn's ticks (0.1 s) between two looks at connections that have been idle or slow for too long."""

IDLE_CONNECTION = 75
"""Seconds a client's connection is kept between requests: longer than load balancers keep theirs (60 s),
so that it is never us who close under a request."""

BACKLOG = 4096
"""Connections the kernel may hold while we are busy: a page with thousands of readers reconnects at once."""

LAST_WORDS = 3.0
"""Seconds a client has, when all answers have ended, to read what is left of its own."""


class Report(Shape):
    """Something that is written of requests and runs."""

    async def close(self) -> None:
        """Write what is left."""


class Voices(Shape):
    """What speaks for this machine."""

    async def warm(self) -> None:
        """Get ready to; must not raise."""


class Parts(NamedTuple):
    """What a server serves."""

    gate: Gate
    engine: Engine
    pages: Pages
    webhooks: Worker
    hub: Hub
    streams: Library
    subscriptions: Desk
    meters: Meters
    database: Database
    uploads: Uploads
    reports: Sequence[Report] = ()
    """What is to be closed when the last request is over."""
    voices: Voices | None = None


class Bounds(NamedTuple):
    """What it allows."""

    connections: int
    grace: float
    """Seconds that running answers may go on after the server was told to end."""
    message: int
    """The bytes of a WebSocket's message."""
    descriptors: int
    """From this number on they are not for clients."""


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on; raises OSError when it cannot be had."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


class Server(uvicorn.Server):
    """Serves until SIGINT or SIGTERM."""

    def __init__(self, parts: Parts, bounds: Bounds, sock: socket.socket, on_ready: Callable[[str], None]) -> None:
        super().__init__(
            uvicorn.Config(
                parts.gate,
                http=_protocol(parts.gate, bounds),
                ws="none",  # A connection is upgraded by our protocol, where there is a socket.
                ws_max_size=bounds.message,
                ws_ping_interval=PING_EVERY,
                ws_ping_timeout=PING_LIMIT,
                # Tokens are too short to be worth it, and what it costs is paid for each of them.
                ws_per_message_deflate=False,
                loop="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=IDLE_CONNECTION,
            )
        )
        self._parts, self._grace = parts, bounds.grace
        self._socket, self._on_ready = sock, on_ready
        self._preparing: asyncio.Task[None] | None = None
        parts.meters.connections.read_one(lambda: len(self.server_state.connections))

    async def run_until_told(self) -> None:
        """Serve; returns when everything has ended and is kept."""
        await self.serve([self._socket])

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._preparing = asyncio.create_task(self._prepare())
        host, port = self._socket.getsockname()[:2]
        self._on_ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    async def _prepare(self) -> None:
        """What takes half a second, which no answer need wait for: the documentation's framework, a voice."""
        if self._parts.voices is not None:
            await self._parts.voices.warm()
        await self._parts.pages.prepare()

    @override
    async def on_tick(self, counter: int) -> bool:
        if counter % CHECK_EVERY == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                cast(Protocol | Upgraded, connection).check(now)
        return await super().on_tick(counter)

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        if live := self._parts.engine.live_runs:
            answers = "1 answer" if live == 1 else f"{live} answers"
            log.info("Waiting up to %g s for %s to end; ask once more to end at once.", self._grace, answers)
        # Runs end first, so that their readers get an end and the connections are free to close.
        await self._parts.engine.close(self._grace, lambda: self.force_exit)
        await self._hang_up()
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait([self._preparing])

    async def _hang_up(self) -> None:
        """Close all connections, those with something left to send when it is sent, or after a while."""
        loop, connections = asyncio.get_running_loop(), self.server_state.connections
        for connection in list(connections):
            connection.shutdown()
        ends = loop.time() + LAST_WORDS
        while connections and loop.time() < ends and not self.force_exit:
            await asyncio.sleep(0.02)
        for connection in list(connections):
            connection.transport.abort()
        # They find their clients gone, and end by themselves.
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=LAST_WORDS)

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # The second time it is meant, whichever signal it is.
        self.force_exit = self.force_exit or self.should_exit
        self.should_exit = True

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Uvicorn would raise the signal again when it is done, and end the process before the store is closed.
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, self.handle_exit, sign, None)
        try:
            yield
        finally:
            for sign in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(sign)


def _protocol(gate: Gate, bounds: Bounds) -> type[Protocol]:
    set_up = {
        "max_connections": bounds.connections,
        "descriptors": bounds.descriptors,
        "has_socket": staticmethod(gate.has_socket),
        "on_refusal": staticmethod(gate.on_refusal),
    }
    return type("BoundedProtocol", (Protocol,), set_up)

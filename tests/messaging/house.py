"""A whole server in the test's own loop, with real sockets, and pages that are on its channels."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from headgate.app import build
from headgate.channels import Hub
from headgate.config import Config, Secret, Server, Store
from headgate.config.channels import Channels
from headgate.config.keys import Key
from headgate.dialects.messaging import Switchboard
from headgate.net import Client
from headgate.web.protocol import Protocol
from headgate.web.server import Parts
from headgate.web.upgrade import Upgraded
from tests.e2e.wire import Frame, frames
from tests.waiting import LIMIT

ALICE, BOB = "alices-long-key", "bobs-long-key"


class Answer(NamedTuple):
    """What came back over HTTP."""

    status: int
    head: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Page:
    """A page with a WebSocket."""

    def __init__(self, socket: ClientConnection, first: Any) -> None:
        self.socket, self.first = socket, first
        self.id: str = first["connectionId"]
        self._asked = 0
        self._aside: list[Any] = []

    async def next(self) -> Any:
        """The next frame."""
        if self._aside:
            return self._aside.pop(0)
        return await self._read()

    async def _read(self) -> Any:
        async with asyncio.timeout(LIMIT):
            return json.loads(await self.socket.recv())

    async def ask(self, action: str, **options: Any) -> Any:
        """What a frame is answered with; what comes meanwhile is read later."""
        self._asked += 1
        await self.socket.send(json.dumps({"action": action, "options": options, "id": self._asked}))
        while (frame := await self._read()).get("id") != self._asked:
            self._aside.append(frame)
        return frame

    async def heard(self) -> list[Any]:
        """Everything that was told up to now."""
        await self.ask("ping")
        told, self._aside = self._aside, []
        return told

    async def ended(self) -> tuple[int, str]:
        """Why the server says goodbye."""
        async with asyncio.timeout(LIMIT):
            with suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
        assert self.socket.close_code is not None
        return self.socket.close_code, self.socket.close_reason or ""


class Stream:
    """An EventSource, by hand: HTTP/1.0, so that there are no chunks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.head = ""

    async def next(self) -> Frame:
        """The next event; comments are read over."""
        async with asyncio.timeout(LIMIT):
            while not (found := frames(await self._reader.readuntil(b"\n\n"))):
                pass
        return found[0]

    async def rest(self) -> list[Frame]:
        """All that comes until the server ends it."""
        async with asyncio.timeout(LIMIT):
            return frames(await self._reader.read())

    async def line(self) -> bytes:
        """The next line."""
        async with asyncio.timeout(LIMIT):
            return await self._reader.readline()

    def close(self) -> None:
        """Leave."""
        self._writer.close()

    async def __aenter__(self) -> "Stream":
        self.head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.close()


class House:
    """A server that listens."""

    def __init__(self, parts: Parts, port: int, state: ServerState) -> None:
        self.parts, self.port, self.state = parts, port, state

    @property
    def hub(self) -> Hub:
        """Its channels."""
        return self.parts.hub

    @property
    def switchboard(self) -> Switchboard:
        """Who connects everybody."""
        (handler,) = {route.handler for route in self.parts.pages.routes.all if route.path == "/message/stream"}
        return handler.__self__.switchboard  # type: ignore[attr-defined,no-any-return]

    @asynccontextmanager
    async def page(self, query: str = "", key: str = "", **options: Any) -> AsyncIterator[Page]:
        """A page that has come, and was told so."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        async with self.socket(query, additional_headers=headers, **options) as socket:
            async with asyncio.timeout(LIMIT):
                first = json.loads(await socket.recv())
            yield Page(socket, first)

    def socket(self, query: str = "", **options: Any) -> connect:
        """A WebSocket."""
        return connect(f"ws://127.0.0.1:{self.port}/message/socket?{query}", compression=None, **options)

    async def stream(self, query: str = "", key: str = "", headers: Mapping[str, str] | None = None) -> Stream:
        """A stream of events."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        given = {"authorization": f"Bearer {key}"} if key else {}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**given, **(headers or {})}.items())
        writer.write(f"GET /message/stream?{query} HTTP/1.0\r\nhost: test\r\n{lines}\r\n".encode())
        return Stream(reader, writer)

    async def get(self, path: str, key: str = "", method: str = "GET", body: bytes = b"") -> Answer:
        """One request."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        given = f"authorization: Bearer {key}\r\n" if key else ""
        head = f"{method} {path} HTTP/1.0\r\nhost: test\r\n{given}content-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        async with asyncio.timeout(LIMIT):
            said = await reader.read()
        writer.close()
        first, _, rest = said.partition(b"\r\n\r\n")
        return Answer(int(first.split()[1]), first.decode(), rest)

    async def post(self, name: str, body: Any, key: str = "") -> Answer:
        """One request of a server."""
        said = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.get(f"/message/{name}", key, "POST", said)

    async def token(self, key: str = "", **claims: Any) -> str:
        """A token for a page."""
        answer = await self.post("tokens", {"apiKey": key, **claims})
        assert answer.status == 201, answer
        return str(answer.json["token"])

    async def add(self, key: str = "", mode: str = "ignore", **users: Sequence[str]) -> None:
        """Have users belong to channels."""
        answer = await self.post("adduser", {"apiKey": key, "users": members(mode, users)})
        assert answer.status == 201, answer

    async def remove(self, key: str = "", **users: Sequence[str]) -> None:
        """Have them belong there no longer."""
        answer = await self.post("removeuser", {"apiKey": key, "users": members("ignore", users)})
        assert answer.status == 201, answer

    def check(self, now: float) -> None:
        """What the server does every few seconds."""
        for connection in list(self.state.connections):
            assert isinstance(connection, Protocol | Upgraded)
            connection.check(now)


def members(mode: str, users: Mapping[str, Sequence[str]]) -> list[Any]:
    """Users and their channels as requests name them."""
    return [
        {"id": user, "channels": [{"name": name, "mode": mode} for name in channels]}
        for user, channels in users.items()
    ]


@asynccontextmanager
async def house(
    *,
    keys: Mapping[str, tuple[str, ...] | None] | None = None,
    origins: tuple[str, ...] = ("*",),
    keep_alive: float = 15,
    **channels: Any,
) -> AsyncIterator[House]:
    """One with those settings of [channels], and those keys with what each may use."""
    config = Config(
        store=Store(path="memory"),
        server=Server(cors_origins=origins, keep_alive=keep_alive),
        channels=Channels(**channels),
        keys=tuple(Key(key.split("s-")[0], Secret(key), allowed) for key, allowed in (keys or {}).items()),
    )
    client = Client()
    parts = build(config, client)
    await parts.engine.open(lambda record: None)
    await parts.hub.open()
    settings = uvicorn.Config(
        parts.gate, http=Protocol, ws="none", lifespan="off", interface="asgi3", log_config=None,
        ws_max_size=config.server.max_body, ws_ping_interval=None, ws_per_message_deflate=False,
    )  # fmt: skip
    settings.load()
    state = ServerState()
    state.default_headers = [(b"date", b"Sat, 21 Nov 2026 12:00:00 GMT")]
    made = type("Made", (Protocol,), {"has_socket": staticmethod(parts.gate.has_socket)})
    server = await asyncio.get_running_loop().create_server(lambda: made(settings, state, {}), "127.0.0.1", 0)
    try:
        yield House(parts, server.sockets[0].getsockname()[1], state)
    finally:
        server.close()
        await parts.engine.close(0, lambda: False)
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=5)
        await client.close()


def play(act: Callable[[House], Awaitable[None]], **options: Any) -> None:
    """One house, one act."""

    async def run() -> None:
        async with house(**options) as made:
            await act(made)

    asyncio.run(run())


class Clock:
    """The time, or later: the machine's, and the one that this loop has."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        for owner in (time, asyncio.get_running_loop()):
            monkeypatch.setattr(owner, "time", self._later(owner.time))

    def _later(self, now: Callable[[], float]) -> Callable[[], float]:
        return lambda: now() + self.ahead

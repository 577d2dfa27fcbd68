"""WebSockets: how a connection becomes one, how it is refused, and how it ends. A real socket, no provider."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from headgate.errors import Unauthorized
from headgate.formats import openai
from headgate.keys import Keys
from headgate.metrics import Meters
from headgate.observe.bills import Bills
from headgate.web import exchange, upgrade
from headgate.web.doc import Answer, Doc, Tag
from headgate.web.gate import Gate
from headgate.web.protocol import Protocol
from headgate.web.routes import Route, Routes
from headgate.web.socket import Socket, SocketHandler, SocketRoute, text_frame
from headgate.web.watching import Watch

DOC = Doc(summary="Echo", description="Echoes.", tag=Tag("Test", "Tests."), answers=(Answer(meaning="It."),))
BIG = 100_000


class House:
    """A server that listens."""

    def __init__(self, port: int, state: ServerState) -> None:
        self.port, self.state = port, state

    def connect(self, path: str = "/echo/one", **options: Any) -> connect:
        """A client's connection."""
        return connect(f"ws://127.0.0.1:{self.port}{path}", compression=None, **options)

    def check(self, now: float) -> None:
        """What the server does every few seconds."""
        for connection in list(self.state.connections):
            assert isinstance(connection, Protocol | upgrade.Upgraded)
            connection.check(now)

    async def said(self, *pieces: bytes) -> bytes:
        """All that comes back for these bytes, until the server hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


async def echo(socket: Socket) -> None:
    """Says everything again."""
    await socket.accept()
    while (message := await socket.receive()) is not None:
        await socket.send(f"{socket.path_parameters['name']}: {message!r}")


@asynccontextmanager
async def house(handler: SocketHandler = echo, origins: Sequence[str] = ("*",)) -> AsyncIterator[House]:
    """One with that handler."""
    routes = Routes([SocketRoute(path="/echo/{name}", handler=handler, error=openai.error_body, doc=DOC)])
    meters = Meters()
    gate = Gate(routes, Nothing(), origins, Watch(meters, Keys([]), Bills(meters)))
    config = uvicorn.Config(
        gate, http=Protocol, ws="none", lifespan="off", interface="asgi3", log_config=None,
        ws_max_size=BIG, ws_ping_interval=None, ws_per_message_deflate=False,
    )  # fmt: skip
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"Sat, 21 Nov 2026 12:00:00 GMT")]
    made = type("Made", (Protocol,), {"has_socket": staticmethod(gate.has_socket)})
    server = await asyncio.get_running_loop().create_server(lambda: made(config, state, {}), "127.0.0.1", 0)
    yield House(server.sockets[0].getsockname()[1], state)
    server.close()
    for connection in list(state.connections):
        connection.shutdown()
    if state.tasks:
        await asyncio.wait(state.tasks, timeout=5)


class Nothing:
    """No pages."""

    paths: tuple[str, ...] = ()


def play(act: Callable[[House], Awaitable[None]], **options: Any) -> None:
    """One house, one act."""

    async def run() -> None:
        async with house(**options) as made:
            await act(made)

    asyncio.run(run())


def test_messages_go_both_ways() -> None:
    async def act(house: House) -> None:
        async with house.connect() as client:
            await client.send("hello")
            assert await client.recv() == "one: 'hello'"
            await client.send(b"\x00\x01")
            assert await client.recv() == "one: b'\\x00\\x01'"
            await client.send(["in ", "pieces"])
            assert await client.recv() == "one: 'in pieces'"

    play(act)


def test_an_error_before_the_socket_is_accepted_is_an_http_answer() -> None:
    async def refuse(socket: Socket) -> None:
        raise Unauthorized("No API key was given.")

    async def act(house: House) -> None:
        with pytest.raises(InvalidStatus) as caught:
            async with house.connect():
                pass
        response = caught.value.response
        assert response.status_code == 401
        assert b'"invalid_api_key"' in response.body
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.headers["content-type"] == "application/json"
        assert response.headers["access-control-allow-origin"] == "*"

    play(act, handler=refuse)


def test_what_breaks_after_that_closes_the_socket_with_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    async def break_down(socket: Socket) -> None:
        await socket.accept()
        raise ZeroDivisionError

    async def act(house: House) -> None:
        async with house.connect() as client:
            with pytest.raises(ConnectionClosed) as caught:
                await client.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1011
        assert "log says why" in caught.value.rcvd.reason

    with caplog.at_level(logging.CRITICAL, "headgate"):
        play(act, handler=break_down)


def test_a_handler_that_is_done_says_goodbye() -> None:
    async def greet(socket: Socket) -> None:
        await socket.accept(socket.protocols[-1])
        await socket.send("hello")

    async def act(house: House) -> None:
        async with house.connect(subprotocols=[Subprotocol("a"), Subprotocol("b")]) as client:
            assert client.subprotocol == "b"
            assert await client.recv() == "hello"
            await client.wait_closed()
            assert client.close_code == 1000

    play(act, handler=greet)


@pytest.mark.parametrize(
    ("origins", "origin", "is_welcome"),
    [
        (("*",), "https://anywhere.example", True),
        (("https://page.example",), "https://page.example", True),
        (("https://page.example",), "https://other.example", False),
        (("https://page.example",), "null", False),
        (("https://page.example",), None, True),
        (("https://page.example",), "http://127.0.0.1:{port}", True),
        ((), "https://page.example", False),
    ],
)
def test_pages_of_other_origins_are_let_in_as_configured(
    origins: Sequence[str], origin: str | None, is_welcome: bool
) -> None:
    async def act(house: House) -> None:
        from_page = None if origin is None else Origin(origin.format(port=house.port))
        if is_welcome:
            async with house.connect(origin=from_page) as client:
                await client.send("x")
                await client.recv()
            return
        with pytest.raises(InvalidStatus) as caught:
            async with house.connect(origin=from_page):
                pass
        assert caught.value.response.status_code == 403
        assert b"origin_not_allowed" in caught.value.response.body

    play(act, origins=origins)


UPGRADE = (
    b"host: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"GET /echo/one", b"host: x\r\nconnection: close\r\n", b"426"),
        (b"GET /echo/one", b"host: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n", b"426"),
        (b"GET /elsewhere", UPGRADE.replace(b"upgrade\r\nupgrade", b"upgrade, close\r\nupgrade"), b"404"),
        (b"POST /echo/one", UPGRADE + b"content-length: 0\r\n", b"405"),
        (b"GET /echo/one", UPGRADE.replace(b"13", b"8"), b"400"),
        (b"GET /echo/one", UPGRADE.replace(b"sec-websocket-key", b"x"), b"400"),
    ],
)
def test_what_is_no_upgrade_to_a_socket_gets_an_http_answer(request_line: bytes, headers: bytes, status: bytes) -> None:
    async def act(house: House) -> None:
        said = asyncio.create_task(house.said(request_line + b" HTTP/1.1\r\n" + headers + b"\r\n"))
        # Time enough for one that lingers, and not so much that a head which is on its way would be late.
        while not said.done():
            await asyncio.sleep(0.01)
            house.check(asyncio.get_running_loop().time() + 10)
        assert said.result().split(b" ")[1] == status

    play(act)


@pytest.mark.parametrize("url", ["http://127.0.0.1/echo/a?b=c", "/echo/a?b=c#d"])
def test_the_address_may_be_whole(url: str) -> None:
    """As clients that are told of a proxy write it."""
    found: list[tuple[str, dict[str, str]]] = []

    async def look(socket: Socket) -> None:
        found.append((socket.scope["path"], socket.query()))
        raise Unauthorized("Not you.")

    async def work() -> bytes:
        async with house(look) as server:
            return await server.said(b"GET %b HTTP/1.1\r\n%b\r\n" % (url.encode(), UPGRADE))

    assert asyncio.run(work()).startswith(b"HTTP/1.1 401 ")
    assert found == [("/echo/a", {"b": "c"})]


def test_who_speaks_before_the_handshake_is_refused() -> None:
    async def act(house: House) -> None:
        asked = b"GET /echo/one HTTP/1.1\r\n" + UPGRADE + b"\r\n" + b"\x81\x80\x00\x00\x00\x00"
        said = asyncio.create_task(house.said(asked))
        while not said.done():
            await asyncio.sleep(0.01)
            house.check(asyncio.get_running_loop().time() + 100)
        assert b"spoke before" in said.result()

    play(act)


async def _closed(client: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        await client.recv()
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def test_messages_have_a_bound_in_bytes_and_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "MAX_PIECES", 10)

    async def act(house: House) -> None:
        async with house.connect() as client:
            await client.send("x" * BIG)
            assert len(await client.recv()) == BIG + 7
            await client.send("x" * (BIG + 1))
            assert await _closed(client) == 1009
        async with house.connect() as client:
            await client.send([""] * 20)
            assert await _closed(client) == 1009

    play(act)


def test_a_client_that_leaves_is_noticed_at_once() -> None:
    left = asyncio.Event()

    async def wait(socket: Socket) -> None:
        await socket.accept()
        assert await socket.receive() is None
        assert socket.is_left
        await socket.send("to nobody")
        left.set()

    async def act(house: House) -> None:
        async with house.connect():
            pass
        await asyncio.wait_for(left.wait(), 5)
        left.clear()
        async with house.connect() as client:
            client.transport.abort()
        await asyncio.wait_for(left.wait(), 5)

    play(act, handler=wait)


def test_frames_that_were_made_for_many_arrive_as_messages() -> None:
    texts = ["", "short", "x" * 125, "ž" * 63, "y" * 65_535, "z" * 65_536]

    async def tell(socket: Socket) -> None:
        await socket.accept()
        await socket.write(b"".join(text_frame(text.encode()) for text in texts))
        await socket.send("between")
        await socket.write(text_frame(b"last"))

    async def act(house: House) -> None:
        async with house.connect() as client:
            assert [message async for message in client] == [*texts, "between", "last"]
            assert client.close_code == 1000

    play(act, handler=tell)


@pytest.mark.parametrize("how", ["messages", "frames"])
def test_a_client_that_reads_nothing_is_sent_away(how: str) -> None:
    left = asyncio.Event()

    async def pour(socket: Socket) -> None:
        await socket.accept()
        while not socket.is_left:
            await (socket.send("x" * 50_000) if how == "messages" else socket.write(text_frame(b"x" * 50_000)))
        left.set()

    async def act(house: House) -> None:
        async with house.connect(max_queue=1) as client:
            await client.recv()
            now = asyncio.get_running_loop().time()
            while not left.is_set():
                await asyncio.sleep(0.02)
                now += exchange.WRITE_LIMIT / 2
                house.check(now)
            client.transport.abort()

    play(act, handler=pour)


def test_the_server_ends_its_sockets_with_a_reason_to_come_again() -> None:
    async def act(house: House) -> None:
        async with house.connect() as client:
            for connection in list(house.state.connections):
                connection.shutdown()
            assert await _closed(client) == 1012

    play(act)


def test_patience_ends() -> None:
    async def impatient(socket: Socket) -> None:
        await socket.accept()
        with pytest.raises(TimeoutError):
            await socket.receive(0.01)
        await socket.send("bored")

    async def act(house: House) -> None:
        async with house.connect() as client:
            assert await client.recv() == "bored"

    play(act, handler=impatient)


def test_a_path_of_a_socket_is_told_as_a_route_of_http() -> None:
    routes = Routes([SocketRoute(path="/echo/{name}", handler=echo, error=openai.error_body, doc=DOC)])
    (route,) = routes.all
    assert isinstance(route, Route)
    assert (route.method, route.path, route.doc) == ("GET", "/echo/{name}", DOC)

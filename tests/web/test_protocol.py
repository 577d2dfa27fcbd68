"""One client's connection, played with bytes and without a socket."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import uvicorn
from typing_extensions import override
from uvicorn.server import ServerState

from headgate.web.http import Receive, Request, Scope, Send
from headgate.web.protocol import MAX_PIPELINED, Protocol
from tests.waiting import turns


class Wire(asyncio.Transport):
    """A transport that notes what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.done: list[str] = []

    @override
    def write(self, data: Any) -> None:
        self.sent += data

    @override
    def close(self) -> None:
        self.done.append("close")

    @override
    def abort(self) -> None:
        self.done.append("abort")

    @override
    def write_eof(self) -> None:
        self.done.append("write_eof")

    @override
    def is_closing(self) -> bool:
        return bool({"close", "abort"} & set(self.done))

    @override
    def pause_reading(self) -> None:
        self.done.append("pause")

    @override
    def resume_reading(self) -> None:
        self.done.append("resume")

    @override
    def get_write_buffer_size(self) -> int:
        return 0


class Line:
    """A connection and the requests that came through it; each waits until it is told to answer."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        config = uvicorn.Config(
            cast(Any, self._app), http=Protocol, ws="none", lifespan="off", interface="asgi3", log_config=None
        )
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"today")]
        self.wire = Wire()
        self.protocol = Protocol(config, state, {}, asyncio.get_running_loop())
        self.protocol.connection_made(self.wire)
        self._go = asyncio.Event()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, {}, b"")
        self.requests.append(request)
        await self._go.wait()
        request.answer(200, scope["path"].encode())

    async def hear(self, data: bytes) -> None:
        """Bytes of the client arrive."""
        self.protocol.data_received(data)
        await asyncio.sleep(0)

    async def answer(self) -> None:
        """Every request may be answered."""
        self._go.set()
        for _ in range(100):
            await asyncio.sleep(0)


def play(act: Callable[[Line], Awaitable[None]]) -> None:
    """Act on a fresh connection."""

    async def main() -> None:
        await act(Line())

    asyncio.run(main())


def test_trailers_are_not_headers() -> None:
    """Whoever can add a trailer must not be able to replace the key that a proxy has set."""

    async def act(line: Line) -> None:
        await line.hear(
            b"POST /a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer proxy\r\ntransfer-encoding: chunked\r\n\r\n"
            b"1\r\nx\r\n0\r\nauthorization: Bearer smuggled\r\norigin: http://evil\r\n\r\n"
        )
        (request,) = line.requests
        assert request.headers[b"authorization"] == b"Bearer proxy"
        assert b"origin" not in request.headers
        await line.answer()

    play(act)


def test_a_connection_at_work_is_not_idle() -> None:
    """Also when the request began to arrive while the one before it was being answered."""

    async def act(line: Line) -> None:
        await line.hear(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /b HT")
        line._go.set()
        await turns()
        line._go.clear()
        await line.hear(b"TP/1.1\r\nhost: x\r\n\r\n")
        assert len(line.requests) == 2
        line.protocol.check(asyncio.get_running_loop().time() + 1000)
        assert not line.wire.is_closing()
        await line.answer()
        assert line.wire.sent.endswith(b"/b")
        line.protocol.check(asyncio.get_running_loop().time() + 1000)
        assert line.wire.is_closing()

    play(act)


def test_only_so_many_requests_may_wait() -> None:
    """A client that sends without end is answered so far, and then the connection closes."""

    async def act(line: Line) -> None:
        for _ in range(10):
            await line.hear(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n" * 100)
        await line.answer()
        answered = line.wire.sent.count(b"HTTP/1.1 200")
        assert MAX_PIPELINED <= answered <= MAX_PIPELINED + 3
        assert line.wire.is_closing()

    play(act)


def test_a_client_that_does_not_read_gets_no_next_answer() -> None:
    """Its requests wait until it has taken what is there."""

    async def act(line: Line) -> None:
        await line.hear(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n" * 3)
        line.protocol.pause_writing()
        await line.answer()
        assert line.wire.sent.count(b"HTTP/1.1 200") == 1
        line.protocol.resume_writing()
        await line.answer()
        assert line.wire.sent.count(b"HTTP/1.1 200") == 3

    play(act)

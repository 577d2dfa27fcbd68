"""A real server on 127.0.0.1 that plays scripted bytes, and a receiver that keeps what it gets."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeAlias

from headgate.net import Client, FileBody, Flow, Target
from tests.delivered import is_read
from tests.waiting import until

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Request:
    line: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """The server's end of one connection."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        """Connections are counted from 1."""
        self.reader = reader
        self.writer = writer

    async def request_head(self) -> Request:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = dict(each.split(": ", 1) for each in lines)
        return Request(line, {name.lower(): value for name, value in headers.items()}, b"")

    async def request(self) -> Request:
        head = await self.request_head()
        body = await self.reader.readexactly(int(head.headers.get("content-length", "0")))
        return Request(head.line, head.headers, body)

    async def answer(self, data: bytes) -> Request:
        """Wait for a request and send these bytes."""
        request = await self.request()
        self.send(data)
        return request

    def send(self, data: bytes) -> None:
        # uvloop raises when the client has gone; a client may go at any time.
        if not self.writer.is_closing():
            self.writer.write(data)

    async def delivered(self) -> None:
        """Return once the client has read what was sent; a reset before would throw it away."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        await until(lambda: not self.writer.transport.get_write_buffer_size() and is_read(sock))

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        if self.writer.is_closing():
            return
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def wait_closed_by_client(self) -> None:
        """Return once the client's end is closed; whatever it still sends is thrown away."""
        try:
            while await self.reader.read(65536):
                pass
        except OSError:
            pass


Play: TypeAlias = Callable[[Peer], Awaitable[None]]


def playing(*answers: bytes, then_close: bool = False) -> Play:
    """Answer one request after another with these bytes; then wait for the client to go, or close."""

    async def play(peer: Peer) -> None:
        for answer in answers:
            await peer.answer(answer)
        if then_close:
            peer.close()
        else:
            await peer.wait_closed_by_client()

    return play


async def always_ok(peer: Peer) -> None:
    """Answer every request with OK until the client goes."""
    while True:
        await peer.answer(OK)


class Upstream:
    """Its first connection is played by the first play, and so on; the last play goes for all others."""

    def __init__(self, *plays: Play, tls: ssl.SSLContext | None = None) -> None:
        self._plays = plays
        self._tls = tls
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._is_over = False
        self.port = 0

    @property
    def accepted(self) -> int:
        """How many connections came so far."""
        return len(self._tasks)

    def stop_listening(self) -> None:
        self._server.close()

    def target(self, method: str = "POST", path: str = "/", headers: Mapping[str, str] | None = None) -> Target:
        scheme = "https" if self._tls else "http"
        return Target(method, f"{scheme}://127.0.0.1:{self.port}{path}", headers or {})

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self._is_over = True
        self._server.close()
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        # Also of plays that were cancelled before they began, and with what they could not send.
        for writer in self._writers:
            # asyncio's own transport forgets its loop once it is lost, and then cannot be aborted.
            with suppress(AttributeError):
                writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)
        # What a play asserts must fail the test.
        for end in ends:
            if error is None and isinstance(end, Exception):
                raise end

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_over:
            writer.transport.abort()
            return
        self._writers.append(writer)
        play = self._plays[min(len(self._tasks), len(self._plays) - 1)]
        task = asyncio.ensure_future(self._perform(play, Peer(self.accepted + 1, reader, writer)))
        self._tasks.append(task)

    async def _perform(self, play: Play, peer: Peer) -> None:
        try:
            await play(peer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went; whether it should have is for the test to say
        finally:
            peer.close()


@dataclass
class Kept:
    """A receiver that keeps everything, and has enough as soon as the body holds `until`."""

    until: bytes | None = None
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    flow: Flow | None = None
    on_piece: Callable[[], None] = lambda: None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        assert self.flow is None, "a second head"
        self.status, self.headers, self.flow = status, headers, flow

    def on_body(self, data: bytes) -> bool:
        assert self.flow is not None, "a body before the head"
        assert data, "an empty piece"
        self.pieces.append(data)
        self.on_piece()
        return self.until is not None and self.until in self.body


def idle(client: Client) -> int:
    """How many connections it keeps for later."""
    return sum(len(pool._idle) for pool in client._pools.values())


async def ask(
    client: Client,
    target: Target,
    body: bytes | FileBody = b"{}",
    *,
    until: bytes | None = None,
    headers: Sequence[tuple[str, str]] = (),
    connect_timeout: float = 20.0,
) -> Kept:
    kept = Kept(until)
    await client.fetch(target, body, kept, headers=headers, connect_timeout=connect_timeout)
    return kept

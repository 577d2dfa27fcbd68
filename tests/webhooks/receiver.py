"""Who is told: a server on 127.0.0.1 that keeps what it was sent, and behaves as it is told to."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import NamedTuple, Self, TypeAlias


class Post(NamedTuple):
    """One request."""

    line: str
    headers: dict[str, str]
    body: bytes


Behaviour: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answering(status: int = 200, head: str = "", body: bytes = b"") -> Behaviour:
    """Answer at once."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{head}\r\n".encode() + body)
        await writer.drain()

    return behave


async def hanging(writer: asyncio.StreamWriter) -> None:
    """Read, and say nothing until the sender goes."""
    while not writer.is_closing():
        await asyncio.sleep(0.01)


class Receiver:
    """Behaves as the behaviours say, one for each request; the last goes for all others."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self._behaviours = behaviours or (answering(),)
        self.posts: list[Post] = []
        self.came = asyncio.Condition()
        self.most_at_once = 0
        self._at_once = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def wait_for(self, count: int) -> list[Post]:
        """So many requests have come."""
        async with self.came:
            await self.came.wait_for(lambda: len(self.posts) >= count)
        return self.posts

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
                headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                await self._take(Post(line, headers, body), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _take(self, post: Post, writer: asyncio.StreamWriter) -> None:
        behaviour = self._behaviours[min(len(self.posts), len(self._behaviours) - 1)]
        self.posts.append(post)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        async with self.came:
            self.came.notify_all()
        try:
            await behaviour(writer)
        finally:
            self._at_once -= 1

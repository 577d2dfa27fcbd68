"""
A server that speaks as much of Headgate's API as the commands use, and breaks on demand.

What it answers is set before: `pieces`, and where and when it breaks or waits. What it was asked
is in `requests`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

RUN = "run_" + "0" * 40


class Request(NamedTuple):
    """One request, as it was read."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Fake:
    """The server; one run at a time, always of the same name."""

    def __init__(self) -> None:
        self.url = ""
        self.key = ""
        """What clients must send, if anything."""
        self.pieces = ["Hel", "lo, ", "žluťoučký ", "🐎", "!"]
        self.failure = ""
        self.cut_chat = -1
        """After how many pieces a chat is cut; -1 for never."""
        self.cut_events: list[int] = []
        """After how many events each following is cut, the first first."""
        self.is_polite = False
        """Whether a cut ends the answer as if it were whole, as a proxy between may do."""
        self.head_delay = 0.0
        self.is_endless = False
        """Whether an answer pauses before its end until it is stopped."""
        self.requests: list[Request] = []
        self.is_stopped = asyncio.Event()
        self.is_streaming = asyncio.Event()
        """Everything was written that comes before the pause of an endless answer."""

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests of one kind."""
        return [request for request in self.requests if request.method == method and request.path.startswith(path)]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def events(self) -> list[dict[str, Any]]:
        """The run's log. Its first piece of text is cut otherwise than in a chat, as logs may be."""
        first, *rest = self.pieces
        texts = [first[:1], first[1:], *rest]
        return [
            {"type": "started", "provider": "fake", "model": "m", "id": "x", "created": 1},
            {"type": "reasoning", "delta": "Hm."},
            *({"type": "text", "delta": text, "choice": 0} for text in texts if text),
            self._last(),
        ]

    def _last(self) -> dict[str, Any]:
        if self.is_stopped.is_set():
            return {"type": "stopped", "by": "user"}
        if self.failure:
            return {"type": "failed", "code": "upstream_error", "message": self.failure, "status": 502}
        return {"type": "finished", "reason": "stop"}

    def run(self) -> dict[str, Any]:
        """The run as an object."""
        return {
            "id": RUN,
            "object": "run",
            "status": "stopped" if self.is_stopped.is_set() else "finished",
            "created": 1_700_000_000,
            "ended": 1_700_000_001,
            "asked": "default",
            "provider": "fake",
            "model": "m",
            "events": len(self.events()),
            "output": {"text": self.text, "finish_reason": "stop"},
            "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "cost": 0.00125, "estimated": True},
            "error": None,
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                await self._answer(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        path = urlsplit(request.path).path
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return _reply(writer, 401, {"error": {"message": "The API key is not known here."}})
        if path == "/v1/chat/completions":
            return await self._chat(writer)
        if path == "/v1/runs":
            return _reply(writer, 200, {"object": "list", "data": [self.run()], "has_more": True})
        if not path.startswith(f"/v1/runs/{RUN}"):
            return _reply(writer, 404, {"error": {"message": "There is no such run."}})
        if path.endswith("/stop"):
            self.is_stopped.set()
        if path.endswith("/events"):
            return await self._events(request, writer)
        return _reply(writer, 200, self.run())

    async def _chat(self, writer: asyncio.StreamWriter) -> None:
        self.is_stopped.clear()
        await asyncio.sleep(self.head_delay)
        _begin(writer)
        for number, piece in enumerate(self.pieces):
            if number == self.cut_chat:
                return await self._cut(writer)
            _chunk(writer, _frame({"choices": [{"index": 0, "delta": {"content": piece}}]}))
        await writer.drain()
        if self.is_endless:
            self.is_streaming.set()
            await self.is_stopped.wait()
        if self.failure:
            _chunk(writer, _frame({"error": {"message": self.failure}}))
        _chunk(writer, b": k\n")
        _chunk(writer, b"data: [DONE]\n\n")
        _chunk(writer, b"")

    async def _events(self, request: Request, writer: asyncio.StreamWriter) -> None:
        after = int(parse_qs(urlsplit(request.path).query)["after"][0])
        assert request.headers["last-event-id"] == str(after)
        events = self.events()
        if after >= len(events) - 1:
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            return None
        _begin(writer)
        cut = self.cut_events.pop(0) if self.cut_events else -1
        for number, event in enumerate(events[after + 1 :]):
            if number == cut:
                return await self._cut(writer)
            _chunk(writer, f"event: {event['type']}\nid: {after + 1 + number}\n".encode() + _frame(event))
        return _chunk(writer, b"")

    async def _cut(self, writer: asyncio.StreamWriter) -> None:
        # Half a frame first: a cut falls anywhere.
        _chunk(writer, b'data: {"choices": [{"ind')
        if self.is_polite:
            return _chunk(writer, b"")
        await writer.drain()
        writer.close()
        return await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    line = (await reader.readline()).decode()
    if not line:
        return None
    method, path, _ = line.split(" ")
    headers = {}
    while (line := (await reader.readline()).decode().rstrip("\r\n")) != "":
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, json.loads(body) if body else None)


def _reply(writer: asyncio.StreamWriter, status: int, body: object) -> None:
    data = json.dumps(body).encode()
    writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(data)))
    writer.write(data)


def _begin(writer: asyncio.StreamWriter) -> None:
    head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n"
    writer.write(f"{head}headgate-run: {RUN}\r\n\r\n".encode())


def _frame(value: object) -> bytes:
    return b"data: %b\n\n" % json.dumps(value, ensure_ascii=False).encode()


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


@asynccontextmanager
async def fake_server(change: Callable[[Fake], None] = lambda _: None) -> AsyncIterator[Fake]:
    """A running fake; `change` sets what is special about it."""
    fake = Fake()
    change(fake)
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()

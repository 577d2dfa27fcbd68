"""
A fast fake of OpenAI's chat endpoint: paced chunks, or one whole answer.

    python -m bench.upstream PORT GAP_MS

A request's `max_tokens` says how many words it gets, its first one at once, each next one GAP_MS
later. The words are numbered, so that a client can tell whether any was lost or came out of order.
GET /stats tells how many words were sent. It ends with its standard input, and so with whoever
started it.
"""

import asyncio
import gc
import os
import sys
import threading

import httptools
import msgspec
import uvloop
from typing_extensions import override

WORDS = 10
"""The words repeat after so many; a lost chunk shifts all that follow it."""

BACKLOG = 4096

_encode = msgspec.json.encode


class Options(msgspec.Struct):
    """How a stream is asked for."""

    include_usage: bool = False


class Ask(msgspec.Struct):
    """What we look at in a request."""

    stream: bool = False
    max_tokens: int = 1
    stream_options: Options | None = None


_ask = msgspec.json.Decoder(Ask)


class Script:
    """The pieces of a stream, ready to be sent."""

    def __init__(self, *, with_usage: bool) -> None:
        # A stream that ends with its usage says in every other chunk that there is none yet.
        self._usage: dict[str, object] = {"usage": None} if with_usage else {}
        self.words = [self._chunk({"content": f" word{number}"}) for number in range(WORDS)]
        self.first = b"".join((_STREAM, self._chunk({"role": "assistant", "content": ""}), self.words[0]))
        usage = self._frame({"choices": [], "usage": _USAGE}) if with_usage else b""
        self.last = b"".join((self._chunk({}, "stop"), usage, b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"))

    def _chunk(self, delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._frame({"choices": [choice], **self._usage})

    def _frame(self, rest: dict[str, object]) -> bytes:
        data = b"data: %b\n\n" % _encode({**_COMMON, "object": "chat.completion.chunk", **rest})
        return b"%x\r\n%b\r\n" % (len(data), data)


_COMMON: dict[str, object] = {
    "id": "chatcmpl-AbCdEf0123456789",
    "created": 1732000000,
    "model": "gpt-4o-mini-2024-07-18",
    "service_tier": "default",
    "system_fingerprint": "fp_0705bf87c0",
}
_USAGE = {"prompt_tokens": 12, "completion_tokens": 40, "total_tokens": 52}
_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def _answer() -> bytes:
    message = {"role": "assistant", "content": "hello world " * 20}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _whole(_encode({**_COMMON, "object": "chat.completion", "choices": [choice], "usage": _USAGE}))


ANSWER = _answer()
PLAIN, WITH_USAGE = Script(with_usage=False), Script(with_usage=True)


class Upstream:
    """What all connections share."""

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self.sent = 0


class Connection(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        self._upstream, self._loop = upstream, loop
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._is_paused = self._is_late = False
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    # What the event loop calls.

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    @override
    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    @override
    def pause_writing(self) -> None:
        """Nobody reads; what a slow reader gets comes late, instead of filling our memory."""
        self._is_paused = True

    @override
    def resume_writing(self) -> None:
        self._is_paused = False
        if self._is_late:
            self._is_late = False
            self._tick()

    # What the parser calls.

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        body, self._body = self._body, b""
        if self._parser.get_method() == b"GET":
            self._transport.write(_whole(b'{"words":%d}' % self._upstream.sent))
            return
        ask = _ask.decode(body)
        if not ask.stream:
            self._transport.write(ANSWER)
            return
        self._script = WITH_USAGE if ask.stream_options and ask.stream_options.include_usage else PLAIN
        self._wanted = ask.max_tokens
        self._begin()

    # Streaming.

    def _begin(self) -> None:
        script, wanted = self._script, self._wanted
        if not self._upstream.gap:
            words = b"".join(script.words[number % WORDS] for number in range(1, wanted))
            self._transport.write(script.first + words + script.last)
            self._upstream.sent += wanted
            return
        self._transport.write(script.first)
        self._upstream.sent += 1
        self._given = 1
        self._due = self._loop.time()
        self._wait()

    def _wait(self) -> None:
        # By the time it was due, not by the time it came: one late chunk must not delay all others.
        self._due += self._upstream.gap
        self._timer = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        if self._transport.is_closing():
            return
        if self._is_paused:
            self._is_late = True
            return
        if self._given == self._wanted:
            self._transport.write(self._script.last)
            return
        self._transport.write(self._script.words[self._given % WORDS])
        self._upstream.sent += 1
        self._given += 1
        self._wait()


def end_with_input() -> None:
    """End this process when its standard input does."""
    sys.stdin.buffer.read()
    os._exit(0)


async def _serve(port: int, gap: float) -> None:
    loop = asyncio.get_running_loop()
    upstream = Upstream(gap)
    server = await loop.create_server(lambda: Connection(upstream, loop), "127.0.0.1", port, backlog=BACKLOG)
    # A pause of ours would look like a gap of everybody's.
    gc.freeze()
    gc.disable()
    await server.serve_forever()


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    uvloop.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))

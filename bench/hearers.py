"""
Hears sounds through a server on this machine, and says what came of it: a process of its own.

    python -m bench.hearers JOB

JOB is a Hear as JSON; prints a Heard.
"""

import asyncio
import gc
import sys
import time

import httptools
import msgspec
import uvloop
from typing_extensions import override

_BODY = msgspec.json.encode({"model": "openai/tts-1", "input": "A story of a robot that paints.", "voice": "alloy"})
_REQUEST = (
    b"POST /v1/audio/speech HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


class Hear(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done."""

    port: int
    clients: int
    sounds: int
    """How many each of them hears, one after the other."""
    size: int
    """How many bytes each has."""
    limit: float


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    whole: int
    bytes: int
    first_p50: float
    """Milliseconds to the first byte."""
    seconds: float


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self.firsts: list[float] = []
        self.whole = self.bytes = 0
        self._over: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport

    async def hear(self, size: int) -> None:
        """Ask once; returns when the answer is over, good or bad."""
        self._parser, self._got, self._size = httptools.HttpResponseParser(self), 0, size
        self._over = asyncio.get_running_loop().create_future()
        self._asked = time.perf_counter()
        self._transport.write(_REQUEST)
        await self._over

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self._finish()

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Some of the sound."""
        if not self._got:
            self.firsts.append((time.perf_counter() - self._asked) * 1000)
        self._got += len(body)

    def on_message_complete(self) -> None:
        """All of it."""
        self.whole += self._parser.get_status_code() == 200 and self._got == self._size
        self.bytes += self._got
        self._finish()

    def _finish(self) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(None)


async def run(job: Hear) -> Heard:
    """Do the job."""
    loop = asyncio.get_running_loop()
    clients = []
    for _ in range(job.clients):
        _, client = await loop.create_connection(Client, "127.0.0.1", job.port)
        clients.append(client)

    async def listen(client: Client) -> None:
        for _ in range(job.sounds):
            await client.hear(job.size)

    begun = time.perf_counter()
    async with asyncio.timeout(job.limit):
        await asyncio.gather(*map(listen, clients))
    firsts = sorted(first for client in clients for first in client.firsts)
    return Heard(
        whole=sum(client.whole for client in clients),
        bytes=sum(client.bytes for client in clients),
        first_p50=firsts[len(firsts) // 2] if firsts else 0.0,
        seconds=time.perf_counter() - begun,
    )


if __name__ == "__main__":
    gc.freeze()
    gc.disable()
    heard = uvloop.run(run(msgspec.json.decode(sys.argv[1], type=Hear)))
    sys.stdout.buffer.write(msgspec.json.encode(heard))

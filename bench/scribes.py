"""
Those who write streams, many of them a little, and those who read one: a process of its own.

    python -m bench.scribes JOB

JOB is a Scribe as JSON; prints what came of it, a Scribbled, as JSON. Every append is one request, sent when the one
before it on its stream was answered; every reader checks that each message comes once and in order.
"""

import asyncio
import gc
import re
import sys
import time
from array import array

import msgspec
import uvloop
from typing_extensions import override

from bench.listeners import CROWD, LAST, REST, cpu_of, resident_of

NOTE = re.compile(rb'"n":(\d+),"at":(\d+)')

WARM = 2.0
"""Seconds of the same before anything is measured."""


class Scribe(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done."""

    port: int
    pid: int
    """The server's, to look at what it uses."""
    streams: int
    rate: float
    """Appends a second, on all streams together."""
    seconds: float
    readers: int
    """Of the first stream, by server-sent events."""


class Scribbled(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; times in milliseconds."""

    appends: int
    rate: float
    """Appends a second that were acknowledged."""
    is_whole: bool
    """Whether every stream holds what was acknowledged, and nothing else."""
    p50: float
    """From a request to its answer."""
    p99: float
    slowest: float
    whole: int
    """Readers that got every message, once and in order."""
    late_p50: float
    """From a request to the reader that got its message."""
    late_p99: float
    core: float
    """Share of a core that the server used."""
    own_core: float
    """The same for this process."""
    kilobytes: float
    """That the server held for each reader before anything was said."""


class Writer(asyncio.Protocol):
    """One stream's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self.delays: array[float] = array("d")
        self._answered: asyncio.Future[bytes] | None = None
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._rest += data
        if self._rest.endswith(b"\r\n\r\n") and self._answered is not None:
            answer, self._rest = self._rest, b""
            self._answered.set_result(answer)

    async def ask(self, method: str, body: bytes = b"") -> bytes:
        """One request whose answer has no body."""
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        head = f"{method} /v1/stream/{self.name} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        self._transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        return await self._answered

    async def write(self, rate: float, first: float, until: float) -> None:
        """Append at that rate; later when an answer takes longer."""
        loop = asyncio.get_running_loop()
        due = first
        while due < until:
            await asyncio.sleep(due - loop.time())
            begun = time.monotonic_ns()
            answer = await self.ask("POST", b'{"word":"some word or other","n":%d,"at":%d}' % (self.count, begun))
            assert answer.startswith(b"HTTP/1.1 204"), answer
            self.delays.append((time.monotonic_ns() - begun) / 1e6)
            self.count += 1
            due += 1 / rate


class Reader(asyncio.Protocol):
    """One of the first stream's."""

    def __init__(self, name: str, delays: "array[float]") -> None:
        self._name, self._delays = name, delays
        self.next: int | None = None
        self.is_whole = True
        self.is_on = False
        self._rest = b""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(f"GET /v1/stream/{self._name}?offset=now&live=sse HTTP/1.1\r\nhost: a\r\n\r\n".encode())

    @override
    def data_received(self, data: bytes) -> None:
        self.is_on = True
        now = time.monotonic_ns()
        data = self._rest + data
        end = 0
        for found in NOTE.finditer(data):
            end = found.end()
            number = int(found[1])
            self.is_whole = self.is_whole and self.next in (None, number)
            self.next = number + 1
            self._delays.append((now - int(found[2])) / 1e6)
        self._rest = data[max(end, len(data) - 200) :]


async def scribble(job: Scribe) -> Scribbled:
    """Do the job."""
    writers = [Writer(f"bench/{number}") for number in range(job.streams)]
    await _connect(writers, job.port)
    for writer in writers:
        answer = await writer.ask("PUT")
        assert answer.startswith(b"HTTP/1.1 201"), answer
    delays: array[float] = array("d")
    readers = [Reader("bench/0", delays) for _ in range(job.readers)]
    empty = resident_of(job.pid)
    await _connect(readers, job.port)
    async with asyncio.timeout(60):
        while not all(reader.is_on for reader in readers):
            await asyncio.sleep(0.05)
    await asyncio.sleep(REST)
    held = resident_of(job.pid) - empty
    await _write(writers, job.rate, WARM)
    for writer in writers:
        del writer.delays[:]
    del delays[:]
    before = sum(writer.count for writer in writers)
    used, own, begun = cpu_of(job.pid), time.process_time(), time.perf_counter()
    await _write(writers, job.rate, job.seconds)
    took = time.perf_counter() - begun
    used, own = cpu_of(job.pid) - used, time.process_time() - own
    end = time.perf_counter() + LAST
    while time.perf_counter() < end and not all(reader.next == writers[0].count for reader in readers):
        await asyncio.sleep(0.05)
    times = sorted(delay for writer in writers for delay in writer.delays) or [0.0]
    late = sorted(delays) or [0.0]
    appends = sum(writer.count for writer in writers) - before
    return Scribbled(
        appends=appends,
        rate=appends / took,
        is_whole=all([await _holds(writer, job.port) for writer in writers]),
        p50=times[len(times) // 2],
        p99=times[len(times) * 99 // 100],
        slowest=times[-1],
        whole=sum(reader.is_whole and reader.next == writers[0].count for reader in readers),
        late_p50=late[len(late) // 2],
        late_p99=late[len(late) * 99 // 100],
        core=used / took,
        own_core=own / took,
        kilobytes=held * 1024 / max(1, job.readers),
    )


async def _write(writers: list[Writer], rate: float, seconds: float) -> None:
    """All at once, but not in the same moments."""
    first = asyncio.get_running_loop().time()
    each = rate / len(writers)
    turns = [first + place / len(writers) / each for place in range(len(writers))]
    await asyncio.gather(
        *(writer.write(each, turn, first + seconds) for writer, turn in zip(writers, turns, strict=True))
    )


async def _holds(writer: Writer, port: int) -> bool:
    """Whether the stream is what its writer was told that it is."""
    reader, sender = await asyncio.open_connection("127.0.0.1", port)
    numbers: list[int] = []
    offset = "-1"
    while True:
        sender.write(f"GET /v1/stream/{writer.name}?offset={offset} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        place = re.search(rb"stream-next-offset: (\S+)", head)
        assert length is not None, head
        assert place is not None, head
        body = await reader.readexactly(int(length[1]))
        numbers += [each["n"] for each in msgspec.json.decode(body)]
        offset = place[1].decode()
        if b"stream-up-to-date: true" in head:
            break
    sender.close()
    return numbers == list(range(writer.count))


async def _connect(clients: "list[Writer] | list[Reader]", port: int) -> None:
    loop = asyncio.get_running_loop()

    async def connect(client: Writer | Reader) -> None:
        await loop.create_connection(lambda: client, "127.0.0.1", port)

    for first in range(0, len(clients), CROWD):
        await asyncio.gather(*(connect(client) for client in clients[first : first + CROWD]))


if __name__ == "__main__":
    gc.disable()
    scribbled = uvloop.run(scribble(msgspec.json.decode(sys.argv[1], type=Scribe)))
    sys.stdout.buffer.write(msgspec.json.encode(scribbled))

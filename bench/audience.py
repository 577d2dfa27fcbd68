"""
The readers of one run, thousands of them: a process of its own.

    python -m bench.audience JOB

JOB is a Watch as JSON; prints what came of it, a Watched, as JSON. The run is one that we ask for and
that goes on without us; every reader checks that each event comes once and in order.
"""

import asyncio
import gc
import os
import re
import sys
import time
from pathlib import Path

import msgspec
import uvloop
from typing_extensions import override

NUMBER = re.compile(rb"\nid: (\d+)\n")

CROWD = 250
"""How many connect at a time."""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done."""

    port: int
    pid: int
    """The server's, to look at what it uses."""
    readers: int
    words: int
    """How long the run is."""
    seconds: float
    """How long they read before everybody is cut off and comes back."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; times in milliseconds."""

    whole: int
    """Readers that got every event, once and in order."""
    events_a_second: float
    """That all readers together got."""
    core: float
    """Share of a core that the server used while they read."""
    gap_max: float
    kilobytes: float
    """That the server held for each reader."""
    returned: float
    """How long it took until all of them were back and had their next event."""


class Reader(asyncio.Protocol):
    """One of them."""

    def __init__(self) -> None:
        self.next = 0
        """The number of the event that must come now."""
        self.is_whole = True
        self.is_over = False
        self.gap_max = 0.0
        self.news: asyncio.Event = asyncio.Event()
        self._last = 0.0
        self._rest = b""
        self._transport: asyncio.Transport

    def attach(self) -> None:
        """A new connection begins."""
        self.news.clear()
        self._last, self._rest = 0.0, b""

    def cut(self) -> None:
        """Hang up."""
        self._transport.abort()

    def ask(self, run: str) -> None:
        """Go on where we were."""
        after = f"last-event-id: {self.next - 1}\r\n" if self.next else ""
        self._transport.write(f"GET /v1/runs/{run}/events HTTP/1.1\r\nhost: 127.0.0.1\r\n{after}\r\n".encode())

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if self._last:
            self.gap_max = max(self.gap_max, now - self._last)
        self._last = now
        data = self._rest + data
        end = data.rfind(b"\n\n") + 1
        self._rest = data[end:]
        for number in NUMBER.findall(data, 0, end + 1):
            self.is_whole = self.is_whole and int(number) == self.next
            self.next += 1
            self.news.set()
        self.is_over = self.is_over or b"event: finished" in data


async def watch(job: Watch) -> Watched:
    """Do the job."""
    run = await _begin(job)
    readers = [Reader() for _ in range(job.readers)]
    empty = _resident(job.pid)
    await _connect(readers, job.port, run)
    await asyncio.sleep(1.0)
    held = _resident(job.pid) - empty
    before, cpu, begun = sum(reader.next for reader in readers), _cpu(job.pid), time.perf_counter()
    for reader in readers:
        reader.gap_max = 0.0
    await asyncio.sleep(job.seconds)
    took = time.perf_counter() - begun
    used, got = _cpu(job.pid) - cpu, sum(reader.next for reader in readers) - before
    gap_max = max(reader.gap_max for reader in readers)
    for reader in readers:
        reader.cut()
    await asyncio.sleep(0.5)
    begun = time.perf_counter()
    await _connect(readers, job.port, run)
    await asyncio.gather(*(reader.news.wait() for reader in readers))
    returned = time.perf_counter() - begun
    async with asyncio.timeout(120):
        while not all(reader.is_over for reader in readers):
            await asyncio.sleep(0.1)
    return Watched(
        whole=sum(reader.is_whole for reader in readers),
        events_a_second=got / took,
        core=used / took,
        gap_max=gap_max * 1000,
        kilobytes=held * 1024 / job.readers,
        returned=returned * 1000,
    )


async def _begin(job: Watch) -> str:
    """Ask for the run, and leave."""
    ask = {"model": "openai/gpt-4o-mini", "stream": True, "max_tokens": job.words, "messages": []}
    ask["messages"] = [{"role": "user", "content": "Tell everybody a story"}]
    body = msgspec.json.encode(ask)
    reader, writer = await asyncio.open_connection("127.0.0.1", job.port)
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nheadgate-disconnect: keep\r\n"
    writer.write(f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    found = re.search(rb"headgate-run: (\w+)", answer)
    assert found is not None, answer
    return found[1].decode()


async def _connect(readers: list[Reader], port: int, run: str) -> None:
    loop = asyncio.get_running_loop()

    async def connect(reader: Reader) -> None:
        reader.attach()
        await loop.create_connection(lambda: reader, "127.0.0.1", port)
        reader.ask(run)

    for first in range(0, len(readers), CROWD):
        await asyncio.gather(*(connect(reader) for reader in readers[first : first + CROWD]))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    """Megabytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    gc.disable()
    watched = uvloop.run(watch(msgspec.json.decode(sys.argv[1], type=Watch)))
    sys.stdout.buffer.write(msgspec.json.encode(watched))

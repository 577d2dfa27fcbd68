"""
Those who listen on channels, thousands of them, and somebody who speaks: a process of its own.

    python -m bench.listeners JOB

JOB is a Listen as JSON; prints what came of it, a Listened, as JSON. Every message says when it was sent and which
one it is; every listener checks that each comes once and in order.
"""

import asyncio
import gc
import os
import re
import sys
import time
from array import array
from base64 import b64encode
from pathlib import Path

import msgspec
import uvloop
from typing_extensions import override

NOTE = re.compile(rb'"n":(\d+),"at":(\d+)')

CROWD = 100
"""How many connect at a time."""

REST = 2.0
"""Seconds that everybody is quiet before anything is measured."""

LAST = 5.0
"""Seconds after the last message that it may take to arrive."""

MASK = bytes(4)
"""Clients must mask what they say (RFC 6455, 5.3); zeros are a mask that leaves it as it is."""


class Listen(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done."""

    port: int
    pid: int
    """The server's, to look at what it uses."""
    kind: str
    """sse or socket."""
    channels: int
    each: int
    """Listeners on each channel."""
    rate: float
    """Messages a second on each channel."""
    seconds: float


class Listened(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; times in milliseconds."""

    sent: int
    due: int
    """Messages times listeners."""
    got: int
    whole: int
    """Listeners that got every message, once and in order."""
    median: float
    p99: float
    slowest: float
    rate: float
    """Messages a second and channel, as they were really sent."""
    core: float
    """Share of a core that the server used."""
    micros: float
    """Of a processor, that the server used for each message that somebody got."""
    own_core: float
    """The same for this process: near one, it is us who were measured."""
    kilobytes: float
    """That the server held for each connection before anything was said."""


class Listener(asyncio.Protocol):
    """One of them."""

    def __init__(self, hello: bytes, delays: "array[float]") -> None:
        self._hello, self._delays = hello, delays
        self.next = 0
        self.is_whole = True
        self.is_on = False
        self._rest = b""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(self._hello)

    @override
    def data_received(self, data: bytes) -> None:
        self.is_on = True
        now = time.monotonic_ns()
        data = self._rest + data
        end = 0
        for found in NOTE.finditer(data):
            end = found.end()
            self.is_whole = self.is_whole and int(found[1]) == self.next
            self.next += 1
            self._delays.append((now - int(found[2])) / 1e6)
        # A message may be cut anywhere; what is found ends well before its own end.
        self._rest = data[max(end, len(data) - 200) :]


async def listen(job: Listen) -> Listened:
    """Do the job."""
    delays: array[float] = array("d")
    crowds = [
        [Listener(_hello(job, _name(channel)), delays) for _ in range(job.each)] for channel in range(job.channels)
    ]
    listeners = [listener for crowd in crowds for listener in crowd]
    empty = resident_of(job.pid)
    await _connect(listeners, job.port)
    await asyncio.sleep(REST)
    held = resident_of(job.pid) - empty
    cpu, own, begun = cpu_of(job.pid), time.process_time(), time.perf_counter()
    speakers = [_speak(job, channel) for channel in range(job.channels)]
    sent = await asyncio.gather(*speakers)
    took = time.perf_counter() - begun
    end = time.perf_counter() + LAST
    due = sum(count * job.each for count in sent)
    while len(delays) < due and time.perf_counter() < end:
        await asyncio.sleep(0.05)
    used, own = cpu_of(job.pid) - cpu, time.process_time() - own
    order = sorted(delays) or [0.0]
    return Listened(
        sent=sum(sent),
        due=due,
        got=len(delays),
        whole=sum(
            one.is_whole and one.next == count for crowd, count in zip(crowds, sent, strict=True) for one in crowd
        ),
        median=order[len(order) // 2],
        p99=order[len(order) * 99 // 100],
        slowest=order[-1],
        rate=sum(sent) / took / job.channels,
        core=used / took,
        micros=used / max(1, len(delays)) * 1e6,
        own_core=own / took,
        kilobytes=held * 1024 / len(listeners),
    )


def _name(channel: int) -> str:
    return f"room{channel}"


def _hello(job: Listen, channel: str) -> bytes:
    """What a listener says, all at once."""
    if job.kind == "sse":
        return f"GET /message/stream?channel={channel} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode()
    key = b64encode(os.urandom(16)).decode()
    return (
        f"GET /message/socket?channel={channel} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\n"
        f"upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n"
    ).encode()


async def _connect(listeners: list[Listener], port: int) -> None:
    loop = asyncio.get_running_loop()

    async def connect(listener: Listener) -> None:
        await loop.create_connection(lambda: listener, "127.0.0.1", port)

    for first in range(0, len(listeners), CROWD):
        await asyncio.gather(*(connect(listener) for listener in listeners[first : first + CROWD]))
    async with asyncio.timeout(60):
        while not all(listener.is_on for listener in listeners):
            await asyncio.sleep(0.05)


async def _speak(job: Listen, channel: int) -> int:
    """Say something again and again on a channel; returns how often."""
    reader, writer = await asyncio.open_connection("127.0.0.1", job.port)
    loop = asyncio.get_running_loop()
    count = round(job.rate * job.seconds)
    # Channels speak one after another, not all in the same moment.
    begun = loop.time() + channel / job.channels / job.rate
    for number in range(count):
        await asyncio.sleep(begun + number / job.rate - loop.time())
        options = f'"options":{{"type":"delta","content":"word ","n":{number},"at":{time.monotonic_ns()}}}'
        message = f'{{"actions":[{{"action":"namedAction","name":"results",{options}}}]}}'
        body = f'{{"message":{message},"channels":["{_name(channel)}"]}}'
        head = "POST /message/sendmessage HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 201"), answer
        length = re.search(rb"content-length: (\d+)", answer)
        await reader.readexactly(int(length[1]) if length else 0)
    writer.close()
    return count


def cpu_of(pid: int) -> float:
    """Processor seconds that it used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_of(pid: int) -> float:
    """Megabytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    gc.disable()
    listened = uvloop.run(listen(msgspec.json.decode(sys.argv[1], type=Listen)))
    sys.stdout.buffer.write(msgspec.json.encode(listened))

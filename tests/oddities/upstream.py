"""
A provider that plays exact bytes: statuses, heads, bodies in pieces, pauses and cuts.

It knows nothing of what it plays. The model's name in a request says which play is wanted, so one
server serves all of them at once.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from tests.delivered import is_read
from tests.waiting import until


class Act(Enum):
    """What a play may do besides sending."""

    CUT = "close the connection in the middle of the body"
    RESET = "the same with a TCP reset"
    HOLD = "keep the connection open, and say nothing more"


CUT, RESET, HOLD = Act

Step: TypeAlias = bytes | float | Act
"""Bytes are sent, a number of seconds is waited."""

SSE = "text/event-stream; charset=utf-8"
JSON = "application/json"


@dataclass(frozen=True)
class Play:
    """How one request is answered."""

    steps: Sequence[Step]
    status: str = "200 OK"
    kind: str | None = SSE
    """The content type; None leaves it out."""
    headers: tuple[tuple[str, str], ...] = ()
    framing: str = "chunked"
    """Or `length`, `close`; `raw` sends the steps alone, head and all."""
    version: str = "HTTP/1.1"
    size: int = 0
    """Cut what is sent into writes, and chunks, of so many bytes; 0 leaves each step whole."""

    @property
    def pieces(self) -> Sequence[Step]:
        """The steps as they are sent."""
        if not self.size:
            return self.steps
        cut: list[Step] = []
        for step in self.steps:
            if isinstance(step, bytes):
                cut += [step[at : at + self.size] for at in range(0, len(step), self.size)]
            else:
                cut.append(step)
        return cut

    def head(self) -> bytes:
        """The status and the headers."""
        lines = [f"{self.version} {self.status}"]
        if self.kind is not None:
            lines.append(f"content-type: {self.kind}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.framing == "chunked":
            lines.append("transfer-encoding: chunked")
        elif self.framing == "length":
            lines.append(f"content-length: {sum(len(step) for step in self.steps if isinstance(step, bytes))}")
        else:
            lines.append("connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Upstream:
    """The server."""

    def __init__(self, plays: Mapping[str, Play]) -> None:
        self._plays = plays
        self.asked: dict[str, list[dict[str, object]]] = {}
        """What was asked of each play."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None] | None] = set()

    async def open(self) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Listen no more, and wait for those who were listened to to go."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*(task for task in self._tasks if task is not None))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._tasks.discard(asyncio.current_task())

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; True when the connection may take another."""
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:-2])
        asked = json.loads(await reader.readexactly(int(fields["content-length"])))
        self.asked.setdefault(asked["model"], []).append(asked)
        play = self._plays[asked["model"]]
        if play.framing != "raw":
            writer.write(play.head())
        for step in play.pieces:
            if not await self._step(step, play, reader, writer):
                return False
        if play.framing == "chunked":
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return play.framing in ("chunked", "length")

    async def _step(self, step: Step, play: Play, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        match step:
            case bytes():
                writer.write(b"%x\r\n%b\r\n" % (len(step), step) if play.framing == "chunked" else step)
                await writer.drain()
                # Let it go out by itself: what is written together would often be read together.
                await asyncio.sleep(0)
            case Act.CUT:
                return False
            case Act.RESET:
                await writer.drain()
                sock: socket.socket = writer.get_extra_info("socket")
                # A reset overtakes what was not read yet.
                await until(lambda: is_read(sock))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return False
            case Act.HOLD:
                # Until the other side goes away.
                await reader.read()
                return False
            case _:
                await asyncio.sleep(step)
        return True

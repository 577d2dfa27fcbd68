"""Clients that follow a run whatever happens to their connections, as EventSource does."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import httptools
from typing_extensions import override

from tests.e2e.wire import Frame, frames, head

AGAIN = 0.05
"""Seconds until it tries once more."""


class Way(NamedTuple):
    """How a dialect's streams are followed."""

    name: str
    request: Callable[[str, str], tuple[str, dict[str, str]]]
    """The path and the headers that go on with a run after what the cursor says; it is empty in the beginning."""
    cursor: Callable[[Frame], str]
    """What a frame is gone on after; empty for one that says nothing about it."""
    is_last: Callable[[Frame], bool]


class Follower:
    """Reads one run to its end."""

    def __init__(self, way: Way, run: str) -> None:
        self.way, self.run = way, run
        self.frames: list[Frame] = []
        self._cursor = ""
        self.connections = 0

    async def follow(self, port: int) -> None:
        """Until its last frame."""
        while not self.frames or not self.way.is_last(self.frames[-1]):
            with suppress(OSError):
                await self._read(port)
            await asyncio.sleep(AGAIN)

    async def _read(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.connections += 1
        try:
            writer.write(head("GET", *self.way.request(self.run, self._cursor)))
            answer = _Answer()
            while not answer.is_over and (data := await reader.read(65536)):
                answer.parser.feed_data(data)
                self._take(answer)
        finally:
            writer.close()

    def _take(self, answer: "_Answer") -> None:
        whole, end, answer.body = answer.body.rpartition(b"\n\n")
        assert answer.status in (0, 200), (answer.status, answer.body)
        for frame in frames(whole + end):
            self.frames.append(frame)
            self._cursor = self.way.cursor(frame) or self._cursor

    @override
    def __repr__(self) -> str:
        return f"{self.way.name} of {self.run} at {self.frames[-1:]}"


class _Answer:
    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status, self.body, self.is_over = 0, b"", False

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_over = True


def _by_number(path: Callable[[str], str]) -> Callable[[str, str], tuple[str, dict[str, str]]]:
    def request(run: str, cursor: str) -> tuple[str, dict[str, str]]:
        return path(run), {"last-event-id": cursor} if cursor else {}

    return request


NATIVE = Way(
    "events",
    _by_number(lambda run: f"/v1/runs/{run}/events"),
    lambda frame: frame.id,
    lambda frame: frame.event in ("finished", "failed", "stopped"),
)
OFFLOAD = Way("txt", _by_number(lambda path: path), lambda frame: frame.id, lambda frame: frame.data == "[DONE]")
RESPONSE = Way(
    "response",
    lambda id, cursor: (f"/v1/responses/{id}?stream=true" + (f"&starting_after={cursor}" if cursor else ""), {}),
    lambda frame: str(json.loads(frame.data)["sequence_number"]),
    # After `response.failed` comes an error, for clients that know nothing else.
    lambda frame: frame.event in ("response.completed", "response.incomplete", "error"),
)

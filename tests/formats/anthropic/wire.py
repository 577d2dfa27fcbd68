"""Streams for these tests: bytes to and fro."""

import json
from collections.abc import Iterable
from typing import Any

from headgate.calls import Call
from headgate.events import AnyEvent
from headgate.formats.anthropic import Writer, read

Json = dict[str, Any]


def stream(events: Iterable[Json], *, names: bool = True, end: str = "", newline: str = "\n") -> bytes:
    """Events as a server sends them."""
    text = ""
    for event in events:
        text += f"event: {event['type']}\n" if names else ""
        text += f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
    return (text + end).replace("\n", newline).encode()


def call(**fields: Any) -> Call:
    """A request."""
    said = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}], **fields}
    return read(json.dumps(said).encode())


def frames(data: bytes) -> list[Json]:
    """The events in what a writer wrote, each found to be framed exactly as Anthropic frames it."""
    assert data == b"" or data.endswith(b"\n\n")
    found = []
    for block in data.split(b"\n\n")[:-1]:
        name, body = block.split(b"\n")
        event: Json = json.loads(body.removeprefix(b"data: "))
        assert name == b"event: " + event["type"].encode()
        found.append(event)
    return found


def written(log: Iterable[AnyEvent], asked: Call | None = None, run: str = "run_7", created: int = 9) -> bytes:
    """A log as a client gets it."""
    writer = Writer(asked or call(), run, created)
    return b"".join(writer.write(event) for event in log)

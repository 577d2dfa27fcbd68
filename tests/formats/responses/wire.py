"""Streams for these tests: the cases on disk, and bytes to and fro."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from headgate.calls import Call
from headgate.errors import ProviderError
from headgate.events import AnyEvent
from headgate.formats.base import Origin
from headgate.formats.openai_responses import Reader, Writer, read

CASES = Path(__file__).parent / "cases"
ORIGIN = Origin(run="run_upstream", provider="acme", model="asked-for", created=1)
SIZES = (1, 2, 7, 1_000_000)

Json = dict[str, Any]


def case(name: str) -> list[Json]:
    """The events of a provider's stream, written by hand from OpenAI's schema or llama.cpp's source."""
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text().splitlines()]


def stream(events: Iterable[Json], *, names: bool = True, end: str = "", newline: str = "\n") -> bytes:
    """Events as a server sends them."""
    text = ""
    for event in events:
        text += f"event: {event['type']}\n" if names else ""
        text += f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
    return (text + end).replace("\n", newline).encode()


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The bytes, cut anywhere."""
    return (data[at : at + size] for at in range(0, len(data), size))


def events_in(data: bytes, size: int = 1_000_000, origin: Origin = ORIGIN) -> list[AnyEvent]:
    """What a reader makes of a whole stream; events before an error are kept, the error is raised."""
    reader, events = Reader(origin), list[AnyEvent]()
    try:
        for piece in pieces(data, size):
            events += reader.feed(piece)
        events += reader.close()
    except ProviderError as error:
        error.events = [*events, *error.events]
        raise
    return events


def call(**fields: Any) -> Call:
    """A request."""
    return read(json.dumps({"model": "m", "input": "Hello", **fields}).encode())


def frames(data: bytes) -> list[Json]:
    """The events in what a writer wrote, each found to be framed exactly as OpenAI frames it."""
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

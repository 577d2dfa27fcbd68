"""Bytes in pieces: an upstream's stream may be cut anywhere."""

from collections.abc import Iterator
from typing import Any

from headgate.errors import ProviderError
from headgate.events import AnyEvent
from headgate.formats.base import Origin

SIZES = (1, 2, 3, 7, 1_000_000)

ORIGIN = Origin(run="run_upstream", provider="acme", model="asked-for", created=1)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The bytes, so many at a time."""
    return (data[at : at + size] for at in range(0, len(data), size))


def events_in(reader: Any, data: bytes, size: int = 1_000_000) -> list[AnyEvent]:
    """What a reader makes of a stream and its end; events before an error are kept, the error is raised."""
    events: list[AnyEvent] = []
    try:
        for piece in pieces(data, size):
            events += reader.feed(piece)
        events += reader.close()
    except ProviderError as error:
        error.events = [*events, *error.events]
        raise
    return events

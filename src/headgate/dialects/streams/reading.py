"""
How a stream is read, whatever it is made of: what a reader may ask for, and in which words it is told.

This is the read side of the Durable Streams protocol. An offset is the stream's own affair, and opaque
to everybody else. What is read is a `Piece`: some of the stream, and where to go on after it.
"""

import base64
import json
from collections.abc import Sequence
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

from headgate.errors import BadRequest
from headgate.web.http import Request

START = "-1"
"""The offset before everything there is."""

NOW = "now"
"""The offset after everything there is."""

JSON = "application/json"

MAX_OFFSET = 256

COMMON = (
    b"cross-origin-resource-policy: cross-origin\r\n"
    b"access-control-expose-headers: stream-next-offset, stream-up-to-date, stream-closed, stream-cursor, "
    b"stream-ttl, stream-expires-at, stream-sse-data-encoding, producer-epoch, producer-seq, "
    b"producer-expected-seq, producer-received-seq, etag, location\r\n"
)
"""Said with every answer about a stream; what may be exposed matters only where the origin is allowed."""

CACHING = b"cache-control: private, no-cache\r\n"
"""A stream belongs to a key, and may grow or be deleted at any time; who has a piece is told by its ETag, for little,
that it still holds."""

NO_STORE = b"cache-control: no-store\r\n"

INTERVAL = 20
"""Seconds that a live reader's cursor stands for."""

_FIRST_INTERVAL = 1_728_432_000
"""When the first began: 9 October 2024, as the protocol has it."""

_LONGEST_JITTER = 3600

_UNREADABLE = frozenset(" ,&=?/")


class Asked(NamedTuple):
    """What a reader asks for."""

    offset: str
    live: Literal["", "long-poll", "sse"] = ""
    cursor: int = -1
    """The last it was given; -1 for none."""


class Piece(NamedTuple):
    """Some of a stream."""

    start: str
    """The offset it begins at."""
    next: str
    """The offset to go on with."""
    data: bytes
    """The bytes, or of a stream of JSON the array of its messages."""
    is_empty: bool
    is_tail: bool
    """Whether there is nothing after it, for now."""
    is_closed: bool
    """Whether there is nothing after it, ever."""
    held: int = 0
    """At the tail: bytes after it that are not told yet, because they are only the beginning of a letter."""


def asked_of(request: Request) -> Asked:
    """What a request asks for; raises BadRequest. Parameters that mean nothing here are anybody's."""
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    offsets = [value for name, value in pairs if name == "offset"]
    said = dict(pairs)
    live = said.get("live", "")
    if live not in ("", "long-poll", "sse"):
        raise BadRequest("'live' must be long-poll or sse.", param="live", code="invalid_value")
    if len(offsets) > 1:
        raise BadRequest("'offset' may be given once.", param="offset", code="invalid_offset")
    if live and not offsets:
        raise BadRequest("Live reading needs an 'offset' to go on from.", param="offset", code="missing_offset")
    offset = offsets[0] if offsets else START
    if not 0 < len(offset) <= MAX_OFFSET or not _UNREADABLE.isdisjoint(offset):
        raise malformed()
    cursor = said.get("cursor", "")
    is_number = cursor.isascii() and cursor.isdigit() and len(cursor) <= 15
    return Asked(offset, live, int(cursor) if is_number else -1)


def malformed() -> BadRequest:
    """What is said of an offset that is none."""
    return BadRequest(
        "'offset' must be -1, now, or an offset that this stream has told.", param="offset", code="invalid_offset"
    )


def cursor_after(asked: int, now: float, chance: float) -> int:
    """A live reader's next cursor: it always goes on, so that no cache answers a reader with what it has."""
    current = (int(now) - _FIRST_INTERVAL) // INTERVAL
    if asked < current:
        return current
    return asked + max(1, int(chance * _LONGEST_JITTER) // INTERVAL)


def etag(stream: str, piece: Piece) -> bytes:
    """What stands for a piece; another one once the stream is closed."""
    closed = ":c" if piece.is_closed else ""
    return f'"{stream}:{piece.start}:{piece.next}{closed}"'.encode()


def is_known(request: Request, tag: bytes) -> bool:
    """Whether the reader says that it has it."""
    known = request.headers.get(b"if-none-match", b"")
    return known.strip() == b"*" or tag in [each.strip().removeprefix(b"W/") for each in known.split(b",")]


def place_lines(piece: Piece) -> bytes:
    """Header lines: where a piece ends, and what comes there."""
    return b"stream-next-offset: %b\r\n%b%b" % (
        piece.next.encode(),
        b"stream-up-to-date: true\r\n" if piece.is_tail else b"",
        b"stream-closed: true\r\n" if piece.is_closed else b"",
    )


def array(messages: Sequence[bytes]) -> bytes:
    """Messages of JSON as a piece's data."""
    return b"[" + b",".join(messages) + b"]"


def is_text(kind: str) -> bool:
    """Whether a stream of that content type goes into server-sent events as it is."""
    main = kind.partition(";")[0].strip().lower()
    return main.startswith("text/") or main == JSON


ENCODED = b"stream-sse-data-encoding: base64\r\n"
"""Said of server-sent events that hold anything else."""


def data_event(data: bytes, *, as_text: bool) -> bytes:
    """A piece's bytes as a server-sent event; a line end inside begins another line of the same event."""
    if not as_text:
        return b"event: data\ndata:" + base64.b64encode(data) + b"\n\n"
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    # A line that begins with a space needs one before it, which is taken away again; others are told without.
    lines = (b"\n" + data).replace(b"\n ", b"\n  ").replace(b"\n", b"\ndata:")
    return b"event: data" + lines + b"\n\n"


def control_event(piece: Piece, cursor: int) -> bytes:
    """Where a piece ends, as the server-sent event that follows it."""
    said: dict[str, object] = {"streamNextOffset": piece.next}
    if piece.is_closed:
        said["streamClosed"] = True
    else:
        said["streamCursor"] = str(cursor)
    if piece.is_tail:
        said["upToDate"] = True
    return b"event: control\ndata:" + json.dumps(said, separators=(",", ":")).encode() + b"\n\n"

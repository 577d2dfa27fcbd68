"""What clients say of streams in the headers of their requests."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

from headgate.errors import BadRequest
from headgate.store.streams import Mark
from headgate.streams import Branch

PREFIX = "/v1/stream/"

MAX_NUMBER = 2**53 - 1
"""What every client's language can count to."""

MAX_WORD = 256
"""Bytes of a name that is remembered for as long as the stream."""

_WHOLE = re.compile(rb"0|[1-9][0-9]{0,15}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

Headers = Mapping[bytes, bytes]


def kind_in(headers: Headers) -> str | None:
    """The content type; None where none is said."""
    kind = headers.get(b"content-type", b"").strip()
    if len(kind) > MAX_WORD:
        raise BadRequest("The content type is too long.", param="content-type", code="invalid_content_type")
    return kind.decode("latin-1") if kind else None


def closes_in(headers: Headers) -> bool:
    """Whether the stream is to be closed; whatever is not `true` says nothing."""
    said = headers.get(b"stream-closed")
    return said is not None and said.strip().lower() == b"true"


def seq_in(headers: Headers) -> bytes | None:
    """What the writer numbers this with."""
    seq = headers.get(b"stream-seq")
    if seq is not None and not 0 < len(seq) <= MAX_WORD:
        raise _wrong("stream-seq", f"of 1 to {MAX_WORD} bytes")
    return seq


def mark_in(headers: Headers) -> Mark | None:
    """Where the producer is that says this; None for a writer who is none."""
    name = headers.get(b"producer-id")
    epoch, seq = headers.get(b"producer-epoch"), headers.get(b"producer-seq")
    if name is None and epoch is None and seq is None:
        return None
    if name is None or epoch is None or seq is None:
        raise BadRequest(
            "'Producer-Id', 'Producer-Epoch' and 'Producer-Seq' belong together.",
            param="producer-id",
            code="incomplete_producer",
        )
    if not 0 < len(name) <= MAX_WORD:
        raise _wrong("producer-id", f"of 1 to {MAX_WORD} bytes")
    return Mark(name.decode("latin-1"), _number("producer-epoch", epoch), _number("producer-seq", seq))


def ttl_in(headers: Headers) -> int | None:
    """How many seconds the stream is kept without being used."""
    said = headers.get(b"stream-ttl")
    return None if said is None else _number("stream-ttl", said)


def expires_in(headers: Headers) -> float | None:
    """Until when it is kept at most."""
    said = headers.get(b"stream-expires-at")
    if said is None:
        return None
    text = said.decode("latin-1")
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):
        raise _wrong("stream-expires-at", "a time like 2030-01-31T12:00:00Z") from None


def branch_in(headers: Headers) -> Branch | None:
    """From where the stream is to be forked."""
    source, sub = headers.get(b"stream-forked-from"), headers.get(b"stream-fork-sub-offset")
    offset = headers.get(b"stream-fork-offset")
    if source is None:
        if sub is not None or offset is not None:
            raise BadRequest(
                "'Stream-Fork-Offset' and 'Stream-Fork-Sub-Offset' need 'Stream-Forked-From'.",
                param="stream-forked-from",
                code="invalid_fork",
            )
        return None
    count = 0 if sub is None else _number("stream-fork-sub-offset", sub)
    return Branch(_name(source), None if offset is None else offset.decode("latin-1"), count)


def _name(source: bytes) -> str:
    text = source.decode("latin-1")
    if text.startswith(PREFIX):
        return unquote(text[len(PREFIX) :])
    if not text or text.startswith("/"):
        raise _wrong("stream-forked-from", f"the path of a stream, like {PREFIX}NAME")
    return text


def expiry_lines(ttl: int | None, expires: float | None) -> bytes:
    """How long a stream is kept, as header lines."""
    if ttl is not None:
        return b"stream-ttl: %d\r\n" % ttl
    if expires is None:
        return b""
    told = datetime.fromtimestamp(expires, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return b"stream-expires-at: %b\r\n" % told.encode()


def _number(name: str, said: bytes) -> int:
    if not _WHOLE.fullmatch(said) or int(said) > MAX_NUMBER:
        raise _wrong(name, f"a whole number from 0 to {MAX_NUMBER}, without zeros before it")
    return int(said)


def _wrong(name: str, what: str) -> BadRequest:
    return BadRequest(f"'{name}' must be {what}.", param=name, code="invalid_header")

"""What is asked for: a new stream, and something to be added to one."""

import msgspec

from headgate.store.streams import Mark


class Branch(msgspec.Struct, frozen=True):
    """From where a stream is to be forked."""

    name: str
    offset: str | None = None
    sub: int = 0
    """How much after the offset: bytes, or messages of JSON."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A new stream."""

    kind: str | None = None
    """Its content type; None for what it would be anyway."""
    ttl: int | None = None
    expires: float | None = None
    closes: bool = False
    branch: Branch | None = None
    data: bytes = b""
    """What is in it from the beginning, as the client has sent it."""


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be added to a stream."""

    data: bytes
    """As the client has sent it."""
    kind: str | None
    seq: bytes | None = None
    mark: Mark | None = None
    closes: bool = False


def main_type(kind: str) -> str:
    """A content type without what belongs to it: two are the same when these are."""
    return kind.partition(";")[0].strip().lower()

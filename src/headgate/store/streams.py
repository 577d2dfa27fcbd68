"""
What is kept of streams: what is said of one when it is made, and what happens to it.

A stream is a log of bytes. Its numbers are never used again while anything of it is kept. What it has of
another stream, because it was forked from it, is not copied: it reads the other's bytes, which stay
for as long as somebody reads them.
"""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec


class Fork(msgspec.Struct, frozen=True, array_like=True):
    """What a stream was forked from, as it was asked for."""

    source: int
    """The number of that stream."""
    name: str
    offset: str | None = None
    sub: int = 0


class StreamHead(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a stream from its first moment; fields are added at the end only, with defaults."""

    owner: str
    """The name of the key that made it; only that key sees it."""
    name: str
    kind: str
    """Its content type."""
    created: float
    ttl: int | None = None
    """How many seconds it is kept after it was used last."""
    expires: float | None = None
    """Until when it is kept at most, in Unix seconds."""
    first: int = 0
    """Where its own bytes begin; those before are others'."""
    inherits: tuple[tuple[int, int], ...] = ()
    """Whose those are: the numbers of streams, each with the place up to which it is read."""
    fork: Fork | None = None


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The place of a producer in what it has to say."""

    producer: str
    epoch: int
    seq: int


class Created(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """A stream was made."""

    stream: int
    head: StreamHead
    due: float | None = None
    """When it may be forgotten."""


class Appended(msgspec.Struct, frozen=True, array_like=True, tag="a"):
    """A stream has grown, or was closed, or both."""

    stream: int
    first: int
    """The place of the first of these bytes."""
    data: bytes
    seq: bytes | None = None
    """What its writer numbered them with."""
    mark: Mark | None = None
    """Which producer said them."""
    closes: bool = False
    due: float | None = None
    """When it may be forgotten now; None for no change."""


class Extended(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """A stream was used, and is kept longer for it."""

    stream: int
    due: float


class Removed(msgspec.Struct, frozen=True, array_like=True, tag="r"):
    """
    A stream was deleted.

    As long as another was forked from it, its bytes stay, and so does its name: it is gone, and nothing may be
    made there. With the last of these it is forgotten.
    """

    stream: int


Change: TypeAlias = Created | Appended | Extended | Removed


class KeptStream(msgspec.Struct, frozen=True):
    """A stream as it is kept."""

    id: int
    head: StreamHead
    end: int
    """The place after its last byte."""
    due: float | None
    is_closed: bool
    is_gone: bool
    """It was deleted, and others still read its bytes."""
    seq: bytes | None
    producers: Mapping[str, Mark]
    closed_by: Mark | None
    """The producer that closed it, if one did."""

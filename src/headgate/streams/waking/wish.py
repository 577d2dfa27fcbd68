"""What a subscription is to be: fixed when it is made, so that whoever asks for the same again has it already."""

from typing import Literal

import msgspec


class Wish(msgspec.Struct, frozen=True, array_like=True):
    """In its plain form: two that mean the same are equal."""

    kind: Literal["webhook", "pull-wake"]
    lease: float
    """Seconds that whoever was woken may be silent."""
    pattern: str | None = None
    streams: tuple[str, ...] = ()
    """Streams that were asked for by name, sorted."""
    url: str | None = None
    """Where a webhook's wakes are sent to."""
    wake_stream: str | None = None
    """Where wakes are written to that somebody reads."""
    description: str | None = None


class Made(msgspec.Struct, frozen=True, array_like=True):
    """A wish that was granted."""

    wish: Wish
    created: float
    """Unix seconds."""
    address: str
    """How this server is known to whoever made it: where those who are woken call back."""


def plain(name: str) -> str:
    """A stream's name without what may be around it."""
    return name.strip("/")

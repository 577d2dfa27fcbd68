"""
What our own reader leaves in `extra` for our own writer.

A message of Anthropic's is a list of content blocks, and some of them, or some of their fields, have no
word of ours: signatures, citations, tools that the provider runs itself. They travel beside the events,
so that a client of this same format gets them back; to everybody else they are invisible.
"""

from typing import Any

import msgspec

NAME = "anthropic.messages"


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """On an event, or alone in a `Vendor`: what it means to the list of blocks."""

    block: dict[str, Any] | None = None
    """A new block begins here, and this is how it was announced."""
    delta: dict[str, Any] | None = None
    """A change of the block, to be said again as it is."""


class Ending(msgspec.Struct, frozen=True, omit_defaults=True):
    """In `Finished.extra`: what the upstream said at the end."""

    delta: dict[str, Any] = {}
    """Its reason and whatever came with it."""
    usage: dict[str, Any] | None = None
    """The usage as the end of a stream tells it, which may be a part of all."""
    event: dict[str, Any] = {}
    """What stood beside these two."""


_marks = msgspec.json.Decoder(Mark)
_endings = msgspec.json.Decoder(Ending)
encode = msgspec.json.Encoder().encode

NO_MARK = Mark()
NO_ENDING = Ending()


def mark(extra: bytes | None) -> Mark:
    """The mark in an event's `extra`."""
    return NO_MARK if extra is None else _marks.decode(extra)


def ending(extra: bytes | None) -> Ending:
    """The ending in the `extra` of `Finished`."""
    return NO_ENDING if extra is None else _endings.decode(extra)

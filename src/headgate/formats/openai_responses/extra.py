"""
What our own reader leaves in `extra` for our own writer.

Responses answers have more bones than the events: items with ids, parts in items, the progress of
tools that the provider runs itself. The reader keeps them beside the events so that a client of
this same format gets them back; to everybody else they are invisible.
"""

from typing import Any

import msgspec

NAME = "openai.responses"


class Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """On a piece of text, thought or refusal, or on a tool call: where something new begins."""

    item: dict[str, Any] | None = None
    """A new item begins here; these are its fields beyond type, status and content."""
    part: bool = False
    """A new part of the same item begins here."""
    gap: bool = False
    """The delta is only the blank line that clients of other formats see between two thoughts."""


class Replay(msgspec.Struct, frozen=True):
    """A `Vendor` event: what the upstream said, to be said again with our own numbers."""

    item: int
    """Which of the upstream's items it speaks of; counts from 0."""
    event: dict[str, Any]
    """The upstream's event without sequence_number and output_index."""


_marks = msgspec.json.Decoder(Mark)
_replays = msgspec.json.Decoder(Replay)
encode = msgspec.json.Encoder().encode

NO_MARK = Mark()


def mark(extra: bytes | None) -> Mark:
    """The mark in an event's `extra`."""
    return NO_MARK if extra is None else _marks.decode(extra)


def replay(extra: bytes) -> Replay:
    """The replay in a `Vendor` event's `extra`."""
    return _replays.decode(extra)

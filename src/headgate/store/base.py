"""
What keeps runs, written as promises. Every store obeys all of them; one suite checks that.

A run is kept in three steps: its `Head` when it begins, its events as they happen, and the whole
of it when it ends. The engine hands over what all runs have to say at once, as one batch of
segments, and shows a run's events to readers only after `append` has returned.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from headgate.events import AnyEvent


class Head(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a run from its first moment."""

    run: str
    owner: str
    """The name of the key that made it; only that key may read it."""
    created: float
    """Unix seconds."""
    format: str
    """The dialect's format it was asked in."""
    model: str
    """The model as it was asked for."""
    request: bytes
    """The request's fields as JSON, without anything secret."""
    keep: bool = False
    """Whether it goes on without its client."""


class End(msgspec.Struct, frozen=True):
    """What is known of a run once it is over."""

    head: Head
    ended: float
    status: str
    """finished, failed or stopped."""
    provider: str
    model: str
    """The model that answered, as its provider names it."""
    input_tokens: int
    output_tokens: int
    events: Sequence[AnyEvent]
    """The whole log."""


class Segment(msgspec.Struct, frozen=True):
    """The next events of one run."""

    run: str
    first: int
    """The number of the first of them; 0 for the first of the run."""
    events: Sequence[AnyEvent]
    head: Head | None = None
    """With the run's first segment, and only then."""
    end: End | None = None
    """With the run's last segment, and only then."""


class Record(msgspec.Struct, frozen=True):
    """A run as it was kept; `ended` is None for one that nobody has ended."""

    head: Head
    events: list[AnyEvent]
    ended: float | None = None


class Summary(msgspec.Struct, frozen=True):
    """A run that is over, as a list shows it: without its request and its log."""

    run: str
    created: float
    ended: float
    format: str
    asked: str
    status: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int


class Store(Protocol):
    """Keeps runs. Each method raises StoreError when it cannot keep its promise."""

    async def open(self) -> list[Record]:
        """
        Take possession, and return the runs that an earlier owner left without an end.

        From here on every write of an earlier owner is refused (Fenced). The runs returned stay kept
        until a segment ends them. Raises StoreError when another process holds the store.
        """

    async def append(self, batch: Sequence[Segment]) -> None:
        """
        Keep all segments, or none.

        When it returns they survive a crash of this process (and of the machine, as far as the store
        promises that). Segments of one run come in order and without gaps.
        """

    async def get(self, run: str, owner: str) -> Record | None:
        """An owner's run that is over; None when it is unknown, another's, unfinished or was forgotten."""

    async def recent(self, owner: str, *, limit: int, before: str | None = None) -> list[Summary]:
        """An owner's runs that are over, newest first; `before` is a run's id, itself left out."""

    async def delete(self, run: str, owner: str) -> bool:
        """Forget an owner's run that is over; False when there is none."""

    async def expire(self, before: float) -> int:
        """Forget some of the runs that ended before that time, oldest first, and say how many; 0 when none is left."""

    async def close(self) -> None:
        """Let go of the store; what was appended stays."""

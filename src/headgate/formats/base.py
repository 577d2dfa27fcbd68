"""
What every format offers: bytes to events and events to bytes, no I/O, no clock, no chance.

A `Reader` takes an upstream's bytes as they arrive, cut anywhere, and is lenient: vendors bend
every rule. A `Writer` takes a run's events, one at a time and in order, and is exact: clients
break at every bend. Whatever a format needs from outside (ids, the time, the model's name) is in
`Origin`, so that the same bytes always give the same events and the same log the same bytes.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec

from headgate.events import AnyEvent, Usage


class Origin(msgspec.Struct, frozen=True):
    """Where an answer comes from and whom it is for."""

    run: str
    """The run's id; ids that a vendor left out are made from it."""
    provider: str
    model: str
    """The model we asked the provider for."""
    created: int
    """Unix seconds, for answers that do not say when they began."""
    choices: int = 1
    """How many answers were asked for."""


class Reader(Protocol):
    """Reads one upstream answer."""

    is_over: bool
    """True once the answer's own end mark was read; whatever follows is noise."""
    is_answered: bool
    """True once all was said that was asked for: what may still come is usage and the end mark."""

    def feed(self, data: bytes) -> Sequence[AnyEvent]:
        """
        Take whatever arrived and return the events that are now certain.

        Raises ProviderError when the upstream reports an error or talks nonsense; the events before
        it were returned by earlier calls, or are on the exception's `events`.
        """

    def close(self) -> Sequence[AnyEvent]:
        """The upstream's body ended: return what was held back, or raise ProviderError if it was cut."""


@runtime_checkable
class EarlyUsage(Protocol):
    """A reader that may know of the usage before the answer is over."""

    @property
    def early_usage(self) -> Usage | None:
        """What was said of it so far."""


def early_usage(reader: object) -> Usage | None:
    """What a reader knows of it by now, if it is such a one."""
    return reader.early_usage if isinstance(reader, EarlyUsage) else None


class Writer(Protocol):
    """Writes one run for one client."""

    def write(self, event: AnyEvent) -> bytes:
        """Return the frames this event makes, b"" when it makes none."""

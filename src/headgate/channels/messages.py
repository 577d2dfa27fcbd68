"""What is said on channels, and how connections want to hear it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from headgate.channels.names import ChannelId
from headgate.channels.presence import Change
from headgate.events import AnyEvent


class Message(msgspec.Struct, frozen=True):
    """Something that was said."""

    data: bytes
    """JSON on one line, made once for everybody."""
    note: Any = None
    """What the dialect that said it wants its own form to know; clients do not see it."""


class Gap(msgspec.Struct, frozen=True):
    """Told to somebody who may have missed messages: they are no longer kept, or were said before this process was."""

    kept: int
    """How many messages there still are; they follow."""
    since: float | None
    """When the oldest of them was said (Unix seconds)."""


class Form(Protocol):
    """
    How one kind of connection is told things.

    What it makes must depend on its arguments and its name alone: it is made once, and handed to everybody
    whose form has that name. b"" is for what such connections are not told.
    """

    @property
    def name(self) -> str: ...

    def message(self, channel: ChannelId, cursor: str, message: Message) -> bytes:
        """A message; who comes back with the cursor gets what came after it."""

    def gap(self, channel: ChannelId, cursor: str, gap: Gap) -> bytes:
        """That something may have been missed."""

    def presence(self, channel: ChannelId, changes: Sequence[Change], count: int) -> bytes:
        """Who came and went, for those who asked; with no changes: many did, look for yourself."""


class Projection(ABC):
    """
    What a run looks like on a channel: a message, or several, or none for each of its events.

    The answers must be the same whenever they are asked for: a run's events are kept once, in its own
    log, and become messages again for everybody who comes late.
    """

    @abstractmethod
    def messages(self, events: Sequence[AnyEvent], number: int) -> Sequence[bytes]:
        """Those of one event; it may look at the events before it, but at none behind."""

    def tie(self, event: AnyEvent) -> object:
        """
        What events have in common that may be told as one, like text of one choice; None for one that stands alone.

        An event that has a tie makes exactly one message.
        """
        return None

    def joined(self, events: Sequence[AnyEvent]) -> bytes:
        """One message for several events in a row that have the same tie; for those alone whose events have any."""
        raise AssertionError("no event of this projection has a tie")

"""Where somebody begins on a channel, and how often it wants to hear."""

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where somebody begins on a channel; without anything: from now on."""

    cursor: str | None = None
    """What it had last: it is given what it missed, or told that it may have missed something."""
    history: int = 0
    """How many of the last messages it wants, when it has no cursor."""


NOW = Place()
ALL = Place(history=1 << 40)
"""From the oldest message that is kept."""


class Pace(msgspec.Struct, frozen=True):
    """How often a connection wants to hear."""

    rollup: float = 0.0
    """Seconds between two pieces at least; neighbouring words of one run come as one message."""
    latest: bool = False
    """Only the newest message of each channel, whatever came before it."""


AT_ONCE = Pace()

"""How much subscriptions may take; what is no matter of taste is a constant with its reason."""

import msgspec

MAX_LISTED = 1000
"""Streams that somebody who is woken is told of; the others are told of next time."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two tries to wake somebody; each pause is twice the one before."""

STORE_REST = 1.0
"""Seconds until a store that refused is asked again."""

JITTER = 0.2
"""How far a pause may be off, either way."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says, with what counts where it says nothing."""

    subscriptions: int = 100
    """How many one key may have; 0 is none at all."""
    links: int = 10_000
    """How many streams one may have: how far it is with each is held in memory."""


def pause_after(failures: int, chance: float) -> float:
    """How long to wait until somebody is called again who did not hear."""
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 16))
    return pause * (1 - JITTER + 2 * JITTER * chance)

"""When a message is tried again, and when no more: no clock and no chance in here, both are arguments."""

from datetime import UTC
from email.utils import parsedate_to_datetime

import msgspec

from headgate.store.base import Delivery

FIRST_PAUSE = 5.0
GROWTH = 4.0
LONGEST_PAUSE = 3600.0

MAX_TRIES = 17
"""5 s, 20 s, 80 s, 5 min, 21 min, and then every hour: about twelve hours in all, a night without anybody to look."""

JITTER = 0.2
"""How far a pause may be off, either way: receivers that come back are not to be met by everybody at once."""

MAX_AGE = 3 * 24 * 3600.0
"""A receiver that is so far behind that a message still stands in line after three days gets no more of it."""

GONE = 410


class Outcome(msgspec.Struct, frozen=True):
    """How one try went."""

    status: int
    """The HTTP status of the answer; 0 when there was none."""
    error: str
    """What was wrong, in a sentence; "" when nothing was."""
    seconds: float
    retry_after: float | None = None
    """How many seconds the receiver asked to be left alone."""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def after(delivery: Delivery, outcome: Outcome, now: float, chance: float) -> Delivery:
    """Where a delivery stands after one more try; `chance` is from 0 to 1."""
    tries = delivery.tries + 1
    note = outcome.error or f"answered {outcome.status}"
    if outcome.is_success:
        return msgspec.structs.replace(delivery, tries=tries, status="delivered", due=None, note=note)
    if outcome.status == GONE or tries >= MAX_TRIES:
        return msgspec.structs.replace(delivery, tries=tries, status="given_up", due=None, note=note)
    pause = max(_pause(tries) * (1 + JITTER * (2 * chance - 1)), min(outcome.retry_after or 0.0, LONGEST_PAUSE))
    return msgspec.structs.replace(delivery, tries=tries, due=now + pause, note=note)


def later(delivery: Delivery, now: float, turn: float) -> Delivery:
    """Where it stands when many stand in line for its receiver, and its turn comes at about `turn`."""
    if now - delivery.created > MAX_AGE:
        return over(delivery, "given_up", "its receiver was too slow for three days")
    return msgspec.structs.replace(delivery, due=min(turn, now + LONGEST_PAUSE))


def over(delivery: Delivery, status: str, note: str) -> Delivery:
    """It is over without another try."""
    return msgspec.structs.replace(delivery, status=status, due=None, note=note)


def again(delivery: Delivery, now: float) -> Delivery:
    """From the beginning, at once."""
    return msgspec.structs.replace(delivery, status="waiting", due=now, tries=0)


def read_retry_after(text: str, now: float) -> float | None:
    """The seconds that a `retry-after` header means, which may hold a date; None when it means nothing."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now, 0.0)


def _pause(tries: int) -> float:
    return min(FIRST_PAUSE * GROWTH ** (tries - 1), LONGEST_PAUSE)

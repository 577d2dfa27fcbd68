"""
Who may be tried now: a lane for each receiver, so that one that hangs is in nobody's way.

Everything here is synchronous, and knows neither the store nor the network.
"""

from collections import deque
from urllib.parse import urlsplit

from headgate.store.base import Delivery

PER_HOST = 8
"""Tries at one receiver at a time: enough for hundreds a second where it is quick, and no flood where it is not."""

SLOW = 2.0
"""Seconds that tries take at a receiver that counts as slow."""

PER_SLOW_HOST = 2
"""Tries at a slow receiver at a time."""

AT_ONCE = 128
"""Tries at a time: sixty-four receivers may hang before anybody else has to wait."""

MAX_LINE = 200
"""Deliveries that stand in line for one receiver here; more wait in the store."""

MAX_HELD = 50 * MAX_LINE
"""Deliveries that are held in memory: some megabytes."""


GUESS = 0.2
"""Seconds that a try takes, as long as nothing is known."""

WEIGHT = 0.2
"""Of the last try, in what is known of a lane."""


class _Lane:
    """One receiver's."""

    def __init__(self) -> None:
        self.line: deque[Delivery] = deque()
        self.trying = 0
        self.seconds = GUESS
        """How long its tries take."""
        self.booked = 0.0
        """When the last turn comes that was given to somebody who could not be taken."""

    @property
    def allowed(self) -> int:
        """How many tries it may have at a time."""
        return PER_HOST if self.seconds < SLOW else PER_SLOW_HOST


class Lanes:
    """Deliveries that are due, by receiver."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._held: set[int] = set()
        self._trying = 0

    def __len__(self) -> int:
        """How many deliveries are held, in line or being tried."""
        return len(self._held)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken."""
        return len(self._held) >= MAX_HELD

    def __contains__(self, delivery: int) -> bool:
        return delivery in self._held

    def take(self, delivery: Delivery, host: str) -> bool:
        """Put it in line; False when that line is too long."""
        lane = self._lanes.get(host)
        if lane is None:
            lane = self._lanes[host] = _Lane()
        elif len(lane.line) >= MAX_LINE:
            return False
        lane.line.append(delivery)
        self._held.add(delivery.id)
        return True

    def turn(self, host: str, now: float) -> float:
        """When it is the turn of one more delivery that was not taken; the next to ask comes after it."""
        lane = self._lanes.get(host)
        if lane is None:
            return now
        step = lane.seconds / lane.allowed
        lane.booked = max(lane.booked, now + len(lane.line) * step) + step
        return lane.booked

    def ready(self) -> list[tuple[str, Delivery]]:
        """Those to be tried now, one of each receiver in turn; each is to be given back with `done`."""
        ready: list[tuple[str, Delivery]] = []
        is_any = True
        while is_any:
            is_any = False
            for host, lane in self._lanes.items():
                if self._trying >= AT_ONCE:
                    return ready
                if lane.line and lane.trying < lane.allowed:
                    is_any = True
                    lane.trying += 1
                    self._trying += 1
                    ready.append((host, lane.line.popleft()))
        return ready

    def done(self, delivery: int, host: str, seconds: float) -> None:
        """A try is over, which took so long."""
        lane = self._lanes[host]
        lane.seconds += WEIGHT * (seconds - lane.seconds)
        # To the end, so that it is the others' turn first.
        del self._lanes[host]
        lane.trying -= 1
        self._trying -= 1
        self._held.discard(delivery)
        if lane.trying or lane.line:
            self._lanes[host] = lane


def host_of(url: str) -> str:
    """Whose lane a URL belongs to."""
    return urlsplit(url).netloc.lower()

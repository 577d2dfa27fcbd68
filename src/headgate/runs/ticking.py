"""What the engine looks at again and again: attempts that may be late, readers that wait, and what waits to be kept."""

import asyncio

from headgate.metrics import Meters
from headgate.runs.attempt import Attempt
from headgate.runs.commit import GroupCommit
from headgate.runs.live import Live
from headgate.runs.parting import Parting

TICK = 0.05
"""Seconds between two looks at the clock: how much later than its limit something may end."""

SECOND = 20
"""Ticks between two looks at waiting readers, because keep-alives need no better, and at new numbers."""


class Ticking:
    """The engine's clock at work."""

    def __init__(
        self,
        commit: GroupCommit,
        parting: Parting,
        attempts: set[Attempt],
        live: Live,
        keep_alive: float,
        meters: Meters,
    ) -> None:
        self._commit, self._parting, self._attempts, self._live = commit, parting, attempts, live
        self._keep_alive, self._lag = keep_alive, meters.lag.of()
        self._meters = meters

    async def tick(self) -> None:
        """Look, until cancelled."""
        loop = asyncio.get_running_loop()
        ticks, now = 0, loop.time()
        while True:
            due = now + TICK
            await asyncio.sleep(TICK)
            ticks += 1
            now = loop.time()
            self._lag.observe(max(0.0, now - due))
            self._commit.nudge()
            self._parting.let_go()
            self._look_at_attempts(now)
            if ticks % SECOND == 0:
                self._meters.settle()
                self._remind_readers(now)

    def _look_at_attempts(self, now: float) -> None:
        # In a frame of its own, which does not hold the last of them until there is another.
        for attempt in list(self._attempts):
            attempt.let_go(now)
            attempt.end_if_late(now)

    def _remind_readers(self, now: float) -> None:
        oldest = now - self._keep_alive
        for run in self._live:
            for follower in run.followers:
                if 0 < follower.since <= oldest:
                    follower.wake(False)

"""How many may ask a provider at a time, and how many may wait for their turn."""

import asyncio
import time

from headgate.errors import ProviderError
from headgate.metrics import Meters

RETRY_AFTER = 1.0


class Slots:
    """A bounded queue before a provider."""

    def __init__(self, name: str, at_once: int, queued: int, meters: Meters | None = None) -> None:
        self._name, self._queued = name, queued
        self._free = asyncio.Semaphore(at_once)
        self.waiting = self.running = 0
        meters = meters or Meters()
        self._waited, self._refused = meters.queue_wait.of(name), meters.queue_refused

    async def take(self, patience: float) -> None:
        """Wait for a turn; raises ProviderError when too many wait already, or it takes too long."""
        began = time.perf_counter()
        if self._free.locked():
            try:
                await self._wait(patience)
            except ProviderError as error:
                self._refused.of(self._name, error.code).add()
                raise
        else:
            await self._free.acquire()
        self._waited.observe(time.perf_counter() - began)
        self.running += 1

    def give_back(self) -> None:
        """The turn is over."""
        self.running -= 1
        self._free.release()

    async def _wait(self, patience: float) -> None:
        if self.waiting >= self._queued:
            raise ProviderError(
                f"Too many requests wait for {self._name}.",
                code="queue_full",
                status=429,
                kind="rate_limit_error",
                retry_after=RETRY_AFTER,
            )
        self.waiting += 1
        try:
            async with asyncio.timeout(patience):
                await self._free.acquire()
        except TimeoutError:
            raise ProviderError(
                f"The turn at {self._name} did not come within {patience:g} s.",
                code="queue_timeout",
                status=503,
                retry_after=RETRY_AFTER,
            ) from None
        finally:
            self.waiting -= 1

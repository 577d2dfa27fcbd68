"""How many may ask a provider at a time, and how many may wait for their turn."""

import asyncio

from headgate.errors import ProviderError

RETRY_AFTER = 1.0


class Slots:
    """A bounded queue before a provider."""

    def __init__(self, name: str, at_once: int, queued: int) -> None:
        self._name, self._queued = name, queued
        self._free = asyncio.Semaphore(at_once)
        self.waiting = 0

    async def take(self, patience: float) -> None:
        """Wait for a turn; raises ProviderError when too many wait already, or it takes too long."""
        if self._free.locked():
            await self._wait(patience)
        else:
            await self._free.acquire()

    def give_back(self) -> None:
        """The turn is over."""
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

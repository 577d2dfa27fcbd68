"""
Short questions to providers, which make no run: vectors, counts of tokens.

Nothing of them is kept, and nobody can come back to them: a client that leaves cancels its errand. They go
along a route as runs do, with the same keys, turns and limits.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from headgate.errors import HeadgateError, ProviderError, Tried
from headgate.metrics import Meters
from headgate.net import ConnectTimeout
from headgate.providers.base import Limits, Provider
from headgate.runs.catalogue import Catalogue, Target
from headgate.runs.pool import Pool
from headgate.runs.prices import Prices
from headgate.runs.tries import GIVEN_UP, Tries, Try
from headgate.runs.way import Step, Way

log = logging.getLogger(__name__)

NEARLY = 0.05
"""Seconds that make no difference: what was done before, or a clock's tick."""

T = TypeVar("T")


def _anybody(provider: Provider) -> ProviderError | None:
    return None


def _first_event(limits: Limits) -> float:
    return limits.first_event


class Errand(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What to ask of whoever is asked."""

    ask: Callable[[Provider, str, Limits], Awaitable[T]]
    """Of a provider, about a model; raises ProviderError."""
    refuse: Callable[[Provider], ProviderError | None] = _anybody
    """Why that provider need not be asked, if so."""
    operation: str = ""
    """embeddings or count_tokens."""
    patience: Callable[[Limits], float] = _first_event
    """How many seconds it may take."""


class Done(msgspec.Struct, Generic[T], frozen=True):
    """What came of it."""

    value: T
    target: Target
    failures: tuple[Tried, ...]
    """What was tried before."""


class Errands:
    """Sends them."""

    def __init__(
        self,
        catalogue: Catalogue,
        pools: Mapping[str, Pool],
        prices: Prices | None = None,
        meters: Meters | None = None,
    ) -> None:
        self.catalogue, self.prices = catalogue, prices or Prices()
        self._pools, self._clock = pools, asyncio.get_running_loop().time
        self._tries = Tries(meters)
        self._at_work: set[asyncio.Task[Any]] = set()

    def is_busy(self) -> bool:
        """Whether anybody waits for an answer."""
        return bool(self._at_work)

    async def close(self) -> None:
        """End what is still under way."""
        for task in self._at_work:
            task.cancel()
        if self._at_work:
            await asyncio.wait(self._at_work)

    async def send(self, route: Sequence[Target], errand: Errand[T], limits: Mapping[str, float] = {}) -> Done[T]:
        """
        The answer of the first one that has one; raises what the first of those said who had none.

        `limits` are those of `Limits` that count in place of each provider's own.
        """
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        self._at_work.add(task)
        try:
            return await self._along(Way(route, self._pools, self._clock), errand, limits)
        finally:
            self._at_work.discard(task)

    async def _along(self, way: Way, errand: Errand[T], limits: Mapping[str, float]) -> Done[T]:
        began = self._clock()
        while (step := way.next()) is not None:
            held = msgspec.structs.replace(step.pool.limits, **limits) if limits else step.pool.limits
            if way.failures and self._left(held, began) == 0.0:
                break
            if (refusal := errand.refuse(step.member.provider)) is not None:
                way.skip(step, refusal)
                continue
            try:
                value = await self._in_turn(step, errand, held, began)
            except HeadgateError as error:
                wait = way.fail(step, error.bare())
                log.info("%s failed (%d %s)", step.target.provider.name, error.status, error.code)
                left = self._left(held, began)
                await asyncio.sleep(wait if left is None else min(wait, left))
            else:
                return Done(value, step.target, tuple(way.failures))
        raise way.error

    async def _in_turn(self, step: Step, errand: Errand[T], limits: Limits, began: float) -> T:
        if step.pool.slots is None:
            return await self._asked(step, errand, limits, began)
        left = self._left(limits, began)
        await step.pool.slots.take(limits.first_event if left is None else min(limits.first_event, left))
        try:
            return await self._asked(step, errand, limits, began)
        finally:
            step.pool.slots.give_back()

    async def _asked(self, step: Step, errand: Errand[T], limits: Limits, began: float) -> T:
        member, provider = step.member, step.target.provider
        failure: ProviderError | None = GIVEN_UP
        tried = Try(provider.name, step.target.model, member.label, errand.operation, time.time())
        member.begin(self._clock())
        try:
            value = await self._in_time(step, errand, limits, began)
        except ProviderError as error:
            if self._is_hurried(error, errand, limits, provider.limits):
                member.give_up()
            else:
                member.fail(error, self._clock())
            failure = error
            raise
        except BaseException:
            member.give_up()
            raise
        else:
            failure = None
            member.succeed()
            return value
        finally:
            self._tries.end(tried, failure)

    async def _in_time(self, step: Step, errand: Errand[T], limits: Limits, began: float) -> T:
        patience, left = errand.patience(limits), self._left(limits, began)
        try:
            async with asyncio.timeout(patience if left is None else min(patience, left)):
                return await errand.ask(step.member.provider, step.target.model, limits)
        except TimeoutError:
            name = step.target.provider.name
            if left is not None and left <= patience:
                raise Late(f"{name} took more than {limits.total:g} s for its answer.", "total_timeout", left) from None
            raise Late(f"{name} did not answer within {patience:g} s.", "first_event_timeout", patience) from None

    @staticmethod
    def _is_hurried(error: ProviderError, errand: Errand[T], limits: Limits, own: Limits) -> bool:
        """Whether it was asked to be faster than it need be: that says nothing of how it is."""
        if isinstance(error, ConnectTimeout):
            return limits.connect < own.connect
        return isinstance(error, Late) and error.given < min(errand.patience(own), own.total or math.inf) - NEARLY

    def _left(self, limits: Limits, began: float) -> float | None:
        """How much of the time for the whole is left, from the first try on."""
        return None if limits.total is None else max(0.0, began + limits.total - self._clock())


class Late(ProviderError):
    """Somebody took longer than it had."""

    status = 504
    kind = "timeout_error"

    def __init__(self, message: str, code: str, given: float) -> None:
        super().__init__(message, code=code)
        self.given = given
        """Seconds."""

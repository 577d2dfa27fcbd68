"""
A run's way along its route: one try after another, until one has brought the first words.

Theory of operation. A route is a list of targets, the first one meant, the others to fall back on.
What a provider says before the first output is held (`Attempt`), so a failure until then leaves no
trace but an `Attempt` event in the log, and the next key or the next target is asked. From the first
output on a run belongs to its provider: nobody else could go on with the same words.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from headgate.calls import Call
from headgate.errors import ProviderError
from headgate.events import Attempt as Tried
from headgate.providers.base import Ask, Limits
from headgate.runs.attempt import Append, Attempt, Clock
from headgate.runs.catalogue import Target
from headgate.runs.pool import KEY_STATUSES, LIMIT_STATUS, Member, Pool
from headgate.runs.run import Run
from headgate.runs.wishes import Wishes

Route: TypeAlias = Sequence[Target]
"""The target that is meant, and those to fall back on."""

FALLBACKS = "fallbacks"
"""The field of a request that names them."""

BACKOFF = 0.25
"""Seconds before the first retry, doubled each time, and anything from half to all of it."""

LONGEST_WAIT = 10.0
"""How long a provider may ask us to wait before a retry; if it asks for more, its answer is passed on."""

_OF_A_KEY = KEY_STATUSES | {LIMIT_STATUS}
"""What another key of the same provider may be spared."""

_OF_THE_MOMENT = frozenset({408, 409, 425, LIMIT_STATUS})
"""What another moment may be spared, as everything from 500 on."""

_OF_THE_PROVIDER = _OF_A_KEY | _OF_THE_MOMENT | {404}
"""What another provider may be spared, as everything from 500 on; the rest is the request's own fault."""


class Desk(msgspec.Struct, frozen=True):
    """What the engine lends to every drive."""

    append: Append
    clock: Clock
    pools: Mapping[str, Pool]
    attempts: set[Attempt]
    """Those at work, for the engine's clock to look at."""


class Drive:
    """One run's."""

    def __init__(self, run: Run, call: Call, route: Route, wishes: Wishes, desk: Desk) -> None:
        self._run, self._call, self._wishes, self._desk = run, _without_ours(call), wishes, desk
        self._began = desk.clock()
        self._meant = route[0]
        self._left = self._in_order(route)
        self._failures: list[tuple[Target, Member, ProviderError]] = []

    async def go(self) -> None:
        """Try until there is an answer; raises ProviderError when nobody answered, or an answer broke."""
        while self._left:
            if await self._ask(self._left.pop(0)):
                return
        if len(self._failures) > 1 and self._run.started is None:
            self._note_failure()
        # What the others said is in the log; who is asked first is whom the client means.
        raise self._failures[0][2]

    def _in_order(self, route: Route) -> list[Target]:
        """As the route has it, but those in trouble last."""
        if len(route) == 1:
            return [route[0]]
        now = self._desk.clock()
        return sorted(route, key=lambda target: not self._pool(target).is_ready(now))

    def _pool(self, target: Target) -> Pool:
        return self._desk.pools.get(target.provider.name) or Pool.of(target.provider)

    async def _ask(self, target: Target) -> bool:
        """Ask one target, with all its keys and as often as it may be asked; False when that was in vain."""
        pool, tried, retries = self._pool(target), list[Member](), 0
        while (member := pool.pick(self._desk.clock(), tried)) is not None:
            if self._failures:
                self._note_failure()
            others = len(pool.members) > len(tried) + 1 and not self._brings_key(target)
            is_last = not (self._left or others or retries < pool.retries)
            error = await self._try(target, pool, member, is_last=is_last)
            if error is None:
                return True
            self._failures.append((target, member, error))
            if error.status < 500 and error.status not in _OF_THE_PROVIDER:
                self._left.clear()
                return False
            if error.status in _OF_A_KEY and others:
                tried.append(member)
            elif retries < pool.retries and (wait := _wait(error, retries)) is not None:
                retries += 1
                await asyncio.sleep(wait)
            else:
                return False
        return False

    async def _try(self, target: Target, pool: Pool, member: Member, *, is_last: bool) -> ProviderError | None:
        """Why it was in vain, if it was; raises ProviderError for an answer that broke after its first words."""
        limits = self._wishes.limits or pool.limits
        if pool.slots is None:
            return await self._talk(target, member, limits, is_last=is_last)
        patience = limits.first_event if limits.total is None else min(limits.first_event, self._rest_of(limits.total))
        try:
            await pool.slots.take(patience)
        except ProviderError as error:
            return error
        try:
            return await self._talk(target, member, limits, is_last=is_last)
        finally:
            pool.slots.give_back()

    def _rest_of(self, total: float) -> float:
        """How much of the time for the whole is left."""
        return max(0.0, self._began + total - self._desk.clock())

    async def _talk(self, target: Target, member: Member, limits: Limits, *, is_last: bool) -> ProviderError | None:
        desk = self._desk
        attempt = Attempt(self._run, member, limits, desk.append, desk.clock, since=self._began, is_last=is_last)
        attempt.is_whole = not self._call.stream
        attempt.task = task = self._run.task
        member.begin(desk.clock())
        self._desk.attempts.add(attempt)
        error: ProviderError | None
        try:
            await member.provider.run(self._question(target, limits, attempt), attempt.emit)
            error = attempt.missing()
        except asyncio.CancelledError:
            if attempt.late is None or self._run.stopped_by is not None:
                member.give_up()
                raise
            # It was the clock that cancelled, and it meant this attempt only.
            if task is not None:
                task.uncancel()
            error = attempt.late
        except ProviderError as broke:
            attempt.emit(broke.events)
            error = broke
        except BaseException:
            member.give_up()
            raise
        finally:
            self._desk.attempts.discard(attempt)
        if error is None:
            attempt.claim()
            return None
        if self._brings_key(target):
            member.give_up()
        else:
            member.fail(error, self._desk.clock())
        if self._run.first_output is not None or self._run.has_ended:
            raise error
        return error

    def _question(self, target: Target, limits: Limits, attempt: Attempt) -> Ask:
        is_meant = target is self._meant
        return Ask(
            run=self._run.id,
            call=self._call,
            model=target.model,
            created=int(self._run.head.created),
            limits=limits,
            # It was given for whom the client means, and is nobody else's business.
            key=self._wishes.key if is_meant else "",
            organization=self._wishes.organization if is_meant else "",
            on_flow=attempt.on_flow,
        )

    def _brings_key(self, target: Target) -> bool:
        return self._wishes.key != "" and target is self._meant

    def _note_failure(self) -> None:
        target, member, error = self._failures[-1]
        name = member.provider.name
        self._desk.append(self._run, [Tried(name, error.status, error.code, error.message, member.label, target.model)])


def _without_ours(call: Call) -> Call:
    """As providers get it: what is said to us is none of theirs."""
    if not call.fallbacks:
        return call
    fields = {name: value for name, value in call.fields.items() if name != FALLBACKS}
    return msgspec.structs.replace(call, fields=fields)


def _wait(error: ProviderError, retries: int) -> float | None:
    """How long to wait before the next retry; None when there should be none."""
    if error.status < 500 and error.status not in _OF_THE_MOMENT:
        return None
    own = BACKOFF * 2**retries * random.uniform(0.5, 1.0)
    wait = max(own, error.retry_after or 0.0)
    return wait if wait <= LONGEST_WAIT else None

"""
Whom to ask next, along one route. It decides, and does not act.

For errands, which are asked of one at a time and whose answers are whole; runs have more to decide (`drive`),
by the same rules.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from headgate.errors import HeadgateError, ProviderError, Tried
from headgate.runs.catalogue import Target
from headgate.runs.pool import Member, Pool
from headgate.runs.rules import is_of_a_key, is_of_the_provider, wait_before


class Step(NamedTuple):
    """Somebody to ask."""

    target: Target
    pool: Pool
    member: Member


class Way:
    """One route, from its first target to its last, each with all of its keys."""

    def __init__(self, route: Sequence[Target], pools: Mapping[str, Pool], clock: Callable[[], float]) -> None:
        self._pools, self._clock = pools, clock
        self._meant = route[0]
        self._left = self._in_order(route)
        self._step: Step | None = None
        """Whom `next` gave last, as long as the same target may be asked again."""
        self._had: list[Member] = []
        """Keys of this target that need not be tried again."""
        self._retries = 0
        self._error: HeadgateError | None = None
        self._has_meant = False
        """Whether that is the error of whom the client means."""
        self.failures: list[Tried] = []
        """Everything that was tried in vain."""

    def next(self) -> Step | None:
        """Whom to ask now; None when nobody is left."""
        while self._step is not None or self._left:
            if self._step is None:
                target = self._left.pop(0)
                pool, self._had, self._retries = self._pool_of(target), [], 0
            else:
                target, pool, _ = self._step
            member = pool.pick(self._clock(), self._had)
            self._step = None if member is None else Step(target, pool, member)
            if self._step is not None:
                return self._step
        return None

    def fail(self, step: Step, error: HeadgateError) -> float:
        """That one was asked in vain; how long to wait before the next."""
        self._note(step.target, error, step.member.label)
        if not is_of_the_provider(error):
            self._left.clear()
            self._step = None
        elif not isinstance(error, ProviderError):
            self._step = None
        elif is_of_a_key(error) and len(step.pool.members) > len(self._had) + 1:
            self._had.append(step.member)
        elif self._retries < step.pool.retries and (wait := wait_before(error, self._retries)) is not None:
            self._retries += 1
            return wait
        else:
            self._step = None
        return 0.0

    def skip(self, step: Step, error: HeadgateError) -> None:
        """That one need not be asked: it cannot do such a thing, with any of its keys."""
        self._note(step.target, error, "")
        self._step = None

    @property
    def error(self) -> HeadgateError:
        """What the client is told when all was in vain: what the one said whom it means."""
        assert self._error is not None, "nobody was asked"
        self._error.attempts = tuple(self.failures)
        return self._error

    def _in_order(self, route: Sequence[Target]) -> list[Target]:
        """As the route has it, but those in trouble last."""
        now = self._clock()
        return sorted(route, key=lambda target: not self._pool_of(target).is_ready(now))

    def _pool_of(self, target: Target) -> Pool:
        return self._pools.get(target.provider.name) or Pool.of(target.provider)

    def _note(self, target: Target, error: HeadgateError, key: str) -> None:
        if self._error is None or (target is self._meant and not self._has_meant):
            # In trouble, whom it means is not asked first.
            self._error = error
        self._has_meant = self._has_meant or target is self._meant
        name = target.provider.name
        self.failures.append(Tried(name, target.model, error.status, error.code, error.message, key))

"""
A provider with all of its keys, and which of them to ask now.

Each key is a member of its own, with its own record of failures. A member that keeps failing is
left alone for a while, longer each time; then one request finds out whether it is well again. This
only ever prefers: when every member is in trouble, the one that has rested longest is asked all the
same, because an answer that may come is better than an error that certainly does.
"""

import random
from collections.abc import Callable, Sequence

from headgate.errors import ProviderError
from headgate.providers.base import Provider
from headgate.providers.slots import Slots
from headgate.runs.pace import Pace

FAILURES = 3
"""How many failures in a row put a member to rest: one or two happen to everybody."""

REST, LONGEST_REST = 5.0, 120.0
"""Seconds of the first rest, doubled each time, and of the longest."""

MOST_RESTS = 10
"""Doublings that are counted: more than make the longest, and few enough to stay a number."""

KEY_REST = 60.0
"""Seconds that a key is left alone after it was refused: nothing heals it but a person."""

LIMIT_REST = 2.0
"""The same after one that has used up its limit, unless the provider says how long."""

KEY_STATUSES = frozenset({401, 402, 403})
LIMIT_STATUS = 429


class Member:
    """One key of a provider."""

    def __init__(self, provider: Provider, label: str = "", weight: float = 1.0) -> None:
        self.provider, self.label, self.weight = provider, label, weight
        """The label tells keys apart, and says nothing of them."""
        self._failures = 0
        self._rests = 0
        self.rested = 0.0
        """Until when it is left alone."""
        self._is_probed = False

    def is_ready(self, now: float) -> bool:
        """Whether it may be asked; after a rest only until somebody has found out how it is."""
        return now >= self.rested and not self._is_probed

    def begin(self, now: float) -> None:
        """It is being asked."""
        self._is_probed = self.rested > 0.0

    def succeed(self) -> None:
        """It is well."""
        self._failures = self._rests = 0
        self.rested, self._is_probed = 0.0, False

    def give_up(self) -> None:
        """Whoever asked went away, and nobody knows how it is."""
        self._is_probed = False

    def fail(self, error: ProviderError, now: float) -> None:
        """It was asked in vain."""
        was_probed, self._is_probed = self._is_probed, False
        if error.is_ours:
            return
        if error.status in KEY_STATUSES:
            self.rested = now + KEY_REST
        elif error.status == LIMIT_STATUS:
            self.rested = now + min(error.retry_after or LIMIT_REST, LONGEST_REST)
        elif error.status >= 500 and now >= self.rested:
            # Of those that were asked together the first few say it; the others make no rest longer.
            self._failures += 1
            if was_probed or self._failures >= FAILURES:
                self.rested = now + min(REST * 2**self._rests, LONGEST_REST)
                self._rests = min(self._rests + 1, MOST_RESTS)
                self._failures = 0


class Pool:
    """All members of one provider."""

    def __init__(
        self,
        name: str,
        members: Sequence[Member],
        *,
        slots: Slots | None = None,
        retries: int = 0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name, self.members, self.slots, self.retries = name, members, slots, retries
        self._chance = chance
        self.limits = members[0].provider.limits
        """How long it may take, unless a request says otherwise."""
        self.pace, self.whole_pace = Pace(), Pace()
        """How long its models take for their first words, and for an answer in one piece."""

    @classmethod
    def of(cls, provider: Provider) -> "Pool":
        """The pool of a provider with one key, or none."""
        return cls(provider.name, [Member(provider)])

    def pick(self, now: float, tried: Sequence[Member] = ()) -> Member | None:
        """Whom to ask, by weight among those that are well; None when all were tried."""
        if len(self.members) == 1:
            return None if tried else self.members[0]
        left = [member for member in self.members if member not in tried]
        if not left:
            return None
        if len(left) == 1:
            return left[0]
        ready = [member for member in left if member.is_ready(now)]
        if not ready:
            return min(left, key=lambda member: member.rested)
        mark = self._chance() * sum(member.weight for member in ready)
        for member in ready:
            mark -= member.weight
            if mark < 0:
                return member
        return ready[-1]

    def is_ready(self, now: float) -> bool:
        """Whether any member is well."""
        return any(member.is_ready(now) for member in self.members)

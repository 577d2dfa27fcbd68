"""
A run's way along its route: one try after another, until one has brought the first words.

Theory of operation. A route is a list of targets, the first one meant, the others to fall back on.
What a provider says before the first output is held (`Attempt`), so a failure until then leaves no
trace but an `Attempt` event in the log, and the next key or the next target is asked. Where a hedge
is wished for, the next target is asked as well when one is slow to begin, and whoever speaks first
has the run. From the first output on a run belongs to its provider; only when that breaks, and the
request asked for it, another goes on from there (`sequel`).
"""

import asyncio
import math
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from headgate.calls import Call
from headgate.errors import BadRequest, ProviderError, Tried
from headgate.events import AnyEvent, Continued, Started
from headgate.events import Attempt as Noted
from headgate.net import ConnectTimeout
from headgate.providers.base import Ask, Emit, Limits
from headgate.runs.attempt import Attempt
from headgate.runs.catalogue import Target
from headgate.runs.desk import Desk
from headgate.runs.pool import Member, Pool
from headgate.runs.rules import FALLBACKS, Unasked, is_of_a_key, is_of_the_provider, wait_before
from headgate.runs.run import Run
from headgate.runs.sequel import GOES, Unsaid, sequel
from headgate.runs.tries import GIVEN_UP
from headgate.runs.wishes import Hedge, Wishes

Route: TypeAlias = Sequence[Target]
"""The target that is meant, and those to fall back on."""

AT_ONCE = 2
"""Targets that a hedge asks at a time: each of them is paid for."""

USUAL, USUAL_WHOLE = 3.0, 30.0
"""What counts as slow while nobody knows what is usual: for the first words, and for an answer in one piece."""


class Slower(ProviderError):
    """Nothing was wrong, but another spoke first."""

    code = "slower"
    status = 499

    def __init__(self) -> None:
        super().__init__("Another was faster.", code=self.code, status=self.status)


class Drive:
    """One run's."""

    answered: Target | None = None
    """Who did, in the end."""
    _is_hedged = False
    """Whether several may be asked at a time."""
    _is_won = False
    """Whether one of them has the run."""
    _noted = 0
    """How many of the failures the log has."""
    _error: ProviderError | None = None
    """What went wrong first: with whom the client means, or in the middle of the answer."""
    _is_meants = False
    """Whether it went wrong with whom the client means."""
    _broke: tuple[Target, Tried] | None = None
    """Who began the answer and broke, while it is gone on with."""

    def __init__(
        self,
        run: Run,
        call: Call,
        route: Route,
        wishes: Wishes,
        desk: Desk,
        *,
        began: float | None = None,
        first: Target | None = None,
    ) -> None:
        """`began` is when the whole did, if this is a part; `first` is asked before all others."""
        self._run, self._call, self._wishes, self._desk = run, _without_ours(call), wishes, desk
        self._began = desk.clock() if began is None else began
        self._meant = route[0]
        self._left = self._in_order(route)
        if first is not None:
            self._left.sort(key=lambda target: target is not first)
        self._at_work: dict[Attempt, Target] = {}
        self._failures: list[Tried] = []
        self._asked = self._call
        self._broke = None

    async def go(self) -> None:
        """Try until there is an answer; raises ProviderError when nobody answered, or an answer broke."""
        for _ in GOES:
            try:
                while self._left:
                    hedge = self._hedge()
                    if await (self._ask(self._left.pop(0)) if hedge is None else self._ask_together(hedge)):
                        return
                break
            except ProviderError as error:
                if not self._can_go_on(error.bare()):
                    raise
        assert self._error is not None, "nobody failed, and nobody answered"
        if len(self._failures) > 1 and self._run.started is None:
            self._note()
        # What the others said is in the record.
        self._error.attempts = tuple(self._failures)
        raise self._error

    def _hedge(self) -> Hedge | None:
        """Whether those who are left are asked together."""
        if len(self._left) < 2:
            self._is_hedged = False
            return None
        hedge = self._wishes.hedge or self._desk.hedge
        if hedge is None or hedge.after == math.inf or self._broke:
            hedge = None
        self._is_hedged = hedge is not None
        return hedge

    def _in_order(self, route: Route) -> list[Target]:
        """As the route has it, but those in trouble last."""
        if len(route) == 1:
            return [route[0]]
        now = self._desk.clock()
        return sorted(route, key=lambda target: not self._pool(target).is_ready(now))

    def _pool(self, target: Target) -> Pool:
        return self._desk.pools.get(target.provider.name) or Pool.of(target.provider)

    async def _ask_together(self, hedge: Hedge) -> bool:
        """Ask the next, and another as well each time that nobody has spoken after a while."""
        asking: set[asyncio.Task[bool]] = set()
        try:
            while True:
                patience = 0.0
                if self._left:
                    patience = self._patience(hedge, self._left[0])
                    asking.add(asyncio.create_task(self._ask(self._left.pop(0))))
                if await self._has_answer(asking, patience):
                    return True
                if not asking:
                    return False
        finally:
            for task in asking:
                task.cancel()
            if asking:
                await asyncio.wait(asking)

    async def _has_answer(self, asking: set[asyncio.Task[bool]], patience: float) -> bool:
        """Whether one of them answers; False when it is time to ask another, or nobody is left."""
        while asking:
            is_open = self._left and len(asking) < AT_ONCE and self._run.first_output is None
            done, _ = await asyncio.wait(
                asking, timeout=patience if is_open else None, return_when=asyncio.FIRST_COMPLETED
            )
            asking -= done
            answers = [task.result() for task in done]
            if any(answers):
                return True
            if not done and self._run.first_output is None:
                return False
        return False

    def _patience(self, hedge: Hedge, target: Target) -> float:
        if hedge.after is not None:
            return hedge.after
        pool = self._pool(target)
        if self._call.stream:
            return pool.pace.usual(target.model) or USUAL
        return pool.whole_pace.usual(target.model) or USUAL_WHOLE

    async def _ask(self, target: Target) -> bool:
        """Ask one target, with all its keys and as often as it may be asked; False when that was in vain."""
        pool, retries = self._pool(target), 0
        tried: list[Member] = []
        while (member := pool.pick(self._desk.clock(), tried)) is not None:
            if self._is_won or (self._failures and not self._has_time(pool)):
                return False
            if self._failures:
                self._note()
            others = len(pool.members) > len(tried) + 1 and not self._brings_key(target)
            is_last = not (self._left or others or self._at_work or retries < pool.retries)
            talk = self._talk if pool.slots is None else self._talk_in_turn
            error = await talk(target, pool, member, is_last=is_last)
            if error is None:
                return True
            if isinstance(error, Slower):
                return False
            self._add_failure(target, member, error)
            if not is_of_the_provider(error):
                self._left.clear()
                return False
            if is_of_a_key(error) and others:
                tried.append(member)
            elif (
                retries < pool.retries
                and (wait := wait_before(error, retries)) is not None
                and self._has_time(pool, wait)
            ):
                retries += 1
                await asyncio.sleep(wait)
            else:
                return False
        return False

    async def _talk_in_turn(self, target: Target, pool: Pool, member: Member, *, is_last: bool) -> ProviderError | None:
        """The same with a provider that takes only so many at a time."""
        assert pool.slots is not None, "whoever has no slots makes nobody wait"
        limits = self._wishes.limits_of(pool.limits)
        patience = limits.first_event if limits.total is None else min(limits.first_event, self._rest_of(limits.total))
        try:
            await pool.slots.take(patience)
        except ProviderError as error:
            return error.bare()
        try:
            return Slower() if self._is_won else await self._talk(target, pool, member, is_last=is_last)
        finally:
            pool.slots.give_back()

    def _has_time(self, pool: Pool, seconds: float = 0.0) -> bool:
        """Whether it is worth while to ask once more, after so long: who has no time would be asked in vain."""
        total = self._wishes.limits_of(pool.limits).total
        return total is None or not self._failures or self._rest_of(total) > seconds

    def _rest_of(self, total: float) -> float:
        """How much of the time for the whole is left."""
        return max(0.0, self._began + total - self._desk.clock())

    def _is_hurried(self, attempt: Attempt, error: ProviderError, limits: Limits) -> bool:
        """Whether it was asked to be faster than it need be: that says nothing of how it is."""
        own = attempt.member.provider.limits
        if isinstance(error, ConnectTimeout):
            return limits.connect < own.connect
        return error is attempt.late and not attempt.is_late_by(own, self._desk.clock())

    async def _talk(self, target: Target, pool: Pool, member: Member, *, is_last: bool) -> ProviderError | None:
        """Why it was in vain, if it was; raises ProviderError for an answer that broke after its first words."""
        limits = self._wishes.limits_of(pool.limits)
        attempt = self._attempt(target, member, limits, is_last=is_last)
        error: ProviderError | None = GIVEN_UP
        try:
            error = await self._listen(attempt, target, member, limits)
        except BaseException:
            member.give_up()
            raise
        finally:
            self._desk.attempts.discard(attempt)
            del self._at_work[attempt]
            attempt.task = None
            self._desk.tries.end(attempt.noted, Slower() if attempt.is_lost else error)
        if attempt.is_lost:
            member.give_up()
            return Slower()
        if error is None:
            attempt.claim()
            return None
        if self._brings_key(target) or self._is_hurried(attempt, error, limits):
            member.give_up()
        else:
            member.fail(error, self._desk.clock())
        if attempt.is_claimed and (self._run.first_output is not None or self._run.has_ended):
            self._note_break(target, member, error)
            raise error
        return error

    async def _listen(self, attempt: Attempt, target: Target, member: Member, limits: Limits) -> ProviderError | None:
        """Ask, and take what comes; says why it is no answer, if so."""
        # Who goes on may not say what only who began can say.
        emit: Emit = attempt.emit if self._broke is None else Unsaid(attempt.emit).emit
        try:
            await member.provider.run(self._question(target, limits, attempt), emit)
        except asyncio.CancelledError:
            if not (attempt.is_lost or attempt.late) or self._run.stopped_by is not None:
                raise
            # It was the clock, or a faster one, that cancelled, and it meant this attempt only.
            if attempt.task is not None:
                attempt.task.uncancel()
            return attempt.late
        except ProviderError as error:
            attempt.emit(error.events)
            return error.bare()
        except BadRequest as error:
            return Unasked(error)
        return attempt.missing()

    def _attempt(self, target: Target, member: Member, limits: Limits, *, is_last: bool) -> Attempt:
        desk = self._desk
        attempt = Attempt(
            self._run,
            member,
            limits,
            desk.append,
            desk.clock,
            self._began,
            # Two at work cannot both begin, and who goes on has to be told apart from who began.
            is_last and self._broke is None,
            self._opening,
        )
        attempt.may_be_empty = is_last or self._broke is not None
        attempt.is_whole = not self._call.stream
        # A hedge gives each a task of its own.
        attempt.task = asyncio.current_task() if self._is_hedged else self._run.task
        if self._call.stream:
            attempt.between = desk.tries.between(target.provider.name)
        attempt.noted.model = target.model
        self._run.tries.append(attempt.noted)
        member.begin(desk.clock())
        desk.attempts.add(attempt)
        attempt.target = self._at_work[attempt] = target
        return attempt

    def _opening(self, attempt: Attempt, held: Sequence[AnyEvent]) -> Sequence[AnyEvent]:
        """What the log gets when a run has found its provider: who failed, and what was said so far."""
        target = attempt.target
        assert target is not None, "an attempt is made for a target"
        pool = self._pool(target)
        (pool.whole_pace if attempt.is_whole else pool.pace).note(target.model, self._desk.clock() - attempt.began)
        self._is_won = attempt.noted.has_spoken = True
        self.answered = target
        if len(self._at_work) > 1:
            self._beat(attempt)
        if self._broke is not None:
            going_on = Continued(target.provider.name, target.model, self._broke[1])
            held = [going_on, *(event for event in held if not isinstance(event, Started))]
        if self._run.bill is not None:
            self._run.bill.answers(target.provider.name, target.model, len(self._run.events))
        return [*self._unnoted(), *held] if self._noted < len(self._failures) else held

    def _beat(self, attempt: Attempt) -> None:
        """It was the fastest."""
        for other, asked in self._at_work.items():
            if other is not attempt:
                other.lose()
                self._add_failure(asked, other.member, Slower())

    def _question(self, target: Target, limits: Limits, attempt: Attempt) -> Ask:
        is_meant = target is self._meant
        return Ask(
            run=self._run.id,
            call=self._asked,
            model=target.model,
            created=int(self._run.head.created),
            limits=limits,
            # It was given for whom the client means, and is nobody else's business.
            key=self._wishes.key if is_meant else "",
            organization=self._wishes.organization if is_meant else "",
            trace=() if self._run.trace is None else self._desk.tries.headers(attempt.noted, self._run.trace),
            listener=attempt,
        )

    def _can_go_on(self, error: ProviderError) -> bool:
        """Whether another may go on with an answer that broke; makes everything ready for that."""
        goes_on = self._desk.goes_on if self._wishes.goes_on is None else self._wishes.goes_on
        if self._broke is None or not goes_on or self._run.has_ended or not is_of_the_provider(error):
            return False
        asked = sequel(self._call, self._run.events)
        if asked is None:
            return False
        self._asked = asked
        # The same one comes last: what broke may have been a connection and nothing more.
        self._left.append(self._broke[0])
        return True

    def _brings_key(self, target: Target) -> bool:
        return self._wishes.key != "" and target is self._meant

    def _note_break(self, target: Target, member: Member, error: ProviderError) -> None:
        self._add_failure(target, member, error)
        if self._broke is None:
            self._error = error
        # The log learns of it from whoever goes on, or from its end.
        self._noted = len(self._failures)
        self._broke, self._is_won = (target, self._failures[-1]), False

    def _add_failure(self, target: Target, member: Member, error: ProviderError) -> None:
        if self._error is None or (target is self._meant and self._broke is None and not self._is_meants):
            # Who is in trouble is asked last, but it is the one that the client means.
            self._error, self._is_meants = error, target is self._meant
        name = member.provider.name
        self._failures.append(Tried(name, target.model, error.status, error.code, error.message, member.label))

    def _note(self) -> None:
        """Have the log know of every failure so far."""
        if self._noted < len(self._failures):
            self._desk.append(self._run, self._unnoted())

    def _unnoted(self) -> list[AnyEvent]:
        new = self._failures[self._noted :]
        self._noted = len(self._failures)
        return [Noted(each.provider, each.status, each.code, each.message, each.key, each.model) for each in new]


def _without_ours(call: Call) -> Call:
    """As providers get it: what is said to us is none of theirs."""
    if not call.fallbacks:
        return call
    fields = {name: value for name, value in call.fields.items() if name != FALLBACKS}
    return msgspec.structs.replace(call, fields=fields)

"""
Runs in which the server executes functions.

Theory of operation. A round is driven as any run is, with failover, hedge and all (`Drive`); what its provider says
goes to the run's log as it comes, but for the calls of functions and the end (`Telling`). When the round is whole and
has called functions, each call is noted (`Calling`), and only when that note is kept the function is executed; what
came of it is noted too (`Called`), and the next round is asked with all of it. So of whatever a crash leaves behind it
is known which functions may have been executed, and a reader sees them at the moment they are.

A round that calls tools of the client's ends the answer, because the client goes on with it; functions of the server's
that it called besides are not executed, and the log says so.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from headgate.calls import Added, Call, Message, TextPart, Turn
from headgate.errors import ProviderError
from headgate.events import Called, Calling, Finished, ToolCall
from headgate.fold import Choice, FoldedCall, fold
from headgate.formats import openai_responses, strict
from headgate.formats.adding import turn
from headgate.formats.tool_calls import own_id
from headgate.runs import ends
from headgate.runs.bill import Billing
from headgate.runs.catalogue import Target
from headgate.runs.desk import Desk
from headgate.runs.drive import Drive, Route
from headgate.runs.executions import Execution
from headgate.runs.rounds.past import Past
from headgate.runs.rounds.round import Round
from headgate.runs.rounds.tab import Tab, finished
from headgate.runs.rounds.telling import Telling
from headgate.runs.run import Run
from headgate.runs.trace import new_span
from headgate.runs.wishes import Wishes
from headgate.tools import Context, Outcome, Toolbox

MAX_CALLS = 128
"""Functions that one round may call; a model that calls more of them has lost its way."""

_CUT = frozenset({"length", "content_filter"})
"""Why a round may end in the middle of a call."""

NOT_BESIDE = "Not executed: tools of the client's were called as well. Call it again on its own."
NOT_WHOLE = "Not executed: the answer was cut off."
NOT_SO_MANY = "Not executed: these are more calls than may be made."
NOT_AGAIN = "Not executed: functions were called too many times in this answer."
NOT_BEGUN = "Not executed: the answer was stopped before."
NO_TIME = "Not executed: there was no time left for the functions of this answer."
OUT_OF_TIME = "The function was stopped: there was no time left for the functions of this answer."
STOPPED = "The answer was stopped while this was executed: whether it was done is not known."


class TooManyRounds(ProviderError):
    """A model that calls functions for ever."""

    code = "too_many_rounds"
    retryable = False


class Workshop(msgspec.Struct, frozen=True):
    """What the engine lends to every loop."""

    toolbox: Toolbox
    billing: Billing
    keep: Callable[[Run], Awaitable[None]]
    """Has all of a run kept that is in its log."""


class Asked(msgspec.Struct, frozen=True):
    """A call of a function, whole."""

    id: str
    """By which the log knows it."""
    said: FoldedCall

    @property
    def calling(self) -> Calling:
        """That it is about to be executed."""
        return Calling(self.id, self.said.name, self.said.input, self.said.extra)

    def called(self, outcome: Outcome) -> Called:
        """What came of it."""
        said = self.said
        return Called(self.id, said.name, said.input, outcome.result, outcome.is_error, round(outcome.took, 6))


class Rounds:
    """One run's."""

    def __init__(self, run: Run, call: Call, route: Route, wishes: Wishes, desk: Desk, workshop: Workshop) -> None:
        assert call.added is not None, "there are functions"
        self._run, self._call, self._route, self._wishes, self._workshop = run, call, route, wishes, workshop
        self._added: Added = call.added
        self._append, self._clock = desk.append, desk.clock
        self._names = frozenset(tool.name for tool in call.added.tools)
        self._telling = Telling(run, desk.append, self._names)
        self._desk = msgspec.structs.replace(desk, append=self._telling.take)
        self._tab = run.bill = Tab(workshop.billing, call)
        self._limits = workshop.toolbox.limits
        self._began = desk.clock()
        self._left = self._limits.total_timeout
        """Seconds for functions."""
        most = strict.value(call.fields, "max_tool_calls") if call.format == openai_responses.NAME else None
        self._calls_left: float = math.inf if most is None else most
        """How many calls the client allows, in an API that has a word for that."""
        self._ids: set[str] = set()
        self._at_work: set[str] = set()
        """Those of them whose functions were begun."""

    async def go(self) -> None:
        """Round after round until the answer is whole; raises ProviderError when it broke."""
        first: Target | None = None
        for number in range(await self._pick_up(), self._limits.rounds + 1):
            round = Round(self._run, number)
            is_last = number == self._limits.rounds
            call = msgspec.structs.replace(self._call, added=self._may_call(not is_last and self._calls_left > 0))
            self._tab.begin(round, call)
            drive = Drive(round, call, self._route, self._wishes, self._desk, began=self._began, first=first)
            tried = len(self._run.tries)
            try:
                await drive.go()
            finally:
                for each in self._run.tries[tried:]:
                    each.round = number
            await self._tab.end(ends.UNFINISHED)
            end = finished(round)
            if end is None or not await self._may_go_on(round, end, is_last=is_last):
                return
            first = drive.answered or first
            self._telling.next(round.events)

    async def _may_go_on(self, round: Round, end: Finished, *, is_last: bool) -> bool:
        """Whether another round is to follow; the answer is over otherwise."""
        calls = self._calls_in(round)
        if calls and not self._telling.has_client_calls and end.reason not in _CUT:
            if is_last:
                self._refuse(calls, NOT_AGAIN)
                rounds = self._limits.rounds
                raise TooManyRounds(f"The model called functions more than {rounds} times in one answer.")
            return await self._execute(round, calls)
        self._refuse(calls, NOT_WHOLE if end.reason in _CUT else NOT_BESIDE)
        kindred = self._telling.is_kindred(round)
        self._append(self._run, [*self._tab.total(), end if kindred else msgspec.structs.replace(end, extra=None)])
        return False

    async def _pick_up(self) -> int:
        """Go on from what a crash left, if it left anything; how many rounds there were."""
        past = Past(self._run.events)
        if past.rounds:
            await self._tab.charge(list(self._run.events), self._run.started)
        started = self._run.started
        for number, each in enumerate(past.rounds):
            said, format = each.events(), "" if started is None else started.format
            if number == len(past.rounds) - 1 and past.open:
                calls = [_asked_before(call) for call in past.open]
                if not await self._is_noted(calls):
                    return self._limits.rounds + 1
                outcomes = {id: _outcome_of(called) for id, called in each.outcomes.items()}
                outcomes |= await self._outcomes(calls)
            else:
                outcomes = {id: _outcome_of(called) for id, called in each.outcomes.items()}
            results = [_result(id, outcomes[id]) for id in each.calls]
            self._ids |= each.calls.keys()
            self._calls_left = max(0, self._calls_left - sum(isinstance(call, Calling) for call in each.calls.values()))
            self._telling.next(said)
            self._take(turn(self._call, self._run.id, format, said, results))
        return len(past.rounds)

    def _may_call(self, may: bool) -> Added:
        return self._added if may else msgspec.structs.replace(self._added, may_call=False)

    def _take(self, turn: Turn) -> None:
        self._added = msgspec.structs.replace(self._added, turns=(*self._added.turns, turn))

    def _calls_in(self, round: Round) -> list[Asked]:
        calls = fold(round.events).choices.get(0, Choice()).calls
        return [
            Asked(self._new_id(made.id, round, number), made)
            for number, made in enumerate(calls)
            if made.kind == "function" and made.name in self._names
        ]

    def _new_id(self, said: str, round: Round, number: int) -> str:
        """The provider's own; some give the same in every round."""
        id = said if said not in self._ids else own_id(round.id, number)
        self._ids.add(id)
        return id

    def _refuse(self, calls: Sequence[Asked], why: str) -> None:
        if calls:
            self._append(self._run, [one.called(Outcome(why, is_error=True)) for one in calls])

    async def _is_noted(self, calls: Sequence[Asked]) -> bool:
        """Keep the note that they are about to be executed; False where the run has ended meanwhile."""
        run = self._run
        self._append(run, [one.calling for one in calls])
        upto = len(run.events)
        try:
            while run.durable and run.shown < upto and not run.has_ended:
                await self._workshop.keep(run)
        except asyncio.CancelledError:
            self._refuse(calls, NOT_BEGUN)
            raise
        return not run.has_ended

    async def _execute(self, round: Round, calls: Sequence[Asked]) -> bool:
        """Have what was said and what came of it told in the next round; False where the run has ended meanwhile."""
        least = calls[: int(min(MAX_CALLS, self._calls_left))]
        self._calls_left -= len(least)
        if least and not await self._is_noted(least):
            return False
        outcomes = await self._outcomes(least)
        if rest := calls[len(least) :]:
            self._refuse(rest, NOT_SO_MANY)
            outcomes |= {one.id: Outcome(NOT_SO_MANY, is_error=True) for one in rest}
        results = [_result(one.said.id, outcomes[one.id]) for one in calls]
        started = round.started
        self._take(turn(self._call, round.id, started.format if started is not None else "", round.events, results))
        return True

    async def _outcomes(self, calls: Sequence[Asked]) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        began, turns = self._clock(), asyncio.Semaphore(self._limits.parallel)
        try:
            until = began + self._seconds_left()
            if len(calls) == 1:
                # A task of its own would cost a turn of the loop.
                await self._outcome(calls[0], until, turns, outcomes)
                return outcomes
            async with asyncio.TaskGroup() as tasks:
                for one in calls:
                    tasks.create_task(self._outcome(one, until, turns, outcomes))
        except asyncio.CancelledError:
            for one in calls:
                if one.id not in outcomes:
                    self._refuse([one], STOPPED if one.id in self._at_work else NOT_BEGUN)
            raise
        finally:
            self._left -= self._clock() - began
        return outcomes

    def _seconds_left(self) -> float:
        total = self._wishes.limits.get("total")
        return self._left if total is None else min(self._left, self._began + total - self._clock())

    async def _outcome(self, one: Asked, until: float, turns: asyncio.Semaphore, outcomes: dict[str, Outcome]) -> None:
        context = Context(run=self._run.id, owner=self._run.head.owner, call_id=f"{self._run.id}/{one.id}")
        began, error = time.time(), "cancelled"
        try:
            if self._clock() >= until:
                raise TimeoutError
            async with asyncio.timeout_at(until), turns:
                self._at_work.add(one.id)
                began = time.time()
                outcome = await self._workshop.toolbox.call(one.said.name, one.said.input, context)
            error = "function_error" if outcome.is_error else ""
        except TimeoutError:
            words = OUT_OF_TIME if one.id in self._at_work else NO_TIME
            outcome, error = Outcome(words, is_error=True), "timeout"
        finally:
            self._watch(one, began, error)
        outcomes[one.id] = outcome
        self._append(self._run, [one.called(outcome)])

    def _watch(self, one: Asked, began: float, error: str) -> None:
        run = self._run
        if run.trace is not None:
            run.executed = run.executed or []
            run.executed.append(Execution(one.said.name, one.id, began, time.time(), new_span(), error))


def _asked_before(call: Calling) -> Asked:
    said = FoldedCall(ToolCall(0, call.id, call.name, extra=call.extra))
    said.add(call.arguments)
    return Asked(call.id, said)


def _outcome_of(called: Called) -> Outcome:
    return Outcome(called.result, called.is_error, called.took)


def _result(id: str, outcome: Outcome) -> Message:
    return Message("tool", (TextPart(outcome.result),), call_id=id, is_error=outcome.is_error)

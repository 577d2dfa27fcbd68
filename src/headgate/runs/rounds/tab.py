"""
The bill of a run with several rounds: each is counted for itself, and the run is charged the sum of them, once.

Until a run is over nothing of that is in its log, so a run that ends in the middle has in its `Usage` what its rounds
have taken until then.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from typing_extensions import override

from headgate.calls import Call, TextPart
from headgate.events import AnyEvent, Finished, Last, Started, Stopped, Usage
from headgate.runs.bill import FEW_BYTES, Bill, Billing
from headgate.runs.prices import rounded
from headgate.runs.rounds.round import Round


class Tab(Bill):
    """One run's."""

    __slots__ = ("_is_paid", "_of", "_round", "_usages")

    def __init__(self, billing: Billing, call: Call) -> None:
        super().__init__(billing, call)
        self._of = billing
        self._usages: list[Usage] = []
        self._round: Round | None = None
        self._is_paid = False

    def begin(self, round: Round, call: Call) -> None:
        """From now on this round is at work, for which that is asked."""
        self._round, round.bill = round, _RoundBill(self._of, call)

    async def end(self, end: Last) -> AnyEvent | None:
        """The round is over, in this way if it has not said how; its last event."""
        round, self._round = self._round, None
        if round is None:
            return None
        if not round.has_ended or round.is_ending:
            said = [end] if round.bill is None else await round.bill.settle(round.events, round.started, end)
            round.ended = None
            round.add(said)
        self._note(round)
        return round.events[-1]

    async def charge(self, left: Sequence[AnyEvent], started: Started | None) -> None:
        """What was taken before a crash that left this log; nobody said, so it is counted."""
        bill, end = self._of.bill(self._call, left), Stopped("shutdown")
        said: list[AnyEvent] = [*left, end]
        if not bill.is_short(left):
            said = await bill.settle(left, started, end)
        bill.close(said, started, 0)
        self._usages += [event for event in said[-2:-1] if isinstance(event, Usage)]

    def total(self) -> list[AnyEvent]:
        """All of it as one event; none where nobody is owed anything."""
        self._is_paid = True
        return [summed(self._usages)] if self._usages else []

    @override
    def close(self, events: list[AnyEvent], started: Started | None, written: int) -> bool:
        if not self._is_paid and started is not None:
            events[-1:] = [*self.total(), events[-1]]
        return True

    @override
    async def settle(self, events: Sequence[AnyEvent], started: Started | None, end: Last) -> list[AnyEvent]:
        await self.end(end)
        return [end]

    @override
    def is_short(self, events: Sequence[AnyEvent]) -> bool:
        return True

    def _note(self, round: Round) -> None:
        began, said = round.whole.started, round.started
        is_kindred = began is not None and said is not None and began.format == said.format
        for usage in round.events[-2:-1]:
            if isinstance(usage, Usage):
                # In the log only the terms of whoever began are understood.
                self._usages.append(usage if is_kindred else msgspec.structs.replace(usage, extra=None))


class _RoundBill(Bill):
    """One round's; results of functions may be long, which is seen in no field of the request."""

    @override
    def is_short(self, events: Sequence[AnyEvent]) -> bool:
        added = self._call.added if self._call is not None else None
        turns = () if added is None else added.turns
        told = (part for turn in turns for message in (turn.said, *turn.results) for part in message.parts)
        size = sum(len(part.text) for part in told if isinstance(part, TextPart))
        return size <= FEW_BYTES and super().is_short(events)


def summed(usages: Sequence[Usage]) -> Usage:
    """All of them as one; alone it stays as it is, with its provider's own words."""
    if len(usages) == 1:
        return usages[0]
    costs = [usage.cost for usage in usages if usage.cost is not None]
    extras = [usage.extra for usage in usages]
    return Usage(
        input=sum(usage.input for usage in usages),
        output=sum(usage.output for usage in usages),
        total=sum(usage.total for usage in usages),
        cached=sum(usage.cached for usage in usages),
        reasoning=sum(usage.reasoning for usage in usages),
        extra=None if None in extras else _merged([msgspec.json.decode(extra) for extra in extras if extra]),
        estimated=any(usage.estimated for usage in usages),
        cost=rounded(sum(costs)) if len(costs) == len(usages) else None,
    )


def _merged(said: Sequence[Any]) -> bytes:
    whole: Any = {}
    for each in said:
        whole = _plus(whole, each)
    return msgspec.json.encode(whole)


def _plus(one: Any, other: Any) -> Any:
    match one, other:
        case dict(), dict():
            return {key: _plus(one.get(key), other.get(key)) for key in {**one, **other}}
        case bool(), _:
            return other
        case ((int() | float()), (int() | float())):
            return one + other
        case _:
            return one if other is None else other


def finished(round: Round) -> Finished | None:
    """How a round ended, if it is whole."""
    last = round.events[-1] if round.events else None
    return last if isinstance(last, Finished) else None

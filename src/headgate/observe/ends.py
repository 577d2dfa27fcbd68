"""
Counts runs: what each came to, when it is over.

All of it is read from the run's log and its tries at its end, so that nothing is paid for while it is made. Runs
are alike, so what one of them finds of its numbers is kept for the next.
"""

from itertools import pairwise

import msgspec

from headgate.events import Finished, Usage
from headgate.metrics import Meters, operation_of
from headgate.metrics.numbers import Counter, Histogram
from headgate.observe.bills import Bills, Sums
from headgate.observe.facts import facts_of
from headgate.runs import Run
from headgate.runs.tries import reason

MAX_WHOLE = 2000
"""Caps how many are remembered: clients and providers choose the names of models."""


class _Numbers(msgspec.Struct, frozen=True):
    """Those of runs of one model that ended alike."""

    model: str
    """As numbers know it."""
    ended: Counter
    whole: Histogram
    first: Histogram
    per_token: Histogram
    input: Histogram
    output: Histogram


class Ends:
    """Told of every run that is over."""

    def __init__(self, meters: Meters, bills: Bills) -> None:
        self._meters, self._bills = meters, bills
        self._numbers: dict[tuple[str, str, str, str, str], _Numbers] = {}
        self._whole: dict[tuple[str, str, str, str, bool], tuple[_Numbers, Sums]] = {}
        """Those of answers that came whole at the first try, by what is easily said of a run."""

    def on_over(self, run: Run) -> None:
        """One more."""
        events, started, ended = run.events, run.started, run.ended
        if started is None or ended is None or len(events) < 2 or len(run.tries) != 1 or not run.is_driven:
            self._count(run)
            return
        usage, head = events[-2], run.head
        if type(usage) is not Usage or type(events[-1]) is not Finished:
            self._count(run)
            return
        key = (head.format, head.model, started.provider, started.model, usage.estimated)
        known = self._whole.get(key)
        if known is None:
            numbers = self._count(run)
            if len(self._whole) < MAX_WHOLE:
                self._whole[key] = numbers, self._bills.of(started.provider, numbers.model, usage.estimated)
            return
        numbers, sums = known
        numbers.ended.value += 1
        _take_times(run, head.created, ended, usage, numbers)
        numbers.input.observe(usage.input)
        numbers.output.observe(usage.output)
        sums.add(usage)

    def _count(self, run: Run) -> _Numbers:
        meters, facts = self._meters, facts_of(run)
        # A client may name any model; one that has answered is there.
        if facts.status == "finished":
            model = meters.models.of(facts.model)
            meters.models.of(run.head.model)
        else:
            model = meters.models.known(facts.model)
        key = (run.head.format, facts.provider, model, facts.status, facts.code and meters.codes.of(facts.code))
        numbers = self._numbers.get(key) or self._look_up(key)
        numbers.ended.value += 1
        if run.ended is not None and run.is_driven:
            of_whole = facts.usage if facts.status == "finished" else None
            _take_times(run, run.head.created, run.ended, of_whole, numbers)
        if facts.usage is not None:
            numbers.input.observe(facts.usage.input)
            numbers.output.observe(facts.usage.output)
            self._bills.add(facts.provider, numbers.model, facts.usage)
        if len(run.tries) > 1:
            self._count_ways(run)
        return numbers

    def _look_up(self, key: tuple[str, str, str, str, str]) -> _Numbers:
        format, provider, model, status, code = key
        meters, who = self._meters, (operation_of(format), provider, model)
        numbers = self._numbers[key] = _Numbers(
            model,
            meters.ended.of(*who, status, code),
            meters.whole.of(*who, code),
            meters.first.of(*who),
            meters.per_token.of(*who),
            meters.usage.of(*who, "input"),
            meters.usage.of(*who, "output"),
        )
        return numbers

    def _count_ways(self, run: Run) -> None:
        """Why more than one provider, or one more than once, was asked."""
        meters = self._meters
        for before, this in pairwise(run.tries):
            match reason(before, this):
                case "hedge":
                    meters.hedges.of(this.provider, "won" if this.has_spoken else "lost").add()
                case "continuation":
                    meters.continuations.of(before.provider, this.provider).add()
                case "failover":
                    meters.failovers.of(before.provider, this.provider).add()
                case _:
                    meters.retries.of(this.provider).add()


def _take_times(run: Run, created: float, ended: float, of_whole: Usage | None, numbers: _Numbers) -> None:
    first_at = run.first_at
    if created > ended:
        # The clock was set back meanwhile.
        return
    numbers.whole.observe(ended - created)
    if first_at is not None and created <= first_at <= ended:
        numbers.first.observe(first_at - created)
        if of_whole is not None and of_whole.output > 1:
            numbers.per_token.observe((ended - first_at) / (of_whole.output - 1))

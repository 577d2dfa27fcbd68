"""
Counts runs: what each came to, when it is over.

All of it is read from the run's log and its tries at its end, so that nothing is paid for while it is made.
"""

from typing import NamedTuple

from headgate.events import Usage
from headgate.metrics import Meters, operation_of
from headgate.metrics.numbers import Histogram
from headgate.observe.facts import Facts, facts_of
from headgate.runs import Run
from headgate.runs.tries import reason


class _Numbers(NamedTuple):
    """Those of one model, looked up once."""

    whole: Histogram
    first: Histogram
    per_token: Histogram
    input: Histogram
    output: Histogram


class Ends:
    """Told of every run that is over."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._numbers: dict[tuple[str, str, str], _Numbers] = {}

    def on_over(self, run: Run) -> None:
        """One more."""
        meters, facts = self._meters, facts_of(run)
        operation = operation_of(run.head.format)
        # A client may name any model; one that has answered is there.
        models = meters.models
        if facts.status == "finished":
            model = models.of(facts.model)
            models.of(run.head.model)
        else:
            model = models.known(facts.model)
        code = meters.codes.of(facts.code)
        meters.ended.of(operation, facts.provider, model, facts.status, code).add()
        if run.ended is not None and run.is_driven:
            self._times(run, run.ended, operation, facts, model, code)
        if facts.usage is not None:
            self._bill(facts.usage, facts.provider, model)
        if len(run.tries) > 1:
            self._ways(run)

    def _times(self, run: Run, ended: float, operation: str, facts: Facts, model: str, code: str) -> None:
        numbers = self._of(operation, facts.provider, model)
        whole, usage = max(0.0, ended - run.head.created), facts.usage
        if code:
            self._meters.whole.of(operation, facts.provider, model, code).observe(whole)
        else:
            numbers.whole.observe(whole)
        if run.first_at is not None:
            numbers.first.observe(max(0.0, run.first_at - run.head.created))
        if usage is None:
            return
        numbers.input.observe(usage.input)
        numbers.output.observe(usage.output)
        if run.first_at is not None and usage.output > 1 and facts.status == "finished":
            numbers.per_token.observe(max(0.0, ended - run.first_at) / (usage.output - 1))

    def _of(self, operation: str, provider: str, model: str) -> _Numbers:
        key = (operation, provider, model)
        numbers = self._numbers.get(key)
        if numbers is None:
            meters = self._meters
            numbers = self._numbers[key] = _Numbers(
                meters.whole.of(*key, ""),
                meters.first.of(*key),
                meters.per_token.of(*key),
                meters.usage.of(*key, "input"),
                meters.usage.of(*key, "output"),
            )
        return numbers

    def _bill(self, usage: Usage, provider: str, model: str) -> None:
        estimated = "true" if usage.estimated else "false"
        tokens = self._meters.tokens
        tokens.of(provider, model, "input", estimated).add(usage.input)
        tokens.of(provider, model, "output", estimated).add(usage.output)
        if usage.cached:
            tokens.of(provider, model, "cached", estimated).add(usage.cached)
        if usage.reasoning:
            tokens.of(provider, model, "reasoning", estimated).add(usage.reasoning)
        if usage.cost is not None:
            self._meters.cost.of(provider, model, estimated).add(usage.cost)

    def _ways(self, run: Run) -> None:
        """Why more than one provider, or one more than once, was asked."""
        meters = self._meters
        for before, this in zip(run.tries, run.tries[1:], strict=False):
            match reason(before, this):
                case "hedge":
                    meters.hedges.of(this.provider, "won" if this.has_spoken else "lost").add()
                case "continuation":
                    meters.continuations.of(before.provider, this.provider).add()
                case "failover":
                    meters.failovers.of(before.provider, this.provider).add()
                case _:
                    meters.retries.of(this.provider).add()

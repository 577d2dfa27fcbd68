"""Adds up tokens and what they cost."""

from typing import NamedTuple

from headgate.events import Usage
from headgate.metrics import Meters
from headgate.metrics.numbers import Counter


class _Sums(NamedTuple):
    """Those of one model."""

    input: Counter
    output: Counter
    cached: Counter
    reasoning: Counter
    cost: Counter


class Bills:
    """Of everything that was asked."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._sums: dict[tuple[str, str, bool], _Sums] = {}

    def add(self, provider: str, model: str, usage: Usage) -> None:
        """One more; `model` is one that is known."""
        sums = self._sums.get((provider, model, usage.estimated)) or self._look_up(provider, model, usage.estimated)
        sums.input.value += usage.input
        sums.output.value += usage.output
        sums.cached.value += usage.cached
        sums.reasoning.value += usage.reasoning
        sums.cost.value += usage.cost or 0.0

    def _look_up(self, provider: str, model: str, is_estimated: bool) -> _Sums:
        meters, estimated = self._meters, "true" if is_estimated else "false"
        sums = self._sums[provider, model, is_estimated] = _Sums(
            meters.tokens.of(provider, model, "input", estimated),
            meters.tokens.of(provider, model, "output", estimated),
            meters.tokens.of(provider, model, "cached", estimated),
            meters.tokens.of(provider, model, "reasoning", estimated),
            meters.cost.of(provider, model, estimated),
        )
        return sums

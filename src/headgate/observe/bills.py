"""Adds up tokens and what they cost."""

import msgspec

from headgate.events import Usage
from headgate.metrics import Meters
from headgate.metrics.numbers import Counter


class Sums(msgspec.Struct, frozen=True):
    """Those of one model."""

    input: Counter
    output: Counter
    cached: Counter
    reasoning: Counter
    cost: Counter

    def add(self, usage: Usage) -> None:
        """One more."""
        self.input.value += usage.input
        self.output.value += usage.output
        # Most have nothing of these.
        if usage.cached:
            self.cached.value += usage.cached
        if usage.reasoning:
            self.reasoning.value += usage.reasoning
        if usage.cost:
            self.cost.value += usage.cost


class Bills:
    """Of everything that was asked."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._sums: dict[tuple[str, str, bool], Sums] = {}

    def add(self, provider: str, model: str, usage: Usage) -> None:
        """One more; `model` is one that is known."""
        self.of(provider, model, usage.estimated).add(usage)

    def of(self, provider: str, model: str, is_estimated: bool) -> Sums:
        """The sums of a model that is known."""
        return self._sums.get((provider, model, is_estimated)) or self._look_up(provider, model, is_estimated)

    def _look_up(self, provider: str, model: str, is_estimated: bool) -> Sums:
        meters, estimated = self._meters, "true" if is_estimated else "false"
        sums = self._sums[provider, model, is_estimated] = Sums(
            meters.tokens.of(provider, model, "input", estimated),
            meters.tokens.of(provider, model, "output", estimated),
            meters.tokens.of(provider, model, "cached", estimated),
            meters.tokens.of(provider, model, "reasoning", estimated),
            meters.cost.of(provider, model, estimated),
        )
        return sums

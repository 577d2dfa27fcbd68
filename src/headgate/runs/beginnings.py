"""Counts runs that are begun."""

from headgate.calls import Call
from headgate.metrics import Meters, operation_of
from headgate.metrics.numbers import Counter


class Beginnings:
    """By format and model; what one of them finds of its number is kept for the next."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._counters: dict[tuple[str, str], Counter] = {}

    def add(self, call: Call) -> None:
        """One more."""
        begun = self._counters.get((call.format, call.model))
        if begun is None:
            model = self._meters.models.known(call.model)
            begun = self._meters.begun.of(operation_of(call.format), model)
            if model == call.model:
                # Any other is not known by its name yet, and may never be.
                self._counters[call.format, call.model] = begun
        begun.value += 1

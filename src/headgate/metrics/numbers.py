"""
The numbers themselves: counters that grow and histograms that sort values into buckets.

They belong to the event loop's thread, so there is no lock, and an increment is all that an observation
costs: it happens with every piece of every answer. Another thread may read them at any time; what it
gets of one histogram may be an observation ahead in one place and behind in another.
"""

from bisect import bisect_left


class Counter:
    """Grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def add(self, amount: float = 1) -> None:
        """That much more."""
        self.value += amount


class Histogram:
    """How many values there were up to each of its bounds, and what they come to."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Those in each bucket alone; the last one has no bound."""
        self.total = 0.0

    def observe(self, value: float) -> None:
        """One more value: a float, because an int among them would make all of them slower."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value

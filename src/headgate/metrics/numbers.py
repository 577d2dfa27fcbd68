"""
The numbers themselves: counters that grow and histograms that sort values into buckets.

They belong to the event loop's thread, so there is no lock, and an increment, or to put a value on a list, is all
that an observation costs: it happens with every piece of every answer.
"""

from bisect import bisect_right


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

    __slots__ = ("_bounds", "_counts", "_new", "_total", "observe")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0
        self._new: list[float] = []
        self.observe = self._new.append
        """
        Takes one more value. To put it where it belongs is left to `settle`: it takes less time for many at once, and
        nobody waits for that.
        """

    def settle(self) -> None:
        """Put new values where they belong; to be called now and then, because they are kept until then."""
        new = self._new
        if new:
            # In order a look for each bound is enough, however many values there are.
            new.sort()
            before = 0
            for bucket, bound in enumerate(self._bounds):
                upto = bisect_right(new, bound, before)
                self._counts[bucket] += upto - before
                before = upto
            self._counts[-1] += len(new) - before
            self._total += sum(new)
            new.clear()

    @property
    def counts(self) -> list[int]:
        """Those in each bucket alone; the last one has no bound."""
        self.settle()
        return self._counts

    @property
    def total(self) -> float:
        """What they come to."""
        self.settle()
        return self._total

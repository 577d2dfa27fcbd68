"""
Numbers of the same name, told apart by labels.

Whoever counts often asks for its number once and keeps it: `of` looks up and, the first time, makes it.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from headgate.metrics.numbers import Counter, Histogram

Labels: TypeAlias = tuple[str, ...]
"""The values of a family's labels, in their order."""

Reading: TypeAlias = tuple[Labels, float]

MAX_LABEL = 120
"""Characters of a label's value: names of models and codes of errors are made by others."""

OTHER = "other"
"""The value of all that would be too many to tell apart."""


class Names:
    """So many different values of one label, and no more: each is kept for as long as the process lives."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[str, str] = {"": ""}

    def of(self, name: str) -> str:
        """The value for a name; a new one becomes known, as long as there is room."""
        known = self._known.get(name)
        if known is None:
            if len(self._known) > self._limit:
                return OTHER
            known = self._known[name] = name[:MAX_LABEL]
        return known

    def known(self, name: str) -> str:
        """The value for a name that does not become known by this."""
        return self._known.get(name, OTHER)


class Snapshot(msgspec.Struct, frozen=True):
    """A family as it was at one moment."""

    kind: str
    """counter, gauge or histogram."""
    name: str
    help: str
    labels: Labels
    readings: list[tuple[Labels, float]] = []
    """Of counters and gauges."""
    histograms: list[tuple[Labels, list[int], float]] = []
    bounds: tuple[float, ...] = ()


class Counters:
    """A family of counters."""

    def __init__(self, name: str, help: str, *labels: str) -> None:
        self.name, self.help, self.labels = name, help, labels
        self._counters: dict[Labels, Counter] = {}
        if not labels:
            # There from the beginning: a rate needs to see it at 0.
            self.of()

    def of(self, *labels: str) -> Counter:
        """The one with these labels."""
        counter = self._counters.get(labels)
        if counter is None:
            counter = self._counters[labels] = Counter()
        return counter

    def snapshot(self) -> Snapshot:
        """What they are now."""
        readings = [(labels, counter.value) for labels, counter in self._counters.items()]
        return Snapshot("counter", self.name, self.help, self.labels, readings)


class Histograms:
    """A family of histograms."""

    def __init__(self, name: str, help: str, bounds: tuple[float, ...], *labels: str) -> None:
        self.name, self.help, self.labels, self.bounds = name, help, labels, bounds
        self._histograms: dict[Labels, Histogram] = {}
        if not labels:
            self.of()

    def of(self, *labels: str) -> Histogram:
        """The one with these labels."""
        histogram = self._histograms.get(labels)
        if histogram is None:
            histogram = self._histograms[labels] = Histogram(self.bounds)
        return histogram

    def settle(self) -> None:
        """See `Histogram.settle`."""
        for histogram in self._histograms.values():
            histogram.settle()

    def snapshot(self) -> Snapshot:
        """What they are now."""
        found = [(labels, each.counts.copy(), each.total) for labels, each in self._histograms.items()]
        return Snapshot("histogram", self.name, self.help, self.labels, histograms=found, bounds=self.bounds)


class Gauges:
    """A family of values that are looked up only when somebody asks."""

    kind = "gauge"

    def __init__(self, name: str, help: str, *labels: str) -> None:
        self.name, self.help, self.labels = name, help, labels
        self._readers: list[Callable[[], Iterable[Reading]]] = []

    def read(self, reader: Callable[[], Iterable[Reading]]) -> None:
        """Where to look."""
        self._readers.append(reader)

    def read_one(self, reader: Callable[[], float]) -> None:
        """Where to look for the only one."""
        self._readers.append(lambda: [((), reader())])

    def snapshot(self) -> Snapshot:
        """What they are now."""
        readings = [reading for reader in self._readers for reading in reader()]
        return Snapshot(self.kind, self.name, self.help, self.labels, readings)


class Tallies(Gauges):
    """The same for counters that are kept by somebody else."""

    kind = "counter"

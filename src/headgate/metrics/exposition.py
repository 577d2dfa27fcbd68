"""
The page that a Prometheus reads, in its own format or in OpenMetrics.

What is counted is copied on the event loop, in microseconds; the text is made of it in a thread, because for
hundreds of models it takes as long as a hundred answers.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from typing_extensions import override

from headgate.metrics.families import Snapshot
from headgate.metrics.meters import Meters

if TYPE_CHECKING:
    from prometheus_client import Metric
    from prometheus_client.samples import Sample


STEP = 20
"""Lines that are written without a pause: a fraction of a millisecond."""


class Exposition:
    """Makes the page, for one reader at a time."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters
        self._turn = asyncio.Lock()

    async def page(self, accept: str) -> tuple[bytes, str]:
        """The page and its content type, in the form that a reader accepts."""
        async with self._turn:
            now = [family.snapshot() for family in self._meters.families]
            return await asyncio.to_thread(_page, now, accept)


def _page(snapshots: Sequence[Snapshot], accept: str) -> tuple[bytes, str]:
    # Not before it is needed: most servers start and end without being asked.
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import choose_encoder

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Collector(snapshots))
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Collector:
    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots

    def describe(self) -> Iterable["Metric"]:
        return []

    def collect(self) -> Iterator["Metric"]:
        for snapshot in self._snapshots:
            metric = _metric(snapshot)
            metric.samples = _Polite(metric.samples)
            yield metric


class _Polite(list["Sample"]):
    """
    Samples that are gone through with pauses.

    A thread that computes keeps the interpreter for 5 ms at a time; the event loop has a token to send meanwhile.
    """

    @override
    def __iter__(self) -> Iterator["Sample"]:
        for number, sample in enumerate(super().__iter__()):
            if number % STEP == 0:
                _let_others()
            yield sample


def _let_others() -> None:
    time.sleep(0)


def _metric(snapshot: Snapshot) -> "Metric":
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    name, help, labels = snapshot.name, snapshot.help, snapshot.labels
    if snapshot.kind == "histogram":
        histogram = HistogramMetricFamily(name, help, labels=labels)
        for values, counts, total in snapshot.histograms:
            histogram.add_metric(values, _buckets(snapshot.bounds, counts), total)
            _let_others()
        return histogram
    family = CounterMetricFamily if snapshot.kind == "counter" else GaugeMetricFamily
    metric = family(name, help, labels=labels)
    for values, value in snapshot.readings:
        metric.add_metric(values, value)
    return metric


def _buckets(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """As the format wants them: each holds those below it, too."""
    from prometheus_client.utils import floatToGoString

    buckets, sum = [], 0
    for bound, count in zip((*bounds, float("inf")), counts, strict=True):
        sum += count
        buckets.append((floatToGoString(bound), float(sum)))  # type: ignore[no-untyped-call]
    return buckets

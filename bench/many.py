"""Many streams for a minute: whether every word arrives, in order and without long silences."""

from dataclasses import dataclass

from bench.fleet import Fleet, Measured, fleet, measure
from bench.job import Job
from bench.options import Options
from bench.servers import Server
from bench.tables import Table

GAP_MS = 20.0


@dataclass(frozen=True)
class _Size:
    streams: int
    seconds: float

    @property
    def words(self) -> int:
        return round(self.seconds * 1000 / GAP_MS)


_FULL = _Size(streams=500, seconds=60)
_QUICK = _Size(streams=100, seconds=3)


def run(options: Options) -> Table:
    """Measure."""
    size = _QUICK if options.quick else _FULL
    table = Table(
        f"{size.streams} streams of {1000 / GAP_MS:g} chunks a second for {size.seconds:g} s",
        ["sent", "delivered", "whole streams", "gap p99 ms", "worst ms", "over 200 ms", "of a core", "to nginx", "MB"],
    )
    floor = 0.0
    with fleet(options.kinds, GAP_MS) as running:
        for server in running.servers:
            options.say(f"many: {server.name}")
            sent, measured = _measure(running, server, size)
            floor = floor or measured.cpu
            _add(table, server, size, sent, measured, floor)
    return table


def _measure(running: Fleet, server: Server, size: _Size) -> tuple[int, Measured]:
    job = Job(
        ports=[server.port],
        stream=True,
        clients=size.streams,
        requests=size.streams,
        words=size.words,
        spread=2.0,
        limit=size.seconds * 1.5 + 10,
    )
    before = running.words_sent()
    measured = measure(server, job)
    return running.words_sent() - before, measured


def _add(table: Table, server: Server, size: _Size, sent: int, measured: Measured, floor: float) -> None:
    seen = measured.seen
    table.add(
        server.name,
        f"{sent:,}",
        f"{seen.words:,}",
        f"{seen.whole} of {size.streams}",
        f"{seen.gap_p99:.0f}",
        f"{seen.gap_max:.0f}",
        f"{seen.long_gaps:,}",
        f"{measured.cpu / seen.seconds:.0%}",
        f"{measured.cpu / floor:.1f}x",
        f"{measured.peak:.0f}",
    )
    if seen.broken:
        table.remark(f"{server.name} broke {seen.broken} answers; the first: {seen.trouble}.")
    if late := size.streams - seen.whole - seen.broken:
        table.remark(f"{server.name} was stopped after {seen.seconds:.0f} s with {late} streams not at their end.")

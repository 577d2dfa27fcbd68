"""Thousands of streams that are open at once and seldom speak: what each costs a process that holds them all."""

from dataclasses import dataclass

from bench.fleet import Fleet, Measured, fleet, measure
from bench.job import Job
from bench.options import Options
from bench.servers import Server
from bench.tables import Table

GAP_MS = 500.0


@dataclass(frozen=True)
class _Size:
    streams: int
    words: int
    spread: float

    @property
    def seconds(self) -> float:
        """How long it takes at least."""
        return self.spread + self.words * GAP_MS / 1000


_FULL = _Size(streams=2000, words=50, spread=10)
_QUICK = _Size(streams=200, words=6, spread=1)


def run(options: Options) -> Table:
    """Measure."""
    size = _QUICK if options.quick else _FULL
    table = Table(
        f"{size.streams:,} streams open at once, of {1000 / GAP_MS:g} chunks a second each",
        ["sent", "delivered", "whole streams", "KB a stream", "of a core", "to nginx", "µs a chunk", "first p99 ms"],
    )
    floor = 0.0
    with fleet(options.kinds, GAP_MS) as running:
        for server in running.servers:
            options.say(f"streams: {server.name}")
            idle = server.child.resident()
            sent, measured = _measure(running, server, size)
            floor = floor or measured.cpu
            _add(table, server, size, sent, measured, floor, idle)
    table.remark(
        "Each is a client's connection and one to the upstream, both new; `KB a stream` is what memory grew by."
    )
    return table


def _measure(running: Fleet, server: Server, size: _Size) -> tuple[int, Measured]:
    job = Job(
        ports=[server.port],
        stream=True,
        clients=size.streams,
        requests=size.streams,
        words=size.words,
        spread=size.spread,
        limit=size.seconds * 1.5 + 10,
    )
    before = running.words_sent()
    measured = measure(server, job)
    return running.words_sent() - before, measured


def _add(table: Table, server: Server, size: _Size, sent: int, measured: Measured, floor: float, idle: float) -> None:
    seen = measured.seen
    table.add(
        server.name,
        f"{sent:,}",
        f"{seen.words:,}",
        f"{seen.whole:,} of {size.streams:,}",
        f"{(measured.peak - idle) * 1024 / size.streams:.1f}",
        f"{measured.cpu / seen.seconds:.0%}",
        f"{measured.cpu / floor:.1f}x",
        f"{measured.cpu * 1e6 / max(seen.words, 1):.0f}",
        f"{seen.first_p99:.0f}",
    )
    if seen.broken:
        table.remark(f"{server.name} broke {seen.broken} answers; the first: {seen.trouble}.")

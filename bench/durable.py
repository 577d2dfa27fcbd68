"""Streams of Durable Streams: many that are written a little at a time, and one that a thousand read."""

from dataclasses import dataclass

from bench.fleet import fleet, scribble
from bench.options import Options
from bench.scribes import Scribbled, Scribe
from bench.servers import Kind
from bench.tables import Table


@dataclass(frozen=True)
class _Load:
    name: str
    streams: int
    rate: float
    readers: int


_LOADS = (
    _Load("5,000 appends/s on 200 streams", 200, 5000, 0),
    _Load("50 appends/s on one stream, 1,000 readers", 1, 50, 1000),
)
SECONDS = 20.0

BUSY = 0.8
"""Share of a core from which on the clients' own work is a part of what they measure."""


def run(options: Options) -> Table:
    """Measure each load on a server of its own, of each kind that keeps what it is given."""
    table = Table(
        "Durable streams: each append is kept before it is acknowledged",
        [
            "appends/s",
            "as told",
            "p50 ms",
            "p99 ms",
            "slowest ms",
            "got all",
            "late p50",
            "late p99",
            "of a core",
            "KB",
        ],
    )
    for kind in options.kinds:
        if kind.keeps_runs:
            for load in _LOADS:
                options.say(f"durable: {kind.name}, {load.name}")
                _one(kind, load, options, table)
    return table


def _one(kind: Kind, load: _Load, options: Options, table: Table) -> None:
    share = 20 if options.quick else 1
    seconds = 2.0 if options.quick else SECONDS
    with fleet([kind], 0) as running:
        server = running.servers[0]
        job = Scribe(
            port=server.port, pid=server.child.pid, streams=max(1, load.streams // share),
            rate=load.rate / share if load.streams > 1 else load.rate, seconds=seconds, readers=load.readers // share,
        )  # fmt: skip
        seen = scribble(job)
    table.add(f"{kind.name}: {load.name}", *_figures(seen, job))
    if seen.own_core > BUSY:
        table.remark(f"`{load.name}`: the clients were busy themselves ({seen.own_core:.0%} of a core).")


def _figures(seen: Scribbled, job: Scribe) -> list[str]:
    return [
        f"{seen.rate:,.0f}",
        "all" if seen.is_whole else "NOT",
        f"{seen.p50:.1f}",
        f"{seen.p99:.1f}",
        f"{seen.slowest:.0f}",
        f"{seen.whole:,} of {job.readers:,}" if job.readers else "-",
        f"{seen.late_p50:.0f}" if job.readers else "-",
        f"{seen.late_p99:.0f}" if job.readers else "-",
        f"{seen.core:.0%}",
        f"{seen.kilobytes:.1f}" if job.readers else "-",
    ]

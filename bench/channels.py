"""Thousands who listen on channels: one channel of many, and many channels of a few."""

from dataclasses import dataclass

from bench.fleet import fleet, listen
from bench.listeners import Listen, Listened
from bench.options import Options
from bench.servers import Kind
from bench.tables import Table


@dataclass(frozen=True)
class _Load:
    name: str
    kind: str
    channels: int
    each: int
    rate: float


_LOADS = (
    _Load("one channel, 5,000 event streams", "sse", 1, 5000, 10),
    _Load("one channel, 2,000 WebSockets", "socket", 1, 2000, 10),
    _Load("1,000 channels, 5 event streams each", "sse", 1000, 5, 1),
)
SECONDS = 30.0

BUSY = 0.8
"""Share of a core from which on the listeners' own work is a part of what they measure."""


def run(options: Options) -> Table:
    """Measure each load on a server of its own."""
    table = Table(
        "Listeners on channels, and messages by HTTP",
        [
            "messages/s",
            "got all",
            "deliveries/s",
            "median ms",
            "p99 ms",
            "slowest ms",
            "of a core",
            "µs each",
            "KB each",
        ],
    )
    kind = next(kind for kind in options.kinds if kind.keeps_runs)
    for load in _LOADS:
        options.say(f"channels: {load.name}")
        _one(kind, load, options, table)
    return table


def _one(kind: Kind, load: _Load, options: Options, table: Table) -> None:
    share = 20 if options.quick else 1
    channels, each = (load.channels // share, load.each) if load.channels > 1 else (1, load.each // share)
    seconds = 3.0 if options.quick else SECONDS
    with fleet([kind], 0) as running:
        server = running.servers[0]
        job = Listen(
            port=server.port, pid=server.child.pid, kind=load.kind, channels=channels, each=each,
            rate=load.rate, seconds=seconds,
        )  # fmt: skip
        seen = listen(job)
    table.add(load.name, *_figures(seen, job))
    if seen.own_core > BUSY:
        table.remark(f"`{load.name}`: the listeners were busy themselves ({seen.own_core:.0%} of a core).")


def _figures(seen: Listened, job: Listen) -> list[str]:
    return [
        f"{seen.rate * job.channels:,.0f}",
        f"{seen.whole:,} of {job.channels * job.each:,}",
        f"{seen.rate * job.channels * job.each:,.0f}",
        f"{seen.median:.0f}",
        f"{seen.p99:.0f}",
        f"{seen.slowest:.0f}",
        f"{seen.core:.0%}",
        f"{seen.micros:.1f}",
        f"{seen.kilobytes:.1f}",
    ]

"""How much memory a server holds when idle, and after thousands of short runs."""

from dataclasses import dataclass

from bench.fleet import fleet, measure
from bench.job import Job
from bench.options import Options
from bench.servers import Kind, Server
from bench.tables import Table

CLIENTS = 50
WORDS = 5


@dataclass(frozen=True)
class _Size:
    some: int
    all: int


_FULL = _Size(some=10_000, all=100_000)
_QUICK = _Size(some=300, all=1500)


def run(options: Options) -> Table:
    """Measure."""
    size = _QUICK if options.quick else _FULL
    table = Table(
        f"Memory, and {size.all:,} streams of {WORDS} chunks",
        ["idle MB", f"after {size.some:,}", f"after {size.all:,}", "growth between", "bytes a run", "on disk MB"],
    )
    for kind in options.kinds:
        options.say(f"memory: {kind.name}")
        _one(kind, size, table)
    return table


def _one(kind: Kind, size: _Size, table: Table) -> None:
    share = 10 if kind.is_slow else 1
    some, rest = size.some // share, (size.all - size.some) // share
    # Each with a fleet of its own: nobody's idle memory may come after somebody else's load.
    with fleet([kind], 0) as running:
        server = running.servers[0]
        held = [server.child.resident()]
        for requests in (some, rest):
            held.append(_after(server, requests, table))
        growth = held[2] - held[1]
        table.add(
            kind.name,
            *(f"{megabytes:.1f}" for megabytes in held),
            f"{growth:+.1f}",
            f"{growth * 2**20 / rest:+.0f}",
            f"{_on_disk(server):.0f}" if _on_disk(server) >= 0.1 else "-",
        )
    if kind.is_slow:
        table.remark(f"{kind.name} was given a tenth of the streams.")


def _after(server: Server, requests: int, table: Table) -> float:
    job = Job(ports=[server.port], stream=True, clients=CLIENTS, requests=requests, words=WORDS, limit=600.0)
    seen = measure(server, job).seen
    if seen.whole < requests:
        table.remark(f"{server.name} finished {seen.whole:,} of {requests:,} streams. {seen.trouble}")
    return server.child.resident()


def _on_disk(server: Server) -> float:
    files = [path for path in server.folder.rglob("*.db*") if path.is_file()]
    return sum(path.stat().st_size for path in files) / 2**20

"""What a streamed chunk and a plain request cost, and how fast the first of a hundred streams' words come."""

from collections import defaultdict
from dataclasses import dataclass

from bench.fleet import Fleet, Measured, fleet, measure
from bench.job import Job
from bench.options import Options
from bench.servers import Server
from bench.tables import Table, middle, ratio

GAP_MS = 20.0


@dataclass(frozen=True)
class _Size:
    rounds: int
    clients: int
    streams: int
    words: int
    plain: int


_FULL = _Size(rounds=5, clients=100, streams=500, words=100, plain=4000)
_QUICK = _Size(rounds=1, clients=50, streams=100, words=50, plain=800)

PLAIN_CLIENTS = 16


@dataclass(frozen=True)
class _Round:
    stream: Measured
    plain: Measured

    @property
    def chunk(self) -> float:
        """Processor microseconds for each word that came."""
        return self.stream.cpu / max(self.stream.seen.words, 1) * 1e6

    @property
    def request(self) -> float:
        """Processor microseconds for each plain answer."""
        return self.plain.cpu / max(self.plain.seen.whole, 1) * 1e6


def run(options: Options) -> Table:
    """Measure."""
    size = _QUICK if options.quick else _FULL
    rounds: dict[str, list[_Round]] = defaultdict(list)
    table = Table(
        f"Processor time: {size.clients} streams of {1000 / GAP_MS:g} chunks a second"
        f"{', in step' if options.in_step else ''}; {PLAIN_CLIENTS} plain clients",
        ["µs a chunk", "to nginx", "µs a plain request", "to nginx", "first p50 ms", "p99", "gap p99 ms", "MB"],
    )
    with fleet(options.kinds, GAP_MS) as running:
        for number in range(options.rounds or size.rounds):
            options.say(f"chunks: round {number + 1}")
            for server in running.servers:
                rounds[server.name].append(_round(server, size, options, table))
        _fill(table, running, rounds)
    return table


def _round(server: Server, size: _Size, options: Options, table: Table) -> _Round:
    share = 10 if server.kind.is_slow else 1
    # Everything is warm then: connections, caches, and code that is only loaded when it is needed.
    measure(server, Job(ports=[server.port], stream=True, clients=20, requests=40, words=5))
    stream = Job(
        ports=[server.port],
        stream=True,
        clients=size.clients,
        requests=max(size.streams // share, size.clients),
        words=size.words,
        spread=0.0 if options.in_step else size.words * GAP_MS / 1000,
    )
    plain = Job(ports=[server.port], stream=False, clients=PLAIN_CLIENTS, requests=size.plain // share)
    measured = _Round(measure(server, stream), measure(server, plain))
    for seen in (measured.stream.seen, measured.plain.seen):
        if seen.broken:
            table.remark(f"{server.name} broke {seen.broken} answers; the first: {seen.trouble}.")
    return measured


def _fill(table: Table, running: Fleet, rounds: dict[str, list[_Round]]) -> None:
    floor = rounds[running.servers[0].name]
    for name, mine in rounds.items():
        table.add(
            name,
            f"{middle(one.chunk for one in mine):.1f}",
            ratio([one.chunk for one in mine], [one.chunk for one in floor]),
            f"{middle(one.request for one in mine):.1f}",
            ratio([one.request for one in mine], [one.request for one in floor]),
            f"{middle(one.stream.seen.first_p50 for one in mine):.1f}",
            f"{middle(one.stream.seen.first_p99 for one in mine):.1f}",
            f"{middle(one.stream.seen.gap_p99 for one in mine):.1f}",
            f"{max(one.stream.peak for one in mine):.0f}",
        )

"""
What a gateway adds to the first token when there is no load at all: one client, with pauses.

The servers are asked in turn, one request each, so that whatever else happens on the machine
happens to all of them.
"""

from bench.fleet import fleet, load
from bench.job import Job
from bench.options import Options
from bench.tables import Table

GAP_MS = 20.0
WORDS = 3
PAUSE = 0.05


def run(options: Options) -> Table:
    """Measure."""
    requests = 15 if options.quick else 300
    table = Table(
        f"First token at one client, {requests} requests with pauses",
        ["p50 ms", "added to nginx", "p99 ms", "added to nginx"],
    )
    with fleet(options.kinds, GAP_MS) as running:
        options.say("first-token: one client")
        ports = [server.port for server in running.servers]
        load(_job(ports, 5))
        seen = load(_job(ports, requests))
    floor = seen[0]
    for kind, mine in zip(options.kinds, seen, strict=True):
        table.add(
            kind.name,
            f"{mine.first_p50:.2f}",
            f"{mine.first_p50 - floor.first_p50:.2f}",
            f"{mine.first_p99:.2f}",
            f"{mine.first_p99 - floor.first_p99:.2f}",
        )
        if mine.broken:
            table.remark(f"{kind.name} broke {mine.broken} answers; the first: {mine.trouble}.")
    return table


def _job(ports: list[int], requests: int) -> Job:
    return Job(ports=ports, stream=True, clients=1, requests=requests, words=WORDS, pause=PAUSE, limit=600.0)

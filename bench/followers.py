"""Thousands who read one answer along; and what it takes to read a long one again."""

import contextlib
import http.client
import json
import statistics
import time
from dataclasses import dataclass

from bench.audience import Watch, Watched
from bench.fleet import fleet, watch
from bench.options import Options
from bench.servers import Server
from bench.tables import Table

GAP_MS = 20.0
REPLAYS = 10
LOOKS = 300


@dataclass(frozen=True)
class _Size:
    readers: int
    seconds: float
    events: int


_FULL = _Size(readers=5000, seconds=20, events=10_000)
_QUICK = _Size(readers=200, seconds=2, events=500)


def run(options: Options) -> Table:
    """Measure those who keep what they answer; nobody else can be read twice."""
    size = _QUICK if options.quick else _FULL
    table = Table(
        f"{size.readers:,} readers of one run of {1000 / GAP_MS:g} events a second",
        ["got all", "events/s", "of a core", "worst gap ms", "KB each", "all back ms", "replay ms", "status µs"],
    )
    for kind in options.kinds:
        if not kind.keeps_runs:
            continue
        options.say(f"followers: {kind.name}")
        with fleet([kind], GAP_MS) as running:
            seen = _read_along(running.servers[0], size)
        with fleet([kind], 0) as running:
            replay, status = _read_again(running.servers[0], size.events)
        table.add(
            kind.name,
            f"{seen.whole:,} of {size.readers:,}",
            f"{seen.events_a_second:,.0f}",
            f"{seen.core:.0%}",
            f"{seen.gap_max:.0f}",
            f"{seen.kilobytes:.0f}",
            f"{seen.returned:.0f}",
            f"{replay * 1000:.0f}",
            f"{status * 1e6:.0f}",
        )
    table.remark(f"`replay` is the time to read a finished run of {size.events:,} events; `status` the processor's.")
    return table


def _read_along(server: Server, size: _Size) -> Watched:
    # Long enough to be read, cut, and come back to.
    words = round((size.seconds + 8 + size.readers / 1000) * 1000 / GAP_MS)
    job = Watch(port=server.port, pid=server.child.pid, readers=size.readers, words=words, seconds=size.seconds)
    return watch(job)


def _read_again(server: Server, events: int) -> tuple[float, float]:
    """Seconds to read a long run from its start; processor seconds for one look at a short one."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    with contextlib.closing(connection):
        long, short = (_made(connection, words) for words in (events, 50))
        replays = []
        for _ in range(REPLAYS):
            begun = time.perf_counter()
            _get(connection, f"/v1/runs/{long}/events")
            replays.append(time.perf_counter() - begun)
        server.child.settle()
        before = server.child.cpu()
        for _ in range(LOOKS):
            _get(connection, f"/v1/runs/{short}")
        return statistics.median(replays), (server.child.cpu() - before) / LOOKS


def _made(connection: http.client.HTTPConnection, words: int) -> str:
    """A run of that many words, at its end."""
    messages = [{"role": "user", "content": "x"}]
    ask = {"model": "openai/gpt-4o-mini", "messages": messages, "stream": True, "max_tokens": words}
    connection.request("POST", "/v1/chat/completions", json.dumps(ask))
    answer = connection.getresponse()
    answer.read()
    found = answer.headers["headgate-run"]
    assert found is not None
    return found


def _get(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body[:200]
    return body

"""
What it adds to the first token when the provider that is asked first refuses the connection.

Each question is asked twice in a row, once of the good provider alone, once with a dead one before it. A dead one is
asked two times only: after the third the server would leave it alone, and there would be nothing to measure.
"""

import json
import sys
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from statistics import median

from bench.fleet import fleet
from bench.options import Options
from bench.servers import Kind, Place, free_port
from bench.tables import Table

ASKED_TWICE = 2


def run(options: Options) -> Table:
    """Measure."""
    dead = 10 if options.quick else 150
    table = Table(
        f"A provider that refuses the connection before the good one, {ASKED_TWICE * dead} pairs of requests",
        ["first p50 ms", "with the dead one", "added p50", "added p90"],
    )
    options.say("failover")
    kind = Kind("Headgate", lambda place: _command(place, dead), {})
    with fleet([kind], 0) as running:
        connection = HTTPConnection("127.0.0.1", running.servers[0].port, timeout=60)
        _first_token(connection, "good/m")
        pairs = [
            (_first_token(connection, "good/m"), _first_token(connection, f"dead{number}/m"))
            for number in range(dead)
            for _ in range(ASKED_TWICE)
        ]
        connection.close()
    added = sorted(after - alone for alone, after in pairs)
    table.add(
        "Headgate",
        f"{median(alone for alone, _ in pairs) * 1000:.2f}",
        f"{median(after for _, after in pairs) * 1000:.2f}",
        f"{median(added) * 1000:.2f}",
        f"{added[len(added) * 9 // 10] * 1000:.2f}",
    )
    return table


def _command(place: Place, dead: int) -> Sequence[str]:
    sections = [_section("good", place.upstream), *(_section(f"dead{number}", free_port()) for number in range(dead))]
    (place.folder / "headgate.toml").write_text("\n".join(sections))
    return [sys.executable, "-m", "headgate", "serve", "--port", str(place.port)]


def _section(name: str, port: int) -> str:
    return f'[providers.{name}]\nkind = "openai"\nbase_url = "http://127.0.0.1:{port}/v1"\nmodels = ["m"]\n'


def _first_token(connection: HTTPConnection, model: str) -> float:
    ask = {"model": model, "fallbacks": ["good/m"], "messages": [{"role": "user", "content": "x"}], "stream": True}
    begun = time.perf_counter()
    connection.request("POST", "/v1/chat/completions", json.dumps(ask), {"content-type": "application/json"})
    answer = connection.getresponse()
    while b'"content":" word' not in (line := answer.readline()):
        assert line, "there was no word in the answer"
    took = time.perf_counter() - begun
    answer.read()
    return took

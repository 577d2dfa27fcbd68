"""How long a server takes to start: from its process to its first answer."""

from bench.fleet import scratch, start
from bench.options import Options
from bench.servers import Kind
from bench.tables import Table, middle


def run(options: Options) -> Table:
    """Measure."""
    times = 2 if options.quick else 7
    table = Table("Start, until /health answers", ["median s", "slowest s"])
    for kind in options.kinds:
        options.say(f"start: {kind.name}")
        # The first start may compile what was never run before.
        seconds = [_start(kind) for _ in range(times + 1)][1:]
        table.add(kind.name, f"{middle(seconds):.2f}", f"{max(seconds):.2f}")
    return table


def _start(kind: Kind) -> float:
    """Each time in an empty folder; there is no upstream, because nobody asks for it yet."""
    with scratch() as folder, start(kind, folder, upstream=9) as server:
        return server.started_in

"""The command line: which measurements, and where their figures go."""

import argparse
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

from bench import (
    channels,
    chunks,
    durable,
    failover,
    first_token,
    followers,
    machine,
    many,
    memory,
    page,
    sounds,
    start,
    streams,
)
from bench.options import Options
from bench.processes import BenchError
from bench.servers import kinds
from bench.tables import Table

MEASUREMENTS: Mapping[str, Callable[[Options], Table]] = {
    "chunks": chunks.run,
    "first-token": first_token.run,
    "many": many.run,
    "streams": streams.run,
    "followers": followers.run,
    "channels": channels.run,
    "durable": durable.run,
    "sounds": sounds.run,
    "failover": failover.run,
    "memory": memory.run,
    "start": start.run,
}


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for; returns the exit code."""
    asked = _parser().parse_args(arguments)
    # Whatever ends us, every `with` block is left, and with it every process ended.
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    _allow_many_sockets()
    try:
        servers = kinds(with_memory=asked.in_memory, with_litellm=asked.litellm)
        options = Options(servers, asked.quick, asked.rounds, asked.in_step)
        names = list(MEASUREMENTS) if asked.what == "all" else [asked.what]
        figures = _measure(names, options)
        if asked.what == "all" and (asked.write or not asked.quick):
            page.write(figures)
            print(f"Written to {page.PAGE}.", file=sys.stderr)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _measure(names: Sequence[str], options: Options) -> str:
    sections = [machine.describe(options)]
    print(sections[0])
    for name in names:
        sections.append(MEASUREMENTS[name](options).text())
        print(f"\n{sections[-1]}", flush=True)
    return "\n\n".join(section.strip() for section in sections)


def _allow_many_sockets() -> None:
    """Five hundred streams take a thousand sockets, which is more than some systems give without being asked."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures what Headgate costs beside nginx.")
    parser.add_argument("what", nargs="?", default="all", choices=["all", *MEASUREMENTS], help="all by default")
    parser.add_argument("--quick", action="store_true", help="a smoke run of under a minute; its figures are noise")
    parser.add_argument("--rounds", type=int, help="rounds of `chunks`, instead of 5")
    parser.add_argument("--in-step", action="store_true", help="in `chunks` all streams speak in the same moments")
    parser.add_argument("--in-memory", action="store_true", help="also Headgate with its store in memory")
    parser.add_argument("--litellm", action="store_true", help="also LiteLLM's proxy; installed when it is missing")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md even after a quick run of all")
    return parser

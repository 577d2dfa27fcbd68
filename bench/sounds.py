"""Speech by a provider, handed on: what a megabyte of sound costs."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.fleet import hear, scratch, start
from bench.hearers import Hear
from bench.options import Options
from bench.processes import Child
from bench.servers import Kind, Server, free_port, python_env, wait_ready
from bench.tables import Table, middle

CLIENTS = 100
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class _Song:
    name: str
    gap_ms: float
    piece: int
    pieces: int


_SONGS = (
    _Song("4 KB each 10 ms", 10, 4096, 256),
    _Song("16 KB each 20 ms", 20, 16384, 64),
    _Song("16 KB as fast as it is taken", 0, 16384, 64),
)


def run(options: Options) -> Table:
    """Measure."""
    table = Table(
        f"{CLIENTS} speeches at a time, of a megabyte each",
        ["pieces", "whole", "ms a MB", "to nginx", "MB/s", "first byte p50 ms", "MB more"],
    )
    for song in _SONGS:
        floor = 0.0
        with _singing(song) as (folder, port):
            for kind in options.kinds:
                options.say(f"sounds: {song.name}, {kind.name}")
                cost = _add(table, song, kind, options, start(kind, folder, port), floor)
                floor = floor or cost
    table.remark("`MB more` is what memory grew by at most: live sounds are held, for whoever comes back for them.")
    return table


@contextlib.contextmanager
def _singing(song: _Song) -> Iterator[tuple[Path, int]]:
    """The provider, with a folder for those in front of it."""
    with scratch() as folder:
        port, own = free_port(), Path(tempfile.mkdtemp(dir=folder))
        said = [str(port), str(song.gap_ms), str(song.piece), str(song.pieces)]
        with Child("the singer", [sys.executable, "-m", "bench.singer", *said], folder=own, env=python_env()) as singer:
            wait_ready(singer, port, "/health")
            yield folder, port


def _add(
    table: Table,
    song: _Song,
    kind: Kind,
    options: Options,
    starting: contextlib.AbstractContextManager[Server],
    floor: float,
) -> float:
    """A row; returns the milliseconds of a megabyte."""
    rounds, sounds = (1, 1) if options.quick else (3, 3)
    with starting as server:
        server.child.settle()
        job = Hear(port=server.port, clients=CLIENTS, sounds=sounds, size=song.piece * song.pieces, limit=120.0)
        done = [hear(server, job) for _ in range(rounds)]
    cost = middle(each.cpu * 1000 / (each.heard.bytes / MEGABYTE) for each in done)
    table.add(
        kind.name,
        song.name,
        f"{sum(each.heard.whole for each in done)} of {rounds * sounds * CLIENTS}",
        f"{cost:.1f}",
        f"{cost / (floor or cost):.1f}x",
        f"{middle(each.heard.bytes / MEGABYTE / each.heard.seconds for each in done):.0f}",
        f"{middle(each.heard.first_p50 for each in done):.0f}",
        f"{max(each.more for each in done):.0f}",
    )
    return cost

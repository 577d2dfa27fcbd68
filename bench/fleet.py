"""The upstream and the servers in front of it, running; and loads on them."""

import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.audience import Watch, Watched
from bench.hearers import Hear, Heard
from bench.job import Job, Seen
from bench.listeners import Listen, Listened
from bench.processes import BenchError, Child
from bench.scribes import Scribbled, Scribe
from bench.servers import ROOT, Kind, Place, Server, free_port, python_env, running, wait_ready

WORK = ROOT / "build" / "bench"
"""Where everything is written: on the disk of this folder, because elsewhere an fsync may cost nothing."""

SAMPLE = 0.25
"""Seconds between two looks at a server's memory while it is loaded."""

GRACE = 60.0
"""Seconds beyond its limit that a load may take, to start and to add up."""


@dataclass(frozen=True)
class Measured:
    """A load on one server: what its clients saw, and what the server used for it."""

    seen: Seen
    cpu: float
    """Processor seconds."""
    peak: float
    """Megabytes."""


@dataclass(frozen=True)
class Fleet:
    """What runs."""

    servers: Sequence[Server]
    upstream: int

    def words_sent(self) -> int:
        """How many words the upstream has sent so far, to everybody."""
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", "/stats")
            words: int = json.load(connection.getresponse())["words"]
            return words


@contextlib.contextmanager
def fleet(kinds: Sequence[Kind], gap_ms: float) -> Iterator[Fleet]:
    """Start all of them, and wait until they are quiet."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch())
        upstream = stack.enter_context(_upstream(folder, gap_ms))
        servers = [stack.enter_context(start(kind, folder, upstream)) for kind in kinds]
        for server in servers:
            server.child.settle()
        yield Fleet(servers, upstream)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder for a while."""
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK, prefix="run-") as name:
        folder = Path(name)
        # nginx gives up root's rights, and must still reach its files.
        folder.chmod(0o755)
        yield folder


def start(kind: Kind, folder: Path, upstream: int) -> contextlib.AbstractContextManager[Server]:
    """Start one, in a new folder within that one."""
    own = Path(tempfile.mkdtemp(dir=folder))
    own.chmod(0o755)
    return running(kind, Place(own, free_port(), upstream))


def load(job: Job) -> list[Seen]:
    """Do a job, in a process of its own."""
    with _working("bench.load", job) as process:
        output, _ = process.communicate(timeout=job.limit + GRACE)
        return msgspec.json.decode(_checked(process, output), type=list[Seen])


def watch(job: Watch) -> Watched:
    """Have thousands read one run, in a process of its own."""
    with _working("bench.audience", job) as process:
        output, _ = process.communicate(timeout=job.seconds + 2 * GRACE)
        return msgspec.json.decode(_checked(process, output), type=Watched)


def listen(job: Listen) -> Listened:
    """Have thousands listen on channels, in a process of its own."""
    with _working("bench.listeners", job) as process:
        output, _ = process.communicate(timeout=job.seconds + 3 * GRACE)
        return msgspec.json.decode(_checked(process, output), type=Listened)


def scribble(job: Scribe) -> Scribbled:
    """Have streams written and read, in a process of its own."""
    with _working("bench.scribes", job) as process:
        output, _ = process.communicate(timeout=job.seconds + 3 * GRACE)
        return msgspec.json.decode(_checked(process, output), type=Scribbled)


def measure(server: Server, job: Job) -> Measured:
    """Load one server, and see what it uses."""
    peak, before = 0.0, server.child.cpu()
    with _working("bench.load", job) as process:
        end = time.monotonic() + job.limit + GRACE
        while True:
            peak = max(peak, server.child.resident())
            try:
                output, _ = process.communicate(timeout=SAMPLE)
                break
            except subprocess.TimeoutExpired:
                if time.monotonic() > end:
                    raise
        # What is put off until after an answer is part of its price.
        server.child.settle()
        (seen,) = msgspec.json.decode(_checked(process, output), type=list[Seen])
        return Measured(seen, server.child.cpu() - before, peak)


@dataclass(frozen=True)
class MeasuredSound:
    """Sounds that came through one server: what was heard, and what the server used for it."""

    heard: Heard
    cpu: float
    """Processor seconds."""
    more: float
    """Megabytes that its memory grew by."""


def hear(server: Server, job: Hear) -> MeasuredSound:
    """Have sounds heard through one server, and see what it uses."""
    idle, before = server.child.resident(), server.child.cpu()
    peak = idle
    with _working("bench.hearers", job) as process:
        end = time.monotonic() + job.limit + GRACE
        while True:
            peak = max(peak, server.child.resident())
            try:
                output, _ = process.communicate(timeout=SAMPLE)
                break
            except subprocess.TimeoutExpired:
                if time.monotonic() > end:
                    raise
        server.child.settle()
        heard = msgspec.json.decode(_checked(process, output), type=Heard)
        return MeasuredSound(heard, server.child.cpu() - before, peak - idle)


@contextlib.contextmanager
def _working(module: str, job: Job | Watch | Listen | Scribe | Hear) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", module, msgspec.json.encode(job).decode()]
    process = subprocess.Popen(
        command, env=python_env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _checked(process: "subprocess.Popen[bytes]", output: bytes) -> bytes:
    if process.returncode:
        raise BenchError(f"the load ended with code {process.returncode}")
    return output


@contextlib.contextmanager
def _upstream(folder: Path, gap_ms: float) -> Iterator[int]:
    port = free_port()
    own = Path(tempfile.mkdtemp(dir=folder))
    command = [sys.executable, "-m", "bench.upstream", str(port), str(gap_ms)]
    with Child("the upstream", command, folder=own, env=python_env()) as child:
        wait_ready(child, port, "/stats")
        yield port

"""
A disk that takes no more: nothing is shown that is not kept, everybody is told, and it passes.

The disk is filled in two ways: the process may write no byte more (works everywhere), and a small
file system of memory that is really full (where the test may mount one).
"""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.e2e.reading import Reader
from tests.e2e.watching import get, wait_until
from tests.e2e.wire import Answer, Wire, chat, counting, events_of, pieces_of
from tests.serving import Serving, serving, start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits of another process can be set on Linux only"),
]

ENDLESS = counting(50_000)

QUICKLY = """
from headgate.runs import commit
commit.RETRIES = (0.05, 0.2)
commit.PROBE_AFTER = 0.4
"""


class Disk(Protocol):
    """Where a server keeps its runs."""

    folder: Path

    def full(self, server: Serving) -> AbstractContextManager[None]:
        """It takes nothing more, for as long as the `with` lasts."""


class Limited:
    """A process that may not make a file any longer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def full(self, server: Serving) -> Iterator[None]:
        pid, kind = server.process.pid, resource.RLIMIT_FSIZE
        before = resource.prlimit(pid, kind, (1, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            resource.prlimit(pid, kind, before)


class Mounted:
    """A file system of its own, not large."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def full(self, server: Serving) -> Iterator[None]:
        filler = self.folder / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                while True:
                    try:
                        file.write(b"x" * size)
                    except OSError:
                        break
        try:
            yield
        finally:
            filler.unlink()


TINY = "[store]\nmin_free = 0\n"
"""For a disk that is smaller than what should be left on one."""


@pytest.fixture
def limited(tmp_path: Path) -> Disk:
    return Limited(tmp_path)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Disk]:
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(tmp_path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system is not allowed here")
    try:
        yield Mounted(tmp_path)
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def ask(server: Serving) -> Answer:
    """A short question."""
    with Wire(server) as wire:
        wire.post(chat(words=1))
        return wire.answer()


def is_well(server: Serving) -> bool:
    """Whether runs can be kept, by its own word."""
    return bool(get(server, "/health")["status"] == "healthy")


def test_a_full_disk_is_told_to_everybody_and_passes(limited: Disk) -> None:
    """Running streams end with an error, new requests get 503; with room again, all is well by itself."""
    with serving(folder=limited.folder, before=QUICKLY) as server:
        reader = Reader(server, chat(stream=True, text=ENDLESS, gap_ms=5), 10)
        assert reader.is_far_enough.wait(10)
        with limited.full(server):
            reader.join()
            assert b'"code":"store_unavailable"' in reader.body
            assert b"[DONE]" not in reader.body
            refused = ask(server)
            assert (refused.status, refused.error["code"]) == (503, "store_unavailable")
            assert int(refused.headers["retry-after"]) >= 1
            with Wire(server) as wire:
                wire.get("/health")
                assert wire.answer().status == 503
        wait_until(lambda: is_well(server), "the server to find that there is room again")
        assert ask(server).status == 200
        check(server, reader)
        assert server.stop() == 0
    with serving(folder=limited.folder) as server:
        check(server, reader)


def check(server: Serving, reader: Reader) -> None:
    """The log holds what was seen, no more, and the end that was told."""
    log = events_of(server, reader.run)
    assert pieces_of(log) == reader.words
    assert (log[-1]["type"], log[-1]["code"]) == ("failed", "store_unavailable")


def test_a_disk_that_is_full_for_a_moment_only_delays(limited: Disk) -> None:
    """The store is tried again for a while before anybody is told."""
    text = counting(200)
    with serving(folder=limited.folder) as server:
        reader = Reader(server, chat(stream=True, text=text, gap_ms=2), 10)
        assert reader.is_far_enough.wait(10)
        with limited.full(server):
            wait_until(lambda: not is_well(server), "the store to refuse")
        reader.join(b"0\r\n\r\n")
        assert "".join(reader.words) == text
        log = events_of(server, reader.run)
        assert "".join(pieces_of(log)) == text
        assert log[-1]["type"] == "finished"


def test_a_run_that_could_not_begin_is_a_real_error(limited: Disk) -> None:
    """503 and not a stream with an error in it, although its provider had answered."""
    with (
        serving(folder=limited.folder, before=QUICKLY) as server,
        limited.full(server),
        Wire(server) as stream,
        Wire(server) as whole,
    ):
        stream.post(chat(stream=True, words=10))
        whole.post(chat(words=10))
        for answer in (stream.answer(), whole.answer()):
            assert (answer.status, answer.error["code"]) == (503, "store_unavailable")


def use_up(server: Serving) -> None:
    """Ask for long answers until one cannot be kept: the store has some room of its own in its files."""
    long = chat(text="x" * 1_000_000, chunk_chars=1_000_000)
    for _ in range(40):
        with Wire(server) as wire:
            wire.post(long)
            if wire.answer().status == 503:
                return
    raise AssertionError("the disk is not full at all")


def test_a_file_system_that_is_really_full_passes_too(mounted: Disk) -> None:
    """Long answers are refused, short ones may still find room; what anybody saw is kept, then and later."""
    with serving(TINY, folder=mounted.folder, before=QUICKLY) as server:
        reader = Reader(server, chat(stream=True, text=ENDLESS, gap_ms=5), 10)
        assert reader.is_far_enough.wait(10)
        with mounted.full(server):
            use_up(server)
        wait_until(lambda: ask(server).status == 200, "room again")
        with Wire(server) as wire:
            wire.post(b"", f"/v1/runs/{reader.run}/stop")
            assert wire.answer().status == 200
        reader.leave()
        check_prefix(server, reader)
        assert server.stop() == 0
    with serving(TINY, folder=mounted.folder) as server:
        check_prefix(server, reader)


def check_prefix(server: Serving, reader: Reader) -> None:
    """The log holds what was seen, and has an end."""
    kept = pieces_of(events_of(server, reader.run))
    assert kept[: len(reader.words)] == reader.words
    assert ENDLESS.startswith("".join(kept))


def test_a_server_does_not_start_on_a_full_disk(mounted: Disk, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It says why, in one line."""
    config, folder = f'{TINY}path = "{mounted.folder}/runs.db"\n', tmp_path_factory.mktemp("elsewhere")
    with serving(config, folder=folder) as server:
        assert server.stop() == 0
    with mounted.full(server):
        with pytest.raises(AssertionError, match=r"runs\.db cannot be opened") as raised:
            start(folder, config)
        assert "Traceback" not in str(raised.value)
    with serving(config, folder=folder) as server:
        assert ask(server).status == 200

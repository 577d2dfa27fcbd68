"""Processes that we start: what they cost, and that they end."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 5.0
"""Seconds a process may take to end when it is asked to; then it is killed."""

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class BenchError(Exception):
    """Why there is nothing to measure."""


class Child:
    """A program with all processes that it starts: they share a session, and end with the `with` block."""

    def __init__(self, name: str, command: Sequence[str], *, folder: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self._log = folder / "output.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for us alone: we end the others in good order.
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._send(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._send(signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def check(self) -> None:
        """Raises BenchError when it has ended."""
        if self._process.poll() is not None:
            last = self._log.read_text(errors="replace")[-2000:]
            raise BenchError(f"{self.name} ended with code {self._process.returncode}:\n{last}")

    def cpu(self) -> float:
        """Processor seconds that its processes used so far, their own and the kernel's for them."""
        self.check()
        return sum(int(stat[11]) + int(stat[12]) for _, stat in self._family()) / TICKS

    def resident(self) -> float:
        """The memory they hold now, in megabytes (2**20); what two of them share is counted twice."""
        return sum(int(stat[21]) for _, stat in self._family()) * PAGE / 2**20

    def settle(self, limit: float = 20.0) -> None:
        """Wait until it has nothing more to do of its own accord."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            before = self.cpu()
            time.sleep(0.5)
            if self.cpu() - before <= 0.02:
                return

    def _family(self) -> Iterator[tuple[int, list[str]]]:
        """Each of its processes, with what /proc/PID/stat says from the third field on."""
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                # It may end between two looks.
                with contextlib.suppress(OSError):
                    stat = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                    if int(stat[3]) == self._process.pid:
                        yield int(entry.name), stat

    def _send(self, sign: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, sign)

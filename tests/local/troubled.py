"""Workers that do what none should: a nursery for tests, started as a program."""

import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from headgate.providers.local import confinement, nursery, wire
from headgate.providers.local.duties import job_of
from headgate.providers.local.wire import Heard, Speak


class Troubled:
    """Does what the text of the job says."""

    def prepare(self) -> None:
        """Nothing."""

    def work(self, line: socket.socket, files: Sequence[int]) -> None:
        job = job_of(line)
        assert isinstance(job, Speak)
        line.sendall(wire.words(Heard("here")))
        match job.text:
            case "crash":
                os.abort()
            case "hang":
                time.sleep(3600)
            case "spin":
                confinement.confine(1.0, opens=True)
                while True:
                    pass
            case "grow":
                confinement.confine(60.0, opens=True)
                kept = [b"x" * confinement.MEGABYTE for _ in range(8 * confinement.MEMORY // confinement.MEGABYTE)]
                line.sendall(wire.words(Heard(str(len(kept)))))
            case "write":
                confinement.confine(60.0, opens=True)
                self._say(line, lambda: Path(job.voice).write_bytes(b"x"))
            case "open":
                confinement.confine(60.0, opens=False)
                self._say(line, lambda: Path("/etc/hostname").read_bytes())
            case "connect":
                confinement.confine(60.0, opens=False)
                self._say(line, socket.socket)
            case "fail":
                raise RuntimeError("on purpose")
            case "leave":
                pass
            case "babble":
                line.sendall(b"\xff" * 100)
                time.sleep(3600)
            case "environment":
                line.sendall(wire.words(Heard(" ".join(sorted(os.environ)))) + wire.words(wire.Done()))
            case other:
                raise ValueError(other)

    def _say(self, line: socket.socket, act: object) -> None:
        assert callable(act)
        try:
            act()
        except OSError as error:
            line.sendall(wire.words(Heard(type(error).__name__ + str(error.errno))))
        line.sendall(wire.words(wire.Done()))


def _no_fork() -> int:
    raise BlockingIOError("on purpose")


if __name__ == "__main__":
    if sys.argv[1] == "crowded":
        os.fork = _no_fork
    nursery.main(int(sys.argv[2]), Troubled)

"""
Where workers come from: a process that has loaded everything once, and forks itself for each job.

It is told on a socket of packets: `+ID` with the worker's socket (and the file it shall hear), `-ID` to end that
worker, `*` to load what the next worker will need. It says `=` when it is ready, `.ID STATUS` when a worker is over,
and ends when the server does. A fork is safe here because nothing in it has a thread; so nothing may start one.
"""

import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable, Sequence

from headgate.providers.local import confinement, wire
from headgate.providers.local.duties import DUTIES, Duty
from headgate.providers.local.wire import Trouble

MOST = 4096
"""Bytes of a packet."""

PACKETS = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM
"""A socket that keeps packets apart and says when the other end is closed: no kind of it is everywhere."""


class Nursery:
    """The process."""

    def __init__(self, control: socket.socket, duty: Duty) -> None:
        self._control, self._duty = control, duty
        self._workers: dict[str, int] = {}
        """Their processes by their ids."""

    def run(self) -> None:
        """Until the server is gone."""
        woken = _wake_at(signal.SIGCHLD)
        self._control.send(b"=")
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if woken in ready:
                    woken.recv(MOST)
                    self._bury()
                if self._control in ready and not self._obey():
                    return

    def _obey(self) -> bool:
        """One packet; whether there is a server yet."""
        try:
            packet, files, _, _ = socket.recv_fds(self._control, MOST, 4)
        except ConnectionResetError:
            return False
        order, worker = packet[:1], packet[1:].decode()
        match order:
            case b"+":
                self._bear(worker, files)
            case b"-" if worker in self._workers:
                os.kill(self._workers[worker], signal.SIGKILL)
            case b"*":
                self._duty.prepare()
            case _:
                pass  # Of a worker that is over, or the end.
        return bool(packet)

    def _bear(self, worker: str, files: Sequence[int]) -> None:
        gc.freeze()
        try:
            born = os.fork()
            if born == 0:
                self._live(files)
            self._workers[worker] = born
        except OSError:
            # There is no room for one more; those who are there have their work to do.
            self._control.send(f".{worker} {confinement.NO_PROCESS}".encode())
        finally:
            for file in files:
                os.close(file)

    def _live(self, files: Sequence[int]) -> None:
        """As the worker; never comes back."""
        status = 1
        try:
            die_with_parent()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._control.close()
            with socket.socket(fileno=files[0]) as line:
                _do(self._duty, line, files[1:])
            status = 0
        except (BrokenPipeError, ConnectionResetError):
            pass  # Nobody wants it any more.
        except MemoryError:
            status = confinement.NO_MEMORY
        finally:
            os._exit(status)

    def _bury(self) -> None:
        for worker, process in list(self._workers.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                del self._workers[worker]
                self._control.send(f".{worker} {os.waitstatus_to_exitcode(status)}".encode())


def _do(duty: Duty, line: socket.socket, files: Sequence[int]) -> None:
    try:
        duty.work(line, files)
    except (BrokenPipeError, ConnectionResetError, MemoryError):
        raise
    except Exception as error:
        line.sendall(
            wire.words(Trouble(f"It failed here: {type(error).__name__}: {error}"[:500], "worker_failed", 500))
        )


def die_with_parent() -> None:
    """Have this process killed when the one that started it ends, however that ends."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _wake_at(number: signal.Signals) -> socket.socket:
    """A socket that can be read from when that signal came."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writer.detach())
    return reader


def main(control: int, load: Callable[[], Duty]) -> None:
    """Load what is needed, and wait for work; `control` is the server's socket."""
    die_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Sent to all of a group they mean the server, which lets us go in time.
    line = socket.socket(fileno=control)
    try:
        duty = load()
    except Exception as error:
        line.send(f"!{type(error).__name__}: {error}".encode()[:MOST])
        return
    Nursery(line, duty).run()


if __name__ == "__main__":
    main(int(sys.argv[2]), DUTIES[sys.argv[1]])

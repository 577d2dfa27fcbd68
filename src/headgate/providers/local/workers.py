"""The server's side of a nursery."""

import asyncio
import itertools
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import headgate
from headgate.errors import ProviderError
from headgate.providers.local import nursery, wire
from headgate.providers.local.wire import Job
from headgate.providers.local.worker import Take, Worker

START = 20.0
"""Seconds for a nursery to load everything from a slow disk; a fraction of one is usual."""

IDLE = 300.0
"""Seconds without work after which a nursery ends, and gives its memory back, unless it is to stay."""

_ENVIRONMENT = {"PYTHONPATH": str(Path(headgate.__file__).parents[1]), "LC_ALL": "C.UTF-8"}
"""All of it: the server's own may hold keys, which are no business of code that reads what strangers send."""


class Workers:
    """
    Workers of one kind. Their nursery is started for the first of them, and again if it should end.

    `idle` is how long it stays without work; None is for as long as the server does.
    """

    def __init__(self, kind: str, idle: float | None = IDLE, program: str = nursery.__name__) -> None:
        self._kind, self._idle, self._program = kind, idle, program
        self._nursery: _Nursery | None = None
        self._opening = asyncio.Lock()
        self._clearing: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[int]] = set()
        """Those that were let go, and are not quite gone yet."""

    @property
    def nursery(self) -> int | None:
        """The nursery's process, where there is one."""
        return None if self._nursery is None or self._nursery.is_gone else self._nursery.process.pid

    @property
    def processes(self) -> int:
        """How many are at work."""
        return 0 if self._nursery is None else len(self._nursery.workers)

    async def employ(self, job: Job, take: Take, files: Sequence[int] = (), *, prepared: bool = False) -> Worker:
        """
        A new worker that does that job. `prepared`: with everything loaded that there is.

        Whoever gets it has to wait until it is `over`, or to `end` it. Raises ProviderError where there can be none.
        """
        async with self._opening:
            nursery = await self._ready()
            self._stay()
            return await nursery.bear(job, take, files, prepared)

    async def warm(self) -> None:
        """Start the nursery, so that nobody has to wait for that; raises ProviderError where there can be none."""
        async with self._opening:
            await self._ready()

    async def close(self) -> None:
        """End them all."""
        self._stay()
        self._let_go()
        await asyncio.gather(*self._leaving)

    async def _ready(self) -> "_Nursery":
        if self._nursery is None or self._nursery.is_gone:
            self._let_go()
            self._nursery = await _open(self._kind, self._program, self._rest)
        return self._nursery

    def _let_go(self) -> None:
        gone, self._nursery = self._nursery, None
        if gone is not None:
            gone.leave()
            leaving = asyncio.create_task(gone.process.wait())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def _stay(self) -> None:
        if self._clearing is not None:
            self._clearing.cancel()
            self._clearing = None

    def _rest(self) -> None:
        """Nobody is at work."""
        self._stay()
        if self._idle is not None:
            self._clearing = asyncio.get_running_loop().call_later(self._idle, self._clear)

    def _clear(self) -> None:
        if self._nursery is not None and not self._nursery.workers:
            self._let_go()


class _Nursery:
    """The process, and those at work that came from it."""

    def __init__(
        self, kind: str, control: socket.socket, process: asyncio.subprocess.Process, rest: Callable[[], None]
    ) -> None:
        self._kind, self._control, self.process, self._rest = kind, control, process, rest
        self.workers: dict[str, Worker] = {}
        self._ids = map(str, itertools.count(1))
        self.is_gone = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(control, self._hear)

    async def bear(self, job: Job, take: Take, files: Sequence[int], prepared: bool) -> Worker:
        """A new worker, with its job."""
        name = next(self._ids)
        ours, its = socket.socketpair()
        with its:
            ours.setblocking(False)
            try:
                if prepared:
                    self._control.send(b"*")
                socket.send_fds(self._control, [b"+" + name.encode()], [its.fileno(), *files])
            except OSError as error:
                ours.close()
                raise _no_worker(self._kind, str(error)) from None
        worker = self.workers[name] = Worker(self._kind, take, lambda: self._kill(name))
        try:
            transport, _ = await self._loop.create_unix_connection(lambda: worker, sock=ours)
        except BaseException:
            # Nobody has it who could end it.
            self._kill(name)
            ours.close()
            raise
        transport.write(wire.words(job))
        return worker

    def leave(self) -> None:
        """Let it end, and everybody with it."""
        if not self.is_gone:
            self.is_gone = True
            self._loop.remove_reader(self._control)
            self._control.close()
            for worker in self.workers.values():
                # The system ends it with its nursery.
                worker.status.set_result(None)
                worker.leave()
            self.workers.clear()

    def _kill(self, name: str) -> None:
        if not self.is_gone:
            try:
                self._control.send(b"-" + name.encode())
            except OSError:
                # It is not heard, so all it has goes. Only a nursery that hangs does not read for so long.
                self.process.kill()

    def _hear(self) -> None:
        try:
            packet = self._control.recv(nursery.MOST)
        except BlockingIOError:
            return
        except OSError:
            packet = b""
        if not packet:
            self.leave()
            return
        name, _, status = packet[1:].decode().partition(" ")
        worker = self.workers.pop(name, None)
        if worker is not None and not worker.status.done():
            worker.status.set_result(int(status))
        if not self.workers:
            self._rest()


async def _open(kind: str, program: str, rest: Callable[[], None]) -> _Nursery:
    """Start one, and wait until it is ready."""
    ours, its = socket.socketpair(socket.AF_UNIX, nursery.PACKETS)
    ours.setblocking(False)
    null = asyncio.subprocess.DEVNULL
    with its:
        # -P: no module is to come from wherever the server happens to be started.
        command = (sys.executable, "-P", "-m", program, kind, str(its.fileno()))
        process = await asyncio.create_subprocess_exec(
            *command, stdin=null, stdout=null, stderr=null, env=_ENVIRONMENT, pass_fds=(its.fileno(),)
        )
    try:
        async with asyncio.timeout(START):
            said = await asyncio.get_running_loop().sock_recv(ours, nursery.MOST)
    except (OSError, TimeoutError):
        said = b"!it did not start"
    except BaseException:
        await _give_up(ours, process)
        raise
    if said != b"=":
        await _give_up(ours, process)
        raise _no_worker(kind, said[1:].decode("utf-8", "replace") or "it ended at once")
    return _Nursery(kind, ours, process, rest)


async def _give_up(control: socket.socket, process: asyncio.subprocess.Process) -> None:
    control.close()
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _no_worker(kind: str, why: str) -> ProviderError:
    return ProviderError(f"There is no local {kind} now: {why}.", code="local_unavailable", status=503)

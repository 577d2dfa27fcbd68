"""A worker as the server sees it: what it says, how it ends, and a hand on it."""

import asyncio
import signal
from collections.abc import Callable
from typing import cast

from typing_extensions import override

from headgate.errors import HeadgateError, ProviderError
from headgate.providers.local import confinement, wire
from headgate.providers.local.wire import Done, Trouble, Word

Take = Callable[[bytes | Word], None]
"""What is told of everything that a worker says, in order, from the socket's callback."""

OBITUARY = 1.0
"""Seconds until it is known how a worker ended whose line is closed; a moment, unless its nursery is gone, too."""


class Worker(asyncio.Protocol):
    """One worker, and one job."""

    def __init__(self, kind: str, take: Take, kill: Callable[[], None]) -> None:
        self._kind, self._take, self._kill = kind, take, kill
        self._reader = wire.Reader()
        self._transport: asyncio.Transport | None = None
        loop = asyncio.get_running_loop()
        self._done: asyncio.Future[Exception | None] = loop.create_future()
        self.status: asyncio.Future[int | None] = loop.create_future()
        """How its process ended; None where nobody will ever know."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    @override
    def data_received(self, data: bytes) -> None:
        try:
            for said in self._reader.feed(data):
                self._hear(said)
        except Exception as error:  # Of whoever takes it, too; it is told to who waits for the end.
            self._finish(error)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(None, is_closed=True)

    def pause(self) -> None:
        """Bring no more for now: the worker waits as soon as a few pieces are on their way."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Go on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    async def over(self) -> None:
        """
        Wait until the job is done; raises ProviderError where it could not be, and why.

        However it ends, also for whoever waits here, its process ends with it.
        """
        try:
            error = await self._done
            if isinstance(error, _Closed):
                error = await self._obituary()
        finally:
            self.end()
        if error is not None:
            raise error

    def end(self) -> None:
        """Now, in the middle of whatever it is at."""
        if not self.status.done():
            self._kill()
        self.leave()

    def leave(self) -> None:
        """Listen to it no more."""
        if self._transport is not None:
            self._transport.abort()
        # Whoever takes it holds us, too: both, and all of the sound, would stay until garbage is collected.
        self._take = _drop

    def _hear(self, said: bytes | Word) -> None:
        match said:
            case Done():
                self._take(said)
                self._finish(None)
            case Trouble(message, code, status, param):
                kind = "invalid_request_error" if status < 500 else "server_error"
                raise ProviderError(message, code=code, status=status, kind=kind, param=param, retryable=False)
            case _:
                self._take(said)

    def _finish(self, error: Exception | None, *, is_closed: bool = False) -> None:
        if not self._done.done():
            self._done.set_result(error or (_Closed() if is_closed else None))

    async def _obituary(self) -> HeadgateError:
        """Why it ended before it was done."""
        try:
            status = await asyncio.wait_for(asyncio.shield(self.status), OBITUARY)
        except TimeoutError:
            status = None
        if status == -signal.SIGXCPU:
            return _died(f"The local {self._kind} worker took too much of the processor's time.", "worker_limit")
        if status == confinement.NO_MEMORY:
            return _died(f"The local {self._kind} worker took too much memory.", "worker_limit")
        if status == confinement.NO_PROCESS:
            message = f"The machine has no room for another {self._kind} worker."
            return ProviderError(message, code="local_unavailable", status=503)
        how = (
            "" if status is None else f" by {signal.Signals(-status).name}" if status < 0 else f" with status {status}"
        )
        return _died(f"The local {self._kind} worker ended{how} before it was done.", "worker_died")


def _drop(said: bytes | Word) -> None:
    """Take it for nobody."""


class _Closed(Exception):
    """The line is closed, and nothing said why."""


def _died(message: str, code: str) -> ProviderError:
    return ProviderError(message, code=code, status=500, kind="server_error")

"""
Looks names up in threads of its own.

The event loop's own look-ups share a handful of threads, and a look-up cannot be cancelled: names
whose servers do not answer would hold them all for half a minute, and every other look-up with them.
That is no danger with names of the configuration; with names that strangers give it is.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias

Address: TypeAlias = tuple[Any, ...]
"""(family, type, proto, canonical name, socket address), as getaddrinfo gives it."""

MAX_THREADS = 32
"""Names that are looked up at a time; who comes later waits, for as long as connecting may take."""


class Lookup:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._threads = asyncio.Semaphore(MAX_THREADS)
        self._running: dict[tuple[str, int], asyncio.Future[Sequence[Address]]] = {}

    async def addresses(self, host: str, port: int) -> Sequence[Address]:
        """What a name stands for; raises OSError or UnicodeError. Many who ask for the same name share one look-up."""
        place = (host, port)
        while place not in self._running:
            await self._threads.acquire()
            if place in self._running:
                self._threads.release()
            else:
                self._begin(place)
        return await asyncio.shield(self._running[place])

    def _begin(self, place: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        self._running[place] = found = loop.create_future()

        def settle(addresses: Sequence[Address], error: Exception | None) -> None:
            self._threads.release()
            del self._running[place]
            if error is None:
                found.set_result(addresses)
            else:
                found.set_exception(error)
                # Whoever asked may have gone.
                found.exception()

        def look_up() -> None:
            addresses: Sequence[Address] = ()
            failure: Exception | None = None
            try:
                addresses = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                failure = error
            # The loop may be closed by now, and nobody wait.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, addresses, failure)

        # A daemon: no name may keep the process from ending.
        threading.Thread(target=look_up, name="headgate-lookup", daemon=True).start()

"""
Threads for functions that block.

Each call has a thread of its own, that ends with it: starting one takes a tenth of a millisecond, nothing waits in
idle ones, and one that hangs keeps neither the others from their work nor the process from its end.
"""

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any


class Threads:
    """So many at a time. A call that was given up keeps its thread until it is done."""

    def __init__(self, limit: int) -> None:
        self._free = asyncio.Semaphore(limit)

    async def run(self, work: Callable[[], Any]) -> Any:
        """What the work comes to, or raises; cancelling leaves it to itself."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        in_context = partial(contextvars.copy_context().run, work)
        try:
            Thread(target=self._work, args=(in_context, loop, done), name="headgate-function", daemon=True).start()
        except RuntimeError:
            # The system has no more of them.
            self._free.release()
            raise
        return await done

    def _work(self, work: Callable[[], Any], loop: asyncio.AbstractEventLoop, done: asyncio.Future[Any]) -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        # Raised where the server is gone meanwhile, and nobody waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._end, done, result, error)

    def _end(self, done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        self._free.release()
        if done.done():
            return
        if error is None:
            done.set_result(result)
        elif isinstance(error, StopIteration):
            # A future takes any but this one, which would end the coroutine that waits.
            done.set_exception(RuntimeError("StopIteration"))
        else:
            done.set_exception(error)

"""One call of a function, in its turn and in its time, whatever it does."""

import asyncio
import logging
import traceback
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from headgate.tools.base import Context, Function, ToolError
from headgate.tools.results import Discretion

GRACE = 1.0
"""Seconds that a cancelled function has to put its things away; the run goes on after that, whether it has or not."""

MAX_MESSAGE = 300
"""Characters of an exception's message that a model is told."""

_logger = logging.getLogger(__name__)
_left_behind: set[asyncio.Task[str]] = set()
"""Those that were cancelled and still go on: somebody has to hold them."""


class Turns:
    """A call's way to its turn: it has one where each of the semaphores lets it in."""

    def __init__(self, *semaphores: asyncio.Semaphore | None) -> None:
        self._semaphores = semaphores
        self.began: float | None = None
        self.ended: float | None = None

    @property
    def took(self) -> float:
        """Seconds from when its turn came, 0 where it did not."""
        if self.began is None:
            return 0.0
        return (self.ended or asyncio.get_running_loop().time()) - self.began

    async def wait(self, stack: AsyncExitStack) -> None:
        """Until it is this call's turn, which ends with the stack."""
        # The narrowest last: who waits there must not keep others from what is for all, so it is entered first.
        for semaphore in reversed(self._semaphores):
            if semaphore is not None:
                await stack.enter_async_context(semaphore)
        self.began = asyncio.get_running_loop().time()


async def execute(
    function: Function,
    arguments: Mapping[str, Any],
    context: Context,
    seconds: float,
    turns: Turns,
    discretion: Discretion,
) -> str:
    """
    What the function answered; raises ToolError for everything else.

    The function has a task of its own: one that does not let itself be cancelled is left behind, and keeps its turn.
    """
    task = asyncio.create_task(_in_turn(function, arguments, context, turns, discretion))
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
        if not done:
            task.cancel()
            await asyncio.wait((task,), timeout=GRACE)
            raise ToolError(_too_late(seconds, turns))
    finally:
        if not task.done():
            task.cancel()
            _left_behind.add(task)
            task.add_done_callback(_forget)
    if task.cancelled():
        raise ToolError("The function failed: it was cancelled.")
    return task.result()


async def _in_turn(
    function: Function, arguments: Mapping[str, Any], context: Context, turns: Turns, discretion: Discretion
) -> str:
    async with AsyncExitStack() as stack:
        await turns.wait(stack)
        try:
            return str(await function.call(arguments, context))
        except (ToolError, asyncio.CancelledError):
            raise
        except BaseException as error:
            # Also SystemExit: a function must not end the server.
            _logger.error("The function %s failed.\n%s", function.name, discretion.clean(traceback.format_exc()))
            raise ToolError(_words(error)) from None
        finally:
            turns.ended = asyncio.get_running_loop().time()


def _words(error: BaseException) -> str:
    """An exception in a line: its kind, and what it says."""
    try:
        message = str(error).strip().partition("\n")[0]
    except Exception:
        message = ""
    words = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return f"The function failed: {words[:MAX_MESSAGE]}"


def _too_late(seconds: float, turns: Turns) -> str:
    if turns.began is None:
        return f"The function was not executed: its turn did not come within {seconds:g} seconds. Try again later."
    return f"The function was stopped: it took longer than {seconds:g} seconds."


def _forget(task: asyncio.Task[str]) -> None:
    _left_behind.discard(task)
    if not task.cancelled():
        task.exception()  # which nobody wants to hear of any more

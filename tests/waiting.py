"""Waiting for what happens when the machine comes to it, and for what must not happen."""

import asyncio
from collections.abc import Callable

LIMIT = 60.0
"""Seconds. Nobody waits that long for what happens at all, however busy the machine is."""


async def until(is_so: Callable[[], object]) -> None:
    """Return as soon as it is so."""
    async with asyncio.timeout(LIMIT):
        while not is_so():
            await asyncio.sleep(0.001)


async def turns(count: int = 20) -> None:
    """Let everybody on this loop come to it that often; what was sent to a socket here arrives meanwhile."""
    for _ in range(count):
        await asyncio.sleep(0)


async def a_while() -> None:
    """
    Time in which something may happen that must not.

    On a slow machine it may be too short to notice; it is never the reason that a test fails.
    """
    await asyncio.sleep(0.02)
    await turns()

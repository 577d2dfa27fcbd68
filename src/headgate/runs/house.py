"""Keeps house: looks how much room there is, and has old runs forgotten."""

import asyncio
import logging
import time

from headgate.errors import HeadgateError
from headgate.runs.archive import Archive
from headgate.runs.room import RoomWatch

log = logging.getLogger(__name__)

LOOK_EVERY = 2.0
"""Seconds between two looks at how much room there is: in that time nothing fills a disk."""

SWEEP_EVERY = 30
"""Looks at the room between two sweeps of old runs: a minute."""

PAUSE = 0.05
"""Seconds between two steps of a sweep, for everybody else."""


async def keep_house(archive: Archive, room: RoomWatch, retention: float) -> None:
    """For as long as the engine lives."""
    looks = 0
    while True:
        await asyncio.sleep(LOOK_EVERY)
        looks += 1
        await room.look()
        if looks % SWEEP_EVERY == 0:
            await sweep(archive, retention)


async def sweep(archive: Archive, retention: float) -> None:
    """Forget what was kept for long enough, a little at a time."""
    try:
        while await archive.expire(time.time(), retention):
            await asyncio.sleep(PAUSE)
    except HeadgateError as error:
        log.warning("Old runs could not be forgotten: %s", error.message)

"""
The database as the rest of the server sees it: work is handed over, and done in its threads.

Threads, and no driver for asyncio: one way then serves every database that SQLAlchemy knows, a transaction is handed
over once instead of once for each statement, and nothing that happens in it can make a stream of tokens wait.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from headgate.db.failures import DatabaseError, explained, unknown_revision
from headgate.db.migrating import migrate
from headgate.db.place import THREADS, Place
from headgate.db.revisions import Standing, State, standing
from headgate.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from headgate.db.connections import Connections

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_WAITING = 256
"""How many may wait for a thread: more would wait for longer than anybody's patience lasts."""

PAUSE = 2.0
"""Seconds after a failed preparation in which nobody need try again."""


class Database:
    """One database. It is opened with the server, and connected to with its first use."""

    def __init__(self, place: Place, models: "Callable[[], MetaData]") -> None:
        self.place = place
        self._models = models
        """Loads the models, for a database in memory, which needs no migrations."""
        self._connections: Connections | None = None
        self._preparing: asyncio.Task[Connections] | None = None
        self._trouble: tuple[float, DatabaseError] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._at_work = 0

    async def open(self) -> None:
        """Bring a database that is behind up to date, in the background; one that there is not yet can wait."""
        state = (await self._look()).state
        if state not in (State.MISSING, State.CURRENT):
            self._prepare()

    async def run(self, work: "Callable[[Connections], T]") -> T:
        """Do that in a thread, as soon as the database is ready for it. Raises DatabaseError."""
        connections = self._connections or await self.ready()
        if self._at_work >= THREADS + MAX_WAITING:
            raise Unavailable("Too many requests wait for the database.", code="database_busy", retry_after=1)
        asked = time.monotonic()

        def begin() -> T:
            connections.asked(asked)
            return work(connections)

        self._at_work += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, begin)
        finally:
            self._at_work -= 1

    async def ready(self) -> "Connections":
        """Wait until the database can be used. Raises DatabaseError."""
        if self._connections is not None:
            return self._connections
        if self._trouble is not None and asyncio.get_running_loop().time() < self._trouble[0]:
            raise self._trouble[1].bare()
        return await asyncio.shield(self._preparing or self._prepare())

    async def close(self) -> None:
        """Let go of it, when what is at work there is over."""
        if self._preparing is not None:
            await asyncio.wait([self._preparing])
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown)
        if self._connections is not None:
            self._connections.close()

    def _prepare(self) -> "asyncio.Task[Connections]":
        self._preparing = asyncio.create_task(self._prepared())
        self._preparing.add_done_callback(self._on_prepared)
        return self._preparing

    def _on_prepared(self, task: "asyncio.Task[Connections]") -> None:
        self._preparing = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._connections = task.result()
            return
        known = error if isinstance(error, DatabaseError) else DatabaseError("The database cannot be used.")
        log.error("%s", known.message, exc_info=None if error is known else error)
        self._trouble = (asyncio.get_running_loop().time() + PAUSE, known)

    async def _prepared(self) -> "Connections":
        # Both take a while, and neither needs the other.
        connecting = asyncio.to_thread(self._connect)
        migrated, connections = await asyncio.gather(self._migrated(), connecting, return_exceptions=True)
        for failed in (migrated, connections):
            if isinstance(failed, BaseException):
                raise failed
        assert not isinstance(connections, BaseException)
        # In memory there is one connection, for one at a time.
        self._pool = ThreadPoolExecutor(1 if self.place.in_memory else THREADS, "database")
        return connections

    async def _migrated(self) -> None:
        if self.place.in_memory:
            return
        found = await self._look()
        if found.state is State.AHEAD:
            raise unknown_revision(self.place, str(found.revision))
        if found.state is not State.CURRENT:
            await migrate(self.place)

    async def _look(self) -> Standing:
        if self.place.in_memory:
            return Standing(State.MISSING)
        if self.place.file is None:
            return Standing(State.UNCLEAR)
        return await asyncio.to_thread(standing, self.place.file)

    def _connect(self) -> "Connections":
        try:
            from sqlalchemy.exc import SQLAlchemyError

            from headgate.db.connections import Connections, engine_of

            engine = engine_of(self.place)
        except (ImportError, SQLAlchemyError) as error:
            raise explained(error, self.place) from None
        if self.place.in_memory:
            with engine.begin() as connection:
                self._models().create_all(connection)
        return Connections(engine, self.place)

"""
Connections to a database, for those who work in its threads; importing this loads SQLAlchemy.

Every transaction says beforehand whether it writes. SQLite lets one write at a time: who asks for that at the
beginning waits for its turn, and who asked in the middle would be refused at once. Our own writers take turns by a
lock, since SQLite's way of waiting is to look again and again, the longer the less often.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from headgate.db.failures import DatabaseError, explained, too_busy
from headgate.db.place import THREADS, Place

BUSY_TIMEOUT = 5.0
"""Seconds that we wait for another program that is writing."""

PATIENCE = 5.0
"""Seconds after which who wants to write need not begin: one may have waited for that program while others queued."""

WRITES = "headgate_writes"
"""The option of a connection that says so."""


def engine_of(place: Place, *, keeps_keys: bool = True) -> Engine:
    """The engine; without `keeps_keys` foreign keys are not looked at, so that tables may be made anew."""
    if not place.is_sqlite:
        return _checked(create_engine(place.url, pool_size=THREADS, max_overflow=0, pool_pre_ping=True))
    if place.in_memory:
        # One connection, as every other would have a database of its own.
        options: dict[str, Any] = {"poolclass": StaticPool}
        engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, **options)
    else:
        arguments = {"timeout": BUSY_TIMEOUT, "check_same_thread": False}
        engine = create_engine(place.url, connect_args=arguments, pool_size=THREADS, max_overflow=0)
    _set_up(engine, keeps_keys=keeps_keys)
    return _checked(engine)


class Connections:
    """Gives transactions; every method is for threads, and raises DatabaseError."""

    def __init__(self, engine: Engine, place: Place) -> None:
        self._engine, self._place = engine, place
        self._turn = threading.Lock() if place.is_sqlite else None
        self._asked = threading.local()

    def asked(self, since: float) -> None:
        """What this thread does next was asked for then, by the monotonic clock."""
        self._asked.since = since

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees everything as it is at its beginning."""
        with self._explaining(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, kept: Callable[[], None] = lambda: None) -> Iterator[Connection]:
        """
        A transaction that is kept when its block ends, and undone when that raises.

        `kept` is called when it is, before anybody else of us writes.
        """
        with self._explaining(), self._taking_turns(), self._engine.connect() as connection:
            connection.execution_options(**{WRITES: True})
            with connection.begin():
                yield connection
            kept()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def _taking_turns(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        now = time.monotonic()
        left = getattr(self._asked, "since", now) + PATIENCE - now
        if left <= 0 or not self._turn.acquire(timeout=left):
            raise too_busy(self._place)
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise explained(error, self._place) from None


def _set_up(engine: Engine, *, keeps_keys: bool) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, record: object) -> None:
        # SQLite's own knows no letters but ASCII's.
        connection.create_function("lower", 1, _lower, deterministic=True)
        connection.execute(f"PRAGMA foreign_keys = {'ON' if keeps_keys else 'OFF'}")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            # A file that cannot be written can be read all the same; and who writes is told why.
            return

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _checked(engine: Engine) -> Engine:
    if engine.dialect.is_async:
        raise DatabaseError(
            f"The database's driver {engine.dialect.driver} is for asyncio; name one that is not, as in "
            "`sqlite:///` or `postgresql+psycopg://`."
        )
    return engine


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text

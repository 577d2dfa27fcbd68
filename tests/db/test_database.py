"""The database is got ready by itself, works in threads, and says what is wrong with it."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from headgate.db import Database, DatabaseError, Place, database, migrating, migrations
from headgate.db.connections import Connections, engine_of
from headgate.db.failures import explained
from headgate.db.revisions import NEWEST
from headgate.errors import HeadgateError, Unavailable
from headgate.todos import Filter, Lists, NewTodo, Page, models
from tests.serving import environment

COUNT = "SELECT count(*) FROM todos"


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Database]:
    """A database for the length of a block."""
    made = Database(place, models)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def counted(connections: Connections) -> int:
    """How many todos there are."""
    with connections.read() as connection:
        return int(connection.exec_driver_sql(COUNT).scalar_one())


def refusal(place: Place, do: Callable[[Lists], Any] | None = None) -> HeadgateError:
    """What using it is refused with."""

    async def use() -> None:
        async with opened(place) as made:
            await Lists(made).work("anybody", lambda todos: todos.create(NewTodo(title="a")))

    with pytest.raises(HeadgateError) as caught:
        asyncio.run(use())
    return caught.value


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(f"sqlite:///{tmp_path}/todos.db")


@pytest.fixture
def ready(place: Place) -> Place:
    """One that exists."""
    migrations.upgrade(place)
    return place


def test_one_that_does_not_exist_is_made_with_its_first_use(place: Place) -> None:
    async def play() -> None:
        async with opened(place) as made:
            assert not Path(str(place.file)).exists()
            assert await made.run(counted) == 0
        assert migrations.current(place) == NEWEST

    asyncio.run(play())


def test_one_that_is_behind_is_migrated_although_nobody_uses_it(place: Place) -> None:
    migrations.upgrade(place, "0001")

    async def play() -> None:
        async with opened(place):
            pass

    asyncio.run(play())
    assert migrations.current(place) == NEWEST


def test_many_that_come_first_wait_together(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated: list[Place] = []
    real = migrating.migrate

    async def note(place: Place) -> None:
        migrated.append(place)
        await real(place)

    monkeypatch.setattr(database, "migrate", note)

    async def play() -> list[int]:
        async with opened(place) as made:
            return await asyncio.gather(*(made.run(counted) for _ in range(20)))

    assert asyncio.run(play()) == [0] * 20
    assert migrated == [place]


def test_in_memory_there_is_one_for_all_threads() -> None:
    async def play() -> int:
        async with opened(Place("memory")) as made:
            lists = Lists(made)
            await asyncio.gather(*(lists.work("a", lambda todos: todos.create(NewTodo(title="a"))) for _ in range(20)))
            return len(await lists.work("a", lambda todos: todos.find(Filter(), Page())))

    assert asyncio.run(play()) == 20


def test_writers_take_turns(ready: Place) -> None:
    """Each reads before it writes, and nobody is refused for it."""

    async def play() -> None:
        async with opened(ready) as made:
            lists = Lists(made)
            await lists.work("a", lambda todos: todos.create(NewTodo(title="a")))
            await asyncio.gather(*(lists.work("a", lambda todos: todos.toggle(1)) for _ in range(51)))
            (todo,) = await lists.work("a", lambda todos: todos.find(Filter(), Page()))
            assert todo.completed

    asyncio.run(play())


def test_who_will_write_shuts_others_out_from_the_beginning(ready: Place) -> None:
    """What it has read is still so when it writes."""
    engine = engine_of(ready)
    with Connections(engine, ready).write() as connection:
        connection.exec_driver_sql(COUNT)
        other = sqlite3.connect(str(ready.file), timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO todos (title) VALUES ('a')")
        other.close()
    engine.dispose()


def test_it_is_busy_when_another_program_writes(ready: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.db.connections.BUSY_TIMEOUT", 0.05)
    other = sqlite3.connect(str(ready.file), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        error = refusal(ready)
    finally:
        other.close()
    assert (error.code, error.status, error.retry_after) == ("database_busy", 503, 1)
    assert "is busy: another program" in error.message


def test_who_waited_while_others_did_need_not_wait_again(
    ready: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else those who queue would wait one after another, and with them everybody who only reads."""
    monkeypatch.setattr("headgate.db.connections.PATIENCE", 0.2)
    monkeypatch.setattr("headgate.db.connections.BUSY_TIMEOUT", 0.3)

    async def play() -> list[Any]:
        async with opened(ready) as made:
            lists = Lists(made)
            writing = [lists.work("a", lambda todos: todos.create(NewTodo(title="a"))) for _ in range(20)]
            return await asyncio.gather(*writing, made.run(counted), return_exceptions=True)

    other = sqlite3.connect(str(ready.file), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        *refused, read = asyncio.run(play())
    finally:
        other.close()
    assert read == 0
    assert {error.code for error in refused} == {"database_busy"}
    assert caplog.text.count("database is locked") == 1, "of all of them one has tried"


def test_the_disk_is_full(ready: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real = database.Database._connect

    def connect(self: Database) -> Connections:
        connections = real(self)
        # As many pages as there are: SQLite's own way to have no more room.
        from sqlalchemy import event

        @event.listens_for(connections._engine, "connect")
        def bound(connection: sqlite3.Connection, record: object) -> None:
            connection.execute("PRAGMA max_page_count = 1")

        return connections

    monkeypatch.setattr(database.Database, "_connect", connect)

    async def fill() -> None:
        async with opened(ready) as made:
            for _ in range(1000):
                await Lists(made).work("a", lambda todos: todos.create(NewTodo(title="a" * 1000)))

    with pytest.raises(DatabaseError, match="the disk is full") as caught:
        asyncio.run(fill())
    assert caught.value.code == "database_full"


@pytest.mark.skipif(os.geteuid() == 0, reason="whoever is root may write everything")
def test_it_is_read_only(ready: Place) -> None:
    Path(str(ready.file)).chmod(0o400)
    assert refusal(ready).code == "database_read_only"


def test_what_sqlite_calls_read_only_is_told_as_that(ready: Place, tmp_path: Path) -> None:
    error = refusal(Place(f"sqlite:///file:{tmp_path}/todos.db?mode=ro&uri=true"))
    assert error.code == "database_read_only"
    assert error.message.endswith("cannot be written: it is read-only.")
    assert not Path("file:").exists()


def test_it_is_newer_than_the_program(ready: Place) -> None:
    with sqlite3.connect(str(ready.file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    error = refusal(ready)
    assert (error.code, error.status) == ("database_newer", 503)
    assert "a newer one has made it" in error.message


def test_it_is_no_database(place: Place) -> None:
    Path(str(place.file)).write_text("This is a text, and longer than the head of a database would have to be. " * 20)
    assert refusal(place).message == "The database todos.db is no database of SQLite's."


def test_it_is_a_database_of_something_else(place: Place) -> None:
    with sqlite3.connect(str(place.file)) as connection:
        connection.execute("CREATE TABLE todos (something, other)")
    connection.close()
    assert refusal(place).code == "database_unavailable"
    connection = sqlite3.connect(str(place.file))
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("todos",)]
    connection.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql+psycopg://me:secret@127.0.0.1:1/x", "needs a Python package that is not here: psycopg"),
        ("nosuch://x", "nosuch"),
        ("sqlite+aiosqlite:///x.db", "aiosqlite"),
    ],
)
def test_a_driver_that_is_missing_is_named_and_no_password(url: str, said: str) -> None:
    message = refusal(Place(url)).message
    assert said in message
    assert "secret" not in message


def test_a_server_that_is_not_there_is_told_without_where_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """As psycopg says it, which need not be here."""
    said = OperationalError("x", {}, Exception("connection failed: ... at 10.1.2.3 failed: Connection refused\nmore"))
    error = explained(said, Place("postgresql://me:secret@db/x"))
    assert error.message == "The database cannot be reached."
    assert "postgresql://me:***@db/x: connection failed: ... at 10.1.2.3" in caplog.text


def test_what_failed_is_tried_again_after_a_pause(ready: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PAUSE", 0.0)
    monkeypatch.setattr("headgate.db.revisions.REVISIONS", ())

    async def play() -> None:
        async with opened(ready) as made:
            with pytest.raises(DatabaseError):
                await made.ready()
            monkeypatch.undo()
            assert await made.run(counted) == 0

    asyncio.run(play())


def test_more_than_can_wait_are_refused(ready: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MAX_WAITING", 3)
    door = threading.Event()

    async def play() -> list[Any]:
        async with opened(ready) as made:
            await made.ready()
            waiting = [asyncio.create_task(made.run(lambda _: door.wait(10))) for _ in range(10)]
            await asyncio.sleep(0)
            door.set()
            return await asyncio.gather(*waiting, return_exceptions=True)

    results = asyncio.run(play())
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert (len(refused), results.count(True)) == (3, 7)
    assert refused[0].code == "database_busy"


@pytest.mark.slow
def test_a_start_with_a_database_that_is_current_loads_nothing_of_it(ready: Place) -> None:
    program = f"""
import asyncio, sys
from headgate.app import build
from headgate.config import Config
from headgate.db import Database, Place
from headgate.todos import models

async def play():
    database = Database(Place({ready.url!r}), models)
    await database.open()
    await database.close()

asyncio.run(play())
print([name for name in ("alembic", "sqlalchemy", "strawberry", "graphql") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"

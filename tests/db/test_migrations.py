"""Databases of every revision become the newest, with what is in them; whoever is interrupted changes nothing."""

import asyncio
import importlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from headgate.db import Database, DatabaseError, Place, migrations
from headgate.db.connections import engine_of
from headgate.db.revisions import NEWEST, REVISIONS, State, standing
from headgate.todos import Filter, Lists, NewTodo, Page, models
from tests.serving import environment

OLD = "INSERT INTO todos (id, title, completed, created_at) VALUES (?, ?, ?, ?)"
ROWS = [
    (1, "milk", 0, "2024-10-21 01:35:34.593000"),
    (2, "Brot & Käse 🧀", 1, "2024-10-21 01:35:35"),
    (7, "x" * 5000, 0, "2024-10-22 00:00:00.000001"),
]


def place_in(folder: Path) -> Place:
    """A database that is not there yet."""
    return Place(f"sqlite:///{folder}/todos.db")


def fill(place: Place) -> None:
    """Todos as the first revision has them, and one that was deleted."""
    with sqlite3.connect(str(place.file)) as connection:
        connection.executemany(OLD, ROWS)
        connection.execute(OLD, (9, "deleted", 0, "2024-10-23 00:00:00"))
        connection.execute("DELETE FROM todos WHERE id = 9")
    connection.close()


def dump(place: Place) -> list[Any]:
    """All that is in it, and how it is made."""
    connection = sqlite3.connect(str(place.file))
    try:
        tables = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        rows = [
            connection.execute(f"SELECT * FROM {name}").fetchall() for name, sql in tables if "TABLE" in (sql or "")
        ]
        return [tables, rows]
    finally:
        connection.close()


def test_its_files_are_their_owners_alone(tmp_path: Path) -> None:
    """What somebody has to do is nobody else's business."""
    place = place_in(tmp_path / "made with it")
    migrations.upgrade(place)
    assert in_list(place, lambda todos: todos.create(NewTodo(title="a")).id) == 1
    connection = sqlite3.connect(str(place.file))
    connection.execute("UPDATE todos SET title = 'b'")
    connection.commit()
    open_to_others = {file.name: file.stat().st_mode & 0o077 for file in (tmp_path / "made with it").iterdir()}
    connection.close()
    assert open_to_others == dict.fromkeys(("todos.db", "todos.db-wal", "todos.db-shm"), 0)


def in_list(place: Place, do: Callable[[Any], Any]) -> Any:
    """What a list of todos says."""

    async def work() -> Any:
        database = Database(place, models)
        await database.open()
        try:
            return await Lists(database).work("anybody", do)
        finally:
            await database.close()

    return asyncio.run(work())


@pytest.mark.parametrize("revision", REVISIONS)
def test_todos_of_every_revision_are_there_afterwards(tmp_path: Path, revision: str) -> None:
    place = place_in(tmp_path)
    assert migrations.upgrade(place, revision) == (None, revision)
    fill(place)
    assert migrations.upgrade(place) == (revision, NEWEST)
    found = in_list(place, lambda todos: todos.find(Filter(), Page()))
    assert [(todo.id, todo.title, todo.completed) for todo in found] == [(row[0], row[1], bool(row[2])) for row in ROWS]
    assert found[0].created_at == datetime(2024, 10, 21, 1, 35, 34, 593000, UTC)
    assert {(todo.weight, todo.due_date, todo.parent_id, todo.tags) for todo in found} == {(1, None, None, ())}


def test_a_plan_of_the_second_revision_is_there_afterwards(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    migrations.upgrade(place, "0002")
    fill(place)
    with sqlite3.connect(str(place.file)) as connection:
        changed = "UPDATE todos SET due_date = '2030-01-01 00:00:00', weight = 5, parent_id = 2, tags = ? WHERE id = 1"
        connection.execute(changed, ("\nhome\nshop, food\n",))
    connection.close()
    migrations.upgrade(place)
    first, second, _ = in_list(place, lambda todos: todos.find(Filter(), Page()))
    assert (first.due_date, first.weight, first.parent_id) == (datetime(2030, 1, 1, tzinfo=UTC), 5, 2)
    assert first.tags == ("home", "shop, food")
    assert second.children == (1,)


def test_a_new_todo_gets_no_id_that_there_is(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    migrations.upgrade(place, "0001")
    fill(place)
    migrations.upgrade(place)
    id = in_list(place, lambda todos: todos.create(NewTodo(title="new"))).id
    assert id > 7
    in_list(place, lambda todos: todos.delete(id))
    assert in_list(place, lambda todos: todos.create(NewTodo(title="newer"))).id == id + 1, "nor one that there was"


def test_the_models_are_what_the_migrations_make(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    migrations.upgrade(place)
    engine = engine_of(place)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, models()) == []
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
    engine.dispose()


def test_a_parent_that_is_deleted_leaves_its_children(tmp_path: Path) -> None:
    """The reference is the database's own, also for whoever deletes with another program."""
    place = place_in(tmp_path)
    migrations.upgrade(place)
    with sqlite3.connect(str(place.file)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("INSERT INTO todos (id, title) VALUES (1, 'parent')")
        connection.execute("INSERT INTO todos (id, title, parent_id) VALUES (2, 'child', 1)")
        connection.execute("DELETE FROM todos WHERE id = 1")
        assert connection.execute("SELECT id, parent_id FROM todos").fetchall() == [(2, None)]
    connection.close()


def test_the_revisions_are_alembics() -> None:
    assert tuple(step.revision for step in migrations.history()) == REVISIONS
    assert [step.after for step in migrations.history()] == [None, *REVISIONS[:-1]]


@pytest.mark.parametrize("last", ["0001", "0002"])
def test_an_interrupted_migration_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """The newest fails when those before it have done their work."""
    place = place_in(tmp_path)
    migrations.upgrade(place, last)
    fill(place)
    before = dump(place)

    def fail(*args: object, **named: object) -> None:
        raise KeyboardInterrupt

    operations = importlib.import_module("alembic.op")
    real = operations.create_index
    monkeypatch.setattr(
        operations, "create_index", lambda name, *rest: fail() if "owner" in name else real(name, *rest)
    )
    with pytest.raises(KeyboardInterrupt):
        migrations.upgrade(place)
    assert dump(place) == before
    monkeypatch.undo()
    assert migrations.upgrade(place) == (last, NEWEST)
    assert len(in_list(place, lambda todos: todos.find(Filter(), Page()))) == len(ROWS)


HOLDING = """
import sys, time
from alembic import op
from headgate.db import Place, migrations

def hold(name, *rest):
    if "owner" in name:
        print("in the middle", flush=True)
        time.sleep(60)

op.create_index = hold
migrations.upgrade(Place(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_killed_migration_leaves_everything_as_it_was(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    migrations.upgrade(place, "0001")
    fill(place)
    before = dump(place)
    command = [sys.executable, "-c", HOLDING, place.url]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.kill()
    assert dump(place) == before
    assert migrations.upgrade(place) == ("0001", NEWEST)
    assert len(in_list(place, lambda todos: todos.find(Filter(), Page()))) == len(ROWS)


def test_two_may_migrate_at_once(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    migrations.upgrade(place, "0001")
    fill(place)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            migrations.upgrade(place)
        except BaseException as error:
            failed.append(error)

    # What Alembic keeps of a run is the process's; so the second is a process of its own.
    async def both() -> None:
        database = Database(place, models)
        await database.open()
        await asyncio.to_thread(work)
        await database.ready()
        await database.close()

    asyncio.run(both())
    assert failed == []
    assert standing(Path(str(place.file))).state is State.CURRENT
    assert len(in_list(place, lambda todos: todos.find(Filter(), Page()))) == len(ROWS)


def test_a_revision_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="There is no revision 0815"):
        migrations.upgrade(place_in(tmp_path), "0815")


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    migrations.upgrade(place)
    with sqlite3.connect(str(place.file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = dump(place)
    with pytest.raises(DatabaseError, match="revision 9999, which this Headgate does not know") as caught:
        migrations.upgrade(place)
    assert caught.value.code == "database_newer"
    assert dump(place) == before


def test_a_folder_that_does_not_exist_is_made(tmp_path: Path) -> None:
    place = place_in(tmp_path / "new" / "folder")
    assert migrations.upgrade(place) == (None, NEWEST)

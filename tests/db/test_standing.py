"""How a database stands is found out without Alembic."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from headgate.db import Database, DatabaseError, Place, migrations
from headgate.db.revisions import NEWEST, REVISIONS, Standing, State, standing
from headgate.todos import models


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "to dos #1.db"


def test_there_is_none_yet(file: Path) -> None:
    assert standing(file) == Standing(State.MISSING)
    file.touch()
    assert standing(file) == Standing(State.MISSING)


@pytest.mark.parametrize("revision", REVISIONS)
def test_it_is_of_a_revision(file: Path, revision: str) -> None:
    migrations.upgrade(Place(f"sqlite:///{file}"), revision)
    assert standing(file) == Standing(State.CURRENT if revision == NEWEST else State.BEHIND, revision)


def test_it_is_of_none(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE other (id)")
    connection.close()
    assert standing(file) == Standing(State.BEHIND)


def test_it_is_newer_than_the_program(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    connection.close()
    assert standing(file) == Standing(State.AHEAD, "9999")


def test_it_is_no_database(file: Path) -> None:
    file.write_text("This is a text, and longer than the head of a database would have to be. " * 20)
    assert standing(file).state is State.UNCLEAR


def test_a_file_that_cannot_be_looked_at_keeps_nobody_from_starting(tmp_path: Path) -> None:
    """Whoever asks for todos is told why there are none."""
    file = tmp_path / f"{'x' * 300}.db"
    assert standing(file).state is State.UNCLEAR

    async def start() -> str:
        database = Database(Place(f"sqlite:///{file}"), models)
        await database.open()
        try:
            with pytest.raises(DatabaseError) as caught:
                await database.ready()
            return caught.value.message
        finally:
            await database.close()

    assert asyncio.run(start()).endswith("cannot be made: File name too long.")

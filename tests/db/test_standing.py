"""How a database stands is found out without Alembic."""

import sqlite3
from pathlib import Path

import pytest

from headgate.db import Place, migrations
from headgate.db.revisions import NEWEST, REVISIONS, Standing, State, standing


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

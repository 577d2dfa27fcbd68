"""Where a database is."""

from pathlib import Path

import pytest

from headgate.db import Place, place_of

TABLE = [
    ("sqlite:///todos.db", Path("todos.db"), "todos.db"),
    ("sqlite:////var/lib/todos.db?cache=shared", Path("/var/lib/todos.db"), "/var/lib/todos.db"),
    ("sqlite+pysqlite:///a/b.db", Path("a/b.db"), "a/b.db"),
    ("sqlite://", None, "in memory"),
    ("sqlite:///", None, "in memory"),
    ("sqlite:///?timeout=3", None, "in memory"),
    ("sqlite:///:memory:", None, "in memory"),
    ("memory", None, "in memory"),
    ("postgresql+psycopg://me:se/cret@db/x", None, "postgresql+psycopg://me:***@db/x"),
    ("postgresql://me:secret@db:5432/x?sslmode=require", None, "postgresql://me:***@db:5432/x?sslmode=require"),
    ("postgresql://me:p@ss@db/x", None, "postgresql://me:***@db/x"),
    ("mysql://db/x", None, "mysql://db/x"),
]


@pytest.mark.parametrize(("url", "file", "shown"), TABLE)
def test_a_url_says_which_file_it_is_and_is_shown_without_its_password(url: str, file: Path | None, shown: str) -> None:
    place = Place(url)
    assert (place.file, place.shown, place.in_memory) == (file, shown, shown == "in memory")
    assert place.is_sqlite == (url == "memory" or url.startswith("sqlite"))


@pytest.mark.parametrize(
    ("store", "file"),
    [
        ("headgate.db", Path("headgate-todos.db")),
        ("/var/lib/headgate/runs.sqlite", Path("/var/lib/headgate/runs-todos.sqlite")),
        ("kept", Path("kept-todos")),
        ("memory", None),
    ],
)
def test_without_a_url_it_is_beside_the_store(store: str, file: Path | None) -> None:
    assert place_of(None, store).file == file


def test_a_url_goes_before() -> None:
    assert place_of("sqlite:///other.db", "memory").file == Path("other.db")


def test_clients_are_told_the_name_of_the_file_at_most() -> None:
    assert Place("sqlite:////var/lib/todos.db").label == "The database todos.db"
    assert Place("postgresql://me:secret@db/x").label == "The database"

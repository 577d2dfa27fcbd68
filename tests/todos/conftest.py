from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.db import Place
from headgate.db.connections import Connections, engine_of
from headgate.todos import Changes, models
from headgate.todos.list import TodoList


class Desk:
    """A database of todos, to be worked with right here."""

    def __init__(self, folder: Path) -> None:
        place = Place(f"sqlite:///{folder}/todos.db")
        self.engine = engine_of(place)
        models().create_all(self.engine)
        self.connections, self.changes = Connections(self.engine, place), Changes()

    def list_of(self, owner: str, limit: int = 1000) -> TodoList:
        """An owner's list."""
        return TodoList(self.connections, owner, self.changes, limit)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.engine.dispose()


@pytest.fixture
def todos(desk: Desk) -> TodoList:
    """A list with nothing in it."""
    return desk.list_of("alice")

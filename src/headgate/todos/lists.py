"""All lists of todos: whose each is, and how it is worked with."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from headgate.db import Database
from headgate.keys import ANYBODY
from headgate.todos.changes import Changes

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from headgate.db.connections import Connections
    from headgate.todos.list import TodoList

T = TypeVar("T")

Sharing: TypeAlias = Literal["no", "keys", "everybody"]
"""Who has the same list: nobody; all who have a key; or all, with and without."""


class Lists:
    """The lists that there are in a database."""

    def __init__(self, database: Database, sharing: Sharing = "no", limit: int = 10_000) -> None:
        self.database, self.sharing, self._limit = database, sharing, limit
        self.changes = Changes()

    def owner(self, key: str) -> str:
        """Whose list a key sees: its own, or everybody's."""
        return key if self.sharing == "no" else ANYBODY

    def of(self, connections: "Connections", owner: str) -> "TodoList":
        """An owner's list, for a thread of the database."""
        from headgate.todos.list import TodoList

        return TodoList(connections, owner, self.changes, self._limit)

    async def work(self, owner: str, do: "Callable[[TodoList], T]") -> T:
        """Do something with an owner's list."""
        return await self.database.run(lambda connections: do(self.of(connections, owner)))


def models() -> "MetaData":
    """The tables, for a database that is made without migrations."""
    from headgate.todos.model import TodoRow

    return TodoRow.metadata

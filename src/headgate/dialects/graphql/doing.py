"""What the fields of one request are asked with: whose list it is, and how much it may take."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headgate.errors import TooLarge
from headgate.todos import Lists, Todo
from headgate.todos import Subscription as Listening

if TYPE_CHECKING:
    from headgate.db.connections import Connections
    from headgate.todos.list import TodoList

MAX_TODOS = 20_000
"""How many one request may be told, in all its operations: a list of the usual size twice, some megabytes."""


MAX_LETTERS = 10_000_000
"""In their titles and tags: five hundred for each of that many."""


class Doing:
    """One request at work: in a thread of the database, or, when it listens, in the loop."""

    def __init__(self, lists: Lists, owner: str, connections: "Connections | None" = None) -> None:
        self._lists, self._owner, self._connections = lists, owner, connections
        self._list: TodoList | None = None
        self._told = self._letters = 0

    @property
    def list(self) -> "TodoList":
        """The list that it is about."""
        if self._list is None:
            assert self._connections is not None, "what listens has nothing to look up"
            self._list = self._lists.of(self._connections, self._owner)
        return self._list

    @property
    def room(self) -> int:
        """How many more may be told."""
        return MAX_TODOS - self._told

    def count(self, todos: Sequence[Todo]) -> None:
        """These are told, too. Raises TooLarge."""
        self._told += len(todos)
        self._letters += sum(len(todo.title) + sum(map(len, todo.tags)) for todo in todos)
        if self._letters > MAX_LETTERS:
            raise TooLarge("The todos of one request hold too much text; ask for fewer with `limit`.", status=200)
        if self._told > MAX_TODOS:
            raise TooLarge(f"One request may be told {MAX_TODOS} todos; ask for fewer with `limit`.", status=200)

    def subscribe(self) -> Listening:
        """Listen to what changes in the list."""
        return self._lists.changes.subscribe(self._owner)

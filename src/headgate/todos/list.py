"""
One list of todos: what can be done with it, in a transaction each; importing this loads SQLAlchemy.

For threads. Whatever belongs to another list is not there.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from msgspec import UnsetType
from sqlalchemy import Connection, delete, func, insert, select, update

from headgate.db.connections import Connections
from headgate.todos.changes import Change, Changes
from headgate.todos.model import TodoRow
from headgate.todos.rows import CHUNK, COLUMNS, chosen, families, paged, todo_of, written
from headgate.todos.todo import (
    BadTodo,
    Edit,
    Filter,
    NewTodo,
    NoTodo,
    Page,
    Todo,
    checked_children,
    checked_moment,
    checked_tags,
    checked_title,
    checked_weight,
)

MAX_DEPTH = 100
"""How far below one another todos may be; nobody plans that deep, and the way up has to end somewhere."""


class TodoList:
    """The todos of one owner."""

    def __init__(self, connections: Connections, owner: str, changes: Changes, limit: int) -> None:
        self._connections, self._owner, self._changes, self._limit = connections, owner, changes, limit

    def find(self, filter: Filter, page: Page) -> list[Todo]:
        """Those that are meant."""
        with self._connections.read() as connection:
            rows = connection.execute(paged(chosen(self._owner, filter), page)).all()
            children = families(connection, self._owner, (row.id for row in rows)) if rows else {}
        return [todo_of(row, children.get(row.id, ())) for row in rows]

    def count(self, filter: Filter) -> int:
        """How many there are."""
        with self._connections.read() as connection:
            return _count(connection, self._owner, filter)

    def get(self, id: int) -> Todo:
        """One of them. Raises NoTodo."""
        with self._connections.read() as connection:
            return self._get(connection, id)

    def create(self, new: NewTodo) -> Todo:
        """Add one. Raises BadTodo, or NoTodo for parents and children that do not exist."""
        children = checked_children(new.children)
        values: dict[str, Any] = {
            "title": checked_title(new.title),
            "completed": new.completed,
            "created_at": datetime.now(UTC),
            "due_date": checked_moment(new.due_date),
            "weight": checked_weight(new.weight),
            "tags": written(checked_tags(new.tags)),
            "parent_id": new.parent_id,
            "owner": self._owner,
        }
        with self._changing() as (connection, changes):
            if _count(connection, self._owner, Filter()) >= self._limit:
                raise BadTodo(f"There are {self._limit} todos already, and no more may be kept", code="too_many_todos")
            if new.parent_id is not None:
                self._ancestors(connection, new.parent_id)
            id = connection.execute(insert(TodoRow).values(values).returning(TodoRow.id)).scalar_one()
            self._adopt(connection, id, children)
            todo = self._get(connection, id)
            changes.append(Change("created", todo))
        return todo

    def update(self, id: int, edit: Edit) -> Todo:
        """Change one. Raises as `create`, and NoTodo."""
        values = _values(edit)
        children = None if isinstance(edit.children, UnsetType) else checked_children(edit.children)
        with self._changing() as (connection, changes):
            self._get(connection, id)
            if isinstance(edit.parent_id, int) and id in self._ancestors(connection, edit.parent_id):
                raise BadTodo("A todo cannot be below itself", param="parent_id")
            if values:
                connection.execute(update(TodoRow).where(TodoRow.id == id).values(values))
            if children is not None:
                connection.execute(update(TodoRow).where(TodoRow.parent_id == id).values(parent_id=None))
                self._adopt(connection, id, children)
            todo = self._get(connection, id)
            changes.append(Change("updated", todo))
        return todo

    def toggle(self, id: int) -> Todo:
        """Make it done, or not done any more. Raises NoTodo."""
        with self._changing() as (connection, changes):
            self._get(connection, id)
            turned = TodoRow.completed.is_(False)
            connection.execute(update(TodoRow).where(TodoRow.id == id).values(completed=turned))
            todo = self._get(connection, id)
            changes.append(Change("updated", todo))
        return todo

    def delete(self, id: int) -> Todo:
        """Remove one, and say what it was; its children stay, without a parent. Raises NoTodo."""
        with self._changing() as (connection, changes):
            todo = self._get(connection, id)
            connection.execute(delete(TodoRow).where(TodoRow.id == id))
            changes.append(Change("deleted", todo))
        return todo

    def _get(self, connection: Connection, id: int) -> Todo:
        row = connection.execute(select(*COLUMNS).where(TodoRow.id == id, TodoRow.owner == self._owner)).one_or_none()
        if row is None:
            raise NoTodo(id)
        return todo_of(row, families(connection, self._owner, [id]).get(id, ()))

    def _ancestors(self, connection: Connection, id: int) -> list[int]:
        """A todo, its parent, and so on to the top."""
        found: list[int] = []
        above: int | None = id
        while above is not None:
            if len(found) == MAX_DEPTH:
                raise BadTodo(f"Todos may be {MAX_DEPTH} deep", param="parent_id")
            found.append(above)
            statement = select(TodoRow.parent_id).where(TodoRow.id == above, TodoRow.owner == self._owner)
            row = connection.execute(statement).one_or_none()
            if row is None:
                raise NoTodo(above)
            above = row[0]
        return found

    def _adopt(self, connection: Connection, id: int, children: Sequence[int]) -> None:
        """Make these the children of that one."""
        if not children:
            return
        if set(children) & set(self._ancestors(connection, id)):
            raise BadTodo("A todo cannot be below itself", param="children")
        adopted: set[int] = set()
        for first in range(0, len(children), CHUNK):
            mine = TodoRow.id.in_(children[first : first + CHUNK]) & (TodoRow.owner == self._owner)
            changed = connection.execute(update(TodoRow).where(mine).values(parent_id=id).returning(TodoRow.id))
            adopted.update(changed.scalars())
        missing = [child for child in children if child not in adopted]
        if missing:
            raise NoTodo(missing[0])

    @contextmanager
    def _changing(self) -> Iterator[tuple[Connection, list[Change]]]:
        """A transaction, and what it changes: told when it is kept, in the order in which it is."""
        changes: list[Change] = []

        def tell() -> None:
            for change in changes:
                self._changes.tell(self._owner, change)

        with self._connections.write(tell) as connection:
            yield connection, changes


def _count(connection: Connection, owner: str, filter: Filter) -> int:
    counted = select(func.count()).select_from(chosen(owner, filter).subquery())
    return connection.execute(counted).scalar_one()


def _values(edit: Edit) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if not isinstance(edit.title, UnsetType):
        values["title"] = checked_title(edit.title)
    if not isinstance(edit.completed, UnsetType):
        values["completed"] = edit.completed
    if not isinstance(edit.due_date, UnsetType):
        values["due_date"] = checked_moment(edit.due_date)
    if not isinstance(edit.weight, UnsetType):
        values["weight"] = checked_weight(edit.weight)
    if not isinstance(edit.tags, UnsetType):
        values["tags"] = written(checked_tags(edit.tags))
    if not isinstance(edit.parent_id, UnsetType):
        values["parent_id"] = edit.parent_id
    return values

"""The types of the GraphQL schema; importing this loads Strawberry."""

import datetime
from collections.abc import Callable
from enum import Enum
from typing import Any

import strawberry
from strawberry import UNSET

from headgate.todos import Order
from headgate.todos.todo import Edit, Filter, NewTodo

TodoOrder = strawberry.enum(Order, name="TodoOrder", description="What todos are sorted by.")


@strawberry.type(description="Something to be done.")
class Todo:
    """What is asked of a todo is taken from its struct, which has the same fields."""

    id: int
    title: str
    completed: bool
    created_at: datetime.datetime
    due_date: datetime.datetime | None
    weight: int = strawberry.field(description="How important it is: the higher the more.")
    parent_id: int | None = strawberry.field(description="The todo that it is a part of.")
    children: list[int] = strawberry.field(description="The ids of its own parts.")
    tags: list[str]


@strawberry.input(description="What a todo begins as.")
class CreateTodoInput:
    title: str
    completed: bool = False
    due_date: datetime.datetime | None = None
    weight: int = 1
    parent_id: int | None = None
    children: list[int] = strawberry.field(default_factory=list)
    tags: list[str] = strawberry.field(default_factory=list)

    def meant(self) -> NewTodo:
        """The same for a list of todos."""
        return NewTodo(**vars(self))


@strawberry.input(description="What is to be different about a todo; what is left out stays.")
class UpdateTodoInput:
    id: int
    title: str | None = UNSET
    completed: bool | None = UNSET
    due_date: datetime.datetime | None = UNSET
    weight: int | None = UNSET
    parent_id: int | None = UNSET
    children: list[int] | None = UNSET
    tags: list[str] | None = UNSET

    def meant(self) -> Edit:
        """The same for a list of todos; null takes away what can be taken away, and is nothing said elsewhere."""
        said = {name: value for name, value in vars(self).items() if name != "id" and value is not UNSET}
        return Edit(**{name: value for name, value in said.items() if value is not None or name in _MAY_BE_NULL})


_MAY_BE_NULL = frozenset({"due_date", "parent_id"})


@strawberry.input(description="Which todos are meant: those that are all of this.")
class TodoFilter:
    completed: bool | None = None
    search: str | None = strawberry.field(default=None, description="A part of the title, in whatever case.")
    tag: str | None = None
    parent_id: int | None = strawberry.field(default=UNSET, description="null for those that are no part of another.")
    due_before: datetime.datetime | None = None
    due_after: datetime.datetime | None = None

    def meant(self) -> Filter:
        """The same for a list of todos."""
        return Filter(**{name: value for name, value in vars(self).items() if value is not UNSET})


@strawberry.enum(description="What happened to a todo.")
class TodoChangeKind(Enum):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@strawberry.type(description="Something that happened to a todo.")
class TodoChange:
    kind: TodoChangeKind
    id: int
    todo: Todo = strawberry.field(description="As it is now, or as it was before it was deleted.")


def _moment(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _list(items: tuple[Any, ...]) -> list[Any]:
    return list(items)


TODO_FIELDS: dict[str, tuple[str, Callable[[Any], Any] | None]] = {
    "id": ("id", None),
    "title": ("title", None),
    "completed": ("completed", None),
    "createdAt": ("created_at", _moment),
    "dueDate": ("due_date", _moment),
    "weight": ("weight", None),
    "parentId": ("parent_id", None),
    "children": ("children", _list),
    "tags": ("tags", _list),
}
"""Each field of a todo, where it is found, and how it is written."""

"""Todos as functions for a model."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from headgate.errors import HeadgateError
from headgate.todos.lists import Lists
from headgate.todos.todo import MAX_WEIGHT, Edit, Filter, NewTodo, Order, Page, Todo
from headgate.tools import Context, Function, ToolError

if TYPE_CHECKING:
    from headgate.todos.list import TodoList

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
"""How many todos a model is told at a time: a few thousand tokens."""

_NUMBER = {"type": "integer", "minimum": -MAX_WEIGHT, "maximum": MAX_WEIGHT}
_ID = {**_NUMBER, "description": "The todo's id."}
_DATE = {"type": "string", "format": "date-time", "description": "ISO 8601, like 2030-01-31T09:00:00Z."}
_FIELDS: dict[str, Any] = {
    "title": {"type": "string", "description": "What is to be done."},
    "due_date": {**_DATE, "description": "When it is due: ISO 8601, like 2030-01-31T09:00:00Z."},
    "weight": {**_NUMBER, "description": "How important it is: the higher the more. 1 is usual."},
    "parent_id": {**_NUMBER, "description": "The id of the todo that it is a part of."},
    "tags": {"type": "array", "items": {"type": "string"}, "description": "Words to find it by."},
}

Do = Callable[["TodoList", Mapping[str, Any]], object]


class TodoFunction(msgspec.Struct, frozen=True):
    """One thing that a model may do with todos."""

    name: str
    description: str
    schema: dict[str, Any]
    is_repeatable: bool
    do: Do
    lists: Lists
    source: str = "todos"
    timeout: float | None = None
    max_parallel: int | None = None

    async def call(self, arguments: Mapping[str, Any], context: Context) -> str:
        """Do it, with the list of whoever's run it is."""
        owner = self.lists.owner(context.owner)
        try:
            done = await self.lists.work(owner, lambda todos: self.do(todos, arguments))
        except HeadgateError as error:
            raise ToolError(f"{error.message.rstrip('.')}.") from None
        return msgspec.json.encode(done).decode()


def functions(lists: Lists) -> list[Function]:
    """All of them."""
    return [
        TodoFunction("create_todo", "Add a todo to the list.", _object(_FIELDS, "title"), False, _create, lists),
        TodoFunction(
            "list_todos",
            "Show the todos of the list: all of them, or those that are all of what is said.",
            _object(_WISHES),
            True,
            _list,
            lists,
        ),
        TodoFunction(
            "update_todo",
            "Change a todo of the list. What is not said stays as it is; null takes a date or a parent away.",
            _object({"id": _ID, **_nullable(_FIELDS), "completed": {"type": "boolean"}}, "id"),
            True,
            _update,
            lists,
        ),
        TodoFunction(
            "toggle_todo",
            "Mark a todo as done, or as not done where it was.",
            _object({"id": _ID}, "id"),
            False,
            lambda todos, said: _told(todos.toggle(said["id"])),
            lists,
        ),
        TodoFunction(
            "delete_todo",
            "Remove a todo from the list for good.",
            _object({"id": _ID}, "id"),
            True,
            lambda todos, said: {"deleted": _told(todos.delete(said["id"]))},
            lists,
        ),
    ]


_WISHES: dict[str, Any] = {
    "completed": {"type": "boolean", "description": "Only those that are done, or only those that are not."},
    "search": {"type": "string", "description": "A part of the title, in whatever case."},
    "tag": {"type": "string"},
    "parent_id": {**_NUMBER, "description": "Only the parts of that todo."},
    "due_before": _DATE,
    "due_after": _DATE,
    "order_by": {"type": "string", "enum": [order.value for order in Order]},
    "descending": {"type": "boolean"},
    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "description": f"{DEFAULT_LIMIT} by default."},
    "offset": {**_NUMBER, "minimum": 0},
}


def _create(todos: "TodoList", said: Mapping[str, Any]) -> object:
    return _told(todos.create(_as(NewTodo, said)))


def _list(todos: "TodoList", said: Mapping[str, Any]) -> object:
    filter = _as(Filter, {name: value for name, value in said.items() if name not in _PAGING})
    limit = min(said.get("limit") or DEFAULT_LIMIT, MAX_LIMIT)
    order = Order(said.get("order_by") or "id")
    descending, offset = bool(said.get("descending")), said.get("offset") or 0
    page = Page(order=order, descending=descending, limit=limit, offset=offset)
    found = todos.find(filter, page)
    return {"todos": [_told(todo) for todo in found], "total": todos.count(filter)}


def _update(todos: "TodoList", said: Mapping[str, Any]) -> object:
    edit = _as(Edit, {name: value for name, value in said.items() if name != "id"})
    return _told(todos.update(said["id"], edit))


_PAGING = frozenset({"order_by", "descending", "limit", "offset"})


def _as(shape: Any, said: Mapping[str, Any]) -> Any:
    """Arguments as what they stand for: models write null for what they leave out."""
    meant = {name: value for name, value in said.items() if value is not None or name in ("due_date", "parent_id")}
    if shape is Filter and meant.get("parent_id", UNSET) is None:
        del meant["parent_id"]
    try:
        return msgspec.convert(meant, shape, dec_hook=None)
    except msgspec.ValidationError as error:
        raise ToolError(f"The arguments do not fit: {error}.") from None


def _told(todo: Todo) -> dict[str, Any]:
    """A todo as a model is told of it: without what says nothing."""
    told = {
        "id": todo.id,
        "title": todo.title,
        "completed": todo.completed,
        "created_at": _moment(todo.created_at),
        "due_date": None if todo.due_date is None else _moment(todo.due_date),
        "weight": todo.weight,
        "parent_id": todo.parent_id,
        "children": list(todo.children),
        "tags": list(todo.tags),
    }
    return {name: value for name, value in told.items() if value not in (None, [])}


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def _nullable(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {**schema, "type": [schema["type"], "null"]} if name in ("due_date", "parent_id") else schema
        for name, schema in properties.items()
    }

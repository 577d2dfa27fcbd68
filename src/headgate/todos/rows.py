"""Rows of the table, as todos; importing this loads SQLAlchemy."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from headgate.todos.model import TodoRow
from headgate.todos.todo import Filter, Order, Page, Todo, checked_moment, checked_search

COLUMNS = (
    TodoRow.id,
    TodoRow.title,
    TodoRow.completed,
    TodoRow.created_at,
    TodoRow.due_date,
    TodoRow.weight,
    TodoRow.parent_id,
    TodoRow.tags,
)
"""In the order of a todo's fields."""

_ORDERS: dict[Order, ColumnElement[Any]] = {
    Order.TITLE: func.lower(TodoRow.title),
    Order.CREATED_AT: TodoRow.created_at.expression,
    Order.DUE_DATE: TodoRow.due_date.expression,
    Order.WEIGHT: TodoRow.weight.expression,
}

CHUNK = 100
"""How many ids one statement may name; databases bound it."""


def chosen(owner: str, filter: Filter) -> Select[*tuple[Any, ...]]:
    """The statement for those of an owner's todos that are meant."""
    statement = select(*COLUMNS).where(TodoRow.owner == owner)
    for condition in _conditions(filter):
        statement = statement.where(condition)
    return statement


def paged(statement: Select[*tuple[Any, ...]], page: Page) -> Select[*tuple[Any, ...]]:
    """A part of it; what is the same by the order goes by id, so that pages fit together."""
    ways: list[ColumnElement[Any]] = [TodoRow.id.expression]
    if page.order is not Order.ID:
        ways.insert(0, _ORDERS[page.order])
    if page.order is Order.DUE_DATE:
        # Databases differ in where they put what is due never.
        ways.insert(0, TodoRow.due_date.is_(None))
    statement = statement.order_by(*(way.desc() if page.descending else way for way in ways))
    if page.limit is not None:
        statement = statement.limit(page.limit)
    return statement.offset(page.offset) if page.offset else statement


def written(tags: Sequence[str]) -> str:
    """Tags as their column has them."""
    return "\n{}\n".format("\n".join(tags)) if tags else ""


def todo_of(row: Row[*tuple[Any, ...]], children: Sequence[int] = ()) -> Todo:
    """A row as a todo."""
    id, title, completed, created_at, due_date, weight, parent_id, tags = row
    told = tuple(tags.split("\n")[1:-1]) if tags else ()
    return Todo(id, title, completed, created_at, due_date, weight, parent_id, told, tuple(children))


def families(connection: Connection, owner: str, parents: Iterable[int]) -> dict[int | None, list[int]]:
    """The ids of children by their parents, of those parents that have any."""
    found: dict[int | None, list[int]] = {}
    ids = list(parents)
    statement = select(TodoRow.parent_id, TodoRow.id).where(TodoRow.owner == owner).order_by(TodoRow.id)
    if len(ids) > CHUNK:
        # To ask for all that have a parent is simpler then, and as fast.
        rows = connection.execute(statement.where(TodoRow.parent_id.is_not(None)))
    else:
        rows = connection.execute(statement.where(TodoRow.parent_id.in_(ids)))
    for parent, id in rows:
        found.setdefault(parent, []).append(id)
    return found


def _conditions(filter: Filter) -> Iterable[ColumnElement[bool]]:
    if filter.completed is not None:
        yield TodoRow.completed.is_(filter.completed)
    if filter.search:
        yield TodoRow.title.icontains(checked_search(filter.search, "search"), autoescape=True)
    if filter.tag:
        yield TodoRow.tags.icontains(f"\n{checked_search(filter.tag, 'tag')}\n", autoescape=True)
    if filter.parent_id is None:
        yield TodoRow.parent_id.is_(None)
    elif isinstance(filter.parent_id, int):
        yield TodoRow.parent_id == filter.parent_id
    if filter.due_before is not None:
        yield TodoRow.due_date < checked_moment(filter.due_before)
    if filter.due_after is not None:
        yield TodoRow.due_date >= checked_moment(filter.due_after)

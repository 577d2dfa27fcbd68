"""The GraphQL schema: what may be asked, done and listened to; importing this loads Strawberry."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar, cast

import strawberry
from strawberry.types import Info

from headgate.dialects.graphql.doing import Doing
from headgate.dialects.graphql.types import (
    CreateTodoInput,
    Todo,
    TodoChange,
    TodoChangeKind,
    TodoFilter,
    TodoOrder,
    UpdateTodoInput,
)
from headgate.errors import HeadgateError
from headgate.todos import BadTodo, Filter, NewTodo, NoTodo, Order, Page

T = TypeVar("T")

Asking = Info[Doing, None]


@strawberry.type
class Query:
    @strawberry.field(description="A greeting, to see that the server is there.")
    def hello(self) -> str:
        return "Hello World"

    @strawberry.field(description="The todos: all of them, in the order of their ids, or as it is said.")
    def todos(
        self,
        info: Asking,
        filter: TodoFilter | None = None,
        order_by: TodoOrder = Order.ID,  # type: ignore[valid-type]
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Todo]:
        first = _number(offset, "offset") or 0
        # One more than may be told is enough to say that it is too much.
        enough = info.context.room + 1
        wanted = _number(limit, "limit")
        most = enough if wanted is None else min(wanted, enough)
        page = Page(order=order_by, descending=descending, limit=most, offset=first)
        found = info.context.list.find(_filter(filter), page)
        info.context.count(found)
        # The fields of a todo are found in its struct.
        return cast("list[Todo]", found)

    @strawberry.field(description="One of them; null where there is none with that id.")
    def todo(self, info: Asking, id: int) -> Todo | None:
        try:
            return cast("Todo", info.context.list.get(id))
        except NoTodo:
            return None

    @strawberry.field(description="How many there are.")
    def todo_count(self, info: Asking, filter: TodoFilter | None = None) -> int:
        return info.context.list.count(_filter(filter))


@strawberry.type
class Mutation:
    @strawberry.mutation(description="Adds a todo: by its title alone, or with everything that it begins as.")
    def create_todo(self, info: Asking, title: str | None = None, data: CreateTodoInput | None = None) -> Todo:
        return _done("create", lambda: cast("Todo", info.context.list.create(_new(title, data))))

    @strawberry.mutation(description="Changes a todo.")
    def update_todo(self, info: Asking, data: UpdateTodoInput) -> Todo:
        return _done("update", lambda: cast("Todo", info.context.list.update(data.id, data.meant())))

    @strawberry.mutation(description="Makes a todo done, or not done where it was.")
    def toggle_todo(self, info: Asking, id: int) -> Todo:
        return _done("toggle", lambda: cast("Todo", info.context.list.toggle(id)))

    @strawberry.mutation(description="Removes a todo; its parts stay.")
    def delete_todo(self, info: Asking, id: int) -> bool:
        return _done("delete", lambda: info.context.list.delete(id) is not None)


@strawberry.type
class Subscription:
    @strawberry.subscription(description="Everything that happens to todos from now on.")
    async def todo_changes(self, info: Asking) -> AsyncIterator[TodoChange]:
        subscription = info.context.subscribe()
        try:
            async for change in subscription:
                todo = cast("Todo", change.todo)
                yield TodoChange(kind=TodoChangeKind(change.kind), id=change.todo.id, todo=todo)
        finally:
            subscription.close()


def make() -> strawberry.Schema:
    """The schema."""
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription)


def _done(what: str, do: Callable[[], T]) -> T:
    try:
        return do()
    except HeadgateError as error:
        error.message = f"Failed to {what} todo: {error.message}"
        raise


def _new(title: str | None, data: CreateTodoInput | None) -> NewTodo:
    if title is not None and data is None:
        return NewTodo(title=title)
    if data is not None and title is None:
        return data.meant()
    raise BadTodo("Say either `title` or `data`")


def _filter(filter: TodoFilter | None) -> Filter:
    return Filter() if filter is None else filter.meant()


def _number(value: int | None, name: str) -> int | None:
    if value is not None and value < 0:
        raise BadTodo(f"`{name}` cannot be less than 0", param=name)
    return value

"""What can be done with a list of todos."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from headgate.todos import BadTodo, Edit, Filter, NewTodo, NoTodo, Order, Page
from headgate.todos.list import MAX_DEPTH, TodoList
from headgate.todos.todo import MAX_CHILDREN, MAX_TAG, MAX_TAGS, MAX_TITLE, MAX_WEIGHT
from tests.todos.conftest import Desk

JANUARY = datetime(2030, 1, 31, 9, tzinfo=UTC)


def titles(todos: TodoList, **wishes: Any) -> list[str]:
    """Of those that are meant, in their order."""
    page = {name: wishes.pop(name) for name in ("order", "descending", "limit", "offset") if name in wishes}
    return [todo.title for todo in todos.find(Filter(**wishes), Page(**page))]


@pytest.fixture
def plan(todos: TodoList) -> TodoList:
    """A list of some."""
    todos.create(NewTodo(title="Move house", weight=9, due_date=JANUARY))
    todos.create(NewTodo(title="boxes", parent_id=1, tags=["Shop"], due_date=JANUARY - timedelta(days=7)))
    todos.create(NewTodo(title="Änderung melden", parent_id=1, completed=True))
    todos.create(NewTodo(title="100% of_it", tags=["shop", "a, b"]))
    return todos


def test_a_todo_begins_as_it_is_said(todos: TodoList) -> None:
    before = datetime.now(UTC)
    todo = todos.create(NewTodo(title="  milk  "))
    assert (todo.id, todo.title, todo.completed, todo.weight, todo.due_date) == (1, "milk", False, 1, None)
    assert (todo.parent_id, todo.tags, todo.children) == (None, (), ())
    assert before <= todo.created_at <= datetime.now(UTC)
    zone = timezone(timedelta(hours=2))
    whole = NewTodo(
        title="a",
        completed=True,
        due_date=datetime(2030, 1, 1, 1, tzinfo=zone),
        weight=-3,
        parent_id=1,
        tags=["b", "a", "b"],
    )
    todo = todos.create(whole)
    assert (todo.completed, todo.weight, todo.parent_id, todo.tags) == (True, -3, 1, ("b", "a"))
    assert todo.due_date == datetime(2029, 12, 31, 23, tzinfo=UTC)
    assert todos.get(2) == todo
    assert todos.get(1).children == (2,)


def test_a_date_without_a_zone_is_in_utc(todos: TodoList) -> None:
    assert todos.create(NewTodo(title="a", due_date=datetime(2030, 1, 31, 9))).due_date == JANUARY


@pytest.mark.parametrize(
    "new",
    [
        NewTodo(title=" \n "),
        NewTodo(title="a" * (MAX_TITLE + 1)),
        NewTodo(title="a\x00b"),
        NewTodo(title="a\ud800"),
        NewTodo(title="a", weight=MAX_WEIGHT + 1),
        NewTodo(title="a", tags=[""]),
        NewTodo(title="a", tags=["a\nb"]),
        NewTodo(title="a", tags=["a" * (MAX_TAG + 1)]),
        NewTodo(title="a", tags=[str(number) for number in range(MAX_TAGS + 1)]),
        NewTodo(title="a", children=range(MAX_CHILDREN + 1)),
        NewTodo(title="a", due_date=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
    ],
)
def test_what_a_todo_cannot_be_is_refused(todos: TodoList, new: NewTodo) -> None:
    with pytest.raises(BadTodo):
        todos.create(new)
    assert todos.count(Filter()) == 0


@pytest.mark.parametrize("new", [NewTodo(title="a", parent_id=9), NewTodo(title="a", children=[1, 9])])
def test_a_family_that_does_not_exist_is_named(todos: TodoList, new: NewTodo) -> None:
    todos.create(NewTodo(title="there"))
    with pytest.raises(NoTodo, match=r"^Todo with id 9 not found$"):
        todos.create(new)
    assert titles(todos) == ["there"], "and nothing is kept"


def test_only_what_is_said_changes(plan: TodoList) -> None:
    before = plan.get(2)
    after = plan.update(2, Edit(title="big boxes"))
    assert (after.title, after.tags, after.due_date, after.parent_id) == (
        "big boxes",
        before.tags,
        before.due_date,
        before.parent_id,
    )
    after = plan.update(2, Edit(due_date=None, parent_id=None, tags=[], weight=4, completed=True))
    assert (after.due_date, after.parent_id, after.tags, after.weight, after.completed) == (None, None, (), 4, True)
    assert plan.update(2, Edit()) == after


def test_children_are_taken_and_let_go(plan: TodoList) -> None:
    assert plan.update(1, Edit(children=[3, 4])).children == (3, 4)
    assert plan.get(2).parent_id is None
    assert plan.update(1, Edit(children=[])).children == ()
    assert plan.create(NewTodo(title="new", children=[1, 2])).children == (1, 2)


@pytest.mark.parametrize("edit", [Edit(parent_id=1), Edit(parent_id=2), Edit(children=[1]), Edit(parent_id=5)])
def test_a_todo_cannot_be_below_itself(plan: TodoList, edit: Edit) -> None:
    plan.create(NewTodo(title="deep", parent_id=2))
    with pytest.raises(BadTodo, match="below itself"):
        plan.update(1, edit)
    assert plan.get(1).children == (2, 3)


def test_a_child_cannot_be_its_parents_parent(plan: TodoList) -> None:
    with pytest.raises(BadTodo, match="below itself"):
        plan.update(2, Edit(children=[1]))


def test_todos_are_only_so_deep(todos: TodoList) -> None:
    todos.create(NewTodo(title="top"))
    for above in range(1, MAX_DEPTH + 1):
        todos.create(NewTodo(title="below", parent_id=above))
    with pytest.raises(BadTodo, match="deep"):
        todos.create(NewTodo(title="too deep", parent_id=MAX_DEPTH + 1))


def test_it_is_done_and_not_done(plan: TodoList) -> None:
    assert plan.toggle(1).completed
    assert not plan.toggle(1).completed
    assert not plan.toggle(3).completed


def test_one_is_deleted_and_its_children_stay(plan: TodoList) -> None:
    assert plan.delete(1).title == "Move house"
    assert plan.get(2).parent_id is None
    with pytest.raises(NoTodo):
        plan.get(1)
    assert plan.create(NewTodo(title="new")).id == 5


@pytest.mark.parametrize(
    "do", [TodoList.get, TodoList.toggle, TodoList.delete, lambda todos, id: todos.update(id, Edit())]
)
@pytest.mark.parametrize("id", [0, 9, -1, 2**31, 2**63 - 1])
def test_one_that_does_not_exist_is_not_found(plan: TodoList, do: Any, id: int) -> None:
    with pytest.raises(NoTodo, match=f"Todo with id {id} not found"):
        do(plan, id)


def test_nobody_sees_or_changes_anothers(desk: Desk, plan: TodoList) -> None:
    bob = desk.list_of("bob")
    assert bob.find(Filter(), Page()) == []
    for do in (bob.get, bob.toggle, bob.delete, lambda id: bob.update(id, Edit(title="mine"))):
        with pytest.raises(NoTodo):
            do(1)
    for new in (NewTodo(title="a", parent_id=1), NewTodo(title="a", children=[1])):
        with pytest.raises(NoTodo):
            bob.create(new)
    assert plan.get(1).title == "Move house"


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ({}, ["Move house", "boxes", "Änderung melden", "100% of_it"]),
        ({"completed": True}, ["Änderung melden"]),
        ({"completed": False, "parent_id": 1}, ["boxes"]),
        ({"parent_id": None}, ["Move house", "100% of_it"]),
        ({"search": "BOX"}, ["boxes"]),
        ({"search": "änderung"}, ["Änderung melden"]),
        ({"search": "% of_"}, ["100% of_it"]),
        ({"search": "o_"}, []),
        ({"search": "%"}, ["100% of_it"]),
        ({"tag": "shop"}, ["boxes", "100% of_it"]),
        ({"tag": "a, b"}, ["100% of_it"]),
        ({"tag": "a"}, []),
        ({"due_before": JANUARY}, ["boxes"]),
        ({"due_after": JANUARY}, ["Move house"]),
        ({"order": Order.TITLE}, ["100% of_it", "boxes", "Move house", "Änderung melden"]),
        ({"order": Order.DUE_DATE}, ["boxes", "Move house", "Änderung melden", "100% of_it"]),
        ({"order": Order.WEIGHT, "descending": True, "limit": 1}, ["Move house"]),
        ({"order": Order.WEIGHT}, ["boxes", "Änderung melden", "100% of_it", "Move house"]),
        ({"order": Order.CREATED_AT, "descending": True, "limit": 2, "offset": 1}, ["Änderung melden", "boxes"]),
        ({"limit": 0}, []),
        ({"offset": 3}, ["100% of_it"]),
        ({"offset": 99, "limit": 5}, []),
    ],
)
def test_a_list_is_of_those_that_are_meant_in_the_order_that_is_wanted(
    plan: TodoList, wish: dict[str, Any], found: list[str]
) -> None:
    assert titles(plan, **wish) == found


@pytest.mark.parametrize(
    "filter",
    [
        Filter(search="a" * (MAX_TITLE + 1)),
        Filter(tag="%" * 60_000),
        Filter(search="a\x00"),
        Filter(tag="\ud800"),
        Filter(due_before=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
    ],
)
def test_what_cannot_be_looked_for_is_refused(plan: TodoList, filter: Filter) -> None:
    for do in (plan.count, lambda filter: plan.find(filter, Page())):
        with pytest.raises(BadTodo):
            do(filter)


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("descending", [False, True])
def test_pages_fit_together(todos: TodoList, order: Order, descending: bool) -> None:
    for number in range(23):
        todos.create(NewTodo(title=f"{number % 3}", weight=number % 2))
    page = Page(order=order, descending=descending)
    whole = todos.find(Filter(), page)
    parts = [msgspec.structs.replace(page, limit=5, offset=offset) for offset in range(0, 25, 5)]
    pages = [todos.find(Filter(), part) for part in parts]
    assert [todo for part in pages for todo in part] == whole
    assert len({todo.id for todo in whole}) == todos.count(Filter()) == 23


def test_a_long_list_knows_its_children(todos: TodoList) -> None:
    for _ in range(150):
        todos.create(NewTodo(title="a", parent_id=None))
    todos.create(NewTodo(title="last", parent_id=77))
    assert [todo.children for todo in todos.find(Filter(), Page())][76] == (151,)
    assert [todo.children for todo in todos.find(Filter(), Page(limit=1, offset=76))] == [(151,)]


def test_a_full_list_takes_no_more(desk: Desk) -> None:
    todos = desk.list_of("alice", limit=2)
    todos.create(NewTodo(title="a"))
    todos.create(NewTodo(title="b"))
    with pytest.raises(BadTodo, match="2 todos already") as caught:
        todos.create(NewTodo(title="c"))
    assert caught.value.code == "too_many_todos"
    todos.delete(1)
    todos.create(NewTodo(title="c"))
    desk.list_of("bob", limit=2).create(NewTodo(title="not full"))

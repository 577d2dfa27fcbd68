"""Todos as a model has them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.db import Database, Place, migrations
from headgate.todos import Lists, functions, models
from headgate.tools import Context, Toolbox


class Model:
    """Calls functions as a model would, for one key's runs."""

    def __init__(self, lists: Lists, runner: asyncio.Runner) -> None:
        self.lists, self.runner = lists, runner
        self.toolbox = Toolbox(functions(lists))

    def call(self, name: str, owner: str = "alice", **arguments: Any) -> Any:
        """What a function says; raises AssertionError when it failed."""
        outcome = self.ask(name, owner, **arguments)
        assert not outcome.is_error, outcome.result
        return msgspec.json.decode(outcome.result)

    def fail(self, name: str, owner: str = "alice", **arguments: Any) -> str:
        """How a function fails."""
        outcome = self.ask(name, owner, **arguments)
        assert outcome.is_error, outcome.result
        return str(outcome.result)

    def ask(self, name: str, owner: str, **arguments: Any) -> Any:
        """What comes of a call."""
        text = msgspec.json.encode(arguments).decode()
        return self.runner.run(self.toolbox.call(name, text, Context(run="r", owner=owner, call_id="c")))


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def model(tmp_path: Path, runner: asyncio.Runner) -> Iterator[Model]:
    place = Place(f"sqlite:///{tmp_path}/todos.db")
    migrations.upgrade(place)
    database = Database(place, models)
    yield Model(Lists(database), runner)
    runner.run(database.close())


def test_a_todo_is_made_found_changed_and_deleted(model: Model) -> None:
    made = model.call("create_todo", title="Buy milk", due_date="2030-01-31T09:00:00Z", tags=["shop"])
    created_at = made.pop("created_at")
    expected = {"id": 1, "title": "Buy milk", "completed": False, "weight": 1, "tags": ["shop"]}
    assert made == {**expected, "due_date": "2030-01-31T09:00:00+00:00"}
    assert model.call("list_todos") == {"todos": [{**made, "created_at": created_at}], "total": 1}
    assert model.call("update_todo", id=1, title="Buy oat milk", due_date=None)["title"] == "Buy oat milk"
    assert "due_date" not in model.call("list_todos", search="OAT")["todos"][0]
    assert model.call("toggle_todo", id=1)["completed"]
    assert model.call("delete_todo", id=1)["deleted"]["title"] == "Buy oat milk"
    assert model.call("list_todos") == {"todos": [], "total": 0}


def test_nulls_that_models_write_for_nothing_are_nothing(model: Model) -> None:
    model.call("create_todo", title="a", weight=3)
    nothing = dict.fromkeys(("completed", "search", "tag", "parent_id", "due_before", "due_after", "limit"))
    outcome = model.runner.run(functions(model.lists)[1].call(nothing, Context(owner="alice")))
    assert msgspec.json.decode(outcome)["total"] == 1


def test_only_so_many_are_told_and_all_are_counted(model: Model) -> None:
    for number in range(60):
        model.call("create_todo", title=f"{number}", weight=number % 2)
    told = model.call("list_todos")
    assert (len(told["todos"]), told["total"]) == (50, 60)
    told = model.call("list_todos", order_by="weight", descending=True, limit=2, offset=1)
    assert [todo["title"] for todo in told["todos"]] == ["57", "55"]
    assert model.call("list_todos", due_before="2030-01-01T00:00:00Z")["total"] == 0


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("toggle_todo", {"id": 9}, "Todo with id 9 not found."),
        ("delete_todo", {"id": 9}, "Todo with id 9 not found."),
        ("update_todo", {"id": 9, "title": "a"}, "Todo with id 9 not found."),
        ("create_todo", {"title": " "}, "A todo needs a title."),
        ("create_todo", {"title": "a", "parent_id": 9}, "Todo with id 9 not found."),
        ("create_todo", {}, "title"),
        ("create_todo", {"title": 5}, "title"),
        ("create_todo", {"title": "a", "due_date": "tomorrow"}, "due_date"),
        ("create_todo", {"title": "a", "colour": "red"}, "colour"),
        ("toggle_todo", {"id": "1"}, "id"),
        ("toggle_todo", {"id": 2**64}, "id"),
        ("create_todo", {"title": "a", "weight": 2**64}, "weight"),
        ("list_todos", {"order_by": "mood"}, "order_by"),
    ],
)
def test_what_a_model_does_wrong_it_is_told(model: Model, name: str, arguments: dict[str, Any], said: str) -> None:
    assert said in model.fail(name, **arguments)


def test_each_key_has_its_own_and_shared_ones_are_everybodys(model: Model) -> None:
    model.call("create_todo", title="a")
    assert model.call("list_todos", owner="bob")["total"] == 0
    assert "not found" in model.fail("toggle_todo", owner="bob", id=1)
    shared = Model(Lists(model.lists.database, "keys"), model.runner)
    shared.call("create_todo", title="everybody's")
    assert shared.call("list_todos", owner="bob")["total"] == 1


def test_a_call_may_be_repeated_only_where_that_changes_nothing(model: Model) -> None:
    repeatable = {function.name: function.is_repeatable for function in functions(model.lists)}
    assert repeatable == {
        "create_todo": False,
        "list_todos": True,
        "update_todo": True,
        "toggle_todo": False,
        "delete_todo": True,
    }

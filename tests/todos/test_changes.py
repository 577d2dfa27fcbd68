"""Listeners hear what changes in their list, in order, and are told where they would miss something."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from headgate.todos import Change, Changes, Edit, NewTodo, Todo, changes
from headgate.todos.changes import TooSlow
from tests.todos.conftest import Desk


def change(id: int) -> Change:
    """One of some todo."""
    return Change("created", Todo(id, "a", False, datetime.now(UTC), None, 1, None, ()))


async def take(heard: AsyncIterator[Change], number: int) -> list[tuple[str, int]]:
    """The next ones."""
    return [(told.kind, told.todo.id) for told in [await anext(heard) for _ in range(number)]]


def test_all_that_happens_in_a_list_is_heard_in_order(desk: Desk) -> None:
    async def play() -> None:
        mine, others = desk.changes.subscribe("alice"), desk.changes.subscribe("bob")
        todos = desk.list_of("alice")

        def work() -> None:
            todos.create(NewTodo(title="a"))
            todos.update(1, Edit(title="b"))
            todos.toggle(1)
            todos.delete(1)
            desk.list_of("bob").create(NewTodo(title="bob's"))

        await asyncio.to_thread(work)
        expected = [("created", 1), ("updated", 1), ("updated", 1), ("deleted", 1)]
        assert await take(aiter(mine), 4) == expected
        assert await take(aiter(others), 1) == [("created", 2)]
        mine.close()
        others.close()

    asyncio.run(play())


def test_it_is_told_in_the_order_in_which_it_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else who listens would end with what is no longer so."""
    todos, told = desk.list_of("alice"), list[bool]()
    todos.create(NewTodo(title="a"))
    later = threading.Thread(target=lambda: todos.toggle(1))

    def tell(owner: str, change: Change) -> None:
        if change.todo.completed:
            later.start()
            later.join(0.2)
        told.append(change.todo.completed)

    monkeypatch.setattr(desk.changes, "tell", tell)
    todos.toggle(1)
    later.join()
    assert told == [True, False]


def test_what_was_undone_is_not_told(desk: Desk) -> None:
    async def play() -> None:
        listening = desk.changes.subscribe("alice")
        todos = desk.list_of("alice", limit=1)
        todos.create(NewTodo(title="a"))
        with pytest.raises(Exception, match="1 todos already"):
            todos.create(NewTodo(title="b"))
        with pytest.raises(Exception, match="not found"):
            todos.update(1, Edit(title="c", children=[7]))
        todos.delete(1)
        assert await take(aiter(listening), 2) == [("created", 1), ("deleted", 1)]
        listening.close()

    asyncio.run(play())


def test_who_reads_too_slowly_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_BEHIND", 3)

    async def play() -> None:
        all_changes = Changes()
        listening, quick = all_changes.subscribe("alice"), all_changes.subscribe("alice")
        heard = aiter(quick)
        for id in range(5):
            all_changes.tell("alice", change(id))
            assert await take(heard, 1) == [("created", id)]
        slow = aiter(listening)
        assert await take(slow, 3) == [("created", 0), ("created", 1), ("created", 2)]
        with pytest.raises(TooSlow):
            await anext(slow)

    asyncio.run(play())


def test_nobody_is_remembered_who_has_left() -> None:
    async def play() -> None:
        all_changes = Changes()
        listening = all_changes.subscribe("alice")
        listening.close()
        listening.close()
        all_changes.tell("alice", change(1))
        assert all_changes._listening == {}

    asyncio.run(play())

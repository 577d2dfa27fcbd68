"""Deliveries, in every store."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from headgate.events import Failed
from headgate.store.base import Head, Hook, Store, Try
from headgate.store.memory import MemoryStore
from headgate.store.sqlite import SqliteStore
from tests.store.contract import EVENTS, head, whole

NOW = 1_800_000_000.0
HOOKS = (Hook("https://one.test/", "run"), Hook("https://two.test/", "offload"))

Act = Callable[[Store], Awaitable[None]]
Play = Callable[[Act], None]


@pytest.fixture(params=["memory", "sqlite"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    def play(act: Act) -> None:
        async def main() -> None:
            store: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "runs.db")
            await store.open()
            try:
                await act(store)
            finally:
                await store.close()

        asyncio.run(main())

    return play


def hooked(*hooks: Hook) -> Head:
    """A run with these hooks."""
    return msgspec.structs.replace(head(created=NOW), hooks=hooks)


def test_the_end_of_a_run_keeps_a_delivery_for_each_hook(play: Play) -> None:
    async def act(store: Store) -> None:
        run = hooked(*HOOKS)
        await store.append([whole(run, EVENTS, NOW)])
        kept = await store.deliveries(run.run, run.owner)
        assert [Hook(each.url, each.kind) for each in kept] == list(HOOKS)
        assert {(each.run, each.owner, each.status, each.tries) for each in kept} == {(run.run, "alice", "waiting", 0)}
        assert await store.due(NOW, 10) == kept
        assert len(await store.due(NOW, 1)) == 1
        assert await store.deliveries(run.run, "bob") == []

    play(act)


def test_a_hook_may_want_to_hear_of_some_ends_only(play: Play) -> None:
    async def act(store: Store) -> None:
        picky = Hook("https://one.test/", "run", ("failed", "stopped"))
        finished, failed = hooked(picky, HOOKS[1]), hooked(picky)
        await store.append([whole(finished, EVENTS, NOW), whole(failed, [Failed("x", "It broke.")], NOW)])
        assert [each.url for each in await store.deliveries(finished.run, "alice")] == [HOOKS[1].url]
        assert [each.url for each in await store.deliveries(failed.run, "alice")] == [picky.url]

    play(act)


def test_a_try_is_kept_with_where_the_delivery_stands(play: Play) -> None:
    async def act(store: Store) -> None:
        run = hooked(*HOOKS)
        await store.append([whole(run, EVENTS, NOW)])
        one, two = await store.deliveries(run.run, run.owner)
        tried = Try(NOW, 500, "answered 500", 0.25)
        await store.update_delivery(msgspec.structs.replace(one, due=NOW + 60, tries=1, note="x"), tried)
        assert await store.due(NOW + 59, 10) == [two]
        await store.update_delivery(msgspec.structs.replace(two, due=None, status="delivered"))
        assert await store.next_due() == NOW + 60
        (again,) = await store.due(NOW + 60, 10)
        assert (again.id, again.tries, again.note) == (one.id, 1, "x")
        assert (await store.tries(one.id), await store.tries(two.id)) == ([tried], [])
        assert (await store.room()).waiting == 1

    play(act)


def test_a_run_is_not_forgotten_before_its_messages_are_over(play: Play) -> None:
    async def act(store: Store) -> None:
        run = hooked(HOOKS[0])
        await store.append([whole(run, EVENTS, NOW)])
        assert await store.expire(NOW + 1000, 10) == 0
        (delivery,) = await store.deliveries(run.run, run.owner)
        await store.update_delivery(msgspec.structs.replace(delivery, due=None, status="delivered"))
        assert await store.expire(NOW + 1000, 10) == 1
        assert await store.deliveries(run.run, run.owner) == []

    play(act)


def test_the_result_of_a_forgotten_delivery_is_nobody_elses(play: Play) -> None:
    """A run is deleted while its message is on the way, and the next run's may get the same number."""

    async def act(store: Store) -> None:
        old, new = hooked(HOOKS[0]), hooked(HOOKS[0])
        await store.append([whole(old, EVENTS, NOW)])
        (on_its_way,) = await store.deliveries(old.run, old.owner)
        assert await store.delete(old.run, old.owner)
        await store.append([whole(new, EVENTS, NOW)])
        done = msgspec.structs.replace(on_its_way, due=None, status="delivered")
        await store.update_delivery(done, Try(NOW, 200, "", 0.1))
        (delivery,) = await store.deliveries(new.run, new.owner)
        assert (delivery.status, await store.tries(delivery.id)) == ("waiting", [])

    play(act)

"""What stores promise of subscriptions to streams, the same of each."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from headgate.store.base import Store
from headgate.store.memory import MemoryStore
from headgate.store.sqlite import SqliteStore
from headgate.store.streams import Appended, Created, Fork, Removed, StreamHead
from headgate.store.subscriptions import Link, Subscription

ONE, TWO, OTHERS = (
    Subscription("a", "1", b"w", b"s"),
    Subscription("a", "2", b"w", b"s"),
    Subscription("b", "1", b"", b""),
)


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Makes the store; another one of the same file, where there is one."""
    if request.param == "sqlite":
        return lambda: SqliteStore(tmp_path / "runs.db")
    store = MemoryStore()
    return lambda: store


def play(make: Callable[[], Store], *acts: Callable[[Store], Awaitable[None]]) -> None:
    """Each in a store that was opened anew."""

    async def main() -> None:
        for act in acts:
            store = make()
            await store.open()
            await act(store)
            await store.close()

    asyncio.run(main())


def test_what_is_kept_of_them_outlives_the_process(make: Callable[[], Store]) -> None:
    """Each with its own links; what was wished stays, how it stands is the last that was said."""

    async def first(store: Store) -> None:
        assert await store.subscriptions() == []
        await store.keep_subscription(ONE, [Link("x", "-1", True), Link("y", "5", False)])
        await store.keep_subscription(TWO)
        await store.keep_subscription(OTHERS, [Link("x", "7", False)])
        later = Subscription("a", "1", b"not looked at", b"t")
        await store.keep_subscription(later, [Link("y", "6", False), Link("z", "0", False)], ["x", "nothing"])

    async def second(store: Store) -> None:
        now = Subscription("a", "1", b"w", b"t")
        assert await store.subscriptions() == [
            (now, [Link("y", "6", False), Link("z", "0", False)]),
            (TWO, []),
            (OTHERS, [Link("x", "7", False)]),
        ]
        await store.forget_subscription("a", "1")
        await store.forget_subscription("a", "unknown")
        await store.keep_subscription(ONE)

    async def third(store: Store) -> None:
        assert sorted(await store.subscriptions(), key=lambda kept: kept[0].owner + kept[0].id) == [
            (ONE, []),
            (TWO, []),
            (OTHERS, [Link("x", "7", False)]),
        ]

    play(make, first, second, third)


def test_it_says_how_far_the_streams_of_an_owner_go(make: Callable[[], Store]) -> None:
    """All that are there, those that were forked with what they have of others, and nobody else's."""

    async def act(store: Store) -> None:
        heads = [StreamHead("a", "x", "t", 0), StreamHead("a", "empty", "t", 0), StreamHead("b", "x", "t", 0)]
        fork = StreamHead("a", "fork", "t", 0, first=3, inherits=((1, 3),), fork=Fork(1, "x"))
        created = [Created(number, head) for number, head in enumerate([*heads, fork], 1)]
        await store.append([], [*created, Appended(1, 0, b"abcde")])
        assert await store.stream_ends("a") == [("empty", 0), ("fork", 3), ("x", 5)]
        await store.append([], [Removed(1), Removed(2)])
        assert await store.stream_ends("a") == [("fork", 3)]
        assert await store.stream_ends("c") == []

    play(make, act)

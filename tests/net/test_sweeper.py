"""One timer for many deadlines."""

import asyncio

from headgate.net.sweeper import Sweeper

from .conftest import Run


def test_what_stays_too_long_expires_and_what_leaves_does_not(run: Run) -> None:
    async def play() -> None:
        expired: list[str] = []
        sweeper: Sweeper[str] = Sweeper(0.05, expired.append)
        sweeper.add("first")
        sweeper.add("gone")
        await asyncio.sleep(0.03)
        sweeper.add("second")
        sweeper.discard("gone")
        sweeper.discard("never there")
        await asyncio.sleep(0.035)
        assert expired == ["first"]
        await asyncio.sleep(0.04)
        assert expired == ["first", "second"]
        sweeper.add("third")
        await asyncio.sleep(0.07)
        assert expired == ["first", "second", "third"]

    run(play())


def test_a_closed_sweeper_calls_nobody(run: Run) -> None:
    async def play() -> None:
        expired: list[str] = []
        sweeper: Sweeper[str] = Sweeper(0.01, expired.append)
        sweeper.add("first")
        sweeper.close()
        await asyncio.sleep(0.03)
        assert expired == []

    run(play())


def test_one_expired_thing_may_remove_another(run: Run) -> None:
    async def play() -> None:
        expired: list[str] = []

        def expire(thing: str) -> None:
            expired.append(thing)
            sweeper.discard("b")
            if thing == "a":
                sweeper.add("again")

        sweeper: Sweeper[str] = Sweeper(0.01, expire)
        sweeper.add("a")
        sweeper.add("b")
        await asyncio.sleep(0.04)
        assert expired == ["a", "again"]
        sweeper.close()

    run(play())

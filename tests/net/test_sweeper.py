"""One timer for many deadlines."""

import asyncio

from headgate.net.sweeper import Sweeper
from tests.waiting import until

from .conftest import Run


def test_what_stays_too_long_expires_and_what_leaves_does_not(run: Run) -> None:
    async def play() -> None:
        clock = asyncio.get_running_loop().time
        began: dict[str, float] = {}
        stayed: dict[str, float] = {}

        def expire(thing: str) -> None:
            stayed[thing] = clock() - began[thing]

        def add(thing: str) -> None:
            began[thing] = clock()
            sweeper.add(thing)

        sweeper: Sweeper[str] = Sweeper(0.05, expire)
        add("first")
        add("gone")
        sweeper.discard("gone")
        sweeper.discard("never there")
        await asyncio.sleep(0.02)
        add("second")
        await until(lambda: "second" in stayed)
        add("third")
        await until(lambda: "third" in stayed)
        assert list(stayed) == ["first", "second", "third"]
        # Some clocks have whole milliseconds.
        assert min(stayed.values()) > 0.047

    run(play())


def test_a_closed_sweeper_calls_nobody(run: Run) -> None:
    async def play() -> None:
        expired: list[str] = []
        sweeper: Sweeper[str] = Sweeper(0.01, expired.append)
        sweeper.add("first")
        sweeper.close()
        later: Sweeper[str] = Sweeper(0.02, expired.append)
        later.add("later")
        await until(lambda: expired)
        assert expired == ["later"]

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
        await until(lambda: "again" in expired)
        assert expired == ["a", "again"]
        sweeper.close()

    run(play())

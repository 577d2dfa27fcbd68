"""How many may ask at a time, and how many may wait."""

import asyncio

import pytest

from headgate.errors import ProviderError
from headgate.metrics import Meters
from headgate.providers.slots import Slots
from tests.runs.fakes import run, turns


def test_turns_come_in_order_and_too_many_are_refused() -> None:
    """With 429, and when to come again."""

    async def play() -> None:
        slots, had, go = Slots("acme", 1, 2), list[int](), asyncio.Event()

        async def take(number: int) -> None:
            await slots.take(5.0)
            had.append(number)
            await go.wait()
            slots.give_back()

        tasks = [asyncio.create_task(take(number)) for number in range(3)]
        await turns()
        assert (had, slots.waiting) == ([0], 2)
        with pytest.raises(ProviderError) as refused:
            await take(3)
        assert (refused.value.status, refused.value.code, refused.value.retry_after) == (429, "queue_full", 1.0)
        go.set()
        await asyncio.gather(*tasks)
        assert had == [0, 1, 2]

    run(play())


def test_who_waits_too_long_is_told() -> None:
    """And leaves the line."""

    async def play() -> None:
        slots = Slots("acme", 1, 5)
        await slots.take(1.0)
        with pytest.raises(ProviderError) as late:
            await slots.take(0.01)
        slots.give_back()
        assert (late.value.status, late.value.code, slots.waiting) == (503, "queue_timeout", 0)
        await slots.take(1.0)

    run(play())


def test_who_goes_away_leaves_the_line() -> None:
    """And takes nobody's turn."""

    async def play() -> None:
        slots = Slots("acme", 1, 1)
        await slots.take(1.0)
        waiting = asyncio.create_task(slots.take(5.0))
        await turns()
        waiting.cancel()
        await asyncio.wait([waiting])
        assert slots.waiting == 0
        slots.give_back()
        await slots.take(1.0)

    run(play())


def test_it_tells_how_long_the_line_is_and_what_becomes_of_those_in_it() -> None:
    async def play() -> None:
        meters = Meters()
        slots = Slots("acme", 1, 1, meters)
        await slots.take(1.0)
        waiting = asyncio.create_task(slots.take(5.0))
        await turns()
        assert (slots.running, slots.waiting) == (1, 1)
        with pytest.raises(ProviderError):
            await slots.take(1.0)
        slots.give_back()
        await waiting
        slots.give_back()
        assert (slots.running, slots.waiting) == (0, 0)
        assert sum(meters.queue_wait.of("acme").counts) == 2
        assert meters.queue_refused.of("acme", "queue_full").value == 1

    run(play())

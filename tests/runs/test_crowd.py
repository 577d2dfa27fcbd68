"""Many readers of one run are woken in rounds, and none is forgotten."""

import asyncio

import pytest

from headgate.runs import crowd as module
from headgate.runs.crowd import FEW, SLICE, Crowd
from tests.providers.simulated import run
from tests.waiting import turns


class Sleeper:
    """Counts how often it is woken."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self, is_news: bool) -> None:
        """Once more."""
        assert is_news
        self.woken += 1


def test_a_crowd_is_woken_in_slices() -> None:
    """Between two slices everybody else has a turn."""

    async def play() -> None:
        sleepers = [Sleeper() for _ in range(3 * SLICE)]
        crowd = Crowd(sleepers)
        crowd.wake()
        seen = []
        while not all(sleeper.woken for sleeper in sleepers):
            await asyncio.sleep(0)
            seen.append(sum(sleeper.woken for sleeper in sleepers))
        assert {SLICE, 2 * SLICE, 3 * SLICE} <= set(seen)
        assert [sleeper.woken for sleeper in sleepers] == [1] * (3 * SLICE)

    run(play())


def test_news_within_a_round_or_soon_after_it_make_one_more_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many they are."""
    monkeypatch.setattr(module, "EACH", 1e-3)
    monkeypatch.setattr(module, "LONGEST", 0.05)

    async def play() -> None:
        sleepers = [Sleeper() for _ in range(2 * SLICE)]
        crowd = Crowd(sleepers)
        crowd.wake()
        while not sleepers[-1].woken:
            await asyncio.sleep(0)
        for _ in range(10):
            crowd.wake()
        await turns()
        crowd.wake()
        assert [sleeper.woken for sleeper in sleepers] == [1] * (2 * SLICE)
        await asyncio.sleep(1)
        assert [sleeper.woken for sleeper in sleepers] == [2] * (2 * SLICE)

    run(play())


def test_a_reader_who_left_meanwhile_does_no_harm() -> None:
    """A round has its own list of them."""

    async def play() -> None:
        sleepers = {Sleeper() for _ in range(2 * SLICE)}
        crowd = Crowd(sleepers)
        crowd.wake()
        while not any(sleeper.woken for sleeper in sleepers):
            await asyncio.sleep(0)
        left = {sleepers.pop() for _ in range(SLICE)}
        await turns()
        assert all(sleeper.woken == 1 for sleeper in sleepers | left)

    run(play())


def test_there_is_a_crowd_to_test() -> None:
    """A handful of readers never comes here."""
    assert FEW < SLICE


def test_news_in_the_middle_of_a_round_are_not_forgotten() -> None:
    """Though nothing comes after them to remind anybody."""

    async def play() -> None:
        sleepers = [Sleeper() for _ in range(2 * SLICE)]
        crowd = Crowd(sleepers)
        crowd.wake()
        while not any(sleeper.woken for sleeper in sleepers):
            await asyncio.sleep(0)
        crowd.wake()
        # By a clock that goes on when nothing else does.
        await asyncio.sleep(1.0)
        assert all(sleeper.woken == 2 for sleeper in sleepers)

    run(play())

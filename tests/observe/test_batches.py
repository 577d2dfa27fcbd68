"""What is to be written elsewhere: handed over in batches, bounded, and never waited for."""

import logging
import threading
from functools import partial

import pytest

from headgate.observe.batches import Batches
from tests.runs.fakes import run
from tests.waiting import turns, until


def has_lost(batches: Batches[int], count: int) -> bool:
    return batches.dropped == count


def test_everything_is_written_in_order_and_together() -> None:
    async def play() -> None:
        written: list[list[int]] = []
        batches = Batches("lines", written.append, every=0.001, limit=100)
        for number in range(10):
            batches.add(number)
        await until(lambda: written)
        assert written == [list(range(10))]
        batches.add(10)
        await until(lambda: len(written) > 1)
        assert written[1:] == [[10]]
        await batches.close()

    run(play())


def test_what_is_too_much_is_dropped_and_counted() -> None:
    """And nobody waits for a disk that takes nothing."""

    async def play() -> None:
        began, gate, written = threading.Event(), threading.Event(), list[list[int]]()

        def write(things: list[int]) -> None:
            began.set()
            gate.wait()
            written.append(things)

        batches = Batches("lines", write, every=0.0, limit=3)
        batches.add(0)
        await until(began.is_set)
        for number in range(1, 10):
            batches.add(number)
        gate.set()
        assert batches.dropped == 6
        await batches.close()
        assert written == [[0], [1, 2, 3]]

    run(play())


def test_an_error_is_told_once_and_what_comes_later_is_written(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        written: list[list[int]] = []
        is_full = True

        def write(things: list[int]) -> None:
            if is_full:
                raise OSError("No space left on device")
            written.append(things)

        batches = Batches("lines", write, every=0.0, limit=10)
        for number in range(3):
            batches.add(number)
            await until(partial(has_lost, batches, number + 1))
        is_full = False
        batches.add(3)
        await batches.close()
        assert written == [[3]]

    with caplog.at_level(logging.WARNING):
        run(play())
    assert [record.getMessage() for record in caplog.records] == [
        "The lines cannot be written, and are lost until they can: No space left on device"
    ]


def test_what_is_left_is_written_at_the_end() -> None:
    async def play() -> None:
        written: list[list[int]] = []
        batches = Batches("lines", written.append, every=3600.0, limit=10)
        batches.add(1)
        await batches.close()
        assert written == [[1]]

    run(play())


def test_the_end_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        began, gate = threading.Event(), threading.Event()

        def write(things: list[int]) -> None:
            began.set()
            gate.wait()

        batches = Batches("lines", write, every=0.0, limit=10)
        batches.add(1)
        await until(began.is_set)
        batches.add(2)
        try:
            await batches.close()
        finally:
            gate.set()
        await turns()

    monkeypatch.setattr("headgate.observe.batches.LAST_WORDS", 0.01)
    run(play())
    assert "could not be written before the end" in caplog.text

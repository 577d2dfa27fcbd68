"""A log as an answer, piece by piece."""

import asyncio
from typing import Any

import pytest

from headgate.events import AnyEvent, Finished, Text
from headgate.runs import Follower, Run
from headgate.store.base import Head
from headgate.web.answers import write_log


class Taken:
    """A request whose client takes everything at once."""

    exchange = None

    def __init__(self) -> None:
        self.said: list[str] = []

    def begin_stream(self, kind: bytes) -> bool:
        return True

    async def write(self, piece: bytes, *, more: bool) -> None:
        self.said.append("piece" if more else "end")


def test_others_have_a_turn_while_a_long_log_is_written() -> None:
    log: list[AnyEvent] = [*(Text("x") for _ in range(1000)), Finished("stop")]
    run = Run.kept(Head("run_0", "anybody", 0.0, "openai.chat", "m", b"{}"), log, 1.0)

    async def work() -> list[str]:
        request: Any = Taken()

        async def other() -> None:
            for _ in range(3):
                request.said.append("other")
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        await write_log(run, lambda first, upto: b"x", 0, Follower(run, asyncio.get_running_loop()), request)
        await task
        return request.said  # type: ignore[no-any-return]

    assert asyncio.run(work()) == ["piece", "other", "piece", "other", "piece", "other", "piece", "end"]


class Free:
    """The exchange of a client that reads."""

    def __init__(self, said: list[bytes]) -> None:
        self._said = said
        self.is_free = True

    def write_now(self, piece: bytes) -> None:
        self._said.append(b"now " + piece)


class Reading:
    """A request whose client reads along."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.exchange = Free(self.said)

    def begin_stream(self, kind: bytes) -> bool:
        return True

    async def write(self, piece: bytes, *, more: bool) -> None:
        self.said.append((b"" if more else b"last ") + piece)


def live() -> Run:
    return Run(Head("run_0", "anybody", 0.0, "openai.chat", "m", b"{}"))


def say(run: Run, *events: AnyEvent) -> None:
    run.add(events)
    run.show(len(run.events))


def follow(run: Run, request: Any, frames: Any) -> "asyncio.Task[None]":
    follower = Follower(run, asyncio.get_running_loop())
    run.followers.add(follower)
    return asyncio.create_task(write_log(run, frames, 0, follower, request))


def test_words_are_written_where_they_are_shown_and_in_their_order() -> None:
    async def work() -> list[bytes]:
        run, request = live(), Reading()
        say(run, Text("a"))
        task = follow(run, request, lambda first, upto: b"%d-%d" % (first, upto))
        await asyncio.sleep(0)
        say(run, Text("b"))
        # Without any turn of the task's.
        assert request.said == [b"0-1", b"now 1-2"]
        request.exchange.is_free = False
        say(run, Text("c"))
        assert request.said == [b"0-1", b"now 1-2"]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        request.exchange.is_free = True
        say(run, Text("d"), Text("e"))
        say(run, Finished("stop"))
        await task
        return request.said

    assert asyncio.run(work()) == [b"0-1", b"now 1-2", b"2-3", b"now 3-5", b"last 5-6"]


def test_what_cannot_be_written_hurts_its_own_reader_only() -> None:
    async def work() -> list[bytes]:
        run, broken, request = live(), Reading(), Reading()
        say(run, Text("a"))

        def frames(first: int, upto: int) -> bytes:
            if first:
                raise ValueError("no such word")
            return b"a"

        failing, task = follow(run, broken, frames), follow(run, request, lambda first, upto: b"x")
        await asyncio.sleep(0)
        say(run, Text("b"))
        with pytest.raises(ValueError, match="no such word"):
            await failing
        say(run, Finished("stop"))
        await task
        return request.said

    assert asyncio.run(work()) == [b"x", b"now x", b"last x"]

"""How runs end before their time, and how the engine itself does."""

import asyncio

import pytest

from headgate.errors import StoreError, Unavailable
from headgate.events import Finished, Stopped, Text
from headgate.runs import Run, Settings
from headgate.runs import commit as commit_module
from tests.runs.fakes import STARTED, Fake, HeldStore, Talk, begin, code_of, over, run, saying, told, turns, working

DONE = Finished("stop")

# Leaving and stopping.


def test_a_run_ends_with_its_last_follower() -> None:
    """And its provider is told at once."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            made = await begin(engine)
            await talk.began.wait()
            talk.emit([STARTED, Text("a")])
            first, second = engine.follow(made), engine.follow(made)
            engine.leave(first)
            await turns()
            went_on = not talk.was_cancelled
            engine.leave(second)
            await turns()
            assert (went_on, talk.was_cancelled) == (True, True)
            assert told(made.events) == [STARTED, Text("a"), Stopped("disconnect")]

    run(play())


def test_a_run_that_is_kept_does_not_need_followers() -> None:
    """That is what keeping means."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            made = await begin(engine, keep=True)
            await talk.began.wait()
            engine.leave(engine.follow(made))
            await turns()
            talk.emit([STARTED, Text("a"), DONE])
            assert (await over(engine, made)).last == DONE

    run(play())


def test_leaving_after_the_end_changes_nothing() -> None:
    """Also when that end is not kept yet."""

    async def play() -> None:
        talk, store = Talk(), HeldStore()
        async with working(Fake(talk), store) as engine:
            made = await begin(engine)
            await talk.began.wait()
            follower = engine.follow(made)
            store.gate.clear()
            talk.emit([STARTED, Text("a"), DONE])
            engine.leave(follower)
            store.gate.set()
            assert (await over(engine, made)).last == DONE

    run(play())


def test_stopping_ends_a_run_and_returns_when_that_is_kept() -> None:
    """A second stop, and one after the end, change nothing."""

    async def play() -> None:
        talk, store = Talk(), HeldStore()
        async with working(Fake(talk), store) as engine:
            made = await begin(engine, keep=True)
            await talk.began.wait()
            talk.emit([STARTED, Text("a")])
            await turns()
            store.gate.clear()
            stops = [asyncio.create_task(engine.stop(made)) for _ in range(3)]
            await turns()
            assert talk.was_cancelled
            assert not any(stop.done() for stop in stops)
            store.gate.set()
            await asyncio.gather(*stops)
            assert told(made.events) == [STARTED, Text("a"), Stopped("user")]
            await engine.stop(made)
            assert told(made.events) == [STARTED, Text("a"), Stopped("user")]

    run(play())


@pytest.mark.parametrize("by", ["stop", "leave"])
def test_a_run_may_end_before_its_task_has_had_a_turn(by: str) -> None:
    """Then the provider never hears of it."""

    async def play() -> None:
        provider = Fake(None)
        async with working(provider) as engine:
            made = await begin(engine)
            if by == "stop":
                await engine.stop(made)
            else:
                engine.leave(engine.follow(made))
            await over(engine, made)
            assert told(made.events) == [Stopped("user" if by == "stop" else "disconnect")]
            await turns()
        assert provider.asked == []

    run(play())


def test_a_stop_that_comes_with_the_end_loses() -> None:
    """What has happened has happened."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            made = await begin(engine)
            await talk.began.wait()
            talk.emit([STARTED, DONE])
            await engine.stop(made)
            assert made.last == DONE

    run(play())


# Refusing, and the end.


def test_a_crowd_beyond_the_bound_is_refused() -> None:
    """Each run holds a socket, a task and its log."""

    async def play() -> None:
        async with working(Fake(Talk()), settings=Settings(max_live=2)) as engine:
            runs = [await begin(engine) for _ in range(2)]
            with pytest.raises(Unavailable) as raised:
                await begin(engine)
            assert raised.value.code == "overloaded"
            await engine.stop(runs[0])
            await begin(engine)

    run(play())


def test_while_nothing_can_be_kept_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said where one looks for it."""
    monkeypatch.setattr(commit_module, "RETRIES", ())

    async def play() -> None:
        store = HeldStore()
        store.failures = [StoreError("The disk is full.")]
        async with working(Fake(saying("a")), store) as engine:
            assert code_of(await over(engine, await begin(engine))) == "store_unavailable"
            assert engine.trouble is not None
            with pytest.raises(Unavailable, match="full") as raised:
                await begin(engine)
            assert (raised.value.status, raised.value.code) == (503, "store_unavailable")

    run(play())


def test_the_end_of_the_engine_is_the_end_of_its_runs() -> None:
    """After their grace, with the reason; nothing new begins."""

    async def play() -> None:
        store, talk = HeldStore(), Talk()
        runs: list[Run] = []
        async with working(Fake(talk), store) as engine:
            runs.append(await begin(engine, keep=True))
            await talk.began.wait()
            talk.emit([STARTED, Text("a")])
        assert code_of(runs[0]) == "shutting_down"
        assert store.kept(runs[0].id) == runs[0].events
        with pytest.raises(Unavailable) as raised:
            await begin(engine)
        assert raised.value.code == "shutting_down"

    run(play())


def test_a_run_that_ends_within_its_grace_is_whole() -> None:
    """And then the engine waits no longer."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk), grace=60) as engine:
            made = await begin(engine, keep=True)
            await talk.began.wait()
            # While the engine waits for it.
            asyncio.get_running_loop().call_later(0.01, lambda: talk.emit([STARTED, Text("a"), DONE]))
        assert made.last == DONE

    run(play())

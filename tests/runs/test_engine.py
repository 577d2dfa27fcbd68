"""The engine: how runs begin, are followed, end, and are looked at; with a provider that the test leads."""

import asyncio

import pytest

from headgate.errors import BadRequest, NotFound, ProviderError
from headgate.events import AnyEvent, Failed, Finished, Text, Usage
from headgate.runs import Follower, Settings
from headgate.runs import ticking as ticking_module
from headgate.runs.ids import new_run_id
from headgate.store.memory import MemoryStore
from tests.runs.fakes import STARTED, Fake, HeldStore, Talk, begin, over, run, saying, texts, told, turns, working

DONE = Finished("stop")


async def read(follower: Follower, cursor: int = 0) -> list[AnyEvent]:
    """Everything a follower gets to see, as it comes, to the end."""
    seen: list[AnyEvent] = []
    while True:
        seen += follower.run.events[cursor + len(seen) : follower.run.shown]
        if follower.run.is_over:
            return seen
        await follower.news(cursor + len(seen))


# Running.


def test_a_run_goes_from_its_provider_into_the_store() -> None:
    """And is there to be found, by its owner."""

    async def play() -> None:
        store = MemoryStore()
        async with working(Fake(saying("a", "b")), store) as engine:
            made = await over(engine, await begin(engine))
            assert told(made.events) == [STARTED, *texts("a", "b"), DONE]
            record = await store.get(made.id, "anybody")
            assert record is not None
            assert record.events == made.events
            found = await engine.find(made.id, "anybody")
            assert found.events == made.events
            assert engine.live_runs == 0

    run(play())


def test_the_provider_is_asked_what_the_client_asked() -> None:
    """For the model as it names it itself."""

    async def play() -> None:
        provider = Fake(saying())
        async with working(provider) as engine:
            made = await over(engine, await begin(engine))
            (ask,) = provider.asked
            assert (ask.run, ask.model, ask.call.model) == (made.id, "m", "fake/m")

    run(play())


ENDS: dict[str, tuple[Exception | None, str, int]] = {
    "no_end": (None, "upstream_incomplete", 502),
    "broken": (ProviderError("It broke.", code="upstream_broken_answer"), "upstream_broken_answer", 502),
    "refused": (ProviderError("Too much.", code="rate_limit_exceeded", status=429), "rate_limit_exceeded", 429),
    "bad": (BadRequest("Not so.", code="invalid_value"), "invalid_value", 400),
    "bug": (ZeroDivisionError("oh"), "internal_error", 500),
}


@pytest.mark.parametrize(("error", "code", "status"), ENDS.values(), ids=ENDS.keys())
def test_a_provider_that_breaks_fails_its_run(
    caplog: pytest.LogCaptureFixture, error: Exception | None, code: str, status: int
) -> None:
    """With its error; what it said before stays said. Only what should not happen goes to the log."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            made = await begin(engine)
            await talk.began.wait()
            talk.emit([STARTED, Text("a")])
            talk.end(error)
            await over(engine, made)
            assert told(made.events)[:-1] == [STARTED, Text("a")]
            assert isinstance(made.last, Failed)
            assert (made.last.code, made.last.status) == (code, status)

    run(play())
    assert ("ZeroDivisionError" in caplog.text) == (code == "internal_error")


def test_what_an_error_still_brought_is_not_lost() -> None:
    """The same bytes may hold words and then an error."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            made = await begin(engine)
            await talk.began.wait()
            error = ProviderError("It broke.")
            error.events = [STARTED, Text("a")]
            talk.end(error)
            await over(engine, made)
            assert told(made.events)[:-1] == [STARTED, Text("a")]

    run(play())


def test_nothing_follows_an_end() -> None:
    """Whatever a provider says after it."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            made = await begin(engine)
            await talk.began.wait()
            talk.emit([STARTED, Text("a"), DONE])
            talk.emit(texts("b"))
            talk.end(ProviderError("It broke."))
            await over(engine, made)
            await turns()
            assert told(made.events) == [STARTED, Text("a"), DONE]

    run(play())


def test_a_run_that_is_not_to_be_stored_is_in_memory_only() -> None:
    """It can be found while it lives, and is gone after."""

    async def play() -> None:
        talk, store = Talk(), HeldStore()
        async with working(Fake(talk), store) as engine:
            made = await begin(engine, store=False)
            await talk.began.wait()
            talk.emit([STARTED, Text("a")])
            assert made.shown == 2, "nobody has to be waited for"
            assert await engine.find(made.id, "anybody") is made
            talk.emit([DONE])
            assert made.is_over
            with pytest.raises(NotFound):
                await engine.find(made.id, "anybody")
        assert store.batches == []

    run(play())


# Following.


def test_all_followers_see_the_same_whenever_they_came() -> None:
    """From the start, in the middle, for the rest only, and after the end."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            made = await begin(engine, keep=True)
            await talk.began.wait()
            early = asyncio.create_task(read(engine.follow(made)))
            talk.emit([STARTED, Text("a")])
            await turns()
            late, rest = (asyncio.create_task(read(engine.follow(made), cursor)) for cursor in (0, 2))
            await turns()
            talk.emit([Text("b"), Usage(1, 2, 3), DONE])
            everything: list[AnyEvent] = [STARTED, *texts("a", "b"), Usage(1, 2, 3), DONE]
            assert await early == await late == everything
            assert await rest == everything[2:]
            assert await read(engine.follow(made)) == everything

    run(play())


def test_a_follower_sees_only_what_is_kept() -> None:
    """However much the provider has said."""

    async def play() -> None:
        talk, store = Talk(), HeldStore()
        store.gate.clear()
        async with working(Fake(talk), store) as engine:
            made = await begin(engine)
            await talk.began.wait()
            waiting = asyncio.create_task(engine.follow(made).news(0))
            talk.emit([STARTED, *texts("a", "b")])
            await turns()
            assert (waiting.done(), made.shown) == (False, 0)
            store.gate.set()
            assert await waiting
            assert made.shown == 3

    run(play())


def test_a_follower_without_patience_is_told_that_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it can keep its client's connection alive."""
    monkeypatch.setattr(ticking_module, "SECOND", 1)

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk), settings=Settings(keep_alive=0.0)) as engine:
            made = await begin(engine)
            assert await engine.follow(made).news(0) is False

    run(play())


def test_a_follower_that_has_left_waits_for_nothing() -> None:
    """Neither now nor later."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            follower = engine.follow(await begin(engine))
            waiting = asyncio.create_task(follower.news(0))
            await turns()
            follower.leave()
            assert await waiting is False
            assert await follower.news(0) is False

    run(play())


# Finding.


def test_a_run_is_found_by_its_owner_only() -> None:
    """Live or kept; for anybody else it does not exist, and neither do names that no run could have."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            made = await begin(engine, owner="alice")
            await talk.began.wait()
            assert await engine.find(made.id, "alice") is made
            for name in (made.id, new_run_id(), "run_x", "", made.id.upper(), made.id + "\n"):
                with pytest.raises(NotFound):
                    await engine.find(name, "bob")
            talk.emit([STARTED, DONE])
            await over(engine, made)
            assert (await engine.find(made.id, "alice")).events == made.events
            with pytest.raises(NotFound):
                await engine.find(made.id, "bob")

    run(play())


def test_a_kept_run_is_held_once_however_many_read_it() -> None:
    """A long log is large."""

    async def play() -> None:
        async with working(Fake(saying("a"))) as engine:
            name = (await over(engine, await begin(engine))).id
            first, *others = await asyncio.gather(*(engine.find(name, "anybody") for _ in range(5)))
            assert all(other is first for other in others)

    run(play())


def test_an_owners_runs_are_listed_from_new_to_old() -> None:
    """Live ones and kept ones, in pages."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            runs = []
            for _ in range(3):
                runs.append(await begin(engine, owner="alice"))
                await asyncio.sleep(0.002)
            await begin(engine, owner="bob")
            await talk.began.wait()
            live, kept = await engine.recent("alice", limit=2, before=None)
            assert (live, kept) == ([runs[2], runs[1]], [])
            live, kept = await engine.recent("alice", limit=2, before=runs[1].id)
            assert (live, kept) == ([runs[0]], [])
            await engine.stop(runs[0])
            live, kept = await engine.recent("alice", limit=5, before=None)
            assert (live, [summary.run for summary in kept]) == ([runs[2], runs[1]], [runs[0].id])

    run(play())

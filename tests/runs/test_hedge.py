"""Two providers asked at once: who has the run, and what becomes of the other."""

import asyncio

import pytest

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Attempt, Failed, Started, Text
from headgate.providers.base import Ask, Emit
from headgate.runs import NO_HEDGE, Hedge, Member, Pool, Settings, Wishes, rules
from headgate.runs import drive as module
from headgate.runs.pace import ENOUGH, MAX_MODELS, Pace
from tests.runs.fakes import Play, Talk, over, run, saying, told, turns
from tests.runs.fleet import DONE, Fleet, failing, first, silence

AT_ONCE = Wishes(hedge=Hedge(0.0))


def test_who_speaks_first_has_the_run_and_the_other_is_stopped() -> None:
    async def play() -> None:
        slow = Talk()
        async with Fleet(slow, saying("fast")) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=AT_ONCE)
            assert log == [
                Attempt("a", 499, "slower", "Another was faster.", "", "m"),
                Started("fake", "m", "", 0),
                Text("fast"),
                DONE,
            ]
            assert slow.was_cancelled

    run(play())


def test_the_first_may_still_win() -> None:
    async def play() -> None:
        one, other = Talk(), Talk()
        async with Fleet(one, other) as fleet:
            begun = await fleet.begin("a/m", "b/m", wishes=AT_ONCE)
            await other.began.wait()
            one.emit([Started("a", "m", "", 0), Text("mine")])
            other.emit([Started("b", "m", "", 0), Text("too late")])
            await turns()
            assert other.was_cancelled
            one.emit([DONE])
            one.end()
            log = told((await over(fleet.engine, begun)).events)
            assert [event.delta for event in log if isinstance(event, Text)] == ["mine"]
            assert [event.provider for event in log if isinstance(event, Attempt)] == ["b"]

    run(play())


def test_nobody_else_is_asked_before_the_time_or_without_a_wish() -> None:
    async def play() -> None:
        async with Fleet(saying("hello"), saying("never")) as fleet:
            for wishes in (Wishes(hedge=Hedge(60.0)), Wishes(hedge=NO_HEDGE), Wishes()):
                assert Text("hello") in await fleet.made("a/m", "b/m", wishes=wishes)
            assert fleet.asked == [3, 0]

    run(play())


def test_a_failure_does_not_wait_for_the_time() -> None:
    async def play() -> None:
        async with Fleet(failing(503), saying("hello")) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=Wishes(hedge=Hedge(3600.0)))
            assert [event.code for event in log if isinstance(event, Attempt)] == ["down"]
            assert Text("hello") in log

    run(play())


def test_a_failure_of_one_leaves_the_other_alone() -> None:
    async def play() -> None:
        slow = Talk()
        async with Fleet(slow, failing(503), saying("third")) as fleet:
            begun = await fleet.begin("a/m", "b/m", wishes=AT_ONCE)
            await turns()
            slow.emit([Started("a", "m", "", 0), Text("patience"), DONE])
            slow.end()
            log = told((await over(fleet.engine, begun)).events)
            assert [event.code for event in log if isinstance(event, Attempt)] == ["down"]
            assert Text("patience") in log

    run(play())


def test_two_are_asked_at_a_time_and_a_third_when_one_has_failed() -> None:
    async def play() -> None:
        fails: asyncio.Event = asyncio.Event()

        async def fail_later(ask: Ask, emit: Emit) -> None:
            await fails.wait()
            raise ProviderError("down", code="down", status=503)

        async with Fleet(silence, fail_later, saying("third")) as fleet:
            begun = await fleet.begin("a/m", "b/m", "c/m", wishes=AT_ONCE)
            await turns(200)
            assert fleet.asked == [1, 1, 0]
            fails.set()
            log = told((await over(fleet.engine, begun)).events)
            assert [event.code for event in log if isinstance(event, Attempt)] == ["down", "slower"]
            assert Text("third") in log

    run(play())


def test_when_all_fail_the_first_ones_error_is_told() -> None:
    async def play() -> None:
        async with Fleet(failing(429, code="full"), failing(500)) as fleet:
            last = (await fleet.made("a/m", "b/m", wishes=AT_ONCE))[-1]
            assert isinstance(last, Failed)
            assert {tried.code for tried in last.attempts} == {"full", "down"}

    run(play())


def test_a_stop_stops_both() -> None:
    async def play() -> None:
        one, other = Talk(), Talk()
        async with Fleet(one, other) as fleet:
            begun = await fleet.begin("a/m", "b/m", wishes=AT_ONCE)
            await other.began.wait()
            await fleet.engine.stop(begun)
            assert one.was_cancelled
            assert other.was_cancelled

    run(play())


def test_an_answer_that_breaks_after_it_won_is_broken() -> None:
    async def play() -> None:
        said: list[AnyEvent] = [Started("b", "m", "", 0), Text("once")]
        async with Fleet(silence, failing(500, after=said)) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=AT_ONCE)
            assert log[1:] == [*said, Failed("down", "m is down", 500, "upstream_error")]

    run(play())


def test_who_lost_while_it_waited_to_be_asked_again_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "BACKOFF", 0.01)

    async def play() -> None:
        async with Fleet(first(failing(503), saying("again")), talk := Talk()) as fleet:
            # A pool may ask its provider again, which is where a loser may be found waiting.
            again = Pool("a", [Member(fleet.fakes[0])], retries=1)
            fleet.use({"a": again})
            begun = await fleet.begin("a/m", "b/m", wishes=AT_ONCE)
            await talk.began.wait()
            talk.emit([Started("b", "m", "", 0), Text("won")])
            # Whoever waits to be asked again has had its turn by then.
            await asyncio.sleep(0.05)
            talk.emit([DONE])
            talk.end()
            assert Text("won") in (await over(fleet.engine, begun)).events
            assert fleet.asked == [1, 1]

    run(play())


def test_usual_is_what_the_model_took_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "USUAL_WHOLE", 3600.0)

    async def play() -> None:
        plays: list[Play] = [saying("quick")] * ENOUGH
        async with Fleet(first(*plays, silence), saying("other")) as fleet:
            fleet.use({name: Pool(name, [Member(fake)]) for name, fake in zip("ab", fleet.fakes, strict=True)})
            wishes = Wishes(hedge=Hedge())
            for _ in range(ENOUGH):
                assert Text("quick") in await fleet.made("a/m", "b/m", wishes=wishes)
            assert fleet.asked == [ENOUGH, 0]
            assert Text("other") in await fleet.made("a/m", "b/m", wishes=wishes)

    run(play())


def test_the_configuration_may_wish_for_all() -> None:
    async def play() -> None:
        async with Fleet(silence, saying("fast"), settings=Settings(hedge=Hedge(0.0))) as fleet:
            assert Text("fast") in await fleet.made("a/m", "b/m")

    run(play())


def test_a_pace_is_known_after_some_answers_and_follows_the_last_ones() -> None:
    pace = Pace()
    for _ in range(ENOUGH - 1):
        pace.note("m", 1.0)
    assert pace.usual("m") is None
    pace.note("m", 9.0)
    assert pace.usual("m") == 9.0
    for _ in range(100):
        pace.note("m", 2.0)
    assert pace.usual("m") == 2.0


def test_a_pace_remembers_only_so_many_models() -> None:
    pace = Pace()
    for number in range(MAX_MODELS + 5):
        for _ in range(ENOUGH):
            pace.note(str(number), 1.0)
    assert pace.usual(str(MAX_MODELS - 1)) == 1.0
    assert pace.usual(str(MAX_MODELS)) is None

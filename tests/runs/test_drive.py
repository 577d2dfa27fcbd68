"""A run's way along its route: what is tried, in which order, and what the log says of it."""

import asyncio

import msgspec
import pytest

from headgate.errors import BadRequest
from headgate.events import AnyEvent, Attempt, Failed, Started, Stopped, Text
from headgate.net import ConnectTimeout
from headgate.providers.base import Ask, Emit, Limits
from headgate.runs import Member, Pool, Slots, Wishes
from headgate.runs import rules as module
from headgate.runs.pool import FAILURES
from tests.runs.fakes import Fake, Play, Talk, call, over, run, saying, turns
from tests.runs.fleet import DONE, Fleet, failing, first, log_of, silence


async def unconnected(ask: Ask, emit: Emit) -> None:
    """Be too far away."""
    raise ConnectTimeout("It did not connect.")


@pytest.mark.parametrize("status", [401, 402, 403, 404, 408, 429, 500, 502, 503, 504, 529])
def test_the_next_is_asked_when_the_first_fails(status: int) -> None:
    """And the log says who failed, and how."""

    async def play() -> None:
        async with Fleet(failing(status), saying("hello")) as fleet:
            log = await fleet.made("a/m", "b/n")
            assert log == [
                Attempt("a", status, "down", "m is down", "", "m"),
                Started("fake", "m", "", 0),
                Text("hello"),
                DONE,
            ]
            assert fleet.fakes[1].asked[0].model == "n"
            assert "fallbacks" not in fleet.fakes[1].asked[0].call.fields

    run(play())


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_wrong_request_is_asked_of_nobody_else(status: int) -> None:
    async def play() -> None:
        async with Fleet(failing(status), saying("hello")) as fleet:
            assert await fleet.made("a/m", "b/m") == [
                Failed("down", "m is down", status, "upstream_error", attempts=log_of(("a", status, "down")))
            ]
            assert fleet.asked == [1, 0]

    run(play())


def refusing(code: str) -> Play:
    """Have no words for a part of the request."""

    async def play(ask: Ask, emit: Emit) -> None:
        raise BadRequest("'n' must be 1 for this provider.", param="n", code=code)

    return play


def test_who_cannot_be_asked_that_is_passed_over_and_nothing_is_held_against_it() -> None:
    async def play() -> None:
        async with Fleet(refusing("unsupported_parameter"), saying("hello")) as fleet:
            for _ in range(FAILURES + 1):
                log = await fleet.made("a/m", "b/n")
                assert [event for event in log if isinstance(event, Attempt | Text)] == [
                    Attempt("a", 400, "unsupported_parameter", "'n' must be 1 for this provider.", "", "m"),
                    Text("hello"),
                ]

    run(play())


def test_a_fallback_that_cannot_be_asked_that_does_not_have_the_last_word() -> None:
    async def play() -> None:
        async with Fleet(failing(503), refusing("unsupported_parameter")) as fleet:
            failed = (await fleet.made("a/m", "b/m"))[-1]
            assert isinstance(failed, Failed)
            assert (failed.status, failed.code) == (503, "down")
            assert [tried.code for tried in failed.attempts] == ["down", "unsupported_parameter"]

    run(play())


def test_a_request_that_is_wrong_for_one_is_wrong_for_all() -> None:
    async def play() -> None:
        async with Fleet(refusing("invalid_value"), saying("hello")) as fleet:
            failed = (await fleet.made("a/m", "b/m"))[-1]
            assert isinstance(failed, Failed)
            assert (failed.status, failed.code, failed.param) == (400, "invalid_value", "n")
            assert fleet.asked == [1, 0]

    run(play())


def test_a_beginning_without_words_leaves_no_trace() -> None:
    """An error as the first event of a good answer is an error all the same."""

    async def play() -> None:
        begun: list[AnyEvent] = [Started("a", "m", "", 0)]
        async with Fleet(failing(500, after=begun), saying("hello")) as fleet:
            log = await fleet.made("a/m", "b/m")
            assert [type(event).__name__ for event in log] == ["Attempt", "Started", "Text", "Finished"]
            assert log[1] == Started("fake", "m", "", 0)

    run(play())


def test_after_the_first_words_nobody_else_is_asked() -> None:
    async def play() -> None:
        said: list[AnyEvent] = [Started("a", "m", "", 0), Text("once")]
        async with Fleet(failing(500, after=said), saying("hello")) as fleet:
            log = await fleet.made("a/m", "b/m")
            assert log == [*said, Failed("down", "m is down", 500, "upstream_error")]
            assert fleet.asked == [1, 0]

    run(play())


def test_when_all_fail_the_first_ones_error_is_told_and_the_log_has_all() -> None:
    async def play() -> None:
        async with Fleet(failing(429, code="full", retry_after=3.0), failing(500), failing(503, code="away")) as fleet:
            log = await fleet.made("a/m", "b/m", "c/m")
            assert [(tried.provider, tried.status, tried.code) for tried in log if isinstance(tried, Attempt)] == [
                ("a", 429, "full"),
                ("b", 500, "down"),
                ("c", 503, "away"),
            ]
            assert log[-1] == Failed(
                "full",
                "m is full",
                429,
                "upstream_error",
                None,
                3.0,
                log_of(("a", 429, "full"), ("b", 500, "down"), ("c", 503, "away")),
            )

    run(play())


def test_an_answer_of_nothing_is_a_failure_as_long_as_there_is_somebody_else() -> None:
    async def play() -> None:
        async with Fleet(saying(), saying("hello")) as fleet:
            log = await fleet.made("a/m", "b/m")
            assert isinstance(log[0], Attempt)
            assert log[0].code == "upstream_empty"
            assert Text("hello") in log
            assert (await fleet.made("a/m"))[-1] == DONE

    run(play())


def test_a_provider_that_says_nothing_is_late_and_the_next_is_asked() -> None:
    """Its task is not the run's: that goes on."""

    async def play() -> None:
        async with Fleet(silence, saying("hello")) as fleet:
            limits = {"first_event": 0.05, "whole": 0.05}
            log = await fleet.made("a/m", "b/m", wishes=Wishes(limits=limits))
            assert isinstance(log[0], Attempt)
            assert (log[0].status, log[0].code) == (504, "first_event_timeout")
            assert log[-1] == DONE

    run(play())


def test_the_limit_of_the_whole_counts_from_the_first_try() -> None:
    async def play() -> None:
        async with Fleet(failing(500), silence) as fleet:
            log = await fleet.made("a/m", "b/m", wishes=Wishes(limits={"total": 0.1}))
            assert [event.code for event in log if isinstance(event, Attempt)] == ["down", "total_timeout"]

    run(play())


def test_when_the_time_is_over_nobody_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the next, nor the same one again after a pause that takes longer."""
    monkeypatch.setattr(module, "BACKOFF", 5.0)

    async def play() -> None:
        async with Fleet(silence, failing(503), saying("hello")) as fleet:
            log = await fleet.made("a/m", "b/m", "c/m", wishes=Wishes(limits={"total": 0.01}))
            assert fleet.asked == [1, 0, 0]
            assert isinstance(log[-1], Failed)
            assert log[-1].code == "total_timeout"
            fleet.use({"b": Pool("b", [Member(fleet.fakes[1])], retries=1)})
            assert (await fleet.made("b/m", "c/m", wishes=Wishes(limits={"total": 1.0})))[-1] == DONE
            assert fleet.asked == [1, 1, 1]

    run(play())


HURRIES = {
    "first words": (silence, ["first_event", "whole"]),
    "all of it": (silence, ["total"]),
    "connecting": (unconnected, ["connect"]),
}


@pytest.mark.parametrize(("own", "is_well"), [(60.0, True), (0.01, False)])
@pytest.mark.parametrize(("provider", "limits"), HURRIES.values(), ids=HURRIES.keys())
def test_a_client_in_a_hurry_makes_no_trouble_for_others(
    provider: Play, limits: list[str], own: float, is_well: bool
) -> None:
    """Whoever is not fast enough for it may be fast enough for everybody else; by its own limits it is not."""

    async def play() -> None:
        async with Fleet(provider) as fleet:
            fleet.fakes[0].given = Limits(**dict.fromkeys(limits, own))
            pool = Pool.of(fleet.fakes[0])
            fleet.use({"a": pool})
            for _ in range(FAILURES):
                wishes = Wishes(limits=dict.fromkeys(limits, 0.01))
                assert isinstance((await fleet.made("a/m", wishes=wishes))[-1], Failed)
            assert pool.is_ready(asyncio.get_running_loop().time()) is is_well

    run(play())


def test_a_stop_between_two_tries_is_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """No matter what the run waits for."""
    monkeypatch.setattr(module, "BACKOFF", 60.0)
    monkeypatch.setattr(module, "LONGEST_WAIT", 100.0)

    async def play() -> None:
        fake = Fake(failing(503), name="a")
        pools = {"a": Pool("a", [Member(fake)], retries=5)}
        async with Fleet(failing(503), pools=pools) as fleet:
            made = await fleet.begin("a/m")
            while not fake.asked:
                await asyncio.sleep(0)
            await turns()
            await fleet.engine.stop(made)
            assert made.events == [Stopped("user")]

    run(play())


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_another_key_is_tried_before_another_provider(status: int) -> None:
    """Which key it was is in the log, and no more of it than its number."""

    async def play() -> None:
        bad, good = Fake(failing(status), name="a"), Fake(saying("hello"), name="a")
        pools = {"a": Pool("a", [Member(bad, "key 1"), Member(good, "key 2")], chance=lambda: 0.0)}
        async with Fleet(silence, saying("other"), pools=pools) as fleet:
            log = await fleet.made("a/m", "b/m")
            assert log[0] == Attempt("a", status, "down", "m is down", "key 1", "m")
            assert log[2] == Text("hello")
            await fleet.made("a/m", "b/m")
            assert (len(bad.asked), len(good.asked)) == (1, 2), "the refused key rests"

    run(play())


def test_a_request_is_sent_again_as_often_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF", 0.001)

    async def play() -> None:
        fake = Fake(first(failing(503), failing(500), saying("hello")), name="a")
        async with Fleet(silence, pools={"a": Pool("a", [Member(fake)], retries=2)}) as fleet:
            log = await fleet.made("a/m")
            assert [event.status for event in log if isinstance(event, Attempt)] == [503, 500]
            assert log[-1] == DONE

    run(play())


def test_a_provider_that_wants_to_be_left_alone_for_long_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client hears it, and can decide by itself."""
    monkeypatch.setattr(module, "BACKOFF", 0.001)

    async def play() -> None:
        fake = Fake(failing(429, retry_after=60.0), name="a")
        async with Fleet(silence, pools={"a": Pool("a", [Member(fake)], retries=2)}) as fleet:
            (failed,) = await fleet.made("a/m")
            assert isinstance(failed, Failed)
            assert (failed.status, failed.retry_after, len(fake.asked)) == (429, 60.0, 1)

    run(play())


def test_the_callers_own_key_goes_to_whom_it_was_meant_for_alone() -> None:
    """And its failure is no fault of ours."""

    async def play() -> None:
        async with Fleet(failing(401), saying("hello")) as fleet:
            await fleet.made("a/m", "b/m", wishes=Wishes(key="sk-mine", organization="org"))
            assert [(fake.asked[0].key, fake.asked[0].organization) for fake in fleet.fakes] == [
                ("sk-mine", "org"),
                ("", ""),
            ]

    run(play())


def test_a_full_queue_is_a_failure_like_any_other() -> None:
    async def play() -> None:
        talk = Talk()
        busy = Fake(talk, name="a")
        pools = {"a": Pool("a", [Member(busy)], slots=Slots("a", 1, 0))}
        async with Fleet(silence, saying("hello"), pools=pools) as fleet:
            held = await fleet.begin("a/m")
            await talk.began.wait()
            log = await fleet.made("a/m", "b/m")
            assert isinstance(log[0], Attempt)
            assert (log[0].status, log[0].code) == (429, "queue_full")
            (refused,) = await fleet.made("a/m")
            assert isinstance(refused, Failed)
            assert (refused.status, refused.retry_after) == (429, 1.0)
            await fleet.engine.stop(held)
            assert len(busy.asked) == 1

    run(play())


@pytest.mark.parametrize("stream", [True, False])
def test_who_waits_for_a_turn_has_no_more_time_for_the_whole(stream: bool) -> None:
    """Whatever the answer itself may take."""

    async def play() -> None:
        talk = Talk()
        pools = {"a": Pool("a", [Member(Fake(talk, name="a"))], slots=Slots("a", 1, 5))}
        async with Fleet(silence, pools=pools) as fleet:
            await fleet.begin("a/m")
            await talk.began.wait()
            asked = msgspec.structs.replace(call("a/m"), stream=stream)
            wishes = Wishes(limits={"first_event": 1000.0, "whole": 1000.0, "total": 0.01})
            route = await fleet.engine.catalogue.route("a/m")
            late = await over(fleet.engine, fleet.engine.start(asked, route, owner="me", wishes=wishes))
            assert isinstance(late.last, Failed)
            assert late.last.code == "queue_timeout"

    run(play())


def test_a_provider_in_trouble_is_asked_last() -> None:
    """Though it stands first, as long as its rest lasts."""

    async def play() -> None:
        bad = Fake(failing(503), name="a")
        pools = {"a": Pool("a", [Member(bad)])}
        async with Fleet(silence, saying("hello"), pools=pools) as fleet:
            for _ in range(5):
                await fleet.made("a/m", "b/m")
            assert len(bad.asked) == 3

    run(play())


def test_a_provider_that_breaks_in_itself_is_not_gone_on_from() -> None:
    """A fault of ours: nobody else would do better, and it must be seen."""

    async def broken(ask: Ask, emit: Emit) -> None:
        raise ZeroDivisionError

    async def play() -> None:
        async with Fleet(broken, saying("hello")) as fleet:
            log = await fleet.made("a/m", "b/m")
            assert isinstance(log[-1], Failed)
            assert log[-1].code == "internal_error"

    run(play())


def test_an_answer_in_one_piece_has_a_limit_of_its_own() -> None:
    """Nothing of it comes before all of it is made."""

    async def play() -> None:
        async with Fleet(silence) as fleet:
            runs = []
            for stream in (True, False):
                asked = msgspec.structs.replace(call("a/m"), stream=stream)
                route = await fleet.engine.catalogue.route("a/m")
                wishes = Wishes(limits={"first_event": 0.05, "whole": 300.0})
                runs.append(fleet.engine.start(asked, route, owner="me", wishes=wishes))
            await over(fleet.engine, runs[0])
            assert isinstance(runs[0].last, Failed)
            assert runs[0].last.code == "first_event_timeout"
            assert not runs[1].has_ended

    run(play())


def test_whom_the_client_means_has_the_word_also_when_it_is_asked_last() -> None:
    async def play() -> None:
        async with Fleet(failing(503, code="mine"), failing(500)) as fleet:
            fleet.use({"a": Pool("a", [Member(fleet.fakes[0])])})
            for _ in range(3):
                await fleet.made("a/m")
            last = (await fleet.made("a/m", "b/m"))[-1]
            assert isinstance(last, Failed)
            assert (last.code, [tried.provider for tried in last.attempts]) == ("mine", ["b", "a"])

    run(play())

"""When the simulator says it: pace, silence, failures in every place, and being cancelled."""

import asyncio
from collections.abc import Sequence

import pytest

from headgate.calls import Call
from headgate.errors import ProviderError
from headgate.events import AnyEvent, Failed, Finished, Started, Text
from headgate.providers.base import Limits
from headgate.providers.simulator import Simulator
from headgate.runs import Engine, Settings
from headgate.runs.catalogue import Catalogue, Target
from headgate.store.base import Record
from headgate.store.memory import MemoryStore
from tests.providers.simulated import Played, ask, oversleep, play, run, told


def test_pieces_keep_their_distance() -> None:
    played = play("demo", {"words": 4, "first_ms": 100, "gap_ms": 50})
    assert [round(when, 6) for when, _ in played.emits] == [0.1, 0.1, 0.15, 0.2, 0.25, 0.25]


def test_the_demo_speaks_at_fifty_words_a_second() -> None:
    assert play("demo", {"words": 51}).ended == pytest.approx(1.0)


def test_every_model_has_its_pace() -> None:
    assert play("fast").ended == 0
    assert play("slow", {"words": 5}).ended == pytest.approx(2 + 4 * 0.25)
    assert play("slow", {"words": 5, "first_ms": 0, "gap_ms": 1}).ended == pytest.approx(0.004)


def test_late_pieces_do_not_delay_those_after_them() -> None:
    async def late() -> list[float]:
        clock = asyncio.get_running_loop().time
        began, whens = clock(), list[float]()

        def emit(events: Sequence[AnyEvent]) -> None:
            whens.append(clock() - began)
            if len(whens) == 3:
                oversleep(0.03)

        await Simulator().run(ask("demo", {"words": 5}), emit)
        return whens

    assert run(late()) == pytest.approx([0, 0, 0.02, 0.05, 0.06, 0.08, 0.08])


def test_a_stream_without_pauses_lets_others_have_a_turn() -> None:
    async def both() -> int:
        turns = 0
        answer = asyncio.ensure_future(told(Simulator(), ask("fast", {"words": 1600})))
        while not answer.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert run(both()) > 100


def test_hundreds_of_streams_share_one_loop() -> None:
    async def all_of_them() -> list[Played]:
        simulator = Simulator()
        asked = ask("demo", {"words": 11})
        return await asyncio.gather(*(told(simulator, asked) for _ in range(500)))

    answers = run(all_of_them())
    assert {answer.text for answer in answers} == {answers[0].text}
    assert max(answer.ended for answer in answers) == pytest.approx(0.2)


def test_an_error_before_the_first_event() -> None:
    fail = {"status": 429, "code": "slow_down", "message": "Later.", "retry_after": 1.5}
    played = play("demo", {"fail": fail, "first_ms": 40})
    error = broken(played)
    assert (error.status, error.code, error.message, error.retry_after) == (429, "slow_down", "Later.", 1.5)
    assert (error.kind, error.retryable) == ("rate_limit_error", True)
    assert played.emits == []
    assert played.ended == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [(400, "invalid_request_error", False), (401, "invalid_request_error", False), (500, "server_error", True)],
)
def test_errors_are_those_that_their_status_would_bring(status: int, kind: str, retryable: bool) -> None:
    error = broken(play(script={"fail": {"status": status}}))
    assert (error.status, error.kind, error.retryable) == (status, kind, retryable)


@pytest.mark.parametrize("pieces", [0, 1, 3, 1000])
@pytest.mark.parametrize("field", ["fail", "cut_after"])
def test_an_answer_breaks_after_so_many_pieces_or_at_its_end(field: str, pieces: int) -> None:
    script = {"words": 5, field: {"at": pieces} if field == "fail" else pieces}
    played = play(script=script)
    assert broken(played).status == (503 if field == "fail" else 502)
    assert [type(event) for event in played.events] == [Started, *[Text] * min(pieces, 5)]


def test_a_lost_connection_is_told_like_one() -> None:
    error = broken(play("broken"))
    assert (error.code, error.retryable) == ("upstream_incomplete", True)
    assert len(play("broken", {"words": 40}).choice.text.split()) == 12


def test_flaky_fails_every_other_time() -> None:
    async def five() -> list[bool]:
        simulator = Simulator()
        answers = [await told(simulator, ask("flaky", {"gap_ms": 0})) for _ in range(5)]
        assert broken(answers[0]).status == 503
        assert answers[0].emits == []
        return [answer.error is None for answer in answers]

    assert run(five()) == [False, True, False, True, False]


def test_models_fail_now_and_then_by_counts_of_their_own() -> None:
    async def several() -> list[bool]:
        simulator = Simulator()
        script = {"fail": {"every": 3, "at": 1}}
        models = ("fast", "fast", "echo", "fast", "fast", "echo")
        return [(await told(simulator, ask(model, script))).error is None for model in models]

    assert run(several()) == [False, True, False, True, False, True]


@pytest.mark.parametrize(
    ("model", "script", "pieces"),
    [
        ("stall", {}, 6),
        ("fast", {"stall_after": 0}, 0),
        ("fast", {"stall_after": 2}, 2),
        ("fast", {"stall_after": 1000, "words": 4}, 4),
    ],
)
def test_a_stalled_answer_stays_silent_for_ever(model: str, script: object, pieces: int) -> None:
    played = run(told(Simulator(), ask(model, script), patience=7 * 24 * 3600))
    assert isinstance(played.error, TimeoutError)
    assert len([event for event in played.events if isinstance(event, Text)]) == pieces
    assert isinstance(played.events[-1], (Text, Started))


def test_a_silent_start_never_begins() -> None:
    played = run(told(Simulator(), ask("demo", {"silent_start": True}), patience=7 * 24 * 3600))
    assert isinstance(played.error, TimeoutError)
    assert played.emits == []


@pytest.mark.parametrize(
    ("script", "code"), [({"stall_after": 2}, "idle_timeout"), ({"silent_start": True}, "first_event_timeout")]
)
def test_the_engines_limits_end_a_silence(script: object, code: str) -> None:
    async def ended() -> AnyEvent:
        simulator = Simulator(limits=Limits(first_event=3, idle=4))
        engine = Engine(MemoryStore(), Catalogue({"simulator": simulator}, {}, ()), Settings())
        await engine.open(_never)
        asked = ask("fast", script)
        started = engine.start(asked.call, (Target(simulator, asked.model),), owner="me")
        reader = engine.follow(started)
        while not started.is_over:
            await reader.news(started.shown)
        engine.leave(reader)
        await engine.close(0)
        return started.events[-1]

    last = run(ended())
    assert isinstance(last, Failed)
    assert (last.code, last.status) == (code, 504)


def _never(record: Record) -> Call | None:
    return None


@pytest.mark.parametrize(
    "script", [{}, {"first_ms": 60_000}, {"silent_start": True}, {"stall_after": 1}, {"gap_ms": 0, "words": 100_000}]
)
def test_cancelling_stops_at_once(script: object) -> None:
    async def cancelled() -> list[AnyEvent]:
        events: list[AnyEvent] = []
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(Simulator().run(ask("demo", script), events.extend))
        if script == {"gap_ms": 0, "words": 100_000}:
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(0.05)
        when = loop.time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert loop.time() == when
        return events

    assert not any(isinstance(event, Finished) for event in run(cancelled()))


def broken(played: Played) -> ProviderError:
    """The error an answer broke with."""
    assert isinstance(played.error, ProviderError)
    return played.error

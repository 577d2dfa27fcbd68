"""How runs with functions end, and what bounds them."""

import asyncio

import msgspec
import pytest

from headgate.errors import StoreError
from headgate.events import (
    Called,
    Calling,
    Failed,
    Finished,
    Started,
    Stopped,
    Text,
    Usage,
)
from headgate.formats import openai_responses
from headgate.runs import Wishes, commit
from headgate.runs.rounds import loop as module
from headgate.tools import Limits
from tests.runs.fakes import STARTED, HeldStore, code_of, over, run, told, turns
from tests.runs.fleet import failing, first
from tests.runs.lathe import CALLS, STOP, Gate, Lathe, Weather, asking, rounds, timeless, use

GIVEN = '{"city":"Oslo"}'
CALLING = Calling("c0", "weather", GIVEN)
CALLED = Called("c0", "weather", GIVEN, "5 degrees in Oslo")


def test_several_calls_are_executed_at_a_time_and_no_more_than_may_be() -> None:
    async def play() -> None:
        gate = Gate()
        calls = [event for index in range(5) for event in use("slow", index=index)]
        async with Lathe(rounds(calls, [Text("x")]), tools=[gate.tool], limits=Limits(parallel=2)) as lathe:
            made = await lathe.begin(asking("slow"))
            await gate.began.wait()
            await turns()
            assert gate.at_work == 2
            gate.open.set()
            log = (await over(lathe.engine, made)).events
            assert sum(isinstance(event, Calling) for event in log) == 5
            assert sum(isinstance(event, Called) and event.result == "at last" for event in log) == 5
            assert gate.most == 2
            added = lathe.fakes[0].asked[1].call.added
            assert added is not None
            assert [message.call_id for message in added.turns[0].results] == [f"c{index}" for index in range(5)]

    run(play())


def test_an_answer_that_was_cut_off_executes_nothing() -> None:
    async def play() -> None:
        weather = Weather()
        async with Lathe(rounds([*use(), Finished("length")]), tools=[weather.tool]) as lathe:
            made = await lathe.made(asking("weather"))
            refused = Called("c0", "weather", GIVEN, module.NOT_WHOLE, is_error=True)
            assert made == [STARTED, refused, Finished("length")]
            assert weather.asked == []

    run(play())


def test_a_model_that_calls_for_ever_is_ended() -> None:
    """After it was asked to answer without."""

    async def play() -> None:
        weather = Weather()
        async with Lathe(rounds(use()), tools=[weather.tool], limits=Limits(rounds=3)) as lathe:
            made = await lathe.run(asking("weather"))
            assert code_of(made) == "too_many_rounds"
            assert len(weather.asked) == 3
            allowed = [ask.call.added is not None and ask.call.added.may_call for ask in lathe.fakes[0].asked]
            assert allowed == [True, True, True, False]
            assert len({event.id for event in made.events if isinstance(event, Calling)}) == 3

    run(play())


def test_a_client_may_say_how_many_calls_there_may_be() -> None:
    """In Responses; the model is told of each that was too many, and then asked to answer without."""

    async def play() -> None:
        weather = Weather()
        body = {"model": "a/m", "input": "Hi", "functions": ["weather"], "max_tool_calls": 1}
        both = [*use(index=0), *use(index=1)]
        async with Lathe(rounds(both, [Text("x")]), tools=[weather.tool]) as lathe:
            made = await lathe.made(openai_responses.read(msgspec.json.encode(body)))
            refused = Called("c1", "weather", GIVEN, module.NOT_SO_MANY, is_error=True)
            assert made == [STARTED, CALLING, CALLED, refused, Text("x"), STOP]
            assert [ask.call.added is not None and ask.call.added.may_call for ask in lathe.fakes[0].asked] == [
                True,
                False,
            ]

    run(play())


def test_one_round_may_call_so_many_and_no_more() -> None:
    async def play() -> None:
        weather = Weather()
        calls = [event for index in range(module.MAX_CALLS + 2) for event in use(index=index)]
        async with Lathe(rounds(calls, [Text("x")]), tools=[weather.tool]) as lathe:
            made = await lathe.made(asking("weather"))
            assert len(weather.asked) == module.MAX_CALLS
            assert sum(isinstance(event, Called) and event.is_error for event in made) == 2

    run(play())


def test_functions_have_so_much_time_together() -> None:
    async def play() -> None:
        gate = Gate()
        limits = Limits(total_timeout=0.01)
        async with Lathe(rounds(use("slow"), [Text("x")]), tools=[gate.tool], limits=limits) as lathe:
            made = await lathe.made(asking("slow"))
            assert made[2:] == [Called("c0", "slow", GIVEN, module.OUT_OF_TIME, is_error=True), Text("x"), STOP]
            assert gate.was_cancelled

    run(play())


def test_a_function_is_not_begun_when_there_is_no_time_left() -> None:
    """Not even up to where it first waits: the model is told that it was not executed."""

    async def play() -> None:
        gate, weather = Gate(), Weather()
        script, limits = rounds(use("slow"), use(id="c1"), [Text("x")]), Limits(total_timeout=0.01)
        async with Lathe(script, tools=[gate.tool, weather.tool], limits=limits) as lathe:
            made = await lathe.made(asking("slow", "weather"))
            assert Called("c1", "weather", GIVEN, module.NO_TIME, is_error=True) in made
            assert weather.asked == []

    run(play())


def test_a_stop_tells_functions_that_had_begun_from_those_that_had_not() -> None:
    async def play() -> None:
        gate = Gate()
        calls = [event for index in range(2) for event in use("slow", index=index)]
        async with Lathe(rounds(calls), tools=[gate.tool], limits=Limits(parallel=1)) as lathe:
            made = await lathe.begin(asking("slow"))
            await gate.began.wait()
            await lathe.engine.stop(made)
            told_of = [event.result for event in made.events if isinstance(event, Called)]
            assert told_of == [module.STOPPED, module.NOT_BEGUN]

    run(play())


def test_a_call_that_cannot_be_kept_is_not_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "RETRIES", ())

    async def play() -> None:
        weather, store = Weather(), HeldStore()
        async with Lathe(rounds([Text("a"), *use()]), tools=[weather.tool], store=store) as lathe:
            store.failures.append(StoreError("The disk is full.", code="store_unavailable"))
            made = await lathe.run(asking("weather"))
            assert any(isinstance(event, Calling) for event in store.kept(made.id)), "it was to be kept"
            assert code_of(made) == "store_unavailable"
            assert not any(isinstance(event, Calling) for event in made.events)
            assert weather.asked == []

    run(play())


def test_a_later_round_that_nobody_answers_ends_the_run() -> None:
    """With what was said, what was done, and what that took."""

    async def play() -> None:
        one = first(rounds([Text("a"), *use(), Usage(1, 1, 2), CALLS]), failing(500))
        async with Lathe(one, tools=[Weather().tool]) as lathe:
            made = await lathe.made(asking("weather"))
            assert made[:-1] == [STARTED, Text("a"), CALLING, CALLED, Usage(1, 1, 2)]
            assert isinstance(made[-1], Failed)
            assert (made[-1].code, made[-1].status) == ("down", 500)

    run(play())


@pytest.mark.parametrize("by", ["user", "disconnect"])
def test_a_stop_in_the_middle_of_a_function_cancels_it_and_the_log_says_so(by: str) -> None:
    async def play() -> None:
        gate = Gate()
        async with Lathe(rounds([Text("a"), *use("slow")]), tools=[gate.tool]) as lathe:
            made = await lathe.begin(asking("slow"))
            await gate.began.wait()
            await lathe.engine.stop(made, by)
            assert gate.was_cancelled
            assert [timeless(event) for event in told(made.events)] == [
                STARTED,
                Text("a"),
                Calling("c0", "slow", GIVEN),
                Called("c0", "slow", GIVEN, module.STOPPED, is_error=True),
                Stopped(by),
            ]

    run(play())


def test_a_stop_before_a_function_has_begun_is_told_too() -> None:
    async def play() -> None:
        weather, store = Weather(), HeldStore()
        async with Lathe(rounds(use()), tools=[weather.tool], store=store) as lathe:
            store.gate.clear()
            made = await lathe.begin(asking("weather"))
            while not any(isinstance(event, Calling) for event in made.events):
                await asyncio.sleep(0)
            stopping = asyncio.create_task(lathe.engine.stop(made))
            await turns()
            store.gate.set()
            await stopping
            refused = Called("c0", "weather", GIVEN, module.NOT_BEGUN, is_error=True)
            assert told(made.events) == [STARTED, CALLING, refused, Stopped("user")]
            assert weather.asked == []

    run(play())


def test_the_whole_has_one_limit_with_all_rounds_and_functions() -> None:
    async def play() -> None:
        gate = Gate()
        async with Lathe(rounds(use("slow"), [Text("x")]), tools=[gate.tool]) as lathe:
            made = await lathe.run(asking("slow"), Wishes(limits={"total": 0.05}))
            assert gate.was_cancelled
            assert [type(event) for event in made.events[:3]] == [Started, Calling, Called]

    run(play())

"""Runs in which the server executes functions: what the log says, what is asked, and when it ends."""

import asyncio
from typing import Any

import msgspec
import pytest

from headgate.errors import BadRequest, StoreError
from headgate.events import (
    AnyEvent,
    Attempt,
    Called,
    Calling,
    Continued,
    Failed,
    Finished,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
)
from headgate.formats import anthropic, openai_responses
from headgate.runs import Assistant, Hedge, Run, Wishes, commit
from headgate.runs.rounds import loop as module
from headgate.runs.rounds.round import Round
from headgate.tools import Limits
from tests.runs.fakes import STARTED, HeldStore, code_of, head, over, run, told, turns
from tests.runs.fleet import failing, first, silence
from tests.runs.lathe import CALLS, STOP, Gate, Lathe, Weather, asking, rounds, timeless, use

GIVEN = '{"city":"Oslo"}'
CALLING = Calling("c0", "weather", GIVEN)
CALLED = Called("c0", "weather", GIVEN, "5 degrees in Oslo")


def test_the_model_asks_the_server_executes_and_the_model_goes_on() -> None:
    """In one log: one beginning, one end, and what happened between."""

    async def play() -> None:
        weather = Weather()
        async with Lathe(rounds([Text("Let me see."), *use()], [Text("Cold.")]), tools=[weather.tool]) as lathe:
            made = await lathe.made(asking("weather"))
            assert made == [
                STARTED,
                Text("Let me see."),
                CALLING,
                CALLED,
                Text("\n\n"),
                Text("Cold."),
                STOP,
            ]
            assert [city for city, _ in weather.asked] == ["Oslo"]

    run(play())


def test_the_next_round_is_asked_with_the_call_and_its_result() -> None:
    async def play() -> None:
        weather = Weather()
        async with Lathe(rounds(use(), [Text("Cold.")]), tools=[weather.tool]) as lathe:
            await lathe.made(asking("weather"))
            one, two = lathe.fakes[0].asked
            assert one.call.added is not None
            assert two.call.added is not None
            assert [tool.name for tool in one.call.added.tools] == ["weather"]
            assert one.call.added.turns == ()
            (turn,) = two.call.added.turns
            assert [(use.id, use.name, use.input) for use in turn.said.calls] == [("c0", "weather", GIVEN)]
            assert [(message.call_id, message.is_error) for message in turn.results] == [("c0", False)]
            assert "functions" not in one.call.fields

    run(play())


def test_who_names_no_function_may_use_none() -> None:
    """A model that calls one all the same calls the client."""

    async def play() -> None:
        weather = Weather()
        async with Lathe(rounds(use()), tools=[weather.tool]) as lathe:
            made = await lathe.made(asking())
            assert made == [STARTED, *use(), CALLS]
            assert weather.asked == []

    run(play())


def test_an_alias_brings_its_functions_and_its_words() -> None:
    async def play() -> None:
        weather, other = Weather(), Weather("other")
        assistants = {"agent": Assistant(("weather", "gone"), "Be brief.")}
        play = rounds(use(), [Text("Cold.")])
        async with Lathe(play, tools=[weather.tool, other.tool], assistants=assistants) as lathe:
            made = await lathe.made(asking(model="agent"))
            assert made == [STARTED, CALLING, CALLED, Text("Cold."), STOP]
            added = lathe.fakes[0].asked[0].call.added
            assert added is not None
            assert ([tool.name for tool in added.tools], added.instruction) == (["weather"], "Be brief.")

    run(play())


def test_what_the_client_calls_by_an_aliass_name_is_the_clients() -> None:
    async def play() -> None:
        weather = Weather()
        tools = [{"type": "function", "function": {"name": "weather", "description": "Mine."}}]
        assistants = {"agent": Assistant(("weather",))}
        async with Lathe(rounds(use()), tools=[weather.tool], assistants=assistants) as lathe:
            assert await lathe.made(asking(model="agent", tools=tools)) == [STARTED, *use(), CALLS]
            assert weather.asked == []

    run(play())


def test_a_tool_that_is_only_a_name_is_the_servers_if_it_has_it() -> None:
    async def play() -> None:
        weather = Weather()
        tools = [{"type": "function", "function": {"name": name}} for name in ("weather", "mine")]
        async with Lathe(rounds(use(), [Text("Cold.")]), tools=[weather.tool]) as lathe:
            made = await lathe.made(asking(tools=tools))
            assert CALLED in made
            assert msgspec.json.decode(lathe.fakes[0].asked[0].call.fields["tools"]) == tools[1:]

    run(play())


def test_a_tool_with_a_schema_is_the_clients_whatever_its_name() -> None:
    async def play() -> None:
        weather = Weather()
        tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
        async with Lathe(rounds(use()), tools=[weather.tool]) as lathe:
            assert await lathe.made(asking(tools=tools)) == [STARTED, *use(), CALLS]
            assert weather.asked == []
            with pytest.raises(BadRequest, match="as well"):
                await lathe.begin(asking("weather", tools=tools))

    run(play())


@pytest.mark.parametrize(
    ("more", "words"),
    [({"functions": ["gone"]}, "There is no function 'gone'"), ({"functions": ["weather"], "n": 2}, "'n' must be 1")],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(more: dict[str, Any], words: str) -> None:
    async def play() -> None:
        async with Lathe(rounds(use()), tools=[Weather().tool]) as lathe:
            with pytest.raises(BadRequest, match=words):
                await lathe.begin(asking(**more))
            assert lathe.fakes[0].asked == []

    run(play())


def test_a_tool_that_is_only_a_name_and_nobodys_lacks_what_it_must_have() -> None:
    """In Anthropic's requests, where every tool of the client's must have a schema."""

    async def play() -> None:
        tools = [{"name": "weather"}, {"name": "mine"}]
        body = {"model": "a/m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}], "tools": tools}
        async with Lathe(rounds(use()), tools=[Weather().tool]) as lathe:
            with pytest.raises(BadRequest) as caught:
                await lathe.begin(anthropic.read(msgspec.json.encode(body)))
            assert caught.value.param == "tools[1].input_schema"

    run(play())


def test_tools_that_are_only_a_name_and_nobodys_travel_as_they_came() -> None:
    async def play() -> None:
        async with Lathe(rounds([Text("x")]), tools=[Weather().tool]) as lathe:
            call = asking(tools=[{"type": "function", "function": {"name": "mine"}}])
            assert lathe.engine.equipment.equip(call, "me") is call

    run(play())


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


def test_a_call_is_kept_before_it_is_executed() -> None:
    """While the store holds it back nothing is done."""

    async def play() -> None:
        weather, store = Weather(), HeldStore()
        async with Lathe(rounds(use(), [Text("Cold.")]), tools=[weather.tool], store=store) as lathe:
            store.gate.clear()
            made = await lathe.begin(asking("weather"))
            while not any(isinstance(event, Calling) for event in made.events):
                await asyncio.sleep(0)
            await turns()
            assert weather.asked == []
            store.gate.set()
            await over(lathe.engine, made)
            assert len(weather.asked) == 1

    run(play())


def test_tools_of_the_client_end_the_answer_and_nothing_is_executed_beside_them() -> None:
    async def play() -> None:
        weather = Weather()
        both = [*use(index=0), *use("mine", index=1)]
        async with Lathe(rounds(both), tools=[weather.tool]) as lathe:
            made = await lathe.made(asking("weather"))
            assert made == [
                STARTED,
                *use("mine", index=0, id="c1"),
                Called("c0", "weather", GIVEN, module.NOT_BESIDE, is_error=True),
                CALLS,
            ]
            assert weather.asked == []

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
            assert made[2:] == [Called("c0", "slow", GIVEN, module.NO_TIME, is_error=True), Text("x"), STOP]
            assert gate.was_cancelled

    run(play())


def test_who_forces_a_call_forces_the_first_one_only() -> None:
    """Or the model would have to call for ever; formats have tests of their own for that."""

    async def play() -> None:
        play = rounds(use(), [Text("Cold.")])
        async with Lathe(play, tools=[Weather().tool]) as lathe:
            made = await lathe.made(asking("weather", tool_choice="required"))
            assert made[-2:] == [Text("Cold."), STOP]

    run(play())


def test_usage_is_that_of_all_rounds_once() -> None:
    async def play() -> None:
        one, two = Usage(10, 2, 12, 3, 1), Usage(30, 4, 34)
        async with Lathe(rounds([*use(), one, CALLS], [Text("x"), two, STOP]), tools=[Weather().tool]) as lathe:
            made = (await lathe.run(asking("weather"))).events
            assert [event for event in made if isinstance(event, Usage)] == [Usage(40, 6, 46, 3, 1)]
            assert isinstance(made[-2], Usage)

    run(play())


def test_usage_in_its_providers_own_words_is_added_up_too() -> None:
    async def play() -> None:
        one = Usage(10, 2, 12, extra=b'{"prompt_tokens":10,"details":{"a":1},"tier":"a"}')
        two = Usage(30, 4, 34, extra=b'{"prompt_tokens":30,"details":{"a":2},"tier":"b"}')
        async with Lathe(rounds([*use(), one, CALLS], [Text("x"), two, STOP]), tools=[Weather().tool]) as lathe:
            made = (await lathe.run(asking("weather"))).events
            assert made[-2] == Usage(40, 6, 46, extra=b'{"prompt_tokens":40,"details":{"a":3},"tier":"b"}')

    run(play())


def test_a_later_round_may_fail_over_before_its_first_words() -> None:
    """The log says who failed, and who goes on."""

    async def play() -> None:
        one = first(rounds(use(), started=Started("a", "m", "", 0)), failing(500))
        two = rounds([Text("Cold.")], started=Started("b", "m", "", 0))
        async with Lathe(one, two, tools=[Weather().tool]) as lathe:
            made = await lathe.made(asking("weather", fallbacks=["b/m"]))
            assert [type(event).__name__ for event in made] == [
                "Started", "Calling", "Called", "Attempt", "Continued", "Text", "Finished",
            ]  # fmt: skip
            continued = next(event for event in made if isinstance(event, Continued))
            assert (continued.provider, continued.broke.provider, continued.broke.status) == ("b", "a", 500)

    run(play())


def test_a_later_round_may_be_hedged() -> None:
    """Whoever speaks first goes on, and the log says who was slower."""

    async def play() -> None:
        one = first(rounds(use(), started=Started("a", "m", "", 0)), silence)
        two = rounds([Text("Cold.")], started=Started("b", "m", "", 0))
        async with Lathe(one, two, tools=[Weather().tool]) as lathe:
            # The first round is asked of the first alone, because that answers at once.
            made = await lathe.made(asking("weather", fallbacks=["b/m"]), Wishes(hedge=Hedge(0.05)))
            assert made[1:3] == [CALLING, CALLED]
            continued = next(event for event in made if isinstance(event, Continued))
            assert (continued.provider, continued.broke.code) == ("b", "slower")
            assert made[-2:] == [Text("Cold."), STOP]

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


def test_who_answered_is_asked_first_again() -> None:
    async def play() -> None:
        one = first(failing(500), rounds([Text("no")]))
        two = rounds(use(), [Text("Cold.")])
        async with Lathe(one, two, tools=[Weather().tool]) as lathe:
            made = await lathe.made(asking("weather", fallbacks=["b/m"]))
            assert isinstance(made[0], Attempt)
            assert made[-2] == Text("Cold.")
            assert len(lathe.fakes[0].asked) == 1

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


def test_a_break_in_a_later_round_may_be_gone_on_from() -> None:
    async def play() -> None:
        broken = failing(500, after=[STARTED, Text("Very ")])
        one, two = first(rounds(use()), broken), rounds([Text("cold.")])
        async with Lathe(one, two, tools=[Weather().tool]) as lathe:
            made = await lathe.made(asking("weather", fallbacks=["b/m"]), Wishes(goes_on=True))
            assert [event.delta for event in made if isinstance(event, Text)] == ["Very ", "cold."]
            assert sum(isinstance(event, Continued) for event in made) == 1
            prompt = lathe.fakes[1].asked[0].call
            assert prompt.format == "prompt"
            assert b"5 degrees" in bytes(prompt.fields["prompt"])

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


def test_a_provider_is_held_back_by_what_the_log_has_not_kept() -> None:
    """A round is as far behind as its run is, whatever was said in the rounds before."""
    whole = Run(head())
    whole.add([STARTED, Text("a"), Text("b")])
    whole.show(1)
    round = Round(whole, 1)
    round.add([STARTED, Text("c")])
    assert len(round.events) - round.shown == 2
    whole.show(3)
    assert len(round.events) - round.shown == 0


def test_usage_in_anothers_words_is_counted_and_not_repeated() -> None:
    """In the log only the terms of whoever began are understood."""

    async def play() -> None:
        one = first(
            rounds([*use(), Usage(1, 1, 2, extra=b'{"a":1}'), CALLS], started=Started("a", "m", "", 0, "x")),
            failing(500),
        )
        two = rounds([Text("x"), Usage(2, 2, 4, extra=b'{"b":1}'), STOP], started=Started("b", "m", "", 0, "y"))
        async with Lathe(one, two, tools=[Weather().tool]) as lathe:
            made = (await lathe.run(asking("weather", fallbacks=["b/m"]))).events
            assert made[-2] == Usage(3, 3, 6)

    run(play())


def test_a_run_without_functions_is_driven_as_ever() -> None:
    """It has no rounds and an ordinary bill."""

    async def play() -> None:
        async with Lathe(rounds([Text("a")]), tools=[Weather().tool]) as lathe:
            call = asking()
            assert lathe.engine.equipment.equip(call, "me") is call
            assert await lathe.made(call) == [STARTED, Text("a"), STOP]

    run(play())


def test_ids_that_a_provider_gives_again_are_told_apart() -> None:
    async def play() -> None:
        weather = Weather()
        async with Lathe(rounds(use(), use(), [Text("x")]), tools=[weather.tool]) as lathe:
            made = await lathe.made(asking("weather"))
            ids = [event.id for event in made if isinstance(event, Called)]
            assert len(set(ids)) == 2
            assert len({context.call_id for _, context in weather.asked}) == 2

    run(play())


def test_what_is_no_json_is_told_to_the_model() -> None:
    async def play() -> None:
        weather = Weather()
        broken: list[AnyEvent] = [ToolCall(0, "c0", "weather"), ToolInput(0, '{"city":')]
        async with Lathe(rounds(broken, [Text("x")]), tools=[weather.tool]) as lathe:
            made = await lathe.made(asking("weather"))
            (called,) = [event for event in made if isinstance(event, Called)]
            assert called.is_error
            assert weather.asked == []

    run(play())

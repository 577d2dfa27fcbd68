"""Runs in which the server executes functions: what the log says, and what is asked."""

import asyncio

from headgate.events import (
    AnyEvent,
    Attempt,
    Called,
    Calling,
    Continued,
    Started,
    Text,
    ToolCall,
    ToolInput,
)
from headgate.runs import Hedge, Run, Wishes
from headgate.runs.rounds import loop as module
from headgate.runs.rounds.round import Round
from tests.runs.fakes import STARTED, HeldStore, head, over, run, turns
from tests.runs.fleet import failing, first, silence
from tests.runs.lathe import CALLS, STOP, Lathe, Weather, asking, rounds, use

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


def test_who_forces_a_call_forces_the_first_one_only() -> None:
    """Or the model would have to call for ever; formats have tests of their own for that."""

    async def play() -> None:
        play = rounds(use(), [Text("Cold.")])
        async with Lathe(play, tools=[Weather().tool]) as lathe:
            made = await lathe.made(asking("weather", tool_choice="required"))
            assert made[-2:] == [Text("Cold."), STOP]

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


def test_a_provider_may_call_its_model_something_else_in_a_later_round() -> None:
    """Nobody took over from it."""

    async def play() -> None:
        one, two = (Started("a", name, "", 0) for name in ("m-2024", "m-2025"))
        script = first(rounds(use(), started=one), rounds([Text("Cold.")], started=two))
        async with Lathe(script, tools=[Weather().tool]) as lathe:
            made = await lathe.made(asking("weather"))
            assert made == [one, CALLING, CALLED, Text("Cold."), STOP]

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

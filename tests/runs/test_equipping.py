"""Which functions of the server's a request may use."""

from typing import Any

import msgspec
import pytest

from headgate.errors import BadRequest
from headgate.events import (
    Called,
    Calling,
    Text,
)
from headgate.formats import anthropic
from headgate.runs import Assistant
from tests.runs.fakes import STARTED, run
from tests.runs.lathe import CALLS, STOP, Lathe, Weather, asking, rounds, use

GIVEN = '{"city":"Oslo"}'
CALLING = Calling("c0", "weather", GIVEN)
CALLED = Called("c0", "weather", GIVEN, "5 degrees in Oslo")


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


def test_a_run_without_functions_is_driven_as_ever() -> None:
    """It has no rounds and an ordinary bill."""

    async def play() -> None:
        async with Lathe(rounds([Text("a")]), tools=[Weather().tool]) as lathe:
            call = asking()
            assert lathe.engine.equipment.equip(call, "me") is call
            assert await lathe.made(call) == [STARTED, Text("a"), STOP]

    run(play())

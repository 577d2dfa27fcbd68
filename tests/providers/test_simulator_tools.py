"""Which tools the simulator calls, and with what."""

import json
from typing import Any

import pytest

from headgate.errors import BadRequest
from headgate.events import Finished, Started, ToolCall, ToolInput, Usage
from tests.providers.simulated import play, tool


def test_true_calls_the_first_tool_with_arguments_that_fit() -> None:
    played = play("tools", tools=[tool("weather"), tool("tides")])
    (call,) = played.choice.calls
    assert (call.id, call.name) == ("call_1_0_0", "weather")
    assert 1 <= json.loads(call.input)["days"] <= 7
    assert [type(event) for event in played.events] == [Started, ToolCall, *[ToolInput] * 3, Usage, Finished]
    assert played.events[-1] == Finished("tool_calls")
    assert played.choice.text == ""


def test_without_tools_there_is_nothing_to_call() -> None:
    assert play("tools").text
    assert play("tools", tools=[tool("weather")], tool_choice="none").text


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("auto", []),
        ("required", ["weather"]),
        ({"type": "function", "function": {"name": "tides"}}, ["tides"]),
    ],
)
def test_what_must_be_called_is_called(choice: object, called: list[str]) -> None:
    played = play(tools=[tool("weather"), tool("tides")], tool_choice=choice)
    assert [call.name for call in played.choice.calls] == called
    stubborn = play(script={"tool_calls": False}, tools=[tool("weather"), tool("tides")], tool_choice=choice)
    assert stubborn.choice.calls == [], "a script may still say no"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "tides"}}])
def test_a_tool_that_is_not_there_cannot_be_called(choice: object) -> None:
    tools = [] if choice == "required" else [tool("weather")]
    error = play(tools=tools, tool_choice=choice).error
    assert isinstance(error, BadRequest)
    assert error.param == "tool_choice"


def test_scripted_calls_are_made_as_they_are_written() -> None:
    calls = [{"name": "a", "arguments": {"city": "Cádiz"}}, {"name": "b", "arguments": "{broken"}, {"name": "c"}]
    played = play(script={"tool_calls": calls, "text": "Let me look."})
    assert played.text == "Let me look."
    made = [(call.name, call.input) for call in played.choice.calls]
    assert made == [("a", '{"city": "Cádiz"}'), ("b", "{broken"), ("c", "{}")]
    order = [event.index for event in played.events if isinstance(event, (ToolCall, ToolInput))]
    assert order == sorted(order), "one is whole before the next begins"


def test_inputs_come_in_small_pieces_too() -> None:
    script = {"tool_calls": [{"name": "a", "arguments": "12345"}], "chunk_chars": 2}
    deltas = [event.delta for event in play(script=script).events if isinstance(event, ToolInput)]
    assert deltas == ["12", "34", "5"]


@pytest.mark.parametrize("script", [{"tool_calls": True}, {"tool_calls": [{"name": "weather"}]}])
def test_no_script_calls_again_once_it_has_its_results(script: dict[str, Any]) -> None:
    use = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    talk = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "tool_calls": [use]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Rain"},
    ]
    played = play(script=script, messages=talk, tools=[tool("weather")])
    assert played.choice.calls == []
    assert played.text


def test_every_choice_calls_with_an_id_of_its_own() -> None:
    events = play("tools", tools=[tool("weather")], n=2).events
    assert [event.id for event in events if isinstance(event, ToolCall)] == ["call_1_0_0", "call_1_1_0"]

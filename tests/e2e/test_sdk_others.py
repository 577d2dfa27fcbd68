"""Legacy completions, responses and models, as the official OpenAI SDK understands them."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.e2e.judges import Async, Judge, Sync
from tests.e2e.wire import script
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

TOOL = {
    "type": "function",
    "name": "tide",
    "parameters": {"type": "object", "properties": {"harbour": {"type": "string"}}, "required": ["harbour"]},
    "strict": False,
}
CALLS = [{"name": "tide", "arguments": {"harbour": "Faro"}}, {"name": "tide", "arguments": {"harbour": "Cádiz"}}]


class Tide(BaseModel):
    harbour: str
    metres: float


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def judge(request: pytest.FixtureRequest, server: Serving) -> Judge:
    made: Judge = request.param(server.url)
    return made


def complete(*, fields: dict[str, Any] | None = None, **said: Any) -> Any:
    """A call of the legacy endpoint with a script."""
    wanted: dict[str, Any] = {"model": "simulator/demo", "prompt": "Once upon a time", **(fields or {})}
    return lambda client: client.completions.create(**wanted, extra_body=script(**said))


def respond(*, fields: dict[str, Any] | None = None, **said: Any) -> Any:
    """A call of the responses endpoint with a script."""
    wanted: dict[str, Any] = {"model": "simulator/demo", "input": "Hello", **(fields or {})}
    return lambda client: client.responses.create(**wanted, extra_body=script(**said))


def follow(*, fields: dict[str, Any] | None = None, **said: Any) -> Any:
    """The stream helper of the responses endpoint."""
    wanted: dict[str, Any] = {"model": "simulator/demo", "input": "Hello", **(fields or {})}
    return lambda client: client.responses.stream(**wanted, extra_body=script(**said))


# Legacy completions.


def test_a_completion(judge: Judge) -> None:
    """Text, reason and usage."""
    answer = judge.whole(complete(text="there was a gate."))
    assert answer.object == "text_completion"
    assert answer.id.startswith("cmpl-")
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("there was a gate.", "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (4, 4)


def test_a_streamed_completion(judge: Judge) -> None:
    """With the separate usage chunk it asked for."""
    fields = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = judge.pieces(complete(fields=fields, text="there was a gate."))
    assert "".join(c.text for chunk in chunks for c in chunk.choices) == "there was a gate."
    assert [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason] == ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert [bool(chunk.usage) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def test_completions_with_choices_and_log_probabilities(judge: Judge) -> None:
    """`n` and `logprobs`, the legacy way."""
    answer = judge.whole(complete(fields={"n": 2, "logprobs": 2, "max_tokens": 3}, words=8))
    assert [choice.finish_reason for choice in answer.choices] == ["length", "length"]
    for choice in answer.choices:
        assert "".join(choice.logprobs.tokens) == choice.text
        assert len(choice.logprobs.token_logprobs) == len(choice.logprobs.text_offset) == 3


# Responses.


def test_a_response(judge: Judge) -> None:
    """Text, status and usage."""
    response = judge.whole(respond(text="The gate is open."))
    assert (response.object, response.status, response.error) == ("response", "completed", None)
    assert response.id.startswith("resp_")
    assert response.output_text == "The gate is open."
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (1, 4, 5)


def test_a_streamed_response_lives_its_whole_life(judge: Judge) -> None:
    """Numbered events from the first to exactly one last, which holds the whole response."""
    events = judge.pieces(respond(fields={"stream": True}, text="The gate is open."))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == events[-1].response.output_text == "The gate is open."
    assert events[-1].response.usage.total_tokens == 5


def test_the_helper_puts_the_response_together(judge: Judge) -> None:
    """client.responses.stream, with a part of thought before the text."""
    events, final = judge.helper(follow(reasoning=5, text="The gate is open."), "get_final_response")
    assert events[-1].type == "response.completed"
    assert final.output_text == "The gate is open."
    assert [item.type for item in final.output] == ["reasoning", "message"]
    assert final.usage.output_tokens_details.reasoning_tokens == 5


def test_the_helper_parses_a_given_shape(judge: Judge) -> None:
    """text_format with a class of the caller's."""
    _, final = judge.helper(follow(fields={"text_format": Tide}), "get_final_response")
    assert isinstance(final.output_parsed, Tide)


def test_functions_are_called(judge: Judge) -> None:
    """Whole: two calls, whose arguments are what was scripted."""
    response = judge.whole(respond(fields={"tools": [TOOL]}, tool_calls=CALLS))
    calls = [item for item in response.output if item.type == "function_call"]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("tide", call["arguments"]) for call in CALLS
    ]
    assert len({call.call_id for call in calls}) == 2


def test_functions_are_called_in_a_stream(judge: Judge) -> None:
    """Each call is an item of its own, with its arguments in pieces."""
    events, final = judge.helper(follow(fields={"tools": [TOOL]}, tool_calls=CALLS), "get_final_response")
    done = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert [json.loads(event.arguments) for event in done] == [call["arguments"] for call in CALLS]
    for event in done:
        pieces = [
            piece.delta
            for piece in events
            if piece.type == "response.function_call_arguments.delta" and piece.item_id == event.item_id
        ]
        assert "".join(pieces) == event.arguments
    assert [item.type for item in final.output] == ["function_call", "function_call"]


def test_the_result_of_a_function_goes_back(judge: Judge) -> None:
    """The items of the first response and the result make the input of the second."""
    first = judge.whole(respond(fields={"tools": [TOOL], "model": "simulator/tools"}))
    (call,) = first.output
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "2 m"}
    question = [{"role": "user", "content": "Hello"}, call.model_dump(exclude_none=True), result]
    second = judge.whole(respond(fields={"tools": [TOOL], "model": "simulator/tools", "input": question}))
    assert second.output_text


def test_a_response_that_is_cut_is_incomplete(judge: Judge) -> None:
    """With the reason, whole and streamed."""
    limited = {"max_output_tokens": 16}
    response = judge.whole(respond(fields=limited, words=40))
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    events = judge.pieces(respond(fields={**limited, "stream": True}, words=40))
    assert events[-1].type == "response.incomplete"
    assert len(events[-1].response.output_text.split()) == 16


def test_a_response_that_breaks_is_failed(judge: Judge) -> None:
    """The helper hears of it, and what was said stays said."""
    events = []

    def collect(client: Any) -> Any:
        return respond(fields={"stream": True}, words=9, cut_after=4)(client)

    with pytest.raises(openai.APIError) as raised:
        events = judge.pieces(collect)
    assert not events
    assert raised.value.code == "upstream_incomplete"


# Models.


def test_models_are_listed_and_shown(judge: Judge) -> None:
    """Aliases, and models whose names hold slashes."""
    listed = {model.id: model for model in judge.whole(lambda client: client.models.list()).data}
    assert {"default", "agent", "simulator/demo", "simulator/slow"} <= set(listed)
    shown = judge.whole(lambda client: client.models.retrieve("simulator/demo"))
    assert (shown.id, shown.object, shown.owned_by) == ("simulator/demo", "model", "simulator")
    assert isinstance(shown.created, int)
    with pytest.raises(openai.NotFoundError) as raised:
        judge.whole(lambda client: client.models.retrieve("simulator/no/such"))
    assert raised.value.code == "model_not_found"

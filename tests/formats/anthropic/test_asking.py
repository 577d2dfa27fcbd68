"""What Anthropic is asked for clients of other formats."""

import json
from typing import Any

import pytest

from headgate.errors import BadRequest
from headgate.formats import openai_chat
from headgate.formats.anthropic import prompt, read, request, schemas

from .wire import Json

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
HELLO = [{"role": "user", "content": "Hello"}]


def asked(model: str = "claude-opus-4-8", **fields: Any) -> Json:
    """What becomes of a chat request."""
    body = json.dumps({"model": "x", "messages": HELLO, **fields}).encode()
    call = openai_chat.read(body)
    made = request(openai_chat.prompt(call), model, stream=call.stream)
    assert read(made).format == "anthropic.messages"
    said: Json = json.loads(made)
    return said


def test_the_least_there_is() -> None:
    assert asked() == {
        "model": "claude-opus-4-8",
        "max_tokens": 32_000,
        "stream": False,
        "messages": [{"role": "user", "content": "Hello"}],
    }


def test_all_there_is() -> None:
    made = asked(
        model="claude-3-5-haiku-latest",
        stream=True,
        max_completion_tokens=50,
        temperature=1.7,
        top_p=0.5,
        stop=["END", "\n"],
        seed=7,
        presence_penalty=0,
        user="u",
        service_tier="default",
        reasoning_effort="high",
        tools=[{"type": "function", "function": {"name": "weather", "description": "d", "parameters": WEATHER}}],
        tool_choice="required",
        parallel_tool_calls=False,
        top_k=5,
        simulator={"text": "x"},
    )
    assert made == {
        "model": "claude-3-5-haiku-latest",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "max_tokens": 50,
        "temperature": 1.0,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u"},
        "service_tier": "standard_only",
        "tools": [{"name": "weather", "description": "d", "input_schema": WEATHER}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
        "top_k": 5,
    }


def test_an_instruction_alone_is_the_question() -> None:
    made = asked(messages=[{"role": "system", "content": "Say hello."}])
    assert made["messages"] == [{"role": "user", "content": "Say hello."}]
    assert "system" not in made


def test_a_conversation() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Brno"}'}}
    other = {"id": "call:2", "type": "function", "function": {"name": "now", "arguments": ""}}
    made = asked(
        messages=[
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,cGRm"}},
                    {"type": "file", "file": {"file_data": "data:text/plain;base64,xb4="}},
                ],
            },
            {"role": "developer", "content": "And kind."},
            {"role": "assistant", "content": None, "tool_calls": [call, other]},
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
            {"role": "tool", "tool_call_id": "call:2", "content": ""},
            {"role": "user", "content": "And?"},
            {"role": "assistant", "content": "It  "},
        ],
    )
    assert made["system"] == "Be brief.\nAnd kind."
    assert made["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "cGRm"},
                    "title": "a.pdf",
                },
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ž"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Brno"}},
                {"type": "tool_use", "id": "call_2", "name": "now", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": "rain"},
                {"type": "tool_result", "tool_use_id": "call_2"},
                {"type": "text", "text": "And?"},
            ],
        },
        {"role": "assistant", "content": "It"},
    ]


@pytest.mark.parametrize(
    ("model", "fields", "expected"),
    [
        ("claude-opus-4-8", {"reasoning_effort": "low"}, {"thinking": {"type": "adaptive"}, "effort": "low"}),
        ("claude-haiku-5-5", {"reasoning_effort": "minimal"}, {"thinking": {"type": "adaptive"}, "effort": "low"}),
        ("claude-tomorrow", {"reasoning_effort": "high"}, {"thinking": {"type": "adaptive"}, "effort": "high"}),
        ("claude-opus-4-8", {"reasoning_effort": "none"}, {}),
        ("claude-sonnet-4-20250514", {"reasoning_effort": "low"}, {"budget": 2048}),
        ("claude-sonnet-4-5-20250929", {"reasoning_effort": "high"}, {"budget": 16384}),
        ("claude-sonnet-4-5", {"reasoning_effort": "high", "max_tokens": 4000}, {"budget": 3000}),
        ("claude-sonnet-4-5", {"reasoning_effort": "high", "max_tokens": 1000}, {}),
        ("claude-3-7-sonnet-latest", {"reasoning_effort": "medium"}, {"budget": 6144}),
        ("claude-3-5-sonnet-latest", {"reasoning_effort": "medium"}, {}),
        ("MiniMax-M3", {"reasoning_effort": "low"}, {"budget": 2048}),
        ("claude-opus-4-8", {}, {}),
    ],
)
def test_an_effort_is_what_the_model_takes(model: str, fields: Json, expected: Json) -> None:
    made = asked(model, **fields)
    budget = {"type": "enabled", "budget_tokens": expected["budget"]} if "budget" in expected else None
    assert made.get("thinking") == expected.get("thinking", budget)
    assert made.get("output_config") == ({"effort": expected["effort"]} if "effort" in expected else None)
    if budget is not None:
        assert budget["budget_tokens"] < made["max_tokens"]


def test_who_thinks_is_not_told_how_freely() -> None:
    made = asked(reasoning_effort="high", temperature=0.5, top_p=0.5)
    assert not {"temperature", "top_p"} & made.keys()


def test_a_clients_own_word_for_thinking_stands() -> None:
    made = asked(reasoning_effort="high", thinking={"type": "disabled"})
    assert (made["thinking"], made.get("output_config")) == ({"type": "disabled"}, None)


MIDWAY: list[Json] = [
    *HELLO,
    {
        "role": "assistant",
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "a", "content": "x"},
]


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required"},
        {"messages": MIDWAY},
        {"messages": [*MIDWAY, *HELLO]},
    ],
    ids=["forced", "midway", "interrupted"],
)
def test_nobody_thinks_where_that_is_refused(fields: Json) -> None:
    assert "thinking" not in asked(reasoning_effort="high", **fields)


def test_who_has_answered_since_thinks_again() -> None:
    done = [*MIDWAY, {"role": "assistant", "content": "Done."}, *HELLO]
    assert "thinking" in asked(reasoning_effort="high", messages=done)


def test_a_schema_for_the_answer() -> None:
    made = asked(response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": WEATHER}})
    assert made["output_config"] == {
        "format": {"type": "json_schema", "schema": {**WEATHER, "additionalProperties": False}}
    }
    assert "output_config" not in asked(response_format={"type": "text"})


def test_a_schema_is_closed_and_its_limits_are_told_in_words() -> None:
    """Anthropic refuses open objects, numbers' limits, and `oneOf`."""
    inner = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "description": "How many."}}}
    given = {
        "type": ["object", "null"],
        "additionalProperties": True,
        "properties": {"many": {"type": "array", "maxItems": 3, "items": inner}, "one": {"$ref": "#/$defs/one"}},
        "$defs": {"one": {"oneOf": [inner, {"type": "string", "pattern": "a+"}]}},
    }
    closed = {
        "type": "object",
        "properties": {"n": {"type": "integer", "description": "How many. (minimum: 1)"}},
        "additionalProperties": False,
    }
    assert schemas.closed(given) == {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "many": {"type": "array", "items": closed, "description": "maxItems: 3"},
            "one": {"$ref": "#/$defs/one"},
        },
        "$defs": {"one": {"anyOf": [closed, {"type": "string", "pattern": "a+"}]}},
    }
    tool = {"type": "function", "function": {"name": "f", "parameters": inner, "strict": True}}
    assert asked(tools=[tool])["tools"][0]["input_schema"] == closed


def test_a_schema_without_end_is_refused() -> None:
    deep: Json = {}
    for _ in range(schemas.MAX_DEPTH + 2):
        deep = {"items": deep}
    with pytest.raises(BadRequest):
        schemas.closed(deep)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"presence_penalty": 1}, "presence_penalty"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}}],
                    }
                ]
            },
            "input_audio",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]},
            "file.file_id",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(fields: Json, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        asked(**fields)
    assert caught.value.param == param


def test_a_request_of_this_format_comes_back_much_the_same() -> None:
    """By way of the words that every format knows."""
    said = {
        "model": "m",
        "max_tokens": 100,
        "stream": True,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "y"}]},
        ],
        "tools": [{"name": "f", "input_schema": WEATHER}],
        "tool_choice": {"type": "tool", "name": "f"},
        "stop_sequences": ["END"],
        "temperature": 0.5,
    }
    call = read(json.dumps(said).encode())
    assert json.loads(request(prompt(call), "m", stream=True)) == said

"""Requests: what is refused, what is sent on, and what becomes of them elsewhere."""

import json
from typing import Any

import msgspec
import pytest

from headgate.calls import FilePart, ImagePart, Message, Prompt, TextPart, Thought, Tool, ToolUse
from headgate.errors import BadRequest
from headgate.formats.anthropic import forward, prompt, read, read_count
from headgate.formats.counting import estimate

from .wire import Json, call

PNG = {"type": "base64", "media_type": "image/png", "data": "aGk="}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def said(*content: Json) -> Json:
    return {"messages": [{"role": "user", "content": list(content)}]}


BAD: list[tuple[Json, str]] = [
    ({"model": None}, "model"),
    ({"model": ""}, "model"),
    ({"max_tokens": "many"}, "max_tokens"),
    ({"max_tokens": -1}, "max_tokens"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
    (said({"type": "text"}), "messages[0].content[0].text"),
    (said({"type": "text", "text": "a"}, {"type": "text", "text": 1}), "messages[0].content[1].text"),
    (said({"type": "image"}), "messages[0].content[0].source"),
    (said({"type": "image", "source": {"type": "base64", "data": "x"}}), "messages[0].content[0].source.media_type"),
    (said({"type": "image", "source": {"type": "url"}}), "messages[0].content[0].source.url"),
    (said({"type": "document", "source": {"type": "text"}}), "messages[0].content[0].source.data"),
    (said({"type": "tool_result", "content": "x"}), "messages[0].content[0].tool_use_id"),
    (
        said({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text"}]}),
        "messages[0].content[0].content[0].text",
    ),
    (said({"type": "tool_use", "id": "a", "name": "f", "input": "x"}), "messages[0].content[0].input"),
    (said({"type": "thinking", "thinking": "x"}), "messages[0].content[0].signature"),
    ({"system": 1}, "system"),
    ({"system": [{"type": "text"}]}, "system[0].text"),
    ({"tools": [{"name": "f", "description": "d"}]}, "tools[0].input_schema"),
    ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
    ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
    ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
    ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
    ({"temperature": 1.5}, "temperature"),
    ({"stop_sequences": "x"}, "stop_sequences"),
    ({"metadata": {"user_id": 5}}, "metadata.user_id"),
    ({"stream": "yes"}, "stream"),
]


@pytest.mark.parametrize(("fields", "param"), BAD, ids=[param for _, param in BAD])
def test_a_bad_field_is_named(fields: Json, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        call(**fields)
    assert caught.value.param == param
    assert param in caught.value.message


def test_max_tokens_must_be_said_but_for_counting() -> None:
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}]}'
    with pytest.raises(BadRequest, match="Missing required parameter: 'max_tokens'"):
        read(body)
    assert read_count(body).model == "m"
    for wrong in (b'"max_tokens":-1', b'"temperature":"warm"'):
        # It may have to be read like any request.
        with pytest.raises(BadRequest):
            read_count(body[:-1] + b"," + wrong + b"}")


def test_a_request_is_sent_on_as_it_came() -> None:
    """With fields, blocks and tools that nobody here knows."""
    fields: dict[str, Any] = {
        "system": [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [{"type": "container_upload", "file_id": "f"}, {"type": "new", "x": [1.50]}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "T", "signature": "s"}]},
            {"role": "system", "content": "Mid-way."},
        ],
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}],
        "thinking": {"type": "between_tools"},
        "context_management": {"edits": []},
        "mcp_servers": [],
        "betas_of_tomorrow": True,
    }
    asked = call(**fields, store=False, stream=True)
    assert (asked.stream, asked.store, asked.choices) == (True, False, 1)
    assert json.loads(forward(asked, "claude-x")) == {"model": "claude-x", "max_tokens": 100, "stream": True, **fields}


def test_thoughts_that_nobody_signed_are_taken_out() -> None:
    """They came from another provider, and this one would refuse them."""
    unsigned = {"type": "thinking", "thinking": "T", "signature": ""}
    kept = [{"type": "thinking", "thinking": "U", "signature": "s"}, {"type": "text", "text": '"signature":""'}]
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [unsigned]},
        {"role": "assistant", "content": [unsigned, *kept]},
    ]
    sent = json.loads(forward(call(messages=messages), "m"))
    assert sent["messages"] == [messages[0], {"role": "assistant", "content": kept}]


@pytest.mark.parametrize(
    ("signature", "thinking", "is_sent"),
    [
        ("", {"type": "enabled", "budget_tokens": 2000}, False),
        ("", {"type": "adaptive"}, True),
        ("s", {"type": "enabled", "budget_tokens": 2000}, True),
    ],
)
def test_nobody_must_think_on_from_calls_that_another_provider_made(
    signature: str, thinking: Json, is_sent: bool
) -> None:
    """The provider would refuse it, and with it the rest of the conversation."""
    thought = {"type": "thinking", "thinking": "T", "signature": signature}
    other = {"type": "thinking", "thinking": "O", "signature": ""}
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [other, {"type": "text", "text": "b"}]},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": [thought, {"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]},
    ]
    sent = json.loads(forward(call(messages=messages, thinking=thinking), "m"))
    assert ("thinking" in sent) == is_sent


def test_a_request_taken_apart() -> None:
    asked = call(
        system=[{"type": "text", "text": "Be"}, {"type": "text", "text": " brief."}],
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look", "cache_control": {"type": "ephemeral"}},
                    {"type": "image", "source": PNG},
                    {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                    {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "cGRm"}},
                    {
                        "type": "document",
                        "title": "Notes",
                        "source": {"type": "text", "media_type": "text/plain", "data": "n"},
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "T", "signature": "s"},
                    {"type": "redacted_thinking", "data": "x"},
                    {"type": "text", "text": "Wait."},
                    {"type": "tool_use", "id": "t1", "name": "f", "input": {"city": "Brno"}},
                    {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "rain"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "t2",
                        "is_error": True,
                        "content": [{"type": "image", "source": PNG}],
                    },
                    {"type": "text", "text": "And?"},
                ],
            },
        ],
        tools=[{"name": "f", "description": "d", "input_schema": SCHEMA, "strict": True}],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        stop_sequences=["END"],
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        metadata={"user_id": "u"},
        thinking={"type": "enabled", "budget_tokens": 8000},
        output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
    )
    image = ImagePart("data:image/png;base64,aGk=")
    made = prompt(asked)
    assert made.for_claude.keys() == {"thinking", "top_k", "output_config"}
    assert msgspec.structs.replace(made, for_claude={}) == Prompt(
        messages=(
            Message("system", (TextPart("Be"), TextPart(" brief."))),
            Message(
                "user",
                (
                    TextPart("Look"),
                    image,
                    ImagePart("https://example.com/a.png"),
                    FilePart(name="document.pdf", data="data:application/pdf;base64,cGRm"),
                    TextPart("Notes"),
                    TextPart("n"),
                ),
            ),
            Message(
                "assistant",
                (TextPart("Wait."),),
                calls=(ToolUse("t1", "f", '{"city":"Brno"}'), ToolUse("t2", "g", "{}")),
                thoughts=(Thought("T", "s"), Thought(redacted="x")),
            ),
            Message("tool", (TextPart("rain"),), call_id="t1"),
            Message("tool", (TextPart("The result is in the next message."),), call_id="t2", is_error=True),
            Message("user", (image, TextPart("And?"))),
        ),
        tools=(Tool("f", "d", SCHEMA, True),),
        tool_choice="required",
        parallel_tool_calls=False,
        max_tokens=100,
        temperature=0.5,
        top_p=0.9,
        stop=("END",),
        reasoning_effort="medium",
        response_schema={"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}},
        user="u",
        may_cache=True,
    )


@pytest.mark.parametrize(
    ("choice", "expected"),
    [({"type": "auto"}, "auto"), ({"type": "none"}, "none"), ({"type": "tool", "name": "f"}, "=f")],
)
def test_every_choice_of_tools_has_a_word(choice: Json, expected: str) -> None:
    assert prompt(call(tool_choice=choice)).tool_choice == expected


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 50_000}}, "high"),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "low"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "xhigh"),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}}, None),
        ({"output_config": {"effort": "low"}}, None),
    ],
)
def test_thinking_is_an_effort_elsewhere(fields: Json, effort: str | None) -> None:
    assert prompt(call(**fields)).reasoning_effort == effort


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        (said({"type": "image", "source": {"type": "file", "file_id": "f"}}), "messages[0].content[0].source"),
        (said({"type": "search_result", "source": "x"}), "messages[0].content[0].type"),
        (said({"type": "tool_use", "id": "a", "name": "f", "input": {}}), "messages[0].content[0].type"),
        ({"output_config": {"format": {"type": "grammar"}}}, "output_config.format.type"),
    ],
)
def test_what_only_anthropic_can_do_is_refused_elsewhere(fields: Json, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        prompt(call(**fields))
    assert (caught.value.param, caught.value.code) == (param, "unsupported_parameter")


def test_a_long_name_of_a_user_stays_here() -> None:
    assert prompt(call(metadata={"user_id": "u" * 65})).user is None


def test_tokens_are_estimated_by_length() -> None:
    short = estimate(prompt(call()))
    assert short == 4 + 2
    long = call(
        system="x" * 400, tools=[{"name": "f", "input_schema": SCHEMA}], **said({"type": "image", "source": PNG})
    )
    assert estimate(prompt(long)) > 1600 + 100


def test_a_request_survives_the_store() -> None:
    asked = call(stream=True, tools=[{"name": "f", "input_schema": SCHEMA}])
    assert read(msgspec.json.encode(asked.fields)) == asked

"""Requests for providers that do not speak Responses, and from clients that do not."""

import json
from typing import Any

import pytest

from headgate.calls import (
    AudioPart,
    FilePart,
    ImagePart,
    Message,
    Prompt,
    RefusalPart,
    TextPart,
    Tool,
    ToolUse,
)
from headgate.errors import BadRequest
from headgate.formats.openai_responses import prompt, read, request

from .wire import call


def messages(*items: Any, **fields: Any) -> tuple[Message, ...]:
    return prompt(call(input=list(items), **fields)).messages


def user(text: str) -> Message:
    return Message("user", (TextPart(text),))


def use(id: str) -> dict[str, Any]:
    return {"type": "function_call", "call_id": id, "name": "f", "arguments": "{}"}


def output(id: str, output: Any = "ok") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id, "output": output}


def said(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "g"}
F = ToolUse("a", "f", "{}")
G = ToolUse("b", "f", "{}")


def test_a_bare_string_is_a_users_message() -> None:
    assert prompt(call(input="Hi")).messages == (user("Hi"),)


def test_no_items_are_no_messages() -> None:
    assert messages() == ()


def test_instructions_come_first() -> None:
    assert messages({"role": "user", "content": "Hi"}, instructions="Be brief.") == (
        Message("system", (TextPart("Be brief."),)),
        user("Hi"),
    )


def test_each_kind_of_part_is_understood() -> None:
    content = [
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "image_url": "data:,x", "detail": "low"},
        {"type": "input_file", "file_id": "f", "filename": "n", "file_data": "data:,y", "file_url": "https://z"},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        {"type": "output_text", "text": "b", "annotations": []},
        {"type": "refusal", "refusal": "c"},
    ]
    assert messages({"role": "user", "content": content}) == (
        Message(
            "user",
            (
                TextPart("a"),
                ImagePart("data:,x", "low"),
                FilePart("f", "n", "data:,y", "https://z"),
                AudioPart("AA==", "wav"),
                TextPart("b"),
                RefusalPart("c"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("items", "turns"),
    [
        ([use("a"), use("b")], (Message("assistant", (), calls=(F, G)),)),
        ([said("Hm"), use("a"), use("b")], (Message("assistant", (TextPart("Hm"),), calls=(F, G)),)),
        ([THOUGHT, use("a"), THOUGHT, use("b")], (Message("assistant", (), calls=(F, G)),)),
        ([use("a"), said("Hm"), use("b")], (Message("assistant", (TextPart("Hm"),), calls=(F, G)),)),
        ([said("A"), said("B")], (Message("assistant", (TextPart("A"),)), Message("assistant", (TextPart("B"),)))),
        (
            [use("a"), output("a"), use("b"), output("b"), said("So")],
            (
                Message("assistant", (), calls=(F,)),
                Message("tool", (TextPart("ok"),), call_id="a"),
                Message("assistant", (), calls=(G,)),
                Message("tool", (TextPart("ok"),), call_id="b"),
                Message("assistant", (TextPart("So"),)),
            ),
        ),
        (
            [use("a"), use("b"), output("b"), output("a", [{"type": "input_text", "text": "x"}])],
            (
                Message("assistant", (), calls=(F, G)),
                Message("tool", (TextPart("ok"),), call_id="b"),
                Message("tool", (TextPart("x"),), call_id="a"),
            ),
        ),
        (
            [
                {"type": "custom_tool_call", "call_id": "a", "name": "sql", "input": "SELECT 1"},
                {"type": "custom_tool_call_output", "call_id": "a", "output": "1"},
            ],
            (
                Message("assistant", (), calls=(ToolUse("a", "sql", "SELECT 1", "custom"),)),
                Message("tool", (TextPart("1"),), call_id="a"),
            ),
        ),
    ],
)
def test_calls_are_part_of_the_assistants_turn(items: list[Any], turns: tuple[Message, ...]) -> None:
    assert messages({"role": "user", "content": "Hi"}, *items) == (user("Hi"), *turns)


def test_every_wish_is_handed_on() -> None:
    schema = {"type": "object"}
    read_prompt = prompt(
        call(
            tools=[{"type": "function", "name": "f", "description": "d", "parameters": schema, "strict": True}],
            tool_choice={"type": "function", "name": "f"},
            parallel_tool_calls=False,
            max_output_tokens=5,
            temperature=0.5,
            top_p=0.9,
            top_logprobs=3,
            text={"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": None}, "verbosity": "low"},
            reasoning={"effort": "low", "summary": "auto"},
            user="u",
            metadata={"a": "b"},
            service_tier="flex",
            safety_identifier="s",
            truncation="auto",
            include=["reasoning.encrypted_content"],
            max_tool_calls=3,
            store=False,
            background=False,
            stream=True,
            acme_option=[1],
        )
    )
    assert read_prompt == Prompt(
        messages=(user("Hello"),),
        tools=(Tool("f", "d", schema, True),),
        tool_choice="=f",
        parallel_tool_calls=False,
        max_tokens=5,
        temperature=0.5,
        top_p=0.9,
        logprobs=3,
        reasoning_effort="low",
        response_schema={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
        verbosity="low",
        user="u",
        metadata={"a": "b"},
        service_tier="flex",
        extra=read_prompt.extra,
    )
    assert {name: bytes(raw) for name, raw in read_prompt.extra.items()} == {
        "safety_identifier": b'"s"',
        "acme_option": b"[1]",
    }


@pytest.mark.parametrize(
    ("fields", "logprobs"),
    [
        ({}, None),
        ({"top_logprobs": 0}, None),
        ({"top_logprobs": 2}, 2),
        ({"include": ["message.output_text.logprobs"]}, 0),
        ({"include": ["message.output_text.logprobs"], "top_logprobs": 4}, 4),
    ],
)
def test_logprobs_are_asked_for_in_two_ways(fields: dict[str, Any], logprobs: int | None) -> None:
    assert prompt(call(**fields)).logprobs == logprobs


@pytest.mark.parametrize(
    ("format", "schema"), [("text", None), ("json_object", {"type": "json_object"})], ids=["text", "json"]
)
def test_a_text_format_is_chats_response_format(format: str, schema: Any) -> None:
    assert prompt(call(text={"format": {"type": format}})).response_schema == schema


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_a_tool_choice_may_be_a_word(choice: str) -> None:
    assert prompt(call(tool_choice=choice)).tool_choice == choice


def part(**fields: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": [fields]}]}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "g"}]}, "tools[1].type"),
        ({"tool_choice": {"type": "web_search"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "custom", "name": "g"}}, "tool_choice.type"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].id"),
        ({"input": [{"role": "user", "content": ""}, {"type": "computer_call"}]}, "input[1].type"),
        (part(type="hologram"), "input[0].content[0].type"),
        (part(type="input_image", file_id="file_1"), "input[0].content[0].file_id"),
        ({"input": [output("a", [{"type": "hologram"}])]}, "input[0].output[0].type"),
    ],
)
def test_what_cannot_be_said_elsewhere_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        prompt(call(**fields))
    assert (caught.value.param, caught.value.code) == (param, "unsupported_parameter")
    assert f"'{param}'" in caught.value.message


def test_a_response_that_lies_elsewhere_is_not_found() -> None:
    with pytest.raises(BadRequest) as caught:
        prompt(call(previous_response_id="resp_1"))
    assert (caught.value.param, caught.value.code) == ("previous_response_id", "previous_response_not_found")


def test_a_picture_must_be_somewhere() -> None:
    with pytest.raises(BadRequest, match=r"input\[0\]\.content\[0\]\.image_url"):
        prompt(call(**part(type="input_image")))


PROMPT = Prompt(
    messages=(
        Message("system", (TextPart("Be brief."),)),
        Message("developer", (TextPart("a"), TextPart("b"))),
        Message("user", (TextPart("a"), ImagePart("data:,x", "low"), FilePart(id="f"), AudioPart("AA==", "wav"))),
        Message("assistant", (TextPart("Hm"), RefusalPart("no")), calls=(F, ToolUse("b", "sql", "x", "custom"))),
        Message("tool", (TextPart("ok"),), call_id="a"),
        Message("tool", (TextPart("a"), ImagePart("data:,x", "low")), call_id="b"),
        Message("assistant", (), calls=(ToolUse("c", "f", "{}"),)),
        Message("tool", (TextPart("ok"),), call_id="c"),
        Message("user", ()),
    ),
    tools=(Tool("f", "d", {"type": "object"}, True),),
    tool_choice="=f",
    parallel_tool_calls=True,
    max_tokens=5,
    temperature=0.5,
    top_p=0.9,
    logprobs=0,
    reasoning_effort="low",
    response_schema={"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
    verbosity="low",
    user="u",
    metadata={"a": "b"},
    service_tier="flex",
    extra=call(acme=1).fields | {},
)


@pytest.mark.parametrize("stream", [True, False])
def test_a_prompt_asked_here_is_the_prompt_again(stream: bool) -> None:
    asked = Prompt(**{name: getattr(PROMPT, name) for name in Prompt.__struct_fields__} | {"extra": {}})
    sent = read(request(asked, "gpt", stream=stream))
    again = prompt(sent)
    empty = again.messages[-1]
    assert empty == Message("user", (TextPart(""),))
    assert (
        Prompt(
            **{name: getattr(again, name) for name in Prompt.__struct_fields__}
            | {"messages": (*again.messages[:-1], Message("user", ()))}
        )
        == asked
    )
    assert (sent.model, sent.stream, sent.store) == ("gpt", stream, False)


def test_a_small_prompt_is_a_small_request() -> None:
    """Small servers understand little."""
    assert json.loads(request(Prompt(messages=(user("Hi"),)), "m", stream=False)) == {
        "model": "m",
        "input": [{"type": "message", "role": "user", "content": "Hi"}],
        "stream": False,
        "store": False,
    }


def test_an_output_is_of_the_kind_of_its_call() -> None:
    sent = json.loads(request(PROMPT, "m", stream=False))
    kinds = {item["call_id"]: item["type"] for item in sent["input"] if item["type"].endswith("output")}
    assert kinds == {"a": "function_call_output", "b": "custom_tool_call_output", "c": "function_call_output"}


def test_a_tool_that_is_not_strict_elsewhere_is_not_strict_here() -> None:
    """Here strict is the default."""
    sent = json.loads(request(Prompt(messages=(), tools=(Tool("f"),)), "m", stream=False))
    (tool,) = sent["tools"]
    assert tool["strict"] is False
    assert tool["parameters"] == {"type": "object", "properties": {}}
    assert "description" not in tool, "llama.cpp answers 500 to a null"


def test_fields_of_kindred_formats_are_taken_along() -> None:
    sent = json.loads(request(Prompt(messages=(), extra=call(safety_identifier="s").fields), "m", stream=False))
    assert (sent["safety_identifier"], sent["model"], sent["input"]) == ("s", "m", [])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"choices": 2}, "n"),
        ({"stop": ("x",)}, "stop"),
        ({"logit_bias": {"1": 1.0}}, "logit_bias"),
        ({"presence_penalty": 0.5}, "presence_penalty"),
        ({"frequency_penalty": -0.5}, "frequency_penalty"),
    ],
)
def test_what_cannot_be_asked_here_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        request(Prompt(messages=(), **fields), "m", stream=False)
    assert (caught.value.param, caught.value.code) == (param, "unsupported_parameter")


def test_what_changes_nothing_is_left_out() -> None:
    harmless = Prompt(messages=(), choices=1, stop=(), seed=7, presence_penalty=0.0, logit_bias={})
    assert request(harmless, "m", stream=False) == request(Prompt(messages=()), "m", stream=False)

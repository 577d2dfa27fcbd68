"""Requests are read strictly and sent on untouched."""

import json
from typing import Any

import pytest

from headgate.errors import BadRequest
from headgate.formats.openai_responses import forward, read

PARTS = [
    {"type": "input_text", "text": "a"},
    {"type": "input_image", "image_url": "https://example.org/a.png", "detail": "auto"},
    {"type": "input_image", "file_id": "file_1", "image_url": None},
    {"type": "input_file", "file_data": "data:,", "filename": "a.pdf"},
    {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
    {"type": "hologram", "light": [1, 2]},
]
ITEMS: list[Any] = [
    {"role": "developer", "content": "x"},
    {"type": "message", "role": "user", "content": PARTS},
    {"type": None, "role": "system", "content": []},
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "phase": "commentary",
        "content": [{"type": "output_text", "text": "a", "annotations": []}, {"type": "refusal", "refusal": "b"}],
    },
    {"type": "reasoning", "id": "rs_1", "summary": [], "content": None, "encrypted_content": "g"},
    {"type": "function_call", "id": None, "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"},
    {"type": "function_call_output", "call_id": "c", "output": "x"},
    {"type": "function_call_output", "call_id": "c", "output": PARTS[:2]},
    {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "raw"},
    {"type": "custom_tool_call_output", "call_id": "d", "output": "x"},
    {"type": "item_reference", "id": "msg_0"},
    {"id": "msg_0"},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": 7},
    {"type": "additional_tools", "role": "developer", "tools": []},
]
FULL: dict[str, Any] = {
    "model": "openai/gpt-5",
    "input": ITEMS,
    "instructions": "Be brief.",
    "stream": True,
    "stream_options": {"include_obfuscation": False},
    "store": False,
    "background": False,
    "previous_response_id": "resp_1",
    "conversation": {"id": "conv_1"},
    "prompt": {"id": "pmpt_1", "version": "2", "variables": {"a": "b"}},
    "max_output_tokens": 16,
    "max_tool_calls": 3,
    "temperature": 0.5,
    "top_p": 1,
    "top_logprobs": 20,
    "tools": [
        {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": None, "description": None},
        {"type": "custom", "name": "g", "format": {"type": "text"}},
        {"type": "web_search", "filters": {"allowed_domains": ["example.org"]}},
    ],
    "tool_choice": {"type": "function", "name": "f"},
    "parallel_tool_calls": False,
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True}, "verbosity": "low"},
    "reasoning": {"effort": "max", "summary": "auto", "generate_summary": None},
    "truncation": "auto",
    "include": ["reasoning.encrypted_content"],
    "metadata": {"a": "b"},
    "service_tier": "flex",
    "user": "u",
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "acme_option": {"any": ["thing"]},
}


def reading(**fields: Any) -> Any:
    return read(json.dumps({"model": "m", "input": "Hello", **fields}).encode())


def test_a_full_request_is_read() -> None:
    call = read(json.dumps(FULL).encode())
    assert (call.format, call.model, call.stream, call.store) == ("openai.responses", "openai/gpt-5", True, False)
    assert (call.choices, call.include_usage) == (1, False)
    assert list(call.fields) == list(FULL)


@pytest.mark.parametrize("field", [field for field in FULL if field != "model"])
def test_each_field_may_be_null(field: str) -> None:
    """Clients write null for what they do not say; only something to answer there must be."""
    call = read(json.dumps({"previous_response_id": "r", **FULL, "conversation": None, field: None}).encode())
    assert bytes(call.fields[field]) == b"null"


def test_what_is_not_said_has_openais_defaults() -> None:
    call = reading()
    assert (call.stream, call.store) == (False, True)
    assert (reading(stream=None).stream, reading(store=None).store) == (False, True)


@pytest.mark.parametrize("fields", [{"previous_response_id": "r"}, {"conversation": "c"}, {"prompt": {"id": "p"}}])
def test_input_may_lie_elsewhere(fields: dict[str, Any]) -> None:
    read(json.dumps({"model": "m", **fields}).encode())


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"model": None}, "model", "invalid_value"),
        ({"model": ""}, "model", "invalid_value"),
        ({"input": None}, "input", "missing_required_parameter"),
        ({"input": 7}, "input", "invalid_value"),
        ({"input": [7]}, "input[0]", "invalid_value"),
        ({"input": [{}]}, "input[0].type", "missing_required_parameter"),
        ({"input": [{"type": 7}]}, "input[0].type", "invalid_value"),
        ({"input": [{"type": ""}]}, "input[0].type", "invalid_value"),
        ({"input": ["a"]}, "input[0]", "invalid_value"),
        ({"input": [{"role": "user"}]}, "input[0].content", "missing_required_parameter"),
        ({"input": [{"role": "robot", "content": ""}]}, "input[0].role", "invalid_value"),
        ({"input": [{"type": "message", "content": ""}]}, "input[0].role", "missing_required_parameter"),
        ({"input": [{"role": "user", "content": None}]}, "input[0].content", "invalid_value"),
        ({"input": [{"role": "user", "content": ["a"]}]}, "input[0].content[0]", "invalid_value"),
        ({"input": [{"role": "user", "content": [{}]}]}, "input[0].content[0].type", "missing_required_parameter"),
        (
            {"input": [{"role": "user", "content": [PARTS[0], {"type": "input_text", "text": 7}]}]},
            "input[0].content[1].text",
            "invalid_value",
        ),
        (
            {"input": [*ITEMS, {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": ""}}]}]},
            "input[14].content[0].input_audio.format",
            "missing_required_parameter",
        ),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "input[0].name", "missing_required_parameter"),
        (
            {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}]},
            "input[0].arguments",
            "invalid_value",
        ),
        ({"input": [{"type": "function_call_output", "output": ""}]}, "input[0].call_id", "missing_required_parameter"),
        (
            {"input": [{"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text"}]}]},
            "input[0].output[0].text",
            "missing_required_parameter",
        ),
        ({"input": [{"type": "item_reference"}]}, "input[0].id", "missing_required_parameter"),
        ({"input": [{"type": "reasoning", "summary": "s"}]}, "input[0].summary", "invalid_value"),
        ({"instructions": ["a"]}, "instructions", "invalid_value"),
        ({"stream": "yes"}, "stream", "invalid_value"),
        ({"store": 1}, "store", "invalid_value"),
        ({"background": "no"}, "background", "invalid_value"),
        ({"conversation": {"name": "c"}}, "conversation.id", "missing_required_parameter"),
        ({"prompt": {}}, "prompt.id", "missing_required_parameter"),
        ({"max_output_tokens": 0}, "max_output_tokens", "invalid_value"),
        ({"max_output_tokens": 1.5}, "max_output_tokens", "invalid_value"),
        ({"temperature": 2.1}, "temperature", "invalid_value"),
        ({"temperature": "0"}, "temperature", "invalid_value"),
        ({"top_p": -0.1}, "top_p", "invalid_value"),
        ({"top_logprobs": 21}, "top_logprobs", "invalid_value"),
        ({"tools": {}}, "tools", "invalid_value"),
        ({"tools": [{"name": "f"}]}, "tools[0].type", "missing_required_parameter"),
        ({"tools": [{"type": "web_search"}, {"type": "function"}]}, "tools[1].name", "missing_required_parameter"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools[0].name", "missing_required_parameter"),
        ({"tools": [{"type": "function", "name": "f", "parameters": 1}]}, "tools[0].parameters", "invalid_value"),
        ({"tool_choice": "any"}, "tool_choice", "invalid_value"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name", "missing_required_parameter"),
        ({"tool_choice": {}}, "tool_choice.type", "missing_required_parameter"),
        ({"text": {"format": "json"}}, "text.format", "invalid_value"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name", "missing_required_parameter"),
        (
            {"text": {"format": {"type": "json_schema", "name": "n"}}},
            "text.format.schema",
            "missing_required_parameter",
        ),
        ({"reasoning": "high"}, "reasoning", "invalid_value"),
        ({"reasoning": {"effort": 3}}, "reasoning.effort", "invalid_value"),
        ({"truncation": "all"}, "truncation", "invalid_value"),
        ({"include": "logprobs"}, "include", "invalid_value"),
        ({"metadata": {"a": 1}}, "metadata[...]", "invalid_value"),
        ({"stream_options": {"include_obfuscation": "x"}}, "stream_options.include_obfuscation", "invalid_value"),
    ],
)
def test_a_bad_field_is_named(fields: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(BadRequest) as caught:
        reading(**fields)
    error = caught.value
    assert (error.param, error.code, error.status) == (param, code, 400)
    assert f"'{param}'" in error.message
    assert str(error) == error.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"model":"m","input":"\xff"}', b'{"a":' * 3000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read(body)


def test_a_request_is_sent_on_as_its_bytes_came() -> None:
    body = b'{ "model":"x", "input":[ {"role":"user","content":"\\u0061"} ], "acme": 1.50, "temperature": 1e0 }'
    assert forward(read(body), "gpt-5", stream=True) == (
        b'{"model":"gpt-5","input":[ {"role":"user","content":"\\u0061"} ],"acme":1.50,"temperature":1e0,"stream":true}'
    )


def test_what_is_ours_is_not_sent_on() -> None:
    """A background run is kept here; options of a stream go with a stream only."""
    call = read(json.dumps(FULL).encode())
    streamed, plain = (json.loads(forward(call, "m", stream=stream)) for stream in (True, False))
    assert streamed == {key: value for key, value in FULL.items() if key != "background"} | {"model": "m"}
    assert plain == {key: value for key, value in streamed.items() if key != "stream_options"} | {"stream": False}

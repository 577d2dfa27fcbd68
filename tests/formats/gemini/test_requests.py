"""Requests of Gemini's clients: read strictly in any of Google's spellings, sent on as they came."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given

from headgate.calls import TextPart
from headgate.errors import BadRequest
from headgate.formats import gemini
from tests.formats.bending import bent

HELLO: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def read(fields: dict[str, Any], *, stream: bool = False) -> Any:
    """A call."""
    return gemini.asked(json.dumps(fields).encode(), "acme/vendor/model:8b", stream=stream)


def test_the_model_and_the_stream_come_from_the_path() -> None:
    call = read(
        {**HELLO, "model": "models/other", "generationConfig": {"candidateCount": 3}, "store": False}, stream=True
    )
    assert (call.format, call.model, call.stream, call.choices, call.store) == (
        gemini.NAME, "acme/vendor/model:8b", True, 3, False,
    )  # fmt: skip


def test_a_kept_request_is_read_again() -> None:
    call = read(HELLO, stream=True)
    kept = json.dumps({name: json.loads(bytes(raw)) for name, raw in call.fields.items()}).encode()
    again = gemini.read(kept)
    assert (again.model, again.stream, again.choices) == (call.model, call.stream, call.choices)


def test_every_value_is_sent_on_as_its_bytes_came() -> None:
    body = (
        b'{"contents":[{"parts":[{"text":"hi","video_metadata":{"fps":1.50}}]}], "system_instruction" : '
        b'{"parts":{"text":"s"}},"tools":[{"googleSearch":{}}],"newField":{"a":1E2},"model":"x"}'
    )
    sent = gemini.forward(gemini.asked(body, "m", stream=True))
    assert json.loads(sent) == {name: value for name, value in json.loads(body).items() if name != "model"}
    assert b'"fps":1.50' in sent
    assert b"1E2" in sent


SPELLINGS: dict[str, dict[str, Any]] = {
    "camel": {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 5, "stopSequences": ["x"], "topP": 0.5},
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f_g"]}},
        "tools": [{"functionDeclarations": [{"name": "f_g", "parameters": {"type": "OBJECT", "properties": {
            "my_key": {"type": "STRING"}}}}]}],
    },
    "snake": {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "generation_config": {"max_output_tokens": 5, "stop_sequences": ["x"], "top_p": 0.5},
        "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["f_g"]}},
        "tools": [{"function_declarations": [{"name": "f_g", "parameters": {"type": "object", "properties": {
            "my_key": {"type": "string"}}}}]}],
    },
    "without_lists": {
        "contents": {"role": "user", "parts": {"text": "hi"}},
        "system_instruction": {"parts": {"text": "Be brief."}},
        "generationConfig": {"maxOutputTokens": 5, "stopSequences": "x", "topP": 0.5},
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": "f_g"}},
        "tools": {"functionDeclarations": {"name": "f_g", "parameters": {"type": "OBJECT", "properties": {
            "my_key": {"type": "STRING"}}}}},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_means_the_same(name: str) -> None:
    assert gemini.prompt(read(SPELLINGS[name])) == gemini.prompt(read(SPELLINGS["camel"]))


def test_names_that_are_the_callers_own_stay() -> None:
    prompt = gemini.prompt(
        read(
            {
                "contents": [
                    {
                        "role": "model",
                        "parts": [{"function_call": {"name": "f_g", "args": {"my_key": {"mode": "any"}}}}],
                    },
                    {"parts": {"function_response": {"name": "f_g", "response": {"my_key": {"parts": {}}}}}},
                ],
                "tools": SPELLINGS["snake"]["tools"],
            }
        )
    )
    call, response = prompt.messages
    assert call.calls[0].input == '{"my_key":{"mode":"any"}}'
    assert response.parts == (TextPart('{"my_key":{"parts":{}}}'),)
    assert prompt.tools[0].schema == {"type": "object", "properties": {"my_key": {"type": "string"}}}


WRONG: dict[str, tuple[Any, str | None]] = {
    "no_contents": ({}, "contents"),
    "empty_contents": ({"contents": []}, "contents"),
    "null_contents": ({"contents": None}, "contents"),
    "no_parts": ({"contents": [{"role": "user"}]}, "contents[0].parts"),
    "empty_parts": ({"contents": [{"parts": []}]}, "contents[0].parts"),
    "an_empty_part": ({"contents": [{"parts": [{"text": "a"}, {}]}]}, "contents[0].parts[1]"),
    "a_role": ({"contents": [{"role": "assistant", "parts": [{"text": "a"}]}]}, "contents[0].role"),
    "text": ({"contents": [{"parts": [{"text": 7}]}]}, "contents[0].parts[0].text"),
    "snake_place": ({**HELLO, "generation_config": {"top_p": 2}}, "generationConfig.topP"),
    "temperature": ({**HELLO, "generationConfig": {"temperature": 3}}, "generationConfig.temperature"),
    "tokens": ({**HELLO, "generationConfig": {"maxOutputTokens": 0}}, "generationConfig.maxOutputTokens"),
    "stops": ({**HELLO, "generationConfig": {"stopSequences": [1]}}, "generationConfig.stopSequences[0]"),
    "instruction": ({**HELLO, "systemInstruction": "s"}, "systemInstruction"),
    "data": (
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png"}}]}]},
        "contents[0].parts[0].inlineData.data",
    ),
    "a_nameless_call": (
        {"contents": [{"parts": [{"functionCall": {"args": {}}}]}]},
        "contents[0].parts[0].functionCall.name",
    ),
    "a_nameless_tool": ({**HELLO, "tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
    "mode": (
        {**HELLO, "toolConfig": {"functionCallingConfig": {"mode": "MUST"}}},
        "toolConfig.functionCallingConfig.mode",
    ),
    "twice": ({**HELLO, "systemInstruction": None, "system_instruction": None}, "systemInstruction"),
    "no_object": ([], None),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_in_googles_envelope(name: str) -> None:
    fields, param = WRONG[name]
    with pytest.raises(BadRequest) as caught:
        read(fields)
    assert caught.value.param == param
    error = json.loads(gemini.error_body(caught.value))["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    violations = [detail["fieldViolations"][0]["field"] for detail in error["details"] if "fieldViolations" in detail]
    assert violations == ([] if param is None else [param])


def test_what_is_no_json_is_refused() -> None:
    for body in (b"", b"{", b'{"contents": ' + b"[" * 5000 + b"]" * 5000 + b"}"):
        with pytest.raises(BadRequest):
            gemini.asked(body, "m", stream=False)


def test_a_count_is_of_turns_or_of_a_request() -> None:
    turns = gemini.counted(json.dumps(HELLO).encode(), "m")
    request = gemini.counted(json.dumps({"generate_content_request": HELLO}).encode(), "m")
    assert gemini.prompt(turns) == gemini.prompt(request)
    with pytest.raises(BadRequest) as caught:
        gemini.counted(b"{}", "m")
    assert caught.value.param == "contents"


EMBEDDINGS: dict[str, tuple[str, Any, str | None]] = {
    "one": ("embedContent", {"content": {"parts": [{"text": "a"}]}}, None),
    "one_spelled": ("embedContent", {"content": {"parts": {"text": "a"}}, "output_dimensionality": 4}, None),
    "no_content": ("embedContent", {}, "content"),
    "many": ("batchEmbedContents", {"requests": [{"content": {"parts": [{"text": "a"}]}}]}, None),
    "none": ("batchEmbedContents", {"requests": []}, "requests"),
    "no_dimension": (
        "embedContent", {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 0}, "outputDimensionality",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embeddings_are_read_strictly(name: str) -> None:
    method, fields, param = EMBEDDINGS[name]
    if param is None:
        gemini.read_embed(json.dumps(fields).encode(), "m", single=method == "embedContent")
        return
    with pytest.raises(BadRequest) as caught:
        gemini.read_embed(json.dumps(fields).encode(), "m", single=method == "embedContent")
    assert caught.value.param == param


@given(bent(list(SPELLINGS.values()), most=6))
def test_bent_requests_are_read_or_refused(requests: list[Any]) -> None:
    """And what was found valid can be sent on, taken apart or refused by name; nothing else happens."""
    for fields in requests:
        body = json.dumps(fields).encode()
        try:
            call = gemini.asked(body, "m", stream=False)
            gemini.prompt(call)
        except BadRequest:
            continue
        assert gemini.read(msgspec.json.encode(call.fields)).model == "m"
        assert gemini.forward(call)


@pytest.mark.parametrize("depth", [100, 300, 600, 900, 2000])
def test_what_is_nested_deep_is_read_or_refused(depth: int) -> None:
    for inner in (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth):
        for field in (b"newField", b"tools", b"contents"):
            body = b'{"contents":[{"parts":[{"text":"hi"}]}],"%b":%b}' % (field, inner)
            try:
                gemini.prompt(gemini.asked(body, "m", stream=False))
            except BadRequest:
                continue

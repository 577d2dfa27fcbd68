"""Requests of OpenAI's clients as a Gemini provider gets them."""

import json
from typing import Any

import pytest

from headgate.errors import BadRequest
from headgate.formats import gemini, openai_chat, openai_responses
from headgate.formats.gemini.asking import UNSIGNED

HELLO: list[Any] = [{"role": "user", "content": "hi"}]


def asked(fields: dict[str, Any], model: str = "gemini-3-flash") -> dict[str, Any]:
    """The generateContent request that a chat request becomes."""
    call = openai_chat.read(json.dumps({"model": "x", "messages": HELLO, **fields}).encode())
    body = gemini.request(openai_chat.prompt(call), model)
    gemini.asked(body, model, stream=False)
    made: dict[str, Any] = json.loads(body)
    return made


def contents(*messages: Any) -> Any:
    """The turns that some messages become."""
    return asked({"messages": list(messages)})["contents"]


def test_words_and_instructions() -> None:
    made = asked(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "a"},
                {"role": "developer", "content": "And kind."},
                {"role": "assistant", "content": "b"},
                {"role": "assistant", "content": ""},
                {"role": "user", "content": "c"},
                {"role": "user", "content": [{"type": "text", "text": "d"}, {"type": "text", "text": ""}]},
            ]
        }
    )
    assert made == {
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "And kind."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "a"}]},
            {"role": "model", "parts": [{"text": "b"}]},
            {"role": "user", "parts": [{"text": "c"}, {"text": "d"}]},
        ],
    }


def test_an_instruction_alone_is_the_question() -> None:
    made = asked({"messages": [{"role": "system", "content": "Say hello."}]})
    assert made == {"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]}


def test_all_results_of_a_turn_stand_in_one_turn() -> None:
    def call(id: str, name: str, arguments: str) -> dict[str, Any]:
        return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}

    made = contents(
        *HELLO,
        {"role": "assistant", "content": "See", "tool_calls": [call("a", "f", '{"x":1}'), call("b", "g", "oops")]},
        {"role": "tool", "tool_call_id": "a", "content": '{"y":2}'},
        {"role": "tool", "tool_call_id": "b", "content": "rain"},
        {"role": "user", "content": "So?"},
    )
    assert made[1:] == [
        {
            "role": "model",
            "parts": [
                {"text": "See"},
                {"functionCall": {"id": "a", "name": "f", "args": {"x": 1}}, "thoughtSignature": UNSIGNED},
                {"functionCall": {"id": "b", "name": "g", "args": {"input": "oops"}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "a", "name": "f", "response": {"y": 2}}},
                {"functionResponse": {"id": "b", "name": "g", "response": {"output": "rain"}}},
            ],
        },
        {"role": "user", "parts": [{"text": "So?"}]},
    ]


@pytest.mark.parametrize(
    ("model", "is_signed"),
    [("gemini-3-pro", True), ("gemini-flash-latest", True), ("gemini-2.5-pro", False), ("gemini-2.0-flash", False)],
)
def test_only_newer_models_want_their_calls_signed(model: str, is_signed: bool) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    made = asked({"messages": [*HELLO, {"role": "assistant", "tool_calls": [call]}]}, model)
    (part,) = made["contents"][1]["parts"]
    assert part.get("thoughtSignature") == (UNSIGNED if is_signed else None)


PARTS: dict[str, tuple[Any, Any]] = {
    "image": (
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
    ),
    "image_with_parameters": (
        {"type": "image_url", "image_url": {"url": "data:image/webp;name=x;base64,AAAA"}},
        {"inlineData": {"mimeType": "image/webp", "data": "AAAA"}},
    ),
    "image_elsewhere": (
        {"type": "image_url", "image_url": {"url": "https://x.example/a.PNG?w=1"}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://x.example/a.PNG?w=1"}},
    ),
    "sound": (
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}},
    ),
    "pdf": (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
    ),
    "bare_file": (
        {"type": "file", "file": {"file_data": "AAAA"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
    ),
    "googles_own_file": (
        {"type": "file", "file": {"file_id": "https://g/files/x"}},
        {"fileData": {"fileUri": "https://g/files/x"}},
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_pictures_sounds_and_files(name: str) -> None:
    part, said = PARTS[name]
    made = contents({"role": "user", "content": [{"type": "text", "text": "See:"}, part]})
    assert made == [{"role": "user", "parts": [{"text": "See:"}, said]}]


def test_options() -> None:
    made = asked(
        {
            "max_completion_tokens": 9, "temperature": 0.5, "top_p": 0.9, "stop": "x", "seed": 3, "n": 2,
            "presence_penalty": 1, "frequency_penalty": -1, "logprobs": True, "top_logprobs": 2,
            "user": "u", "metadata": {"a": "b"}, "parallel_tool_calls": False, "service_tier": "auto", "unknown": 1,
        }
    )  # fmt: skip
    assert made["generationConfig"] == {
        "maxOutputTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"], "seed": 3, "candidateCount": 2,
        "presencePenalty": 1, "frequencyPenalty": -1, "responseLogprobs": True, "logprobs": 2,
    }  # fmt: skip
    assert made.keys() == {"contents", "generationConfig"}


EFFORTS: dict[str, tuple[str, str, Any]] = {
    "newer": ("gemini-3-pro", "high", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
    "newer_none": ("gemini-flash-latest", "none", {"includeThoughts": False, "thinkingLevel": "LOW"}),
    "budget": ("gemini-2.5-flash", "medium", {"includeThoughts": True, "thinkingBudget": 8192}),
    "no_budget": ("gemini-2.5-flash", "none", {"includeThoughts": False, "thinkingBudget": 0}),
    "always_thinks": ("gemini-2.5-pro", "none", {"includeThoughts": False, "thinkingBudget": 128}),
    "older": ("gemini-2.0-flash", "high", None),
    "a_word_of_somebody": ("gemini-3-pro", "ultra", None),
}


@pytest.mark.parametrize("name", EFFORTS)
def test_how_much_to_think(name: str) -> None:
    model, effort, config = EFFORTS[name]
    assert asked({"reasoning_effort": effort}, model).get("generationConfig", {}).get("thinkingConfig") == config


def test_tools_in_googles_schema_where_it_says_all_and_as_they_are_otherwise() -> None:
    plain = {
        "type": "object",
        "properties": {"c": {"type": "string"}},
        "required": ["c"],
        "additionalProperties": False,
    }
    other = {"type": "object", "properties": {"c": {"$ref": "#/$defs/C"}}, "$defs": {"C": {"type": "string"}}}
    empty = {"type": "object", "properties": {}}
    tools = [
        {"type": "function", "function": {"name": name, "description": "d", "parameters": schema}}
        for name, schema in (("f", plain), ("g", other), ("h", empty))
    ]
    made = asked({"tools": tools, "tool_choice": {"type": "function", "function": {"name": "f"}}})
    google = {
        "type": "OBJECT", "properties": {"c": {"type": "STRING"}}, "required": ["c"], "propertyOrdering": ["c"],
    }  # fmt: skip
    assert made["tools"] == [
        {
            "functionDeclarations": [
                {"name": "f", "description": "d", "parameters": google},
                {"name": "g", "description": "d", "parametersJsonSchema": other},
                {"name": "h", "description": "d"},
            ]
        }
    ]
    assert made["toolConfig"] == {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}}


@pytest.mark.parametrize(("choice", "mode"), [("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")])
def test_whether_tools_are_called(choice: str, mode: str) -> None:
    assert asked({"tool_choice": choice})["toolConfig"] == {"functionCallingConfig": {"mode": mode}}


FORMATS: dict[str, tuple[Any, Any]] = {
    "text": ({"type": "text"}, None),
    "json": ({"type": "json_object"}, {"responseMimeType": "application/json"}),
    "schema": (
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "array", "items": {"type": "string"}}}},
        {"responseMimeType": "application/json", "responseSchema": {"type": "ARRAY", "items": {"type": "STRING"}}},
    ),
    "another_schema": (
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"oneOf": []}}},
        {"responseMimeType": "application/json", "responseJsonSchema": {"oneOf": []}},
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_json_is_asked_for(name: str) -> None:
    wanted, config = FORMATS[name]
    assert asked({"response_format": wanted}).get("generationConfig") == config


REFUSED: dict[str, dict[str, Any]] = {
    "logit_bias": {"logit_bias": {"50256": -100}},
    "file_id": {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]},
    "url": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,a"}}]}]},
    "response_format": {"response_format": {"type": "grammar"}},
}


@pytest.mark.parametrize("param", REFUSED)
def test_what_cannot_be_asked_is_refused_by_name(param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        asked(REFUSED[param])
    assert caught.value.param == param


def test_responses_are_asked_too() -> None:
    call = openai_responses.read(b'{"model":"x","instructions":"Be brief.","input":"hi","max_output_tokens":5}')
    assert json.loads(gemini.request(openai_responses.prompt(call), "gemini-3-pro")) == {
        "contents": [{"role": "user", "parts": [{"text": "hi"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 5},
    }


def test_a_gemini_request_survives_the_way_through_our_own_words() -> None:
    """For a Gemini provider it is never taken apart; but nothing of what has words of ours is lost when it is."""
    request = {
        "contents": [
            {"role": "user", "parts": [{"text": "What?"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
            {"role": "model", "parts": [
                {"functionCall": {"id": "c", "name": "f", "args": {"a": 1}}, "thoughtSignature": UNSIGNED}]},
            {"role": "user", "parts": [{"functionResponse": {"id": "c", "name": "f", "response": {"b": 2}}}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": {
            "type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}, "propertyOrdering": ["a"]}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {"maxOutputTokens": 5, "stopSequences": ["x"], "seed": 1},
    }  # fmt: skip
    call = gemini.asked(json.dumps(request).encode(), "m", stream=False)
    assert json.loads(gemini.request(gemini.prompt(call), "m")) == request

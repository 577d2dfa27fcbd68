"""Gemini's requests for providers that speak another language, seen as the chat request they become."""

import json
from typing import Any

import pytest

from headgate.errors import BadRequest
from headgate.formats import gemini, openai_chat

HELLO: list[Any] = [{"role": "user", "parts": [{"text": "hi"}]}]


def chat(fields: dict[str, Any]) -> dict[str, Any]:
    """The chat request that a provider of OpenAI's kind gets."""
    call = gemini.asked(json.dumps({"contents": HELLO, **fields}).encode(), "m", stream=False)
    prompt = gemini.prompt(call)
    body = openai_chat.request(prompt, "m", stream=False, stream_usage=True, max_tokens_field="max_tokens")
    openai_chat.read(body)
    made: dict[str, Any] = json.loads(body)
    return made


def messages(*contents: Any) -> Any:
    """The messages that some turns become."""
    return chat({"contents": list(contents)})["messages"]


def test_words_and_instructions() -> None:
    made = chat(
        {
            "systemInstruction": {"parts": [{"text": "Be "}, {"text": "brief."}]},
            "contents": [
                {"parts": [{"text": "a"}]},
                {
                    "role": "model",
                    "parts": [{"text": "thinking", "thought": True}, {"text": "b", "thoughtSignature": "s"}],
                },
                {"role": "model", "parts": [{"text": "only thought", "thought": True}]},
                {"role": "user", "parts": [{"text": "c"}]},
            ],
        }
    )
    assert made["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]


def test_calls_and_responses_find_each_other_by_id_or_by_name() -> None:
    def call(name: str, **more: Any) -> dict[str, Any]:
        return {"functionCall": {"name": name, "args": {"n": 1}, **more}}

    def response(name: str, value: Any, **more: Any) -> dict[str, Any]:
        return {"functionResponse": {"name": name, "response": {"v": value}, **more}}

    made = messages(
        *HELLO,
        {"role": "model", "parts": [{"text": "See"}, call("f"), call("g", id="g1"), call("f", id="f2")]},
        {"role": "user", "parts": [response("f", 2, id="f2"), response("g", 3), response("f", 1), {"text": "So?"}]},
        {"role": "model", "parts": [call("f")]},
        {"role": "function", "parts": [response("f", 4)]},
    )
    uses = [(use["id"], use["function"]["name"]) for use in made[1]["tool_calls"]]
    assert uses == [("call_1", "f"), ("g1", "g"), ("f2", "f")]
    assert made[1]["content"] == "See"
    told = [(each["tool_call_id"], each["content"]) for each in made if each["role"] == "tool"]
    assert told == [("f2", '{"v":2}'), ("g1", '{"v":3}'), ("call_1", '{"v":1}'), ("call_4", '{"v":4}')]
    assert [each["role"] for each in made[2:]] == ["tool", "tool", "tool", "user", "assistant", "tool"]


def test_a_response_without_a_call_is_refused() -> None:
    with pytest.raises(BadRequest) as caught:
        messages(*HELLO, {"parts": [{"functionResponse": {"name": "f", "response": {}}}]})
    assert caught.value.param == "contents[1].parts[0].functionResponse"


PARTS: dict[str, tuple[Any, Any]] = {
    "image": (
        {"inlineData": {"mimeType": "image/png", "data": "_-8="}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,/+8="}},
    ),
    "image_elsewhere": (
        {"file_data": {"mime_type": "image/jpeg", "file_uri": "https://x.example/a.jpg"}},
        {"type": "image_url", "image_url": {"url": "https://x.example/a.jpg"}},
    ),
    "sound": (
        {"inlineData": {"mimeType": "audio/mpeg", "data": "AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
    ),
    "pdf": (
        {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
        {"type": "file", "file": {"filename": "file.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_pictures_sounds_and_files(name: str) -> None:
    part, said = PARTS[name]
    made = messages({"parts": [{"text": "See:"}, part]})
    assert made == [{"role": "user", "content": [{"type": "text", "text": "See:"}, said]}]


def test_tools_and_options() -> None:
    schema = {"type": "object", "properties": {"c": {"type": "string"}}}
    made = chat(
        {
            "tools": [
                {"functionDeclarations": [
                    {"name": "f", "description": "d", "parametersJsonSchema": schema},
                    {"name": "g", "parameters": {"type": "OBJECT", "properties": {"c": {"type": "STRING"}}}},
                ]},
                {"functionDeclarations": [{"name": "h"}]},
            ],
            "generationConfig": {
                "temperature": 0.5, "topP": 0.9, "topK": 40.0, "maxOutputTokens": 9, "stopSequences": ["x"], "seed": 3,
                "candidateCount": 2, "presencePenalty": 1, "frequencyPenalty": -1, "responseLogprobs": True,
                "logprobs": 2, "thinkingConfig": {"thinkingLevel": "low"},
            },
            "safetySettings": [{"category": "HARM", "threshold": "BLOCK_NONE"}],
        }
    )  # fmt: skip
    assert [tool["function"] for tool in made.pop("tools")] == [
        {"name": "f", "description": "d", "parameters": schema},
        {"name": "g", "parameters": schema},
        {"name": "h"},
    ]
    del made["messages"]
    assert made == {
        "model": "m", "temperature": 0.5, "top_p": 0.9, "max_tokens": 9, "stop": ["x"], "seed": 3, "n": 2,
        "presence_penalty": 1, "frequency_penalty": -1, "logprobs": True, "top_logprobs": 2, "reasoning_effort": "low",
    }  # fmt: skip


CHOICES: dict[str, tuple[Any, Any]] = {
    "auto": ({"mode": "AUTO"}, "auto"),
    "validated": ({"mode": "VALIDATED"}, "auto"),
    "none": ({"mode": "NONE"}, "none"),
    "any": ({"mode": "ANY"}, "required"),
    "several": ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, "required"),
    "one": ({"mode": "ANY", "allowedFunctionNames": ["f"]}, {"type": "function", "function": {"name": "f"}}),
}


@pytest.mark.parametrize("name", CHOICES)
def test_whether_tools_are_called(name: str) -> None:
    config, choice = CHOICES[name]
    assert chat({"toolConfig": {"functionCallingConfig": config}})["tool_choice"] == choice


EFFORTS: dict[str, tuple[Any, str | None]] = {
    "level": ({"thinkingLevel": "HIGH"}, "high"),
    "unspecified": ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, None),
    "dynamic": ({"thinkingBudget": -1, "includeThoughts": True}, None),
    "none": ({"thinkingBudget": 0}, "minimal"),
    "little": ({"thinkingBudget": 1000}, "low"),
    "some": ({"thinkingBudget": 8000}, "medium"),
    "much": ({"thinkingBudget": 30000}, "high"),
    "only_shown": ({"includeThoughts": True}, None),
}


@pytest.mark.parametrize("name", EFFORTS)
def test_how_much_to_think(name: str) -> None:
    config, effort = EFFORTS[name]
    assert chat({"generationConfig": {"thinkingConfig": config}}).get("reasoning_effort") == effort


def test_json_is_asked_for_with_a_schema_or_without() -> None:
    def wanted(**config: Any) -> Any:
        return chat({"generationConfig": {"responseMimeType": "application/json", **config}})["response_format"]

    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    said = {"type": "json_schema", "json_schema": {"name": "response", "schema": schema}}
    assert wanted() == {"type": "json_object"}
    assert wanted(responseJsonSchema=schema) == said
    assert wanted(responseSchema={"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}) == said
    assert "response_format" not in chat({"generationConfig": {"responseMimeType": "text/plain"}})


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "search": ({"tools": [{"google_search": {}}]}, "tools[0].googleSearch"),
    "code": ({"tools": [{"functionDeclarations": []}, {"codeExecution": {}}]}, "tools[1].codeExecution"),
    "cache": ({"cachedContent": "cachedContents/x"}, "cachedContent"),
    "pictures": (
        {"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}, "generationConfig.responseModalities[1]",
    ),
    "a_word_of_some": ({"generationConfig": {"responseMimeType": "text/x.enum"}}, "generationConfig.responseMimeType"),
    "video": (
        {"contents": [{"parts": [{"inlineData": {"mimeType": "video/mp4", "data": ""}}]}]},
        "contents[0].parts[0].inlineData",
    ),
    "googles_file": (
        {"contents": [{"parts": [{"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x"}}]}]},
        "contents[0].parts[0].fileData.fileUri",
    ),
    "a_bucket": (
        {"contents": [{"parts": [{"fileData": {"fileUri": "gs://b/x"}}]}]}, "contents[0].parts[0].fileData.fileUri",
    ),
    "code_that_ran": (
        {"contents": [*HELLO, {"role": "model", "parts": [{"executableCode": {"code": "1"}}]}]}, "contents[1].parts[0]",
    ),
    "something_new": ({"contents": [{"parts": [{"newKind": {}}]}]}, "contents[0].parts[0]"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_google_can_do_is_refused_by_name(name: str) -> None:
    fields, param = REFUSED[name]
    with pytest.raises(BadRequest) as caught:
        chat(fields)
    assert (caught.value.param, caught.value.code) == (param, "unsupported_parameter")


def test_pictures_that_the_model_made_are_left_out() -> None:
    made = messages(*HELLO, {"role": "model", "parts": [{"text": "Here"}, {"inlineData": {"data": "AA"}}]}, *HELLO)
    assert made[1] == {"role": "assistant", "content": "Here"}

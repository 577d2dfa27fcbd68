"""Pictures that a tool gave, where results of tools are words."""

import json
from typing import Any

import pytest

from headgate.calls import ImagePart, Message, Part, Prompt, TextPart
from headgate.formats import gemini, openai_chat
from headgate.formats.pictures import SEE_BELOW

PICTURE = ImagePart("data:image/png;base64,AAAA")
SHOWN = {"type": "image_url", "image_url": {"url": PICTURE.url}}


def result(id: str, *parts: Part) -> Message:
    return Message("tool", parts, call_id=id)


def user(*parts: Part) -> Message:
    return Message("user", parts)


CASES: dict[str, tuple[list[Message], list[Any]]] = {
    "beside words": (
        [result("a", TextPart("Seen."), PICTURE), user(TextPart("So?"))],
        [
            {"role": "tool", "content": "Seen.", "tool_call_id": "a"},
            {"role": "user", "content": [SHOWN, {"type": "text", "text": "So?"}]},
        ],
    ),
    "alone, and at the end": (
        [result("a", PICTURE)],
        [{"role": "tool", "content": SEE_BELOW, "tool_call_id": "a"}, {"role": "user", "content": [SHOWN]}],
    ),
    "of one of two": (
        [result("a", PICTURE), result("b", TextPart("Nothing.")), Message("assistant", (TextPart("Well."),))],
        [
            {"role": "tool", "content": SEE_BELOW, "tool_call_id": "a"},
            {"role": "tool", "content": "Nothing.", "tool_call_id": "b"},
            {"role": "user", "content": [SHOWN]},
            {"role": "assistant", "content": "Well."},
        ],
    ),
    "none": (
        [result("a", TextPart("Nothing.")), user(TextPart("So?"))],
        [{"role": "tool", "content": "Nothing.", "tool_call_id": "a"}, {"role": "user", "content": "So?"}],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_chat_has_them_in_the_users_turn_that_follows(name: str) -> None:
    messages, expected = CASES[name]
    prompt = Prompt(messages=tuple(messages))
    body = openai_chat.request(prompt, "m", stream=False, stream_usage=False, max_tokens_field="max_tokens")
    assert json.loads(body)["messages"] == expected


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-3-flash"])
def test_gemini_takes_them_with_the_result_since_its_third_version(model: str) -> None:
    asked = json.loads(gemini.request(Prompt(messages=(result("a", TextPart("Seen."), PICTURE),)), model))
    inline = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    said = {"id": "a", "name": "a", "response": {"output": "Seen."}}
    expected = {
        "gemini-3-flash": [[{"functionResponse": {**said, "parts": [inline]}}]],
        "gemini-2.5-flash": [[{"functionResponse": said}], [inline]],
    }
    assert [turn["parts"] for turn in asked["contents"]] == expected[model]

"""Gemini's answers for clients of every other API, and theirs for Gemini's clients."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from headgate.calls import Call
from headgate.events import AnyEvent
from headgate.formats import anthropic, gemini, openai_chat, openai_completions, openai_responses, ui_messages
from headgate.formats.base import Writer
from tests.formats.anthropic.streams import STREAMS
from tests.formats.cutting import ORIGIN, events_in
from tests.formats.gemini.streams import CASES, sse

MESSAGES = [{"role": "user", "content": "hi"}]
CHAT = openai_chat.read(json.dumps({"model": "m", "messages": MESSAGES, "stream": True}).encode())

CLIENTS: dict[str, tuple[Call, Callable[[Call, str, int], Writer], Any]] = {
    "chat": (CHAT, openai_chat.Writer, openai_chat.whole),
    "completions": (
        openai_completions.read(b'{"model":"m","prompt":"hi","stream":true}'),
        openai_completions.Writer,
        openai_completions.whole,
    ),
    "responses": (
        openai_responses.read(b'{"model":"m","input":"hi","stream":true}'),
        openai_responses.Writer,
        openai_responses.whole,
    ),
    "anthropic": (
        anthropic.read(json.dumps({"model": "m", "messages": MESSAGES, "max_tokens": 9, "stream": True}).encode()),
        anthropic.Writer,
        anthropic.whole,
    ),
    "ui": (CHAT, ui_messages.Writer, None),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("name", CASES)
def test_an_answer_of_googles_reaches_clients_of_every_api(name: str, client: str) -> None:
    """With all of its words, streamed and whole, and nothing that only Google's clients know."""
    case = CASES[name]
    call, new_writer, whole = CLIENTS[client]
    events = events_in(gemini.Reader(ORIGIN), sse(*case.chunks))
    writer = new_writer(call, "run_1", 1)
    said = b"".join(writer.write(event) for event in events).decode()
    assert "".join(_texts(said, client)) == case.text
    for inner in ("thoughtSignature", "safetyRatings", "groundingMetadata", "inlineData", "promptFeedback"):
        assert inner not in said
    if whole is not None:
        body = whole(call, "run_1", 1, events)
        assert json.dumps(case.text, ensure_ascii=False)[1:-1].encode() in body
        assert json.loads(body)


def _texts(said: str, client: str) -> list[str]:
    """The pieces of text of a stream."""
    found: list[str] = []
    for line in said.splitlines():
        if not line.startswith("data: {"):
            continue
        data = json.loads(line[6:])
        match client, data:
            case "chat", {"choices": [{"delta": {"content": str(words)}}]}:
                found.append(words)
            case "completions", {"choices": [{"text": str(words)}]}:
                found.append(words)
            case "responses", {"type": "response.output_text.delta", "delta": words}:
                found.append(words)
            case "anthropic", {"type": "content_block_delta", "delta": {"type": "text_delta", "text": words}}:
                found.append(words)
            case "ui", {"type": "text-delta", "delta": words}:
                found.append(words)
            case _:
                pass
    return found


@pytest.mark.parametrize("name", STREAMS)
def test_an_answer_of_anthropics_reaches_googles_clients(name: str) -> None:
    said = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in STREAMS[name]).encode()
    events: list[AnyEvent] = events_in(anthropic.Reader(ORIGIN), said)
    call = gemini.asked(b'{"contents":[{"parts":[{"text":"hi"}]}]}', "m", stream=True)
    writer = gemini.Writer(call, "run_1", 1)
    chunks = [
        json.loads(line[6:]) for line in b"".join(writer.write(event) for event in events).decode().splitlines() if line
    ]
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    sent = [event["delta"] for event in STREAMS[name] if event["type"] == "content_block_delta"]
    for word, thought in (("text", None), ("thinking", True)):
        told = "".join(part["text"] for part in parts if "text" in part and part.get("thought") == thought)
        assert told == "".join(delta.get(word, "") for delta in sent)
    calls = [part["functionCall"]["name"] for part in parts if "functionCall" in part]
    asked = [event["content_block"] for event in STREAMS[name] if event["type"] == "content_block_start"]
    assert calls == [block["name"] for block in asked if block["type"] == "tool_use"]
    assert "finishReason" in chunks[-1]["candidates"][0]

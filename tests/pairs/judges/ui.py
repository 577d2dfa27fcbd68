"""The AI SDK's streams, by the rules of their chunks."""

import json
from typing import Any

from tests.pairs.playing import Wire
from tests.pairs.said import Broken, Called, Said, Used

_UI_ENDS = {"stop": "stop", "length": "length", "tool-calls": "calls", "content-filter": "filter"}
_UI_FIELDS = {
    "start": {"messageId"},
    "start-step": set(),
    "text-start": {"id"},
    "text-delta": {"id", "delta"},
    "text-end": {"id"},
    "reasoning-start": {"id"},
    "reasoning-delta": {"id", "delta"},
    "reasoning-end": {"id"},
    "tool-input-start": {"toolCallId", "toolName"},
    "tool-input-delta": {"toolCallId", "inputTextDelta"},
    "tool-input-available": {"toolCallId", "toolName", "input"},
    "error": {"errorText"},
    "finish-step": set(),
    "finish": {"finishReason"},
}


def ui(of: Wire) -> Said:
    """A stream for the AI SDK, by the rules of its chunks; the SDK itself is asked in Node.js."""
    if of.status != 200:
        return Said(broke=Broken(json.loads(of.body)["error"]["message"], of.status))
    frames = [frame.removeprefix("data: ") for frame in of.body.decode().split("\n\n")]
    assert frames[-2:] == ["[DONE]", ""]
    text = thoughts = ""
    inputs, calls, open_part, broke = dict[str, str](), list[Called](), None, None
    chunks = [json.loads(frame) for frame in frames[:-2]]
    assert [chunk["type"] for chunk in chunks[:2]] == ["start", "start-step"]
    for chunk in chunks:
        assert set(chunk) - {"messageMetadata"} == {"type", *_UI_FIELDS[chunk["type"]]}, chunk
        match chunk:
            case {"type": "text-start" | "reasoning-start", "id": id}:
                assert open_part is None
                open_part = id
            case {"type": "text-end" | "reasoning-end", "id": id}:
                assert open_part == id
                open_part = None
            case {"type": "text-delta", "delta": words, "id": id}:
                assert open_part == id
                text += words
            case {"type": "reasoning-delta", "delta": words, "id": id}:
                assert open_part == id
                thoughts += words
            case {"type": "tool-input-start", "toolCallId": id}:
                inputs[id] = ""
            case {"type": "tool-input-delta", "toolCallId": id, "inputTextDelta": piece}:
                inputs[id] += piece
            case {"type": "tool-input-available", "toolCallId": id, "toolName": name, "input": input}:
                assert json.loads(inputs[id]) == input
                calls.append(Called(id, name, input))
            case {"type": "error", "errorText": message}:
                broke = Broken(message)
            case _:
                pass
    assert open_part is None
    end = chunks[-1]["finishReason"]
    ends = () if broke else (_UI_ENDS[end],)
    used = _used(chunks[-1].get("messageMetadata", {}).get("usage"))
    return Said(texts=(text,), thoughts=thoughts, calls=tuple(calls), ends=ends, used=used, broke=broke)


def _used(usage: Any) -> Used | None:
    if usage is None:
        return None
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    return Used(usage["inputTokens"], usage["outputTokens"], usage["cachedInputTokens"], usage["reasoningTokens"])

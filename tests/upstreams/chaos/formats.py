"""What is said in each provider's format, streamed and whole: two words, and why they end."""

import json
from typing import Any

TEXT = "All well."


def _data(*said: Any, named: bool = False, last: bytes = b"") -> bytes:
    lines = [
        f"event: {each['type']}\ndata: {json.dumps(each)}" if named else f"data: {json.dumps(each)}" for each in said
    ]
    return "".join(line + "\n\n" for line in lines).encode() + last


def _chunk(reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }


_MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
_ITEM = {"id": "msg_1", "type": "message", "role": "assistant"}
_PART = {"type": "output_text", "text": TEXT, "annotations": []}
_RESPONSE = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m"}
_OVER = {
    **_RESPONSE,
    "status": "completed",
    "output": [{**_ITEM, "status": "completed", "content": [_PART]}],
    "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
}
_CANDIDATE = {"content": {"role": "model", "parts": [{"text": TEXT}]}, "finishReason": "STOP", "index": 0}

STREAMED = {
    "chat": _data(
        _chunk(role="assistant", content="All "), _chunk(content="well."), _chunk("stop"), last=b"data: [DONE]\n\n"
    ),
    "responses": _data(
        {"type": "response.created", "response": {**_RESPONSE, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**_ITEM, "content": []}},
        {
            "type": "response.output_text.delta",
            "output_index": 0,
            "content_index": 0,
            "item_id": "msg_1",
            "delta": TEXT,
        },
        {"type": "response.completed", "response": _OVER},
        named=True,
    ),
    "messages": _data(
        {
            "type": "message_start",
            "message": {**_MESSAGE, "content": [], "usage": {"input_tokens": 1, "output_tokens": 0}},
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TEXT}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
        named=True,
    ),
    "generate": _data(
        {"candidates": [_CANDIDATE], "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}}
    ),
}

WHOLE = {
    "chat": json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
        }
    ).encode(),
    "responses": json.dumps(_OVER).encode(),
    "messages": json.dumps(
        {
            **_MESSAGE,
            "content": [{"type": "text", "text": TEXT}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 2},
        }
    ).encode(),
    "generate": json.dumps({"candidates": [_CANDIDATE], "usageMetadata": {"promptTokenCount": 1}}).encode(),
}

FORMATS = tuple(STREAMED)

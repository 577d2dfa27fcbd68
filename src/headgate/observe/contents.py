"""What was asked and answered, in the form that OpenTelemetry's conventions have for messages; only where recorded."""

from collections.abc import Iterable
from typing import Any

import msgspec

from headgate.calls import Call, Fields, Message, TextPart
from headgate.errors import HeadgateError
from headgate.events import AnyEvent
from headgate.fold import Choice, fold
from headgate.formats.prompts import PROMPTS
from headgate.store.base import Head

MAX_BYTES = 64 * 1024
"""Of each: collectors refuse what is much larger."""


def contents_of(head: Head, events: Iterable[AnyEvent]) -> dict[str, str]:
    """The attributes of a run's span."""
    answer = fold(events)
    asked, answered = _asked(head), [_answer(choice) for _, choice in sorted(answer.choices.items())]
    return {"gen_ai.input.messages": _text(asked), "gen_ai.output.messages": _text(answered)}


def _asked(head: Head) -> list[dict[str, Any]]:
    fields = msgspec.json.decode(head.request, type=Fields)
    try:
        prompt = PROMPTS[head.format](Call(format=head.format, model=head.model, fields=fields))
    except (HeadgateError, KeyError):
        # What only one API has words for.
        return [{"role": "user", "parts": [{"type": "json", "content": head.request.decode(errors="replace")}]}]
    return [_message(message) for message in prompt.messages]


def _message(message: Message) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"type": "text", "content": part.text} if isinstance(part, TextPart) else {"type": type(part).__name__}
        for part in message.parts
    ]
    parts += [
        {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.input} for call in message.calls
    ]
    if message.call_id is not None:
        parts = [{"type": "tool_call_response", "id": message.call_id, "result": parts}]
    return {"role": message.role, "parts": parts}


def _answer(choice: Choice) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if choice.reasoning:
        parts.append({"type": "reasoning", "content": choice.reasoning})
    if choice.text or choice.refusal:
        parts.append({"type": "text", "content": choice.text or choice.refusal})
    parts += [{"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.input} for call in choice.calls]
    return {"role": "assistant", "parts": parts, "finish_reason": choice.reason or ""}


def _text(messages: list[dict[str, Any]]) -> str:
    """As JSON; where that would be too much, the oldest are left out, and a long one is cut."""
    text = msgspec.json.encode(messages)
    while len(text) > MAX_BYTES and len(messages) > 1:
        messages = messages[1:]
        text = msgspec.json.encode(messages)
    return text[:MAX_BYTES].decode(errors="ignore")

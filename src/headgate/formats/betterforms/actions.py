"""
What a channel is told of an answer: messages that have a page do a named action of its own.

Each is `{"actions": [{"action": "namedAction", "name": NAME, "options": {"type": ..., ...}}]}`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.events import Failed, Stopped, Usage

_encode = msgspec.json.Encoder().encode


def action(name: str, options: dict[str, Any]) -> bytes:
    """One message, for the action of that name."""
    return _encode({"actions": [{"action": "namedAction", "name": name, "options": options}]})


def delta(text: str) -> dict[str, Any]:
    """A piece of the answer."""
    return {"type": "delta", "content": text}


def end(reason: str | None = None, usage: Usage | None = None) -> dict[str, Any]:
    """Nothing more will come; why, and what it took, where that is told."""
    options: dict[str, Any] = {"type": "end"}
    if reason is not None:
        options["finish_reason"] = reason
    if usage is not None:
        options["usage"] = usage_object(usage)
    return options


def failure(failed: Failed) -> dict[str, Any]:
    """The answer broke, or never began."""
    return {"type": "error", "error": {"message": failed.message, "code": failed.status, "details": failed.code}}


def thread(run: str) -> dict[str, Any]:
    """By what name the answer can be stopped."""
    return {"type": "threadInfo", "content": {"streamId": run}}


def functions(names: Sequence[str]) -> dict[str, Any]:
    """The model calls these tools."""
    return {"type": "function_call", "content": {"functions": [{"name": name, "userMessage": None} for name in names]}}


def usage_object(usage: Usage) -> dict[str, Any]:
    """Tokens, in OpenAI's words."""
    said: dict[str, Any] = {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
    }
    if usage.cost is not None:
        said["cost"] = usage.cost
    if usage.estimated:
        said["estimated"] = True
    return said


def reason_of(last: object) -> str | None:
    """Why an answer ended, in OpenAI's words."""
    return "stop" if isinstance(last, Stopped) else getattr(last, "reason", None)

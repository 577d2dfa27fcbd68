"""The response object: what was asked, who answered, and how it stands."""

from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import Started, Usage
from headgate.formats import cost, openai, strict
from headgate.formats.openai_responses import ids
from headgate.formats.openai_responses.extra import NAME

_DEFAULTS: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "metadata": {},
}
"""What OpenAI says of fields that the request left out; typed clients need most of them."""

_ECHOED = (
    *_DEFAULTS,
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "top_logprobs",
    "user",
)

NO_USAGE = Usage(0, 0, 0)
"""Of an answer whose provider said nothing: clients refuse a finished response without numbers."""


class Response:
    """The object that stands in lifecycle events and is the whole answer of a plain request."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        self.is_background = call.format == NAME and strict.value(call.fields, "background") is True
        self.is_mute = call.format == NAME and strict.value(call.fields, "generate") is False
        """Whether nothing was to be answered at all."""
        self.status = "queued" if self.is_background else "in_progress"
        self.error: dict[str, Any] | None = None
        self.incomplete_details: dict[str, Any] | None = None
        self.usage: Usage | None = None
        self.is_kindred = False
        """Whether the provider spoke Responses itself, so that its own fields are in our terms."""
        self._id = ids.response_id(run)
        self._created, self._model = created, call.model
        self._echo = _echo(call)
        self._kept: dict[str, Any] = {}

    def start(self, event: Started) -> None:
        """Who answers."""
        self.status = "in_progress"
        self._model = event.model or self._model
        self.is_kindred = event.format == NAME
        self.keep(event.extra)

    def keep(self, extra: bytes | None) -> dict[str, Any]:
        """Fields of the upstream's own response; returns them."""
        fields: dict[str, Any] = msgspec.json.decode(extra) if self.is_kindred and extra is not None else {}
        self._kept |= fields
        return fields

    def object(self, output: list[dict[str, Any]]) -> dict[str, Any]:
        """The response as it is now."""
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": self.status,
            **self._echo,
            **self._kept,
            "error": self.error,
            "incomplete_details": self.incomplete_details,
            "model": self._model,
            "output": output,
            "usage": None if self.usage is None else self._usage(self.usage),
        }

    def _usage(self, usage: Usage) -> dict[str, Any]:
        written: dict[str, Any] = {
            "input_tokens": usage.input,
            "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.total,
        }
        own = msgspec.json.decode(usage.extra) if self.is_kindred and usage.extra is not None else {}
        for key, value in own.items():
            if isinstance(value, dict) and isinstance(written.get(key), dict):
                counts = {name: openai.count(value.get(name)) for name in written[key]}
                written[key] = {name: inner for name, inner in value.items() if inner is not None} | counts
            elif key not in written and value is not None:
                written[key] = value
        return cost.with_cost(written, usage)


def _echo(call: Call) -> dict[str, Any]:
    """The request's fields as OpenAI repeats them; a call of another format has none to repeat."""
    fields = call.fields if call.format == NAME else {}
    said = {name: strict.value(fields, name) for name in _ECHOED}
    echo = {**_DEFAULTS, **{name: value for name, value in said.items() if value is not None}}
    echo["tools"] = [_tool(tool) for tool in echo["tools"]]
    echo["text"] = {"format": {"type": "text"}, **_filled(fields, "text")}
    echo["reasoning"] = {"effort": None, "summary": None, **_filled(fields, "reasoning")}
    conversation = strict.value(fields, "conversation")
    if conversation is not None:
        echo["conversation"] = {"id": conversation} if isinstance(conversation, str) else conversation
    return echo


def _filled(fields: dict[str, msgspec.Raw], name: str) -> dict[str, Any]:
    value = strict.value(fields, name) or {}
    return {key: inner for key, inner in value.items() if inner is not None}


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    """Typed clients want the keys of a function also where the request left them out."""
    if tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": None, **tool}

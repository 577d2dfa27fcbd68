"""What an answer cost, in Google's words and in ours."""

from typing import Any

import msgspec

from headgate.events import Usage
from headgate.formats import cost
from headgate.formats.openai import count


def read(said: object) -> Usage | None:
    """A `usageMetadata`; None when it is absent or counts nothing."""
    if not isinstance(said, dict) or not said:
        return None
    asked = count(said.get("promptTokenCount")) + count(said.get("toolUsePromptTokenCount"))
    thoughts = count(said.get("thoughtsTokenCount"))
    answered = count(said.get("candidatesTokenCount")) + thoughts
    return Usage(
        input=asked,
        output=answered,
        total=count(said.get("totalTokenCount")) or asked + answered,
        cached=count(said.get("cachedContentTokenCount")),
        reasoning=thoughts,
        extra=msgspec.json.encode(said),
    )


def write(usage: Usage, kindred: bool) -> Any:
    """A `usageMetadata`; `kindred` says that `extra` is in this format's terms."""
    if kindred and usage.extra is not None:
        return msgspec.Raw(cost.in_json(usage.extra, usage))
    said: dict[str, Any] = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": max(0, usage.output - usage.reasoning),
        "totalTokenCount": usage.total,
    }
    if usage.reasoning:
        said["thoughtsTokenCount"] = usage.reasoning
    if usage.cached:
        said["cachedContentTokenCount"] = usage.cached
    return cost.with_cost(said, usage)

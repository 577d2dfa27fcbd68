"""Tokens as Anthropic counts them: what was read from a cache, or written to one, stands beside the input."""

from typing import Any

import msgspec

from headgate.events import Usage
from headgate.formats import cost, openai


def merged(old: dict[str, Any], said: object) -> dict[str, Any]:
    """The usage so far with what a later event says; its numbers are totals, and null says nothing."""
    news = said if isinstance(said, dict) else {}
    return {**old, **{key: value for key, value in news.items() if value is not None or key not in old}}


def read(said: dict[str, Any]) -> Usage | None:
    """A usage object, however odd; None when it is absent."""
    if all(said.get(key) is None for key in (*_INPUTS, "output_tokens")):
        return None
    counted = [openai.count(said.get(key)) for key in _INPUTS]
    output = openai.count(said.get("output_tokens"))
    details = said.get("output_tokens_details")
    thought = details.get("thinking_tokens") if isinstance(details, dict) else 0
    return Usage(
        input=sum(counted),
        output=output,
        total=sum(counted) + output,
        cached=openai.count(said.get("cache_read_input_tokens")),
        reasoning=openai.count(thought),
        extra=msgspec.json.encode(said),
    )


_INPUTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

NOTHING: dict[str, Any] = {
    "input_tokens": 0,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "output_tokens": 0,
}


def told(usage: Usage | None, kindred: bool) -> dict[str, Any]:
    """The usage object of an answer; `kindred` says that `extra` is in this format's terms."""
    if usage is None:
        return NOTHING
    if kindred and usage.extra is not None:
        return cost.with_cost(complete(msgspec.json.decode(usage.extra)), usage)
    said = {
        **NOTHING,
        "input_tokens": max(0, usage.input - usage.cached),
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
    }
    if usage.reasoning:
        said["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return cost.with_cost(said, usage)


def ended(said: dict[str, Any] | None, usage: Usage | None, kindred: bool) -> dict[str, Any]:
    """The usage object of the end of a stream: `said` is the provider's own, which may be a part of all."""
    if said and (usage is None or not usage.estimated):
        said = said if usage is None else cost.with_cost(said, usage)
    else:
        said = told(usage, kindred)
    return complete(said, ("output_tokens",))


def complete(said: dict[str, Any], needed: tuple[str, ...] = ("input_tokens", "output_tokens")) -> dict[str, Any]:
    """A provider's own usage object, with what clients refuse an answer without."""
    return {**said, **{key: 0 for key in needed if said.get(key) is None}}

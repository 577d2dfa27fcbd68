"""
What Bedrock's models want to be asked in words of their own.

Converse has one word for what all of them know; how hard to think is told to each family in its maker's terms.
An id is `anthropic.claude-...`, with a region before it (`us.anthropic...`), or inside of an ARN.
"""

import re
from typing import Any

import msgspec

from headgate.calls import Fields, Prompt
from headgate.formats.anthropic import thoughts

_NOVA = re.compile(r"amazon\.nova-(\d)?")
_PROFILE = re.compile(r"^[a-z]+(-[a-z]+)?\.(?=anthropic\.)")
_ALL_EFFORTS = frozenset({"minimal", "low", "medium", "high", "xhigh", "max"})
_THREE_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}

_FIRST_TO_CACHE = (3, 7)
_FIRST_WITHOUT_BUDGET = (4, 7)


class Thinking(msgspec.Struct, frozen=True):
    """What a request says of it."""

    fields: dict[str, Any] = {}
    """For the model itself."""
    effort: str | None = None
    """For Converse."""
    max_tokens: int | None = None
    """What the answer may take, where a part of it is set aside for thoughts."""
    forbids_freedom: bool = False
    """Whether who thinks must not be told how freely."""
    forbids_limit: bool = False
    """Nor how much."""


NO_THINKING = Thinking()


def is_claude(model: str) -> bool:
    """Whether it is one of Anthropic's."""
    return "claude" in model


def takes_thoughts(model: str) -> bool:
    """Whether it takes its own thoughts back; an ARN does not always say whose it is."""
    return is_claude(model) or (model.startswith("arn:") and "." not in model.rpartition("/")[2])


def caches(model: str) -> bool:
    """Whether it can be told to remember: others refuse to be."""
    version = thoughts.version_of(model)
    if is_claude(model) and version is not None:
        return version >= _FIRST_TO_CACHE or "claude-3-5-haiku" in model
    return _NOVA.search(model) is not None


def counted_as(model: str) -> str | None:
    """By what name its tokens are counted, which is never a profile's; None where nobody counts them."""
    return _PROFILE.sub("", model) if is_claude(model) and not model.startswith("arn:") else None


def thinking(prompt: Prompt, model: str) -> Thinking:
    """How to ask that model for the effort that was asked for."""
    if is_claude(model):
        return _claude(prompt, model)
    effort = prompt.reasoning_effort
    if effort not in _ALL_EFFORTS:
        return NO_THINKING
    if "openai.gpt-oss" in model:
        return Thinking({"reasoning_effort": _THREE_EFFORTS[effort]})
    nova = _NOVA.search(model)
    if nova is not None and nova[1] is not None:
        config = {"type": "enabled", "maxReasoningEffort": _THREE_EFFORTS[effort]}
        is_high = config["maxReasoningEffort"] == "high"
        return Thinking({"reasoningConfig": config}, forbids_freedom=is_high, forbids_limit=is_high)
    return NO_THINKING


def _claude(prompt: Prompt, model: str) -> Thinking:
    """As the client says in Anthropic's own words, or else as hard as it says in OpenAI's."""
    said = {**prompt.extra, **prompt.for_claude}
    own, fields = said.get("additionalModelRequestFields"), _decoded(said, "thinking")
    effort = (_decoded(said, "output_config") or {}).get("effort")
    top_k = {"top_k": said["top_k"]} if "top_k" in said else {}
    if thoughts.must_not_think(prompt) or (own is not None and b'"thinking"' in bytes(own)):
        return Thinking(top_k, effort)
    if fields is not None and fields.get("type") == "disabled":
        return Thinking(top_k, effort)
    if fields is not None and _is_known(fields, model):
        return Thinking({"thinking": fields}, effort, forbids_freedom=True)
    thought = thoughts.of(model, prompt.reasoning_effort, prompt.max_tokens)
    told = thought.fields.get("thinking")
    if told is None:
        return Thinking(top_k, effort)
    needs_room = "budget_tokens" in told
    return Thinking(
        {"thinking": told},
        effort=effort or thought.fields.get("effort"),
        max_tokens=thought.max_tokens if needs_room else None,
        forbids_freedom=True,
    )


def _is_known(fields: dict[str, Any], model: str) -> bool:
    """Whether that model knows that way of thinking: budgets came first, and newer models refuse them."""
    version = thoughts.version_of(model)
    match fields.get("type"):
        case "enabled":
            return version is None or version < _FIRST_WITHOUT_BUDGET
        case "adaptive":
            return version is None or version >= thoughts.FIRST_TO_ADAPT
        case _:
            return True


def _decoded(said: Fields, name: str) -> dict[str, Any] | None:
    found = msgspec.json.decode(said[name]) if name in said else None
    return found if isinstance(found, dict) else None

"""How much a model of Anthropic's may think and say, where the request only says how hard to try."""

import re
from typing import Any, NamedTuple

from headgate.calls import Prompt

DEFAULT_MAX_TOKENS = 32_000
"""What an answer may take where nobody says: as much as every model since Claude 4 can."""

OLD_MAX_TOKENS = 8192
"""The same for older models, and for others than Anthropic's."""

FIRST_MAX_TOKENS = 4096

MIN_BUDGET = 1024

_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24_000, "max": 24_000}
"""Tokens of thought, for models that take a number."""

_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
"""The same for those that take a word."""

_NEW_NAME = re.compile(r"claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_OLD_NAME = re.compile(r"claude-(\d)(?:[-.](\d))?(?!\d)")

_FIRST_TO_THINK = (3, 7)
FIRST_TO_ADAPT = (4, 6)


class Thoughts(NamedTuple):
    """What the request says of it."""

    max_tokens: int
    fields: dict[str, Any]
    """`thinking`, and the effort for `output_config`."""


def of(model: str, effort: str | None, max_tokens: int | None) -> Thoughts:
    """What to ask of that model; nothing is thought where nobody asked for it, or `none`."""
    version = version_of(model)
    most = max_tokens or _most(version)
    if effort not in _EFFORTS or (version is not None and version < _FIRST_TO_THINK):
        return Thoughts(most, {})
    if version is not None and version >= FIRST_TO_ADAPT:
        return Thoughts(most, {"thinking": {"type": "adaptive"}, "effort": _EFFORTS[effort]})
    # Thoughts are a part of what an answer may take, and there must be room for the answer.
    budget = min(_BUDGETS[effort], most - most // 4)
    fields = {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget >= MIN_BUDGET else {}
    return Thoughts(most, fields)


def version_of(model: str) -> tuple[int, int] | None:
    """The model's version; None where it is none of Anthropic's, the newest where its name does not say."""
    found = _NEW_NAME.search(model) or _OLD_NAME.search(model)
    if found is not None:
        return int(found[1]), int(found[2] or 0)
    return (99, 0) if "claude" in model else None


def _most(version: tuple[int, int] | None) -> int:
    if version is None or (3, 5) <= version < (4, 0):
        return OLD_MAX_TOKENS
    return FIRST_MAX_TOKENS if version < (3, 5) else DEFAULT_MAX_TOKENS


def must_not_think(prompt: Prompt) -> bool:
    """
    Whether thinking would be refused.

    Who has begun to call tools while thinking must be given those thoughts back, and other formats do
    not keep them, unless it was the server that executed those tools; and nobody can think who must call a tool.
    """
    forced = prompt.tool_choice == "required" or (prompt.tool_choice or "").startswith("=")
    said = [message for message in prompt.messages if message.role == "assistant"]
    return forced or bool(said and said[-1].calls and not said[-1].thoughts)

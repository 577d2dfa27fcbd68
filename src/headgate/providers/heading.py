"""What the head of an upstream's answer tells that its clients may want to know: what is left of their limits."""

from collections.abc import Mapping
from typing import TypeAlias

Heading: TypeAlias = tuple[tuple[str, str], ...]
"""Names, in lower case, and values."""

MAX_LINES, MAX_VALUE = 32, 200
"""Our own head must stay small; Anthropic tells of twelve limits, OpenAI of six."""

LIMITS = {"anthropic": "anthropic-ratelimit-", "openai": "x-ratelimit-"}
"""How the names of their limits begin, in the formats of either."""

_PREFIXES = tuple(LIMITS.values())
REQUEST_NAMES = ("request-id", "x-request-id", "x-amzn-requestid", "apim-request-id")
"""By what name an upstream's own people find a request; the first that is there counts."""

_NAMES = frozenset(REQUEST_NAMES)

NOTHING: Heading = ()


def told(headers: Mapping[str, str]) -> Heading:
    """What is kept of a head."""
    if _NAMES.isdisjoint(headers) and "ratelimit-" not in " ".join(headers):
        return NOTHING
    kept = [name for name in headers if name in _NAMES or name.startswith(_PREFIXES)]
    return tuple([(name, headers[name][:MAX_VALUE]) for name in kept[:MAX_LINES]]) if kept else NOTHING

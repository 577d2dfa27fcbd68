"""
JSON Schema as Anthropic takes it for an answer's shape.

It wants every object closed, and refuses limits of numbers, of lengths and the like; those are said to the
model in words instead: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
"""

from typing import Any

import msgspec

from headgate.formats import strict

MAX_DEPTH = 64
"""Caps how far into a schema we follow; honest ones have ten levels."""

_LIMITS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
_NAMED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "allOf", "oneOf", "prefixItems")


def closed(schema: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """The schema as it may be sent."""
    if depth > MAX_DEPTH:
        raise strict.unsupported("response_format", "is a schema too deep for this provider.")
    made = {word: value for word, value in schema.items() if word not in _LIMITS}
    for word in _NAMED:
        if isinstance(made.get(word), dict):
            made[word] = {name: _inner(value, depth) for name, value in made[word].items()}
    for word in _LISTED:
        if isinstance(made.get(word), list):
            made[word] = [_inner(value, depth) for value in made[word]]
    if "items" in made:
        made["items"] = _inner(made["items"], depth)
    if "oneOf" in made and "anyOf" not in made:
        made["anyOf"] = made.pop("oneOf")
    if _is_object(made):
        made["additionalProperties"] = False
    return made | _in_words(schema)


def _inner(value: Any, depth: int) -> Any:
    return closed(value, depth + 1) if isinstance(value, dict) else value


def _is_object(schema: dict[str, Any]) -> bool:
    said = schema.get("type")
    return said == "object" or (isinstance(said, list) and "object" in said) or "properties" in schema


def _in_words(schema: dict[str, Any]) -> dict[str, Any]:
    """The description, with the limits that could not be said otherwise."""
    limits = {word: schema[word] for word in _LIMITS if word in schema}
    if not limits:
        return {}
    told = ", ".join(f"{word}: {msgspec.json.encode(value).decode()}" for word, value in limits.items())
    said = schema.get("description")
    return {"description": f"{said} ({told})" if isinstance(said, str) and said else told}

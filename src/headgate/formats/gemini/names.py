"""
Requests in the one spelling that we read: camel case, lists where lists are meant.

Google takes `systemInstruction` and `system_instruction` for the same, a single object where a list
belongs (its own examples send `"parts": {"text": ...}`), and `any` for `ANY`.
"""

import re
from typing import Any

import msgspec

from headgate.calls import Fields
from headgate.errors import BadRequest

_SNAKE = re.compile(r"_+([a-z0-9])")

_THEIR_OWN = frozenset(
    {
        "args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema",
        "labels", "partMetadata", "simulator",
    }
)  # fmt: skip
"""Fields whose names inside are the caller's, or a schema's, and not Google's."""

_LISTS = frozenset(
    {
        "contents", "parts", "tools", "functionDeclarations", "safetySettings", "stopSequences",
        "allowedFunctionNames", "responseModalities", "requests",
    }
)  # fmt: skip

_CAPITALS = frozenset({"mode", "thinkingLevel"})
"""Fields with a word of Google's, which people write small."""


def camel(name: str) -> str:
    """A field's name in camel case."""
    return _SNAKE.sub(lambda found: found[1].upper(), name)


MAX_DEPTH = 32
"""What we look into is never half as deep; whatever is deeper is meant to hurt."""


def regular(fields: Fields) -> dict[str, Any]:
    """A request in that spelling; raises BadRequest where one field was given in both."""
    read = {name: msgspec.json.decode(raw) for name, raw in fields.items()}
    return _object(read, "", 0)


def _object(value: dict[str, Any], where: str, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for said, inner in value.items():
        name = camel(said)
        place = f"{where}.{name}" if where else name
        if name in made:
            raise BadRequest(f"'{place}' was given twice, in two spellings.", param=place, code="invalid_value")
        made[name] = inner if name in _THEIR_OWN else _value(name, inner, place, depth + 1)
    return made


def _value(name: str, value: Any, where: str, depth: int) -> Any:
    match value:
        case list() | dict() if depth > MAX_DEPTH:
            return value
        case list():
            return [_value("", inner, f"{where}[{index}]", depth + 1) for index, inner in enumerate(value)]
        case dict():
            made = _object(value, where, depth)
            return [made] if name in _LISTS else made
        case str() if name in _LISTS:
            return [value]
        case str() if name in _CAPITALS:
            return value.upper()
        case _:
            return value

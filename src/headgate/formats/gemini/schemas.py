"""
JSON Schema and Google's own Schema, each told in the other's words.

Google's is a part of OpenAPI's with types in capitals. Newer fields of its API take JSON Schema as it
is (`parametersJsonSchema`, `responseJsonSchema`), so what Google's own words cannot say goes there
and nothing is lost.
"""

from typing import Any

from headgate.formats.gemini.names import camel

_TYPES = {
    "string": "STRING",
    "number": "NUMBER",
    "integer": "INTEGER",
    "boolean": "BOOLEAN",
    "array": "ARRAY",
    "object": "OBJECT",
}
_FORMATS = {
    "string": ("date-time",),
    "number": ("float", "double"),
    "integer": ("int32", "int64"),
}
_ALIKE = frozenset(
    {
        "title", "description", "default", "pattern", "minimum", "maximum",
        "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "required",
    }
)  # fmt: skip
"""Words that both have with the same meaning."""

_HANDLED = frozenset({"type", "format", "enum", "const", "properties", "items", "anyOf", "$schema"})

_INTEGERS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
"""Google writes these as text now and then, as it does with all its 64-bit numbers."""

MAX_DEPTH = 100
"""Schemas are written by hand; whatever is deeper is meant to hurt."""

MAX_DIGITS = 20
"""Of a number that is written as text."""


class _Unsaid(Exception):
    """Google's Schema has no word for it."""


def to_google(schema: dict[str, Any]) -> dict[str, Any] | None:
    """A JSON Schema in Google's words; None where they do not suffice."""
    try:
        return _google(schema)
    except (_Unsaid, RecursionError):
        return None


def _google(schema: object) -> dict[str, Any]:
    if not isinstance(schema, dict):
        raise _Unsaid
    made: dict[str, Any] = {}
    for word, value in schema.items():
        if word in _ALIKE:
            made[word] = value
        elif word not in _HANDLED and (word, value) != ("additionalProperties", False):
            raise _Unsaid
    made |= _google_kind(schema)
    if "properties" in schema:
        if not isinstance(schema["properties"], dict):
            raise _Unsaid
        made["properties"] = {name: _google(inner) for name, inner in schema["properties"].items()}
        # Without it the model writes them by their letters, an answer before its reasons.
        made["propertyOrdering"] = list(schema["properties"])
    if "items" in schema:
        made["items"] = _google(schema["items"])
    _check_whole(made)
    return made


def _google_kind(schema: dict[str, Any]) -> dict[str, Any]:
    """What kind of value it is: type, nullable, format, enum, anyOf."""
    made: dict[str, Any] = {}
    said = schema.get("type")
    types = said if isinstance(said, list) else [] if said is None else [said]
    others = [type for type in types if type != "null"]
    known = [type for type in others if isinstance(type, str) and type in _TYPES]
    if len(others) > 1 or known != others or (types and not others):
        raise _Unsaid
    options = schema.get("anyOf")
    if options is not None:
        made |= _google_options(options)
    if others:
        made["type"] = _TYPES[others[0]]
    if len(others) < len(types):
        made["nullable"] = True
    if "format" in schema:
        if schema["format"] not in _FORMATS.get(others[0] if others else "", ()):
            raise _Unsaid
        made["format"] = schema["format"]
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        if not isinstance(values, list) or made.get("type") != "STRING":
            raise _Unsaid
        if not all(isinstance(value, str) for value in values):
            raise _Unsaid
        made["enum"] = values
    return made


def _google_options(options: object) -> dict[str, Any]:
    if not isinstance(options, list):
        raise _Unsaid
    others = [option for option in options if option != {"type": "null"}]
    made: dict[str, Any] = {"nullable": True} if len(others) < len(options) else {}
    if len(others) == 1:
        return {**_google(others[0]), **made}
    return {**made, "anyOf": [_google(option) for option in others]}


def _check_whole(made: dict[str, Any]) -> None:
    """Google refuses objects without properties and lists of it does not say what."""
    match made.get("type"):
        case "OBJECT" if not made.get("properties"):
            raise _Unsaid
        case "ARRAY" if "items" not in made:
            raise _Unsaid
        case None if "anyOf" not in made:
            raise _Unsaid
        case _:
            pass


def from_google(schema: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """A Schema of Google's as JSON Schema; it is the other way's whole opposite, and takes any spelling."""
    if depth > MAX_DEPTH:
        return {}
    said = {camel(word): value for word, value in schema.items() if value is not None}
    made: dict[str, Any] = {}
    if isinstance(said.get("type"), str) and said["type"] != "TYPE_UNSPECIFIED":
        made["type"] = said["type"].lower()
    for word, value in said.items():
        if word in _ALIKE:
            is_text = word in _INTEGERS and isinstance(value, str) and value.isdecimal() and len(value) < MAX_DIGITS
            made[word] = int(value) if is_text else value
    if "format" in said and said["format"] != "enum":
        made["format"] = said["format"]
    if isinstance(said.get("enum"), list):
        made["enum"] = said["enum"]
    if "example" in said:
        made["examples"] = [said["example"]]
    return _nullable(made | _inner(said, depth), said)


def _inner(said: dict[str, Any], depth: int) -> dict[str, Any]:
    """The schemas inside."""
    made: dict[str, Any] = {}
    if isinstance(said.get("properties"), dict):
        ordering = said.get("propertyOrdering")
        words = [name for name in ordering if isinstance(name, str)] if isinstance(ordering, list) else []
        first = [name for name in words if name in said["properties"]]
        ordered = {name: said["properties"][name] for name in [*first, *said["properties"]]}
        made["properties"] = {name: _any(inner, depth) for name, inner in ordered.items()}
    if isinstance(said.get("anyOf"), list):
        made["anyOf"] = [_any(inner, depth) for inner in said["anyOf"]]
    for word in ("items", "additionalProperties"):
        if word in said:
            made[word] = _any(said[word], depth)
    if isinstance(said.get("defs"), dict):
        made["$defs"] = {name: _any(inner, depth) for name, inner in said["defs"].items()}
    if isinstance(said.get("ref"), str):
        made["$ref"] = said["ref"].replace("#/defs/", "#/$defs/")
    return made


def _any(value: Any, depth: int) -> Any:
    return from_google(value, depth + 1) if isinstance(value, dict) else value


def _nullable(made: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    if said.get("nullable") is not True:
        return made
    if "anyOf" in made:
        return {**made, "anyOf": [*made["anyOf"], {"type": "null"}]}
    if "type" in made:
        made = {**made, "type": [made["type"], "null"]}
    return {**made, "enum": [*made["enum"], None]} if "enum" in made else made

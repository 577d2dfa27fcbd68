"""JSON Schemas as models and providers like them best: in one piece, without words that say nothing."""

from collections.abc import Callable
from typing import Any

_NAMED = ("properties", "$defs", "patternProperties", "dependentSchemas")
"""Whose own keys are names, not keywords."""

_PREFIX = "#/$defs/"


def in_one_piece(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what it refers to in place, where that does not refer back to itself; and without titles."""
    definitions: dict[str, Any] = schema.get("$defs", {})
    kept: set[str] = set()

    def place(node: dict[str, Any], inside: tuple[str, ...]) -> dict[str, Any]:
        name = _name_in(node)
        if name in inside:
            kept.add(name)
        elif name in definitions:
            beside = {key: value for key, value in node.items() if key != "$ref"}
            node = {**definitions[name], **beside}
            inside = (*inside, name)
        return _map(node, lambda inner: place(inner, inside))

    placed = place({key: value for key, value in schema.items() if key != "$defs"}, ())
    if not kept:
        return placed
    # What comes back to itself stays where it can be referred to, with all it refers to.
    rest = {name: _plain(value) for name, value in definitions.items() if name != _name_in(schema)}
    return {**placed, "$defs": rest}


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    return _map(node, _plain)


def _name_in(node: dict[str, Any]) -> str:
    reference = node.get("$ref")
    return reference.removeprefix(_PREFIX) if isinstance(reference, str) else ""


def _map(node: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """A schema with those inside it changed, and without its title."""
    return {key: _value(key, value, change) for key, value in node.items() if key != "title"}


def _value(key: str, value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if key in ("default", "enum", "const", "examples"):
        return value
    if key in _NAMED and isinstance(value, dict):
        return {name: change(inner) if isinstance(inner, dict) else inner for name, inner in value.items()}
    if isinstance(value, dict):
        return change(value)
    if isinstance(value, list):
        return [change(inner) if isinstance(inner, dict) else inner for inner in value]
    return value

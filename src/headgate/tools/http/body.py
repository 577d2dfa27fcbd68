"""What is sent: all arguments that have no place in the address, or a form of one's own with places for some."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode

import msgspec

from headgate.tools.http.template import PLACE, text_of, values_of

Body: TypeAlias = Literal["json", "form", "none"] | Mapping[str, Any]
"""How arguments are sent; a table is sent as JSON with its `{...}` filled in."""

KINDS = {"json": "application/json", "form": "application/x-www-form-urlencoded"}

_LEFT_OUT = object()


def places_in(value: object) -> Iterator[str]:
    """The arguments that have a place in a table."""
    if isinstance(value, str):
        yield from PLACE.findall(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from places_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from places_in(inner)


def write_body(body: Body, arguments: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[bytes, str]:
    """The bytes, and what kind they are of: "" for nothing."""
    if body == "none":
        return b"", ""
    if body == "form":
        pairs = [(name, text) for name, value in rest.items() for text in values_of(value)]
        return urlencode(pairs).encode(), KINDS["form"]
    if body == "json":
        return msgspec.json.encode(rest), KINDS["json"]
    return msgspec.json.encode(_filled(body, arguments)), KINDS["json"]


def _filled(value: Any, arguments: Mapping[str, Any]) -> Any:
    """The value with its places filled; a text that is one place becomes what the argument is."""
    if isinstance(value, str):
        whole = PLACE.fullmatch(value)
        if whole is not None:
            return arguments.get(whole[1], _LEFT_OUT)
        return PLACE.sub(lambda match: text_of(arguments.get(match[1], "")), value)
    if isinstance(value, Mapping):
        filled = {name: _filled(inner, arguments) for name, inner in value.items()}
        return {name: inner for name, inner in filled.items() if inner is not _LEFT_OUT}
    if isinstance(value, list):
        return [each for inner in value if (each := _filled(inner, arguments)) is not _LEFT_OUT]
    return value

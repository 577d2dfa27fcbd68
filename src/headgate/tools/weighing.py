"""
What a schema can cost whose parts refer to each other: where each is referred to twice, a few of them come to more than
a machine can look at.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def weigh(schema: dict[str, Any]) -> int:
    """How many parts it has, with those it refers to counted as often as it does so; raises RecursionError."""
    # Where parts have addresses of their own, a reference may mean something else than it seems to.
    name = "id" if "draft-04" in str(schema.get("$schema")) else "$id"
    is_plain = not any(_has_text(inner, name) for inner in inside(schema))
    known: dict[str, int] = {}

    def weight(value: object) -> int:
        return 1 + sum(map(weight, inside(value))) + sum(map(referred, _references(value)))

    def referred(reference: str) -> int:
        if reference not in known:
            known[reference] = 1  # for itself, where it comes back to where it began
            known[reference] = weight(_resolve(reference, schema) if is_plain else schema)
        return known[reference]

    return weight(schema)


def inside(value: object) -> Iterator[object]:
    """What it is made of, where it is an object or a list."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _references(value: object) -> list[str]:
    found = [value.get(name) for name in _REFERENCES] if isinstance(value, dict) else ()
    return [reference for reference in found if isinstance(reference, str)]


def _has_text(value: object, name: str) -> bool:
    """Whether it says that, anywhere."""
    is_there = isinstance(value, dict) and isinstance(value.get(name), str)
    return is_there or any(_has_text(inner, name) for inner in inside(value))


def _resolve(reference: str, schema: dict[str, Any]) -> object:
    """The part that it points to; all of the schema where it says that in another way, for it cannot be more."""
    place, _, pointer = unquote(reference).partition("#")
    found: object = schema
    if place or not (pointer.startswith("/") or not pointer):
        return schema
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return schema
    return found

"""
Checks JSON against `openai_schemas.txt`, the compact schemas of OpenAI's specification.

    Name = expression, over several lines; a blank line ends it
    expression = union of intersections: A | B & C
    atom = {key?: expression, ...} | [expression] | enum['a', 'b'] | null | string | ... | Name

Names that the text does not define allow anything; objects may have more keys than are listed.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

TEXT = Path(__file__).with_name("openai_schemas.txt").read_text()

_TOKEN = re.compile(r"\s*(enum\[[^\]]*\]|[{}\[\]|&:,?]|[\w.]+|$)")
_SIMPLE: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class Key(NamedTuple):
    name: str
    required: bool
    schema: "Schema"


class Schema(NamedTuple):
    kind: str
    """any of: union, all, object, list, enum, name"""
    inner: tuple[Any, ...]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [token for token in _TOKEN.findall(text) if token]

    def union(self) -> Schema:
        options = [self.all()]
        while self.take("|"):
            options.append(self.all())
        return options[0] if len(options) == 1 else Schema("union", tuple(options))

    def all(self) -> Schema:
        needed = [self.atom()]
        while self.take("&"):
            needed.append(self.atom())
        return needed[0] if len(needed) == 1 else Schema("all", tuple(needed))

    def atom(self) -> Schema:
        token = self._tokens.pop(0)
        if token == "{":
            return self.object()
        if token == "[":
            inner = self.union()
            assert self.take("]")
            return Schema("list", (inner,))
        if token.startswith("enum["):
            return Schema("enum", tuple(ast.literal_eval(token.removeprefix("enum"))))
        return Schema("name", (token,))

    def object(self) -> Schema:
        keys = []
        while not self.take("}"):
            name = self._tokens.pop(0)
            optional = self.take("?")
            assert self.take(":")
            keys.append(Key(name, not optional, self.union()))
            self.take(",")
        return Schema("object", tuple(keys))

    def take(self, token: str) -> bool:
        if self._tokens and self._tokens[0] == token:
            self._tokens.pop(0)
            return True
        return False


@cache
def definitions() -> dict[str, Schema]:
    """Every schema in the text by its name."""
    joined = re.sub(r"\n {4}", " ", TEXT)
    found = re.findall(r"^(\w+) = (.+)$", joined, re.MULTILINE)
    return {name: _Parser(text).union() for name, text in found}


@cache
def stream_events() -> dict[str, str]:
    """The names of the schemas of stream events by the events' types."""
    names = re.findall(r"^(\w+) = ", TEXT[TEXT.index("--- Responses stream events") :], re.MULTILINE)
    schemas = ((name, definitions()[name]) for name in names)
    return {key.schema.inner[0]: name for name, schema in schemas for key in schema.inner if key.name == "type"}


def faults(value: Any, schema: str | Schema, where: str = "") -> list[str]:
    """What is wrong with the value; empty when it is right."""
    if isinstance(schema, str):
        return _named(value, schema, where)
    match schema.kind:
        case "union":
            return _union(value, schema.inner, where)
        case "all":
            return [fault for needed in schema.inner for fault in faults(value, needed, where)]
        case "object":
            return _object(value, schema.inner, where)
        case "list":
            if not isinstance(value, list):
                return [f"{where}: no list"]
            return [f for i, entry in enumerate(value) for f in faults(entry, schema.inner[0], f"{where}[{i}]")]
        case "enum":
            return [] if value in schema.inner else [f"{where}: {value!r} is none of {schema.inner}"]
        case _:
            return _named(value, schema.inner[0], where)


def _named(value: Any, name: str, where: str) -> list[str]:
    if name in _SIMPLE:
        fits = isinstance(value, _SIMPLE[name]) and (name == "boolean" or not isinstance(value, bool))
        return [] if fits else [f"{where}: {value!r} is no {name}"]
    defined = definitions().get(name)
    return [] if defined is None else faults(value, defined, where)


def _union(value: Any, options: tuple[Schema, ...], where: str) -> list[str]:
    said = value.get("type") if isinstance(value, dict) else None
    meant = [option for option in options if said is not None and _type_of(option) == said]
    tried = [faults(value, option, where) for option in meant or options if not _is_open(option)]
    # An option without a definition fits whatever no defined option claims by its type.
    if [] in tried or (not meant and any(map(_is_open, options))):
        return []
    return min(tried, key=len)


def _is_open(option: Schema) -> bool:
    return option.kind == "name" and option.inner[0] not in _SIMPLE and option.inner[0] not in definitions()


def _type_of(option: Schema) -> str | None:
    defined = definitions().get(option.inner[0]) if option.kind == "name" else option
    if defined is None or defined.kind != "object":
        return None
    types = (key.schema for key in defined.inner if key.name == "type")
    return next((schema.inner[0] for schema in types if schema.kind == "enum"), None)


def _object(value: Any, keys: tuple[Key, ...], where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    found = []
    for key in keys:
        place = f"{where}.{key.name}"
        if key.name in value:
            found += faults(value[key.name], key.schema, place)
        elif key.required:
            found.append(f"{place}: missing")
    return found

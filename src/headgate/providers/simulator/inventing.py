"""
Makes up values that fit a JSON schema.

Obeyed are: $ref within the schema, const, enum, type, anyOf, oneOf, allOf; properties, required and
additionalProperties; items, prefixItems, minItems, maxItems and uniqueItems; minLength, maxLength and
the common formats; minimum, maximum, their exclusive forms and multipleOf. Anything else, `pattern`
above all, is read over.

The schema is a client's, so nothing in it is taken for granted: what makes no sense is read over too.
"""

import math
import uuid
from collections.abc import Sequence
from random import Random
from typing import Any

from headgate.errors import BadRequest
from headgate.providers.simulator import prose

MAX_VALUES = 1_000
"""Caps the steps that one schema costs; a schema that refers to itself twice would have no end."""

MAX_DEPTH = 48
MAX_TEXT = 10_000
"""Caps the characters a schema can ask for in one string."""

_DEEP = 4
"""From this depth on only what is required is made, so that schemas which refer to themselves come to an end."""

_HUGE = 1e15
"""Beyond it floats cannot count any more."""


def invent(schema: object, rng: Random, param: str) -> Any:
    """A value that fits; raises BadRequest naming `param` where the schema asks for too much."""
    return _Inventor(schema, rng, param).value(schema, 0)


class _Inventor:
    """One value being made, with all values in it."""

    def __init__(self, root: object, rng: Random, param: str) -> None:
        self._root, self._rng, self._param = root, rng, param
        self._left = MAX_VALUES

    def value(self, schema: object, depth: int) -> Any:
        """A value for this part of the schema."""
        plain = self._plain(schema, depth)
        if "const" in plain:
            return plain["const"]
        if options := _list(plain.get("enum")):
            return self._rng.choice(options)
        match _type(plain):
            case "object":
                return self._object(plain, depth)
            case "array":
                return self._array(plain, depth)
            case "integer":
                return self._integer(plain)
            case "number":
                return self._number(plain)
            case "boolean":
                return self._rng.random() < 0.5
            case "null":
                return None
            case _:
                return self._string(plain)

    def _plain(self, schema: object, depth: int) -> dict[str, Any]:
        """The schema with its references followed, its parts joined and its choices made."""
        plain = schema if isinstance(schema, dict) else {}
        while True:
            self._left -= 1
            if self._left < 0 or depth > MAX_DEPTH:
                raise self._too_much(f"more than {MAX_VALUES} values, or values nested deeper than {MAX_DEPTH}")
            rest = dict(plain)
            if isinstance(reference := rest.pop("$ref", None), str):
                parts = [self._resolve(reference)]
            elif parts := _list(rest.pop("allOf", None)):
                pass
            elif options := _list(rest.pop("anyOf", None)) or _list(rest.pop("oneOf", None)):
                parts = [self._choose(options, depth)]
            elif types := _list(rest.get("type")):
                parts = [{"type": self._choose([{"type": type} for type in types], depth)["type"]}]
            else:
                return plain
            plain = _joined([rest, *parts])

    def _resolve(self, reference: str) -> object:
        """What a reference of the form `#/$defs/Name` means; anything where it leads nowhere."""
        found = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def _choose(self, options: Sequence[object], depth: int) -> Any:
        """One of several schemas: something rather than null at first, the simplest further down."""
        if depth >= _DEEP:
            return min(options, key=self._weight)
        return self._rng.choice([option for option in options if self._weight(option)] or options)

    def _weight(self, schema: object) -> int:
        """How much a schema asks for, at a glance; 0 is null."""
        if isinstance(schema, dict) and isinstance(reference := schema.get("$ref"), str):
            schema = self._resolve(reference)
        if not isinstance(schema, dict):
            return 1
        if _type(schema) == "null":
            return 0
        return {"object": 3, "array": 2}.get(_type(schema), 1) + len(_list(schema.get("required")))

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = _dict(schema.get("properties"))
        required = [name for name in _list(schema.get("required")) if isinstance(name, str)]
        names = required if depth >= _DEEP else [*properties, *(name for name in required if name not in properties)]
        made = {name: self.value(properties.get(name), depth + 1) for name in names}
        more = schema.get("additionalProperties")
        if not properties and isinstance(more, dict) and depth < _DEEP:
            made |= {prose.word(self._rng): self.value(more, depth + 1)}
        return made

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        first = _list(schema.get("prefixItems"))
        least, most = _count(schema.get("minItems")) or 0, _count(schema.get("maxItems"))
        wanted = least if depth >= _DEEP else max(least, len(first) or self._rng.randint(1, 3))
        wanted = wanted if most is None else min(wanted, most)
        made: list[Any] = []
        # Values that must differ are drawn again when they do not, and given up where there are too few.
        for _ in range(wanted if schema.get("uniqueItems") is not True else wanted * 8):
            of = first[len(made)] if len(made) < len(first) else schema.get("items")
            item = self.value(of, depth + 1)
            if schema.get("uniqueItems") is not True or item not in made:
                made.append(item)
            if len(made) == wanted:
                break
        return made

    def _string(self, schema: dict[str, Any]) -> str:
        made = self._formatted(schema.get("format"))
        if made is not None:
            return made
        least, most = _count(schema.get("minLength")) or 0, _count(schema.get("maxLength"))
        if least > MAX_TEXT:
            raise self._too_much(f"a string of more than {MAX_TEXT} characters")
        text = prose.phrase(self._rng)
        while len(text) < least:
            text += " " + prose.phrase(self._rng)
        return text if most is None else text[:most]

    def _formatted(self, format: object) -> str | None:
        word, rng = prose.word(self._rng), self._rng
        match format:
            case "date":
                return self._date()
            case "date-time":
                return f"{self._date()}T{self._time()}"
            case "time":
                return self._time()
            case "duration":
                return f"PT{rng.randint(1, 59)}M"
            case "email":
                return f"{word}@example.com"
            case "hostname":
                return f"{word}.example.com"
            case "ipv4":
                return f"192.0.2.{rng.randint(1, 254)}"
            case "ipv6":
                return f"2001:db8::{rng.randint(1, 9999)}"
            case "uri":
                return f"https://example.com/{word}"
            case "uuid":
                return str(uuid.UUID(int=rng.getrandbits(128), version=4))
            case _:
                return None

    def _date(self) -> str:
        return f"{self._rng.randint(2020, 2035)}-{self._rng.randint(1, 12):02}-{self._rng.randint(1, 28):02}"

    def _time(self) -> str:
        return f"{self._rng.randint(0, 23):02}:{self._rng.randint(0, 59):02}:00Z"

    def _integer(self, schema: dict[str, Any]) -> int:
        low, high = _range(schema)
        given = _number(schema, "multipleOf")
        step = int(given) if given is not None and given >= 1 and given == int(given) else 1
        first, last = -(-_up(schema, low) // step), _down(schema, high) // step
        return step * self._rng.randint(first, max(first, last))

    def _number(self, schema: dict[str, Any]) -> float:
        low, high = _range(schema)
        step = _number(schema, "multipleOf")
        if step is not None and step > 1e-6 and abs(low) < _HUGE and abs(high) < _HUGE:
            first, last = math.ceil(low / step), math.floor(high / step)
            # What 0.1 * 3 leaves behind is rounded off, because a validator would stumble over it.
            return float(round(step * self._rng.randint(first, max(first, last)), 9))
        for digits in (1, 3, 9):
            made = round(self._rng.uniform(low, high), digits)
            if low < made < high:
                return made
        return low / 2 + high / 2

    def _too_much(self, what: str) -> BadRequest:
        return BadRequest(f"The JSON schema in '{self._param}' asks for {what}.", param=self._param)


def _joined(schemas: Sequence[object]) -> dict[str, Any]:
    """Schemas that all hold at once."""
    whole: dict[str, Any] = {}
    for schema in schemas:
        if isinstance(schema, dict):
            properties = {**_dict(whole.get("properties")), **_dict(schema.get("properties"))}
            required = [*_list(whole.get("required")), *_list(schema.get("required"))]
            whole |= schema
            whole |= {"properties": properties} if properties else {}
            whole |= {"required": list(dict.fromkeys(map(str, required)))} if required else {}
    return whole


def _type(schema: dict[str, Any]) -> str:
    """The type a schema names, or else the one its other keywords speak of."""
    type = schema.get("type")
    if isinstance(type, str):
        return type
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "number" if "minimum" in schema or "maximum" in schema else "string"


def _range(schema: dict[str, Any]) -> tuple[float, float]:
    """The least and the greatest number, both sensible where the schema leaves them open."""
    lows = [low for name in ("minimum", "exclusiveMinimum") if (low := _number(schema, name)) is not None]
    highs = [high for name in ("maximum", "exclusiveMaximum") if (high := _number(schema, name)) is not None]
    if lows:
        return max(lows), min(highs) if highs else max(lows) + 100
    high = min(highs) if highs else 100
    return (1 if high >= 1 else high - 100), high


def _up(schema: dict[str, Any], low: float) -> int:
    return math.floor(low) + 1 if schema.get("exclusiveMinimum") == low else math.ceil(low)


def _down(schema: dict[str, Any], high: float) -> int:
    return math.ceil(high) - 1 if schema.get("exclusiveMaximum") == high else math.floor(high)


def _number(schema: dict[str, Any], name: str) -> float | None:
    value = schema.get(name)
    # JSON's true is an int to Python, and an old spelling of exclusiveMinimum.
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, (int, float)) and value >= 0 else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

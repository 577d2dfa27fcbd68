"""Values made up from JSON schemas fit them, and no schema is too odd."""

import re
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import BadRequest
from headgate.providers.simulator.inventing import MAX_TEXT, MAX_VALUES, invent

Fits = Callable[[Any], bool]

KINDS: list[tuple[dict[str, Any], Fits]] = [
    ({"const": [1]}, lambda v: v == [1]),
    ({"enum": ["a", None]}, lambda v: v in ("a", None)),
    ({"type": "boolean"}, lambda v: isinstance(v, bool)),
    ({"type": "null"}, lambda v: v is None),
    ({"type": ["null", "integer"]}, lambda v: isinstance(v, int)),
    ({"type": "integer"}, lambda v: isinstance(v, int) and 1 <= v <= 100),
    ({"type": "integer", "minimum": 5, "maximum": 6}, lambda v: v in (5, 6)),
    ({"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7}, lambda v: v == 6),
    ({"type": "integer", "maximum": -10}, lambda v: v <= -10),
    ({"type": "integer", "multipleOf": 7, "minimum": 8, "maximum": 15}, lambda v: v == 14),
    ({"type": "number", "minimum": 0, "maximum": 1}, lambda v: 0 <= v <= 1),
    ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-6}, lambda v: 0 < v < 1e-6),
    ({"type": "number", "multipleOf": 0.1, "minimum": 0.25, "maximum": 0.35}, lambda v: v == 0.3),
    ({"type": "string"}, lambda v: len(v.split()) == 2),
    ({"type": "string", "minLength": 30, "maxLength": 31}, lambda v: 30 <= len(v) <= 31),
    ({"type": "string", "maxLength": 3}, lambda v: len(v) == 3),
    ({"type": "string", "format": "date-time"}, lambda v: bool(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:00Z", v))),
    ({"type": "string", "format": "uuid"}, lambda v: bool(re.fullmatch(r"[0-9a-f-]{36}", v))),
    ({"type": "array", "items": {"type": "null"}}, lambda v: 1 <= len(v) <= 3 and set(v) == {None}),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 5, "maxItems": 5}, lambda v: len(v) == 5),
    ({"type": "array", "maxItems": 0}, lambda v: v == []),
    ({"prefixItems": [{"const": 1}, {"const": 2}]}, lambda v: v == [1, 2]),
    ({"items": {"enum": [1, 2]}, "uniqueItems": True, "minItems": 2}, lambda v: sorted(v) == [1, 2]),
    ({"properties": {"a": {"const": 1}, "b": {"const": 2}}}, lambda v: v == {"a": 1, "b": 2}),
    ({"type": "object", "required": ["a"]}, lambda v: list(v) == ["a"]),
    ({"type": "object", "additionalProperties": {"const": 1}}, lambda v: list(v.values()) == [1]),
    ({"anyOf": [{"type": "null"}, {"const": 1}]}, lambda v: v == 1),
    ({"oneOf": [{"const": 1}, {"const": 2}]}, lambda v: v in (1, 2)),
    (
        {"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}, "required": ["b"]}]},
        lambda v: v == {"a": 1, "b": 2},
    ),
    ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"const": 1}}}, lambda v: v == 1),
    ({}, lambda v: isinstance(v, str)),
]

FORMATS = ["date", "date-time", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid", "unheard-of"]


@pytest.mark.parametrize(("schema", "fits"), KINDS, ids=[str(schema) for schema, _ in KINDS])
def test_values_fit_their_schema(schema: dict[str, Any], fits: Fits) -> None:
    for seed in range(20):
        value = invent(schema, Random(seed), "x")
        assert fits(value), value


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_gives_some_text(format: str) -> None:
    assert invent({"type": "string", "format": format}, Random(1), "x")


def test_schemas_that_refer_to_themselves_come_to_an_end() -> None:
    node = {
        "type": "object",
        "properties": {
            "value": {"type": "integer"},
            "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
            "children": {"type": "array", "items": {"$ref": "#"}},
        },
        "required": ["value", "next"],
    }
    for seed in range(50):
        made = invent(node, Random(seed), "x")
        assert isinstance(made["value"], int)
        while made is not None:
            made = made["next"]


def test_the_simplest_way_out_is_taken_in_the_deep() -> None:
    number = {"type": "object", "properties": {"value": {"type": "number"}}, "required": ["value"]}
    both = {"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
    expression = {"anyOf": [{**both, "required": ["left", "right"]}, number]}
    for seed in range(50):
        invent(expression, Random(seed), "x")


@pytest.mark.parametrize(
    ("schema", "bound"),
    [
        ({"$ref": "#"}, MAX_VALUES),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, MAX_VALUES),
        ({"type": "array", "minItems": 10**9}, MAX_VALUES),
        ({"type": "string", "minLength": 10**9}, MAX_TEXT),
    ],
)
def test_schemas_without_an_end_are_refused(schema: dict[str, Any], bound: int) -> None:
    with pytest.raises(BadRequest, match=str(bound)) as caught:
        invent(schema, Random(1), "response_format")
    assert caught.value.param == "response_format"


_WORDS = st.sampled_from(["string", "object", "array", "#", "#/$defs/a", "date", "", "integer", "number", "null"])
_KEYWORDS = """
    $ref const enum type anyOf oneOf allOf properties required additionalProperties items prefixItems minItems maxItems
    uniqueItems minLength maxLength format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
"""
_KEYS = st.sampled_from(_KEYWORDS.split())
_NUMBERS = st.sampled_from([0, -1, 1, 2, 0.5, 1e-9, 1e308, -1e308, 2**63, 10**30, True])
_ODD = st.recursive(
    st.none() | _NUMBERS | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(_ODD, st.dictionaries(_KEYS, _ODD, max_size=5))
def test_no_schema_is_too_odd(definition: object, schema: dict[str, Any]) -> None:
    with suppress(BadRequest):
        invent({"$defs": {"a": definition}, **schema}, Random(1), "x")

"""JSON Schema in Google's words and back, or not at all."""

from typing import Any

import pytest

from headgate.formats.gemini.schemas import from_google, to_google

STRING = {"type": "string"}

BOTH: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # JSON Schema, Google's
    "object": (
        {
            "type": "object",
            "title": "T",
            "properties": {"b": {"type": "string", "description": "d"}, "a": {"type": "integer", "minimum": 1}},
            "required": ["b"],
        },
        {
            "type": "OBJECT",
            "title": "T",
            "properties": {"b": {"type": "STRING", "description": "d"}, "a": {"type": "INTEGER", "minimum": 1}},
            "required": ["b"],
            "propertyOrdering": ["b", "a"],
        },
    ),
    "array": (
        {"type": "array", "items": {"type": "number", "format": "double"}, "minItems": 1},
        {"type": "ARRAY", "items": {"type": "NUMBER", "format": "double"}, "minItems": 1},
    ),
    "enum": ({"type": "string", "enum": ["a", "b"]}, {"type": "STRING", "enum": ["a", "b"]}),
    "nullable": ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
    "any_of": (
        {"anyOf": [{"type": "string"}, {"type": "boolean"}, {"type": "null"}]},
        {"nullable": True, "anyOf": [{"type": "STRING"}, {"type": "BOOLEAN"}]},
    ),
    "dates": ({"type": "string", "format": "date-time"}, {"type": "STRING", "format": "date-time"}),
}


@pytest.mark.parametrize("name", BOTH)
def test_what_both_can_say_is_said_both_ways(name: str) -> None:
    schema, google = BOTH[name]
    assert to_google(schema) == google
    assert from_google(google) == schema


ONE_WAY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "closed": (
        {"$schema": "x", "type": "object", "properties": {"a": STRING}, "additionalProperties": False},
        {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "propertyOrdering": ["a"]},
    ),
    "const": ({"type": "string", "const": "a"}, {"type": "STRING", "enum": ["a"]}),
    "optional_as_pydantic_writes_it": (
        {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        {"type": "INTEGER", "nullable": True, "default": None},
    ),
}


@pytest.mark.parametrize("name", ONE_WAY)
def test_what_means_the_same_is_said_in_googles_words(name: str) -> None:
    schema, google = ONE_WAY[name]
    assert to_google(schema) == google


UNSAID: dict[str, Any] = {
    "a_reference": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": STRING}},
    "one_of": {"oneOf": [STRING, {"type": "integer"}]},
    "all_of": {"allOf": [STRING]},
    "open": {"type": "object", "properties": {"a": STRING}, "additionalProperties": STRING},
    "no_properties": {"type": "object"},
    "inner_without_properties": {"type": "object", "properties": {"a": {"type": "object"}}},
    "no_items": {"type": "array"},
    "two_types": {"type": ["string", "integer"]},
    "only_null": {"type": "null"},
    "no_type": {"description": "anything"},
    "numbers_to_choose_from": {"type": "integer", "enum": [1, 2]},
    "another_format": {"type": "string", "format": "email"},
    "a_list_for_items": {"type": "array", "items": [STRING]},
    "a_boolean_inside": {"type": "object", "properties": {"a": True}},
    "a_word_for_properties": {"type": "object", "properties": "a"},
    "a_word_for_options": {"anyOf": "a"},
    "exclusive": {"type": "integer", "exclusiveMinimum": 1},
    "an_object_for_a_type": {"type": {"type": "string"}},
    "a_list_for_a_type": {"type": [["string"]]},
    "a_number_for_choices": {"type": "string", "enum": 5},
    "a_word_for_choices": {"type": "string", "enum": "ab"},
}


@pytest.mark.parametrize("name", UNSAID)
def test_what_google_cannot_say_is_not_half_said(name: str) -> None:
    assert to_google(UNSAID[name]) is None


def test_a_schema_without_a_bottom_is_not_said() -> None:
    schema: dict[str, Any] = {"type": "array", "items": STRING}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    assert to_google(schema) is None
    assert from_google({"type": "ARRAY", "items": schema})["type"] == "array"


def test_nonsense_in_googles_schema_does_no_harm() -> None:
    said: dict[str, Any] = {"properties": {"a": {"maxItems": "9" * 5000}}, "propertyOrdering": [{}, [], None, "a"]}
    assert from_google(said) == {"properties": {"a": {"maxItems": "9" * 5000}}}


def test_googles_schema_is_understood_in_any_spelling() -> None:
    said = {
        "type": "OBJECT",
        "properties": {
            "z": {"type": "STRING", "format": "enum", "enum": ["x"], "nullable": True},
            "a_b": {"type": "integer"},
        },
        "property_ordering": ["a_b", "gone", "z"],
        "min_properties": "1",
        "any_of": [{"ref": "#/defs/A"}],
        "defs": {"A": {"type": "TYPE_UNSPECIFIED", "example": 7}},
        "required": None,
    }
    read = from_google(said)
    assert read == {
        "type": "object",
        "properties": {"a_b": {"type": "integer"}, "z": {"type": ["string", "null"], "enum": ["x", None]}},
        "minProperties": 1,
        "anyOf": [{"$ref": "#/$defs/A"}],
        "$defs": {"A": {"examples": [7]}},
    }
    assert list(read["properties"]) == ["a_b", "z"]

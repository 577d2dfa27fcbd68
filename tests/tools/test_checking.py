"""Arguments that do not fit are told in words that a model can mend them by."""

import re
from itertools import pairwise
from typing import Any

import pytest

from headgate.tools import ToolError
from headgate.tools.checking import MAX_ARGUMENTS, Checker, check_schema
from tests.tools.making import SCHEMA

OPTIONS = {"type": "object", "properties": {"unit": {"enum": ["c", "f"]}, "places": {"items": {"type": "string"}}}}


def complaint(text: str, schema: dict[str, Any] = SCHEMA) -> str:
    """What is said of arguments that are wrong."""
    with pytest.raises(ToolError) as wrong:
        Checker(schema).read(text)
    return wrong.value.message


@pytest.mark.parametrize("text", ['{"city": "Ulm"}', ' {"city":"Ulm","days":7}\n'])
def test_what_fits_is_read(text: str) -> None:
    assert Checker(SCHEMA).read(text)["city"] == "Ulm"


def test_null_may_stand_for_what_is_left_out() -> None:
    """But not for what must be there, and not where it is something of its own."""
    assert Checker(SCHEMA).read('{"city": "Ulm", "days": null}') == {"city": "Ulm"}
    assert '- city: null is not of type "string"' in complaint('{"city": null, "days": null}')
    nullable = {"type": "object", "properties": {"x": {"type": ["string", "null"]}}}
    assert Checker(nullable).read('{"x": null}') == {"x": None}


@pytest.mark.parametrize("text", ["", "  ", "{}"])
def test_nothing_is_no_arguments(text: str) -> None:
    assert Checker({"type": "object"}).read(text) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"city": "Ulm"', "The arguments are not valid JSON: Input data was truncated."),
        ("city=Ulm", "The arguments are not valid JSON: "),
        ('{"city": "\ud800"}', "The arguments are not valid JSON: "),
        ('["Ulm"]', "The arguments must be a JSON object."),
        ("null", "The arguments must be a JSON object."),
        ('{"a":' * 100 + "1" + "}" * 100, "The arguments are nested too deeply."),
        ("[" * 100_000, "The arguments are nested too deeply."),
        (f'"{"x" * MAX_ARGUMENTS}"', "The arguments are longer than 256 KB."),
    ],
)
def test_what_cannot_be_read_is_told(text: str, words: str) -> None:
    assert complaint(text).startswith(words)


def test_all_mistakes_are_told_at_once() -> None:
    first, *rest = complaint('{"days": 9, "town": "Ulm"}').splitlines()
    assert first == "The arguments do not fit the function's parameters:"
    assert sorted(rest) == [
        '- "city" is a required property',
        "- Additional properties are not allowed ('town' was unexpected)",
        "- days: 9 is greater than the maximum of 7",
    ]


def test_what_is_wrong_is_told_with_its_place() -> None:
    assert '- places[1]: 5 is not of type "string"' in complaint('{"places": ["Ulm", 5]}', OPTIONS)


def test_many_mistakes_are_not_all_told() -> None:
    words = complaint(f'{{"places": [{",".join(["1"] * 100)}]}}', OPTIONS)
    assert words.endswith("- and 95 more")
    assert words.count("\n") == 6


def test_of_large_arguments_one_mistake_is_told() -> None:
    """There may be one in each of their values."""
    words = complaint(f'{{"places": [{",".join(["1"] * 100_000)}]}}', OPTIONS)
    assert words.count("\n") == 1


def test_a_long_value_is_not_told_whole() -> None:
    words = complaint(f'{{"unit": "{"x" * 5000}"}}', OPTIONS)
    assert len(words) < 300
    assert words.endswith('is not one of "c" or "f"')


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("^(a+)+$", "does not match"), ("(?<!x)(a|a)*c(?=d)", "Max limit for backtracking count exceeded")],
)
def test_an_expression_takes_no_longer_than_it_may(pattern: str, words: str) -> None:
    """With Python's own these would not end."""
    schema = {"type": "object", "properties": {"name": {"type": "string", "pattern": pattern}}}
    assert words in complaint(f'{{"name": "{"a" * 5000}b"}}', schema)


def test_expressions_that_look_around_are_known() -> None:
    """Those of MCP servers' for addresses do."""
    email = r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$"
    schema = {"type": "object", "properties": {"to": {"type": "string", "pattern": email}}}
    assert check_schema(schema) == schema
    assert Checker(schema).read('{"to": "joe@example.com"}')
    assert "does not match" in complaint('{"to": "joe@@example.com"}', schema)


def test_schemas_of_others_are_taken_with_what_they_lack() -> None:
    assert check_schema({}) == {"type": "object", "properties": {}}
    assert check_schema(SCHEMA) == SCHEMA
    assert check_schema({"type": "object", "properties": {"x": {"$ref": "#/$defs/X"}}, "$defs": {"X": {}}})
    assert check_schema({"properties": {"x": {"$ref": "#x"}}, "$defs": {"X": {"$anchor": "x"}}})
    assert check_schema({"properties": {"more": {"items": {"$ref": "#"}}}})


@pytest.mark.parametrize("place", ["#/$defs/all/anyOf/", "#/%24defs/all/anyOf/"])
def test_parts_may_be_referred_to_by_their_numbers(place: str) -> None:
    """As some do with all that they have said once."""
    parts = {"all": {"anyOf": [{"type": "string"}] * 20}}
    assert check_schema({"properties": {f"x{at}": {"$ref": f"{place}{at}"} for at in range(20)}, "$defs": parts})


def _chain(length: int) -> dict[str, Any]:
    parts = {f"a{number}": {"$ref": f"#/$defs/a{number + 1}"} for number in range(length)}
    return {"$ref": "#/$defs/a0", "$defs": {**parts, f"a{length}": {}}}


def _often(depth: int, word: str = "$ref", place: str = "#/$defs/", **more: str) -> dict[str, Any]:
    """A schema of a few lines that doubles with each; `more` is what each says of itself."""
    names = [f"a{number}" for number in range(depth)]
    parts: dict[str, Any] = {name: {"anyOf": [{word: f"{place}{after}"}] * 2} for name, after in pairwise(names)}
    parts[names[-1]] = {"type": "object"}
    said = {name: {**part, **{key: value + name for key, value in more.items()}} for name, part in parts.items()}
    return {word: f"{place}a0", "$defs": said}


def _listed(depth: int) -> dict[str, Any]:
    """The same where the parts have numbers."""
    return {"allOf": [*({"anyOf": [{"$ref": f"#/allOf/{after}"}] * 2} for after in range(1, depth)), {}]}


def _elsewhere(depth: int) -> dict[str, Any]:
    """The same in a part that has an address of its own, beside harmless ones that are called the same."""
    inner = {**_often(depth), "$id": "https://example.com/inner"}
    return {"properties": {"x": inner}, "$defs": {f"a{number}": {} for number in range(depth)}}


def _deep(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("string", "it is no object"),
        ({"type": "array"}, "it is not of an object"),
        ({"type": "object", "properties": []}, '[] is not of type "object"'),
        ({"properties": {"x": {"type": "text"}}}, '"text" is not valid under'),
        ({"properties": {"x": {"$ref": "https://example.com/x"}}}, "Retrieval is disabled"),
        ({"properties": {"x": {"$ref": "#/$defs/none"}}}, "Pointer '/$defs/none' does not exist"),
        ({"properties": {"x": {"pattern": "("}}}, 'is not a "regex"'),
        ({"description": "x" * 70_000}, "it is larger than 64 KB"),
        (_deep(100), "it is nested deeper than 64"),
        (_often(40), "its parts refer to each other too often"),
        (_often(40, place="#/%24defs/"), "its parts refer to each other too often"),
        (_often(40, "$dynamicRef", "#", **{"$dynamicAnchor": ""}), "its parts refer to each other too often"),
        (_often(40, "$ref", "#", **{"$anchor": ""}), "its parts refer to each other too often"),
        (_often(40, "$ref", "", **{"$id": ""}), "its parts refer to each other too often"),
        (_listed(40), "its parts refer to each other too often"),
        (_elsewhere(40), "its parts refer to each other too often"),
        (_chain(1200), "its parts refer to each other too deeply"),
    ],
)
def test_schemas_that_no_provider_would_take(schema: object, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as refused:
        check_schema(schema)
    assert len(str(refused.value)) < 300


def test_a_schema_may_come_back_to_itself() -> None:
    tree = {"type": "object", "properties": {"children": {"items": {"$ref": "#"}}}}
    assert check_schema(tree) == tree
    assert "children[0].children" in complaint('{"children": [{"children": [1]}]}', tree)

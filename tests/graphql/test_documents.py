"""Documents that would take too much are refused before they take it; those that tools send are not."""

import pytest
from graphql import get_introspection_query

from headgate.dialects.graphql import documents
from headgate.dialects.graphql.documents import Documents
from headgate.dialects.graphql.schema import make


@pytest.fixture
def read() -> Documents:
    return Documents(make()._schema)


def message(read: Documents, text: str) -> str:
    """What the first thing wrong with it is; "" for nothing."""
    errors = read.read(text).errors
    return errors[0].message if errors else ""


def many(number: int, part: str) -> str:
    """A part again and again, each with its number."""
    return " ".join(part.replace("#", str(n)).replace("+", str(n + 1)) for n in range(number))


DEEP = many(30, "fragment F# on Query{a{...F+}}")
DOUBLED = many(60, "fragment F# on Query{...F+ ...F+}") + "fragment F60 on Query{hello}"
SPREAD = "{...A ... on Query{" + many(10, "hello") + "}} fragment A on Query{" + many(11, "hello") + "}"
CIRCLES = "{__schema{types{" + "fields{type{" * 4 + "name" + "}}" * 4 + "}}}"

REFUSED = {
    "depth": ("{" + "a{" * 30 + "b" + "}" * 30 + "}", "levels"),
    "depth by fragments": ("{...F0}" + DEEP, "levels"),
    "a parser's depth": ("{a" * 1000, "nested"),
    "a value's depth": ("{a(b:" + "[" * 1000 + "]" * 1000 + ")}", "nested"),
    "fields": ("{" + many(401, "hello") + "}", "fields"),
    "fields by fragments": ("{...F0}" + DOUBLED, "fields"),
    "fields at the top": ("{" + many(21, "a#:hello") + "}", "fields at the top"),
    "fields at the top by fragments": (SPREAD, "fields at the top"),
    "aliases": ("{todos{" + many(51, "a#:id") + "}}", "aliases"),
    "operations": (many(11, "query Q#{hello}"), "operations"),
    "tokens": ("{a(b:[" + "1 " * 2000 + "])}", "2000 tokens"),
    "text": ("#" * 70_000, "65536 characters"),
    "introspection in circles": (CIRCLES, "introspection depth"),
    "a fragment in itself": ("{...A} fragment A on Query{hello ...A}", "Cannot spread fragment 'A' within itself"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_too_much_is_refused(read: Documents, text: str, said: str) -> None:
    assert said in message(read, text)


@pytest.mark.parametrize(
    "text",
    [
        get_introspection_query(),
        get_introspection_query(specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True),
        "{" + many(20, "a#:hello") + "}",
        "query($f:TodoFilter){todos(filter:$f,limit:5){...T}} fragment T on Todo{id title __typename}",
        "{" + "todos{id} " * 20 + "}",
    ],
)
def test_what_tools_and_people_send_is_fine(read: Documents, text: str) -> None:
    assert message(read, text) == ""


def test_the_same_is_not_looked_at_twice(read: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "REMEMBERED", 2)
    first, wrong = read.read("{hello}"), read.read("{nothing}")
    assert read.read("{hello}") is first
    assert read.read("{nothing}") is wrong
    read.read("{todos{id}}")
    assert read.read("{hello}") is not first, "the oldest is forgotten"
    assert len(read._known) == 2


def test_so_many_mistakes_are_told(read: Documents) -> None:
    errors = read.read("{" + many(20, "nothing#") + "}").errors
    assert len(errors) == documents.MAX_ERRORS + 1
    assert "Too many validation errors" in errors[-1].message

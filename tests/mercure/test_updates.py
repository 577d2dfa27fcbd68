"""Forms that publishers send, and the events they become."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.dialects.mercure.updates import MAX_TOPICS, Update, read_update
from headgate.errors import BadRequest, HeadgateError, TooLarge


def form(*fields: tuple[str, str]) -> Update:
    return read_update(urlencode(fields).encode())


def test_a_whole_update() -> None:
    update = form(
        ("topic", "a"), ("topic", "b"), ("data", "1"), ("id", "i"), ("type", "t"), ("retry", "20"), ("private", "")
    )
    assert (update.topics, update.id, update.is_private) == (("a", "b"), "i", True)
    assert update.frame == b"event: t\nretry: 20\nid: i\ndata: 1\n\n"


def test_the_least_update() -> None:
    update = form(("topic", "a"))
    assert update.id.startswith("urn:uuid:")
    assert update.id != form(("topic", "a")).id
    assert not update.is_private
    assert update.frame == f"id: {update.id}\ndata: \n\n".encode()


def test_empty_fields_are_as_good_as_none() -> None:
    """Forms of a page send all of their fields."""
    update = form(("topic", "a"), ("data", "x"), ("id", ""), ("type", ""), ("retry", ""))
    assert update.id.startswith("urn:uuid:")
    assert update.frame == f"id: {update.id}\ndata: x\n\n".encode()


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("a\n\n  b", ["a", "", "  b"]),
        ("a\r\nb\rc", ["a", "b", "c"]),
        ("\n", ["", ""]),
        ("id: forged\n\ndata: x", ["id: forged", "", "data: x"]),
        ("é\u2028ü", ["é\u2028ü"]),
    ],
)
def test_every_line_is_data(data: str, lines: list[str]) -> None:
    frame = form(("topic", "a"), ("id", "i"), ("data", data)).frame.decode()
    assert frame == "id: i\n" + "".join(f"data: {line}\n" for line in lines) + "\n"


@given(st.text(max_size=30))
def test_no_data_can_be_anything_but_data(data: str) -> None:
    frame = form(("topic", "a"), ("id", "i"), ("data", data)).frame.decode()
    first, *lines = frame.removesuffix("\n\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert first == "id: i"
    assert all(line.startswith("data: ") for line in lines)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", BadRequest),
        (b"data=1", BadRequest),
        (b"topic=", BadRequest),
        (b"topic=a%0Ab", BadRequest),
        (b"topic=%C2%85", BadRequest),
        (b"topic=" + b"a" * 1025, BadRequest),
        (b"topic=a&id=%23x", BadRequest),
        (b"topic=a&id=earliest", BadRequest),
        (b"topic=a&id=x%0Adata:+forged", BadRequest),
        (b"topic=a&id=x%00", BadRequest),
        (b"topic=a&id=" + b"x" * 256, BadRequest),
        (b"topic=a&type=x%0Dy", BadRequest),
        (b"topic=a&type=mercure", BadRequest),
        (b"topic=a&retry=5s", BadRequest),
        (b"topic=a&retry=-5", BadRequest),
        (b"topic=a&retry=%D9%A3", BadRequest),
        (b"topic=a&retry=1234567890", BadRequest),
        (b"topic=a&id=x&id=y", BadRequest),
        (b"topic=a&data=%FF", BadRequest),
        (b"topic=\xff", BadRequest),
        (b"&".join(b"topic=%d" % number for number in range(MAX_TOPICS + 1)), TooLarge),
        (b"topic=a&" + b"x=1&" * 500, TooLarge),
    ],
)
def test_forms_that_are_refused(body: bytes, kind: type[HeadgateError]) -> None:
    with pytest.raises(kind):
        read_update(body)


def test_the_same_topic_twice_is_one() -> None:
    assert form(("topic", "a"), ("topic", "a")).topics == ("a",)

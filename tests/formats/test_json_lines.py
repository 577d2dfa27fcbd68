"""Messages of JSON on lines of their own are what they were, to the last digit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import BadRequest
from headgate.formats.json_lines import after, to_array, to_lines

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 2]), st.booleans())
def test_an_array_is_its_messages(values: list[object], indent: int | None, is_ascii: bool) -> None:
    """However it is laid out."""
    lines = to_lines(json.dumps(values, indent=indent, ensure_ascii=is_ascii).encode())
    assert [json.loads(line) for line in lines.split(b"\n")[:-1]] == values
    assert json.loads(to_array(lines)) == values


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"1", b"1\n"),
        (
            b' {"a": 1e400, "b": 0.10, "c": 12345678901234567890123}\n',
            b'{"a": 1e400, "b": 0.10, "c": 12345678901234567890123}\n',
        ),
        (b'{"a":\r\n1}', b'{"a":  1}\n'),
        (b"[[1,2],[3]]", b"[1,2]\n[3]\n"),
        (b"[]", b""),
        (b"[ ]", b""),
        (b'["\\ud83d", "\\\\ud83d", "\\udc4d\\n"]', b'"\\ud83d"\n"\\\\ud83d"\n"\\udc4d\\n"\n'),
        (b'"\\ud83d"', b'"\\ud83d"\n'),
        (b'["\\ud83d" , "\\udc4d"]', b'"\\ud83d"\n"\\udc4d"\n'),
        (b'[1 , 1,11,1, "\\ud83d" ,1]', b'1\n1\n11\n1\n"\\ud83d"\n1\n'),
        ('["Žluť 🐎"]'.encode(), '"Žluť 🐎"\n'.encode()),
    ],
)
def test_messages_stay_as_they_were_said(body: bytes, lines: bytes) -> None:
    assert to_lines(body) == lines


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,]",
        b"nul",
        b"01",
        b'"\xff"',
        b'["\xff"]',
        b'"a\nb"',
        b"[1] 2",
        b"[" * 100_000,
        b"NaN",
        b"\xef\xbb\xbf1",
        b"'a'",
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        to_lines(body)


def test_lines_are_counted() -> None:
    assert [after(b"1\n22\n3\n", count) for count in range(5)] == [0, 2, 5, 7, -1]

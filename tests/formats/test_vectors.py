"""Vectors in both of their forms, and what is none."""

import base64
import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import ProviderError
from headgate.formats import vectors
from headgate.formats.vectors import Vector

FLOATS = st.lists(
    st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**120), max_value=2.0**120), min_size=1
)


def packed(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


def quoted(*numbers: float) -> str:
    """The same as JSON."""
    return f'"{base64.b64encode(packed(*numbers)).decode()}"'


def read(text: str) -> Vector:
    """A vector that is one."""
    vector = vectors.read(text.encode())
    assert vector is not None
    return vector


@given(FLOATS)
def test_what_comes_as_numbers_is_the_same_as_base64_and_back(numbers: list[float]) -> None:
    """Numbers that fit into four bytes lose nothing on the way."""
    text = read(json.dumps(numbers))
    there = vectors.read(b'"%b"' % text.as_base64())
    assert there is not None
    assert base64.b64decode(text.as_base64()) == there.packed == packed(*numbers)
    assert json.loads(there.as_text()) == numbers
    assert text.size == there.size == len(numbers)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("[1]", [1.0]),
        ("[0, -1, 2.5, 1e-5, -1.5E-7]", [0.0, -1.0, 2.5, 1e-5, -1.5e-7]),
        ("[ 1 ,\n2 ]", [1.0, 2.0]),
        ("[1e2, 3E+1]", [100.0, 30.0]),
        ("[1e5,-2]", [100_000.0, -2.0]),
    ],
)
def test_numbers_are_handed_on_as_they_were_written(text: str, numbers: list[float]) -> None:
    vector = read(text)
    assert vector.as_text() == text.encode()
    assert (vector.size, base64.b64decode(vector.as_base64())) == (len(numbers), packed(*numbers))


def test_slashes_of_base64_may_have_a_backslash_before_them() -> None:
    text = quoted(1.9999998807907104)
    assert "/" in text
    assert read(text.replace("/", "\\/")).packed == packed(1.9999998807907104)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[ ]",
        "{}",
        "null",
        "1",
        "[null]",
        "[1, null]",
        "[true]",
        '["1"]',
        "[[1, 2]]",
        "[{}]",
        "[1e999]",
        "[1, -1e39]",
        "[1E400, 1e-5]",
        '""',
        '"AAAA"',
        '"AAAAAA"',
        '"AAAAAAA="',
        '"no base64!"',
        '"AACAPw==extra"',
        quoted(1.0, math.nan),
        quoted(math.inf),
        quoted(1.0, -math.inf, 2.0),
    ],
)
def test_what_is_no_vector(text: str) -> None:
    assert vectors.read(text.encode()) is None


def test_large_numbers_of_four_bytes_are_numbers() -> None:
    """They look like what has no end."""
    assert read(quoted(3.3e38, -2e38)).size == 2


def test_a_number_too_large_for_four_bytes_is_told_when_it_is_asked_for_as_bytes() -> None:
    vector = read("[1" + "0" * 60 + "]")
    with pytest.raises(ProviderError, match="too large"):
        vector.as_base64()

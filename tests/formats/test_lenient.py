"""What a strict JSON parser refuses may still be meant well."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.formats import lenient


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":[1,null]}', {"a": [1, None]}),
        (b"  17\n", 17),
        (b"\xef\xbb\xbf{}", {}),
        (b"[NaN,Infinity,-Infinity]", [None, None, None]),
        (b"[1e400,-1e400,1e300]", [None, None, 1e300]),
        (b'"a\tb\nc"', "a\tb\nc"),
        (b'"\xff"', "\ufffd"),
        (b'"\\ud83d\\udc0e"', "🐎"),
        (b'"\\ud83d"', "\ufffd"),
        (b'"\\udc0e\\ud83d!"', "\ufffd\ufffd!"),
        (b'{"\\ud83d":NaN}', {"\ufffd": None}),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_it_is_read(data: bytes, value: Any) -> None:
    assert lenient.decode(data) == value
    assert msgspec.json.decode(msgspec.json.encode(lenient.decode(data))) == value


@pytest.mark.parametrize(
    "data", [b"", b"  ", b"{", b'{"a":1', b"a", b"[DONE]", b"{}{}", b"<html>", b"[" * 100_000, b"9" * 5000, b"\x00"]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        lenient.decode(data)


@pytest.mark.parametrize("depth", [100, 400, 600, 900, 2000])
def test_what_is_nested_too_deep_is_refused_and_nothing_worse(depth: int) -> None:
    try:
        value = lenient.decode(b"[" * depth + b"NaN" + b"]" * depth)
    except ValueError:
        return
    assert isinstance(value, list)


@given(st.binary(max_size=40))
def test_nothing_but_value_error_comes_out(data: bytes) -> None:
    with suppress(ValueError):
        msgspec.json.encode(lenient.decode(data))


class TestHalves:
    def test_a_character_that_was_cut_is_put_together(self) -> None:
        halves = lenient.Halves()
        assert [halves.join((0, "a"), piece) for piece in ("x\ud83d", "", "\udc0ey")] == ["x", "", "\ud83d\udc0ey"]
        assert not halves

    def test_each_place_has_its_own_half(self) -> None:
        halves = lenient.Halves()
        assert (halves.join((0, "a"), "\ud83d"), halves.join((1, "a"), "b"), halves.join((0, "b"), "c")) == (
            "",
            "b",
            "c",
        )
        assert halves
        assert halves.rest() == [(0, "a")]

    def test_a_half_that_nothing_follows_is_replaced(self) -> None:
        halves = lenient.Halves()
        pieces = [halves.join((0, "a"), piece) for piece in ("\ud83d", "b")]
        assert lenient.well_formed(pieces) == ["", "\ufffdb"]

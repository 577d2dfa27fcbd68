"""The SSE reader against the standard's own rules, cut anywhere."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import ProviderError
from headgate.formats import sse

CASES: dict[str, tuple[bytes, list[tuple[str, bytes]]]] = {
    "plain": (b"data: a\n\ndata: b\n\n", [("", b"a"), ("", b"b")]),
    "no_space": (b"data:a\n\n", [("", b"a")]),
    "two_spaces": (b"data:  a\n\n", [("", b" a")]),
    "crlf": (b"data: a\r\n\r\ndata: b\r\n\r\n", [("", b"a"), ("", b"b")]),
    "cr": (b"data: a\r\rdata: b\r\r", [("", b"a"), ("", b"b")]),
    "mixed_ends": (b"data: a\r\n\ndata: b\n\r\n", [("", b"a"), ("", b"b")]),
    "named": (b"event: error\ndata: a\n\n", [("error", b"a")]),
    "named_after": (b"data: a\nevent: error\n\n", [("error", b"a")]),
    "several_lines": (b"data: a\ndata: b\n\n", [("", b"a\nb")]),
    "comments": (b": hello\n\n:\ndata: a\n: x\n\n", [("", b"a")]),
    "ids_and_retry": (b"retry: 3000\n\nid: 1\ndata: a\n\n", [("", b"a")]),
    "empty_data": (b"data:\n\ndata: \n\ndata: a\n\n", [("", b"a")]),
    "field_without_colon": (b"data\ndata: a\n\n", [("", b"\na")]),
    "unknown_field": (b"x: y\ndata: a\n\n", [("", b"a")]),
    "mark": (b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
    "not_ascii": ("data: žluťoučký 🐎\n\n".encode(), [("", "žluťoučký 🐎".encode())]),
    "separator": ("data: a\u2028b\n\n".encode(), [("", "a\u2028b".encode())]),
}


def read(data: bytes, size: int) -> list[tuple[str, bytes]]:
    """What a reader makes of the bytes in pieces of that size."""
    reader = sse.Reader()
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    return [(message.name, message.data) for piece in pieces for message in reader.feed(piece)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize(("data", "expected"), CASES.values(), ids=CASES.keys())
def test_events_are_found_however_they_are_cut(data: bytes, expected: list[tuple[str, bytes]], size: int) -> None:
    """Also inside a character, or between CR and LF."""
    assert read(data, size) == expected


def test_an_event_without_its_blank_line_comes_at_the_end() -> None:
    """Some providers forget it."""
    reader = sse.Reader()
    assert list(reader.feed(b"data: a\n\ndata: b\n")) == [("", b"a")]
    assert [(message.name, message.data) for message in reader.close()] == [("", b"b")]


def test_a_cr_alone_ends_an_event_at_once() -> None:
    """Nobody knows whether anything will follow it."""
    assert read(b"data: a\r\r", 10) == [("", b"a")]


def test_an_event_without_an_end_is_refused_at_a_bound() -> None:
    """And reading up to there takes time in proportion to its size."""
    reader = sse.Reader()
    for _ in range(sse.MAX_EVENT // 65536):
        reader.feed(b"x" * 65536)
    with pytest.raises(ProviderError) as caught:
        reader.feed(b"x" * 65536)
    assert caught.value.code == "upstream_event_too_large"


def by_the_standard(data: bytes) -> list[tuple[str, bytes]]:
    """The rules of the standard's chapter on interpreting an event stream, line by line."""
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found, name, lines = [], "", list[bytes]()
    for line in data.split(b"\n")[:-1]:
        if not line:
            if b"\n".join(lines):
                found.append((name, b"\n".join(lines)))
            name, lines = "", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            lines.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return found


LINES = st.sampled_from(
    (
        *(b"", b"", b"data: x", b"data:y", b"data: ", b"data", b": c", b":", b"event: e", b"event:", b"id: 1"),
        *(b"retry: 1", b"data: {}", b" data: z", b"data :q", "data: ž".encode(), b"DATA: w", b"data: data: v"),
    )
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(LINES, ENDS), max_size=20), st.integers(0, 2**32), st.booleans())
def test_it_agrees_with_the_standard(lines: list[tuple[bytes, bytes]], seed: int, mark: bool) -> None:
    """Any lines with any ends, cut at random places."""
    data = (b"\xef\xbb\xbf" if mark else b"") + b"".join(line + end for line, end in lines)
    chance, reader, got, at = random.Random(seed), sse.Reader(), list[tuple[str, bytes]](), 0
    while at < len(data):
        size = chance.randint(1, 8)
        got += [(message.name, message.data) for message in reader.feed(data[at : at + size])]
        at += size
    assert got == by_the_standard(data)

"""Server-sent events are read as the standard says, wherever they are cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import ProviderError
from headgate.formats import sse
from headgate.formats.sse import Message, Reader
from tests.formats.cutting import SIZES, pieces

CASES: dict[str, tuple[bytes, list[Message]]] = {
    "nothing": (b"", []),
    "one": (b"data: a\n\n", [Message("", b"a")]),
    "two": (b"data: a\n\ndata: b\n\n", [Message("", b"a"), Message("", b"b")]),
    "no_space": (b"data:a\n\n", [Message("", b"a")]),
    "two_spaces": (b"data:  a\n\n", [Message("", b" a")]),
    "tab": (b"data:\ta\n\n", [Message("", b"\ta")]),
    "colon_in_data": (b"data: a: b\n\n", [Message("", b"a: b")]),
    "several_lines": (b"data: a\ndata:\ndata: b\n\n", [Message("", b"a\n\nb")]),
    "no_colon": (b"data\ndata: a\n\n", [Message("", b"\na")]),
    "named": (b"event: ping\ndata: a\n\n", [Message("ping", b"a")]),
    "named_after": (b"data: a\nevent: ping\n\n", [Message("ping", b"a")]),
    "named_twice": (b"event: x\nevent: y\ndata: a\n\n", [Message("y", b"a")]),
    "name_of_one_event_only": (b"event: x\ndata: a\n\ndata: b\n\n", [Message("x", b"a"), Message("", b"b")]),
    "name_without_data": (b"event: x\n\ndata: a\n\n", [Message("", b"a")]),
    "name_not_utf8": (b"event: \xff\ndata: a\n\n", [Message("\ufffd", b"a")]),
    "ids_and_retry": (b"id: 1\nretry: 5\ndata: a\n\nretry: 5\n\n", [Message("", b"a")]),
    "unknown_field": (b"x: y\ndata: a\n\n", [Message("", b"a")]),
    "comments": (b": hi\n\n:\ndata: a\n: hi\n\n", [Message("", b"a")]),
    "blank_lines": (b"\n\n\n\ndata: a\n\n\n\n\ndata: b\n\n", [Message("", b"a"), Message("", b"b")]),
    "empty_data": (b"data:\n\ndata: \n\ndata\n\n", []),
    "crlf": (b"data: a\r\n\r\ndata: b\r\n\r\n", [Message("", b"a"), Message("", b"b")]),
    "cr": (b"data: a\r\rdata: b\r\r", [Message("", b"a"), Message("", b"b")]),
    "mixed": (b"data: a\r\n\ndata: b\n\r\ndata: c\r\r\n", [Message("", b"a"), Message("", b"b"), Message("", b"c")]),
    "cr_then_lf": (b"data: a\r\ndata: b\r\n\r\n", [Message("", b"a\nb")]),
    "mark": (b"\xef\xbb\xbfdata: a\n\n", [Message("", b"a")]),
    "mark_twice": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [Message("", b"b")]),
    "mark_later": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [Message("", b"a")]),
    "not_ascii": ("data: žluť 🐎\u2028\u0085\n\n".encode(), [Message("", "žluť 🐎\u2028\u0085".encode())]),
    "not_utf8": (b"data: \xff\xfe\n\n", [Message("", b"\xff\xfe")]),
    "no_end": (b"data: a\n\ndata: b", [Message("", b"a"), Message("", b"b")]),
    "half_an_end": (b"data: a\n\ndata: b\n", [Message("", b"a"), Message("", b"b")]),
    "no_end_no_data": (b"data: a\n\nevent: b", [Message("", b"a")]),
}


def read(data: bytes, size: int) -> list[Message]:
    """All events, with the one that the end of the body completed."""
    reader = Reader()
    return [*(message for piece in pieces(data, size) for message in reader.feed(piece)), *reader.close()]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CASES)
def test_a_stream_is_read_wherever_it_is_cut(name: str, size: int) -> None:
    data, messages = CASES[name]
    assert read(data, size) == messages


def standard(data: bytes) -> list[Message]:
    """The standard's rules, one line at a time; we also leave out events whose data is empty."""
    lines = re.split(b"\r\n|\r|\n", data.removeprefix(b"\xef\xbb\xbf"))
    # What comes after the last line end is no line yet.
    found, name, text = list[Message](), b"", list[bytes]()
    for line in lines[:-1]:
        if line:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                text.append(value)
            elif field == b"event":
                name = value
            continue
        if b"\n".join(text):
            found.append(Message(name.decode(), b"\n".join(text)))
        name, text = b"", []
    return found


TOKENS = [
    b"data: ", b"data:", b"data", b"event: ", b"event:", b"id: 1", b"retry: 2", b":", b": ", b" ", b"a", b'{"a":"b"}',
    b"\n", b"\n\n", b"\r", b"\r\n", b"\r\n\r\n", b"\r\r", b"\xef\xbb\xbf", b"data: a\n\n", b"data: b\r\n\r\n", b"x: y",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(TOKENS), max_size=30).map(b"".join), st.lists(st.integers(1, 9), min_size=1, max_size=5)
)
def test_any_bytes_are_read_as_the_standard_says(data: bytes, sizes: list[int]) -> None:
    reader, at, found = Reader(), 0, list[Message]()
    while at < len(data):
        size = sizes[at % len(sizes)]
        found += reader.feed(data[at : at + size])
        at += size
    # A lone CR at the very end may be half of a CRLF, but it has ended its line.
    assert found == standard(data)
    assert reader.close() == standard(data + b"\n\n")[len(found) :]


def test_an_empty_piece_changes_nothing() -> None:
    reader = Reader()
    assert [*reader.feed(b"data: a\r"), *reader.feed(b""), *reader.feed(b"\n\r\n")] == [Message("", b"a")]


def test_an_event_without_end_is_refused_before_it_fills_the_memory() -> None:
    endless = b"data: " + b"a" * (sse.MAX_EVENT + 2**20)
    with pytest.raises(ProviderError, match="over the size limit"):
        read(endless, 2**20)


def test_many_events_may_be_larger_than_one() -> None:
    """The limit is one event's, and not the stream's."""
    reader, size = Reader(), 2**20
    for _ in range(2 * sse.MAX_EVENT // size):
        assert len(reader.feed(b"data: " + b"a" * size + b"\n\n")) == 1


def test_a_large_event_in_small_pieces_takes_no_longer_than_it_must() -> None:
    """Nothing is put together before it is whole: 8 MB in 64,000 pieces would take minutes."""
    reader, data = Reader(), b"data: " + b"a" * 8_000_000 + b"\n\n"
    found = [message for piece in pieces(data, 125) for message in reader.feed(piece)]
    assert [len(message.data) for message in found] == [8_000_000]


def test_what_is_written_is_the_plainest_form() -> None:
    assert sse.write(b"{}") == b"data: {}\n\n"
    assert sse.write_named("x", b"{}") == b"event: x\ndata: {}\n\n"
    assert sse.DONE == b"data: [DONE]\n\n"
    assert read(sse.KEEP_ALIVE * 3 + sse.write(b"a"), 1) == [Message("", b"a")]

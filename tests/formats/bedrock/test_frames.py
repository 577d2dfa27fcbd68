"""Amazon's event stream: what Amazon's own library makes of the same bytes, cut, damaged and lying."""

import struct
from collections.abc import Iterator
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from headgate.formats.bedrock.frames import MAX_HEADERS, MAX_KNOWN, MAX_PAYLOAD, Broken, Frame, Frames
from tests.formats.bedrock.streams import CASES, event, frame, header, raw_frame, stream
from tests.formats.cutting import pieces

STREAM = stream(*(each for case in CASES.values() for each in case.events))


def read(data: bytes, size: int = 1_000_000) -> list[Frame]:
    """The frames in it."""
    found: list[Frame] = []
    read_into(found, data, size)
    return found


def read_into(found: list[Frame], data: bytes, size: int) -> None:
    """The same, and what was read before something was broken."""
    frames = Frames()
    for piece in pieces(data, size):
        for each in frames.feed(piece):
            found.append(each)


def theirs(data: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """The same, as Amazon's library reads them."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    for each in buffer:
        yield {name: value for name, value in each.headers.items() if isinstance(value, str)}, each.payload


@pytest.mark.parametrize("size", [1, 2, 3, 11, 12, 13, 100, 1_000_000])
def test_frames_are_found_as_amazons_library_finds_them(size: int) -> None:
    assert [(dict(each.headers), each.payload) for each in read(STREAM, size)] == list(theirs(STREAM))


def test_a_stream_may_be_cut_at_every_byte() -> None:
    data = stream(*CASES["a_call"].events)
    expected = read(data)
    for cut in range(len(data)):
        frames = Frames()
        found = [*frames.feed(data[:cut]), *frames.feed(data[cut:])]
        assert found == expected
        assert frames.is_between


def test_it_is_known_whether_a_frame_has_begun() -> None:
    frames = Frames()
    data = event("messageStart", {"role": "assistant"})
    states = [frames.is_between]
    for part in (data[:5], data[5:40], data[40:]):
        list(frames.feed(part))
        states.append(frames.is_between)
    assert states == [True, False, False, True]


def test_headers_of_every_type_are_passed_over_or_read() -> None:
    odd = b"".join(
        bytes([4]) + b"name" + bytes([kind]) + value
        for kind, value in [
            (0, b""), (1, b""), (2, b"x"), (3, b"xy"), (4, b"abcd"), (5, b"12345678"),
            (6, b"\0\3abc"), (8, b"12345678"), (9, b"0123456789abcdef"),
        ]
    )  # fmt: skip
    (found,) = read(raw_frame(odd + header(":event-type", "ping"), b""))
    assert found == Frame({":event-type": "ping"}, b"")


def test_a_large_frame_in_small_pieces_is_put_together_once() -> None:
    payload = b"x" * 300_000
    data = frame(payload, event_type="e")
    assert read(data, 1000)[0].payload == payload
    frames = Frames()
    for piece in pieces(data[:-1], 1000):
        assert not list(frames.feed(piece))
    assert len(frames._pieces) == len(data) // 1000 + 1, "put together again and again, it takes the square of its size"


def test_headers_that_never_repeat_are_not_remembered_for_ever() -> None:
    frames = Frames()
    for number in range(3 * MAX_KNOWN):
        (found,) = frames.feed(frame(b"", event_type=str(number)))
        assert found.headers == {":event-type": str(number)}
    assert len(frames._known) == MAX_KNOWN


@given(st.integers(0, len(STREAM) - 1), st.integers(1, 255), st.sampled_from([1, 7, 1000, 1_000_000]))
def test_a_damaged_byte_is_seen(place: int, change: int, size: int) -> None:
    """Frames before it are right, and nothing after it is believed."""
    damaged = bytearray(STREAM)
    damaged[place] ^= change
    found: list[Frame] = []
    with pytest.raises(Broken):
        read_into(found, bytes(damaged), size)
    assert found == read(STREAM)[: len(found)]


def lie(total: int, headers: int, *, is_signed: bool = True) -> bytes:
    """The beginning of a frame that says so of its lengths."""
    start = struct.pack("!II", total, headers)
    return start + struct.pack("!I", crc32(start) if is_signed else 0) + b"\0" * 100


@pytest.mark.parametrize(
    ("total", "headers"),
    [
        (0, 0),
        (15, 0),
        (16, 1),
        (100, 0xFFFF_FFFF),
        (0xFFFF_FFFF, 0),
        (MAX_PAYLOAD + 17, 0),
        (MAX_HEADERS + 17, MAX_HEADERS + 1),
    ],
)
def test_lengths_that_lie_are_not_waited_for(total: int, headers: int) -> None:
    with pytest.raises(Broken, match="length"):
        read(lie(total, headers))
    with pytest.raises(Broken, match="checksum"):
        read(lie(total, headers, is_signed=False))


@pytest.mark.parametrize(
    "headers",
    [b"\x05:a", b"\x02:a\x07", b"\x02:a\x07\0\x09hi", b"\x02:a\x0ahi", b"\x02\xff\xfe\0", b"\x02:a\x05123", b"\xff"],
)
def test_headers_that_cannot_be_read_are_broken(headers: bytes) -> None:
    with pytest.raises(Broken):
        read(raw_frame(headers, b"{}"))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for each in (data, raw_frame(data, b"{}"), STREAM[:200] + data):
        try:
            read(each)
        except Broken:
            continue

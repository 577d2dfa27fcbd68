"""What a worker says, however it is cut."""

import pytest

from headgate.errors import ProviderError
from headgate.providers.local import wire
from headgate.providers.local.wire import Done, Heard, Opened, Reader, Timed, Trouble, Word

SAID: list[bytes | Word] = [
    Opened(),
    b"\0\1\2",
    Heard("žluťoučký"),
    Timed(0.5, 1.0, "a b", (("a", 0.5, 0.7), ("b", 0.7, 1.0))),
    b"",
    Done(2.5),
]


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_frames_are_found_wherever_they_are_cut(size: int) -> None:
    data = b"".join(wire.sound(each) if isinstance(each, bytes) else wire.words(each) for each in SAID)
    reader = Reader()
    assert [each for at in range(0, len(data), size) for each in reader.feed(data[at : at + size])] == SAID


@pytest.mark.parametrize("data", [b"\7\0\0\0\0", b"\1\xff\xff\xff\xff", b"\1\0\0\0\2{]", b"\1\0\0\0\2{}"])
def test_what_no_worker_says_is_an_error(data: bytes) -> None:
    with pytest.raises(ProviderError, match="cannot be understood"):
        list(Reader().feed(data))


def test_a_trouble_says_what_is_told() -> None:
    trouble = Trouble("It is empty.", "empty_file", 400, "file")
    assert list(Reader().feed(wire.words(trouble))) == [trouble]

"""espeak-ng, as we use it."""

import pytest

from tests.local.sounds import voicebox


def test_letters_that_are_commands_are_none() -> None:
    def length(text: str) -> int:
        pieces: list[bytes] = []
        voicebox().choose("en-us")
        voicebox().say(text, pieces.append)
        return sum(map(len, pieces))

    # No two of its sounds are quite the same.
    assert length("\x01450SHello\x00there") == pytest.approx(length(" 450SHello there"), rel=0.1)


def test_who_cannot_take_a_sound_says_so() -> None:
    """A piece that is missing would be heard by nobody."""

    def take(samples: bytes) -> None:
        taken.append(samples)
        raise MemoryError

    taken: list[bytes] = []
    with pytest.raises(MemoryError):
        voicebox().say("The quick brown fox jumps over the lazy dog.", take)
    assert len(taken) == 1

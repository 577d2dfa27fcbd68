"""Speech into files, while it is made."""

import struct

import pytest

from headgate.formats.voices import SPEECH_FORMATS
from headgate.providers.local.encoding import RATE, wav_head
from tests.local.sounds import WHOLE, pieces, seconds, spoken

SIGNS = {"mp3": b"\xff\xf3", "opus": b"OggS", "aac": b"\xff\xf1", "flac": b"fLaC", "wav": b"RIFF", "pcm": b"\0\0"}


def test_every_format_that_may_be_asked_for_is_made() -> None:
    assert set(SIGNS) == set(SPEECH_FORMATS)


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_a_file_is_as_long_as_what_was_said(format: str) -> None:
    data = spoken(WHOLE, format)
    assert data.startswith(SIGNS[format])
    assert seconds(data, format) == pytest.approx(seconds(spoken(WHOLE, "pcm"), "pcm"), abs=0.1)


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_sound_comes_while_it_is_made(format: str) -> None:
    """And what has come can be played, as far as it goes."""
    made = list(pieces(WHOLE, format))
    begun = b"".join(made[: len(made) // 2])
    assert 0.3 < seconds(begun, format) / seconds(b"".join(made), format) < 0.6


@pytest.mark.parametrize("tempo", [0.5, 1.6])
def test_another_tempo_makes_it_that_much_shorter(tempo: float) -> None:
    plain, changed = spoken(WHOLE, "wav"), spoken(WHOLE, "wav", tempo=tempo)
    assert seconds(changed, "wav") == pytest.approx(seconds(plain, "wav") / tempo, rel=0.02)


def test_wav_is_what_clients_take_pcm_for() -> None:
    """16 bits, one channel, 24,000 a second; how long it will be is not known when its head is sent."""
    head = spoken(WHOLE, "wav")[:44]
    assert head == wav_head()
    assert struct.unpack_from("<HIIHH", head, 22) == (1, RATE, 2 * RATE, 2, 16)
    assert head[4:8] == head[40:44] == b"\xff\xff\xff\xff"
    assert wav_head(1000)[4:8] == struct.pack("<I", 1036)

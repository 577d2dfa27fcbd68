"""How long a sound is, about: told by how it begins and how many bytes it has."""

import math

from headgate.formats.voices import SpeechFormat

TOKENS_A_SECOND = 1250 / 60
"""Of sound, as OpenAI reckons its own voices."""

PCM = 48_000
"""Bytes a second: 24000 times 16 bits."""

_USUAL: dict[SpeechFormat, int] = {"mp3": 16_000, "opus": 4_000, "aac": 8_000, "flac": 24_000, "wav": PCM, "pcm": PCM}
"""Where it does not say."""

_MPEG1 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Kilobits a second of layer III, by its `bitrate_index` (ISO/IEC 11172-3 and 13818-3)."""


_NAMED: dict[bytes, SpeechFormat] = {b"RIFF": "wav", b"OggS": "opus", b"fLaC": "flac"}


def seconds(format: SpeechFormat, start: bytes, size: int) -> float:
    """Of a sound that begins so and has so many bytes."""
    rate = _USUAL[format]
    if start[:4] == b"RIFF" and len(start) >= 32:
        rate = int.from_bytes(start[28:32], "little")
    elif format == "mp3":
        rate = _mp3(start)
    return size / (rate or _USUAL[format])


def of_file(start: bytes, size: int) -> float:
    """Of a recording that begins so: as `seconds`, also in containers that sounds are not made in."""
    is_container = start[4:8] == b"ftyp" or start[:4] == b"\x1a\x45\xdf\xa3"
    return size / _USUAL["mp3"] if is_container else seconds(format_of(start), start, size)


def format_of(start: bytes) -> SpeechFormat:
    """What a sound is that begins so."""
    if (named := _NAMED.get(start[:4])) is not None:
        return named
    if start[:3] == b"ID3" or _mp3(start):
        return "mp3"
    # ADTS begins as MP3 does, and has no layer.
    return "aac" if len(start) > 1 and start[0] == 0xFF and start[1] & 0xF6 == 0xF0 else "pcm"


def tokens(format: SpeechFormat, start: bytes, size: int) -> int:
    """About as many as it counts."""
    return math.ceil(seconds(format, start, size) * TOKENS_A_SECOND)


def _mp3(start: bytes) -> int:
    at = 0
    if start[:3] == b"ID3" and len(start) >= 10:
        # Its size is written in bytes of seven bits.
        at = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(start[6:10], (21, 14, 7, 0), strict=True))
    head = start[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    rates, place = _MPEG1 if head[1] & 0x08 else _MPEG2, head[2] >> 4
    return rates[place - 1] * 125 if 1 <= place <= 14 else 0

"""Whether a file ends before its end, for formats that do not say how long they are."""

import os
import struct
from typing import BinaryIO

_TAIL = 128 * 1024
"""Where the last page of an Ogg file begins, at the earliest: a page has at most 65,307 bytes."""


def is_cut(file: BinaryIO, container: str) -> bool:
    """Whether its last piece is not whole."""
    size = file.seek(0, os.SEEK_END)
    match container:
        case "ogg":
            return _is_cut_ogg(_tail(file, size))
        case "wav":
            return _is_cut_wav(file, size)
        case "aac":
            return _is_cut_adts(file, size)
        case _:
            return False


def _tail(file: BinaryIO, size: int) -> bytes:
    file.seek(max(0, size - _TAIL))
    return file.read(_TAIL)


def _is_cut_ogg(tail: bytes) -> bool:
    """Whether the last page is shorter than it says. One that was stopped lacks no more than the mark of an end."""
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + 27:
        return True
    segments = tail[page + 26]
    lengths = tail[page + 27 : page + 27 + segments]
    return len(lengths) < segments or len(tail) < page + 27 + segments + sum(lengths)


def _is_cut_wav(file: BinaryIO, size: int) -> bool:
    """Whether the samples are fewer than the head says; one that was written as it was made says nothing."""
    at = 12
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return length not in (0, 0xFFFFFFFF) and at + 8 + length > size + 1
        at += 8 + length + length % 2
    return False


def _is_cut_adts(file: BinaryIO, size: int) -> bool:
    """Whether the last frame is shorter than it says."""
    at = 0
    while at + 7 <= size:
        file.seek(at)
        head = file.read(7)
        if head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            return False  # Something else is at the end, as a tag; the decoder will see.
        at += max(7, (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5)
    return at > size


def is_sure(file: BinaryIO, container: str) -> bool:
    """Whether what it says of its length is more than an estimate of whoever reads it."""
    if container == "mp3":
        file.seek(0)
        head = file.read(_HEAD)
        return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))
    return container != "aac"


_HEAD = 256 * 1024
"""Where the first frame of an MP3 file is, after the pictures that it may begin with."""

_BIT_RATES = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)
"""Of layer III, in thousands: of MPEG 2 and 2.5, and of MPEG 1."""

MP3_HEAD = 4
"""Bytes of the head of an MP3 frame."""

_RATES = {0: (11_025, 12_000, 8_000), 2: (22_050, 24_000, 16_000), 3: (44_100, 48_000, 32_000)}


def mp3_frame(head: bytes) -> int:
    """How many bytes an MP3 frame has that begins so; 0 where it is none, or does not say."""
    if len(head) < MP3_HEAD or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, rate, bits = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    if version not in _RATES or rate == 3 or bits in (0, 15):
        return 0
    is_first = version == 3
    return (144 if is_first else 72) * 1000 * _BIT_RATES[is_first][bits] // _RATES[version][rate] + (head[2] >> 1 & 1)

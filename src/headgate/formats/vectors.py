"""
Vectors as they come and go: as JSON's numbers, or as base64 of four bytes for each number.

A batch of them is megabytes. What an upstream sends is looked at as text or as bytes, and becomes numbers
only where the client wants the other form.
"""

import binascii
import math
import re
import struct
from collections.abc import Sequence

import msgspec

from headgate.errors import ProviderError

_numbers = msgspec.json.Decoder(list[float])

_DIGITS = b"0123456789. \t\r\n"
_SIGNS = b"+-eE,"

_LARGEST = 3.4e38
"""About the largest number that four bytes can hold."""

_ENDLESS = re.compile(rb"[\x7f\xff]")
"""The uppermost byte of what is no number, or has no end, or is so large that it is worth another look."""


class Vector(msgspec.Struct, frozen=True):
    """One of them, in the form it came in."""

    size: int
    """How many numbers it has."""
    text: bytes = b""
    """A list of JSON numbers; empty where it came as bytes."""
    packed: bytes = b""
    """Four bytes for each number, the lowest first."""

    def as_text(self) -> bytes:
        """A list of JSON numbers."""
        return self.text or msgspec.json.encode(struct.unpack(f"<{self.size}f", self.packed))

    def as_base64(self) -> bytes:
        """Its bytes as base64."""
        try:
            packed = self.packed or _pack(_numbers.decode(self.text))
        except OverflowError:
            raise ProviderError("A vector has a number that is too large for it.", code="upstream_invalid") from None
        return binascii.b2a_base64(packed, newline=False)


def read(raw: bytes) -> Vector | None:
    """A vector from well-formed JSON, in whichever form it has; None where it is none, or not all numbers."""
    if raw[:1] != b'"':
        return _read_text(raw)
    # Some servers write the slashes of base64 with a backslash before them.
    return read_base64(msgspec.json.decode(raw) if b"\\" in raw else raw[1:-1])


def read_base64(text: bytes | str) -> Vector | None:
    """The same from base64."""
    try:
        packed = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
    size, rest = divmod(len(packed), 4)
    if rest or not size:
        return None
    if _ENDLESS.search(packed[3::4]) and not all(map(math.isfinite, struct.unpack(f"<{size}f", packed))):
        return None
    return Vector(size, packed=packed)


def of(numbers: Sequence[float]) -> Vector:
    """A vector of these numbers."""
    return Vector(len(numbers), packed=_pack(numbers))


def _read_text(raw: bytes) -> Vector | None:
    signs = raw.translate(None, _DIGITS)
    if signs.translate(None, _SIGNS) != b"[]" or raw[1:-1].isspace() or len(raw) < 3:
        return None
    # Numbers near zero have an exponent, which is negative; any other may be too large.
    if signs.count(b"e") + signs.count(b"E") != signs.count(b"e-") + signs.count(b"E-") and not _are_small(raw):
        return None
    return Vector(signs.count(b",") + 1, raw)


def _are_small(raw: bytes) -> bool:
    try:
        return all(abs(number) < _LARGEST for number in _numbers.decode(raw))
    except msgspec.DecodeError:
        return False


def _pack(numbers: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)

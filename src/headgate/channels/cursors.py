"""
A connection's place in all of its channels, as a text that clients bring back.

`EPOCH:NUMBER` says everything, as numbers are the hub's. While a channel that was joined later is
still catching up, its own place is added, as a short hash of its name and how far it is behind.
"""

import hashlib
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from headgate.channels.names import ChannelId

UNKNOWN = -1
"""The place of somebody who was somewhere, but we do not know where."""

_TAG = 6

MAX_CURSOR = 4096
"""Characters; many channels catching up take about ten each."""


class Cursor(msgspec.Struct, frozen=True):
    """A place in the hub, and those of channels that are behind it."""

    number: int
    behind: dict[bytes, int] = {}

    def place(self, channel: ChannelId) -> int:
        """How far somebody got on that channel."""
        return self.behind.get(_tag(channel), self.number) if self.behind else self.number


def write_cursor(epoch: str, number: int, behind: Iterable[tuple[ChannelId, int]] = ()) -> str:
    """The text of a place."""
    body = b"".join(_tag(channel) + _varint(number - place) for channel, place in behind)
    return f"{epoch}:{number}:{urlsafe_b64encode(body).rstrip(b'=').decode()}" if body else f"{epoch}:{number}"


@lru_cache(maxsize=16)
def read_cursor(text: str, epoch: str, newest: int) -> Cursor:
    """The place of a text; one that was never given by this process is a place that we do not know."""
    parts = text.split(":")
    if len(text) > MAX_CURSOR or parts[0] != epoch or len(parts) not in (2, 3) or not _is_number(parts[1]):
        return Cursor(UNKNOWN)
    number = int(parts[1])
    behind = _read_behind(parts[2], number) if len(parts) == 3 else {}
    return Cursor(UNKNOWN) if behind is None or number > newest else Cursor(number, behind)


def _read_behind(text: str, number: int) -> dict[bytes, int] | None:
    try:
        body = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    behind: dict[bytes, int] = {}
    at = 0
    while at < len(body):
        tag, distance, shift = body[at : at + _TAG], 0, 0
        at += _TAG
        while at < len(body) and body[at] & 0x80:
            distance |= (body[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
        if at >= len(body):
            return None
        behind[tag] = max(UNKNOWN, number - (distance | body[at] << shift))
        at += 1
    return behind


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _tag(channel: ChannelId) -> bytes:
    said = f"{channel.scope}\0{channel.name}".encode()
    return hashlib.blake2b(said, digest_size=_TAG).digest()


def _varint(number: int) -> bytes:
    said = bytearray()
    while number > 0x7F:
        said.append(number & 0x7F | 0x80)
        number >>= 7
    said.append(number)
    return bytes(said)

"""
Amazon's event stream: binary frames, each with two checksums.

    total length | headers' length | checksum of these | headers | payload | checksum of all
    4 bytes        4                 4                                       4

https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream

Nearly all frames of a stream have the very same headers, so those that were read once are known again by
their bytes.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from zlib import crc32

MAX_HEADERS = 128 * 1024
MAX_PAYLOAD = 24 * 1024 * 1024
"""What Amazon allows, and what one frame can make us hold."""

MAX_KNOWN = 64
"""Caps the headers we know again; an honest stream has a dozen kinds of frames."""

_PRELUDE = struct.Struct("!III")
_NUMBER = struct.Struct("!I")
_SHORT = struct.Struct("!H")
_AROUND = _PRELUDE.size + _NUMBER.size
"""Bytes of a frame that are neither headers nor payload."""

_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""How long the values of a header are, by their type; the others say it themselves."""

_BYTES, _TEXT = 6, 7


class Broken(ValueError):
    """The bytes are no event stream; there is no way to find the next frame."""


class Frame(NamedTuple):
    """What one frame says."""

    headers: Mapping[str, str]
    """Those that are text, which is all that mean something."""
    payload: bytes


class Frames:
    """Finds the frames in a stream that is cut anywhere."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._have = 0
        self._need = _PRELUDE.size
        """How many bytes there must be before a look at them is of use."""
        self._known: dict[bytes, Mapping[str, str]] = {}

    @property
    def is_between(self) -> bool:
        """Whether the stream stands at the end of a frame, and no frame has begun."""
        return self._have == 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now; raises Broken at the first that is none."""
        if self._have:
            self._pieces.append(data)
            self._have += len(data)
            if self._have < self._need:
                return
            data = b"".join(self._pieces)
        at, size = 0, len(data)
        while size - at >= _PRELUDE.size:
            total, headers, checksum = _PRELUDE.unpack_from(data, at)
            _check_prelude(data, at, total, headers, checksum)
            if size - at < total:
                self._keep(data, at, total)
                return
            end = at + total - _NUMBER.size
            # The checksum of all goes on from that of the beginning, which was found right.
            if crc32(data[at + 8 : end], checksum) != _NUMBER.unpack_from(data, end)[0]:
                raise Broken("a frame has a wrong checksum")
            payload = at + _PRELUDE.size + headers
            yield Frame(self._headers(data[at + _PRELUDE.size : payload]), data[payload:end])
            at += total
        self._keep(data, at, _PRELUDE.size)

    def _keep(self, data: bytes, at: int, need: int) -> None:
        self._pieces = [data[at:]] if at < len(data) else []
        self._have, self._need = len(data) - at, need

    def _headers(self, data: bytes) -> Mapping[str, str]:
        known = self._known.get(data)
        if known is None:
            known = _read_headers(data)
            if len(self._known) < MAX_KNOWN:
                self._known[data] = known
        return known


def _check_prelude(data: bytes, at: int, total: int, headers: int, checksum: int) -> None:
    # First the checksum: a length that was damaged on its way must not make us wait for what never comes.
    if crc32(data[at : at + 8]) != checksum:
        raise Broken("the beginning of a frame has a wrong checksum")
    if headers > MAX_HEADERS or not 0 <= total - _AROUND - headers <= MAX_PAYLOAD:
        raise Broken("a frame has a length that cannot be")


def _read_headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        at = 0
        while at < len(data):
            name_end = at + 1 + data[at]
            name, kind = data[at + 1 : name_end].decode(), data[name_end]
            at = name_end + 1
            size = _SIZES.get(kind)
            if size is None and kind in (_BYTES, _TEXT):
                (size,) = _SHORT.unpack_from(data, at)
                at += _SHORT.size
            if size is None or at + size > len(data):
                raise Broken("a header has a value that cannot be")
            if kind == _TEXT:
                found[name] = data[at : at + size].decode()
            at += size
    except (IndexError, struct.error, UnicodeDecodeError):
        raise Broken("a frame has headers that cannot be read") from None
    return found

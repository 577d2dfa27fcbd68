"""
Content codings of an answer: gzip and deflate, undone piece by piece.

We always ask for `identity`, but some upstreams, and the caches before them, compress anyway.
"""

import zlib
from collections.abc import Iterator

from headgate.net.errors import BrokenAnswer

PIECE = 256 * 1024
"""The most bytes that are unpacked at once, and so the most that one receiver call has to take."""

MAX_RATIO = 100
"""How many bytes one compressed byte may become. Repetitive JSON reaches about 30; deflate can do
1032, and without a bound a megabyte of it would become a gigabyte in our memory."""

FREE_BYTES = 1024 * 1024
"""Under this much output no ratio is looked at: short texts of one letter are honest."""

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS


class Decoder:
    """Unpacks one body."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._unpacker: zlib._Decompress | None = None
        self._taken = 0
        self._given = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` unpacks to, in pieces; raises BrokenAnswer when it is no such thing."""
        self._taken += len(data)
        piece = b""
        # When a piece came out full there may be more inside zlib, although it has eaten all its input.
        while data or len(piece) == PIECE:
            if self._unpacker is None:
                self._unpacker = zlib.decompressobj(self._window_bits(data))
            try:
                piece = self._unpacker.decompress(data, PIECE)
            except zlib.error:
                raise BrokenAnswer(f"The provider's answer says it is {self._coding}, and is not.") from None
            self._count(len(piece))
            if piece:
                yield piece
            data = self._unpacker.unconsumed_tail
            if self._unpacker.eof:
                # A gzip file may hold several members, one after another (RFC 1952, 2.2).
                data, piece, self._unpacker = self._unpacker.unused_data, b"", None

    def close(self) -> None:
        """The body ended; raises BrokenAnswer when more had to come."""
        if self._unpacker is not None:
            raise BrokenAnswer("The provider's answer was cut short: its compressed body has no end.")

    def _window_bits(self, data: bytes) -> int:
        if self._coding == "gzip":
            return _GZIP
        # "deflate" means zlib's format (RFC 9110, 8.4.1.2), but some send it bare. A zlib stream begins
        # with a byte ending in 8, and no bare one does: that would be a stored block with dirty padding.
        return _ZLIB if data[0] & 0x0F == 8 else _RAW

    def _count(self, size: int) -> None:
        self._given += size
        if self._given > FREE_BYTES + MAX_RATIO * self._taken:
            raise BrokenAnswer("The provider's answer unpacks to far more than it should.")


def decoder_for(coding: str) -> Decoder | None:
    """What undoes this `content-encoding`; None when there is nothing to undo."""
    match coding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return Decoder("gzip")
        case "deflate":
            return Decoder("deflate")
        case _:
            raise BrokenAnswer("The provider's answer has a content encoding that was not asked for.")

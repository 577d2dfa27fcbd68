"""Bodies of requests that are too large to be held: read piece by piece, as the socket takes them."""

from collections.abc import Iterator
from typing import Protocol

PIECE = 256 * 1024
"""How much of a large body is handed to the transport at once: encrypting it takes about 0.2 ms,
and other connections get their turn after it."""


class Body(Protocol):
    """A body whose size is known; it may be sent several times, also at the same time."""

    def __len__(self) -> int:
        """How many bytes its pieces have together."""

    def pieces(self) -> Iterator[bytes | memoryview]:
        """All of it, from the start; raises OSError when it cannot be read."""


class FileBody:
    """A file with something before and after it."""

    def __init__(self, before: bytes, path: str, size: int, after: bytes) -> None:
        self._before, self._path, self._size, self._after = before, path, size, after

    def __len__(self) -> int:
        return len(self._before) + self._size + len(self._after)

    def pieces(self) -> Iterator[bytes]:
        """Before, the file, after. A file written just now is in memory still, so reading it waits for no disk."""
        yield self._before
        left = self._size
        with open(self._path, "rb", buffering=0) as file:
            while left:
                piece = file.read(min(left, PIECE))
                if not piece:
                    raise OSError(f"{left} bytes of a file that is being sent are gone.")
                left -= len(piece)
                yield piece
        yield self._after


def slices(body: bytes) -> Iterator[memoryview]:
    """A large body in pieces, without a copy."""
    view = memoryview(body)
    for start in range(0, len(view), PIECE):
        yield view[start : start + PIECE]

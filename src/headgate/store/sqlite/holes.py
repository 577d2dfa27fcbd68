"""Taking bytes out of the middle of a file."""

import ctypes
import os
from collections.abc import Callable
from functools import cache

KEEP_SIZE, PUNCH_HOLE = 1, 2
"""What Linux is told in `fallocate`'s mode."""

BLANK = bytes(1 << 18)
"""As much as is written over at a time, where there are no holes."""


def punch(fd: int, at: int, size: int) -> None:
    """Give their room back to the disk; where files have no holes, at least nobody can read them any more."""
    if not _was_punched(fd, at, size):
        for start in range(at, at + size, len(BLANK)):
            os.pwrite(fd, BLANK[: at + size - start], start)


def _was_punched(fd: int, at: int, size: int) -> bool:
    fallocate = _fallocate()
    return fallocate is not None and fallocate(fd, KEEP_SIZE | PUNCH_HOLE, at, size) == 0


@cache
def _fallocate() -> Callable[[int, int, int, int], int] | None:
    """Python has only the one of POSIX, which makes no holes."""
    library = ctypes.CDLL(None)
    # Where offsets may have 32 bits, the one that always has 64 goes by another name.
    function = getattr(library, "fallocate64", None) or getattr(library, "fallocate", None)
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return function

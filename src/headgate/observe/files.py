"""A file that lines are added to, wherever it is by now."""

import os

STDERR = 2


class LineFile:
    """
    Opened again when somebody has moved it away, or removed it: so logs are rotated without a signal.

    Used by one thread.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._open()

    def write(self, data: bytes) -> None:
        """Add that; raises OSError when it cannot all be written."""
        if not self._is_there():
            os.close(self._file)
            self._open()
        write_all(self._file, data)

    def close(self) -> None:
        """Let go of it."""
        os.close(self._file)

    def _open(self) -> None:
        # Nobody else's business: it tells who asked for what.
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _is_there(self) -> bool:
        try:
            there, ours = os.stat(self._path), os.fstat(self._file)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def write_all(file: int, data: bytes) -> None:
    """Write all of it, in as many pieces as it takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]

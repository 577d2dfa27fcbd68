"""One process holds a store: a lock on a file beside it."""

import fcntl
import os
from pathlib import Path

from headgate.errors import StoreError


class Holder:
    """Holds the lock until `release`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> None:
        """Raises StoreError, which names the process that has it."""
        path = self._path.with_name(self._path.name + ".lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"The store {self._path} cannot be opened: {error.strerror}.") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(lock, 32).decode(errors="replace").strip()
            os.close(lock)
            who = f" (process {holder})" if holder else ""
            raise StoreError(
                f"The store {self._path} is in use by another Headgate{who}. "
                "Stop that one first, or give this one a store of its own: [store] path.",
                code="store_in_use",
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self._file = lock

    def release(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

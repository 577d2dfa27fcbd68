"""
The files that sounds are in, beside the database.

SQLite would write every byte of a sound twice, and count it over besides; here it is appended to a file, once. Nothing
is ever written over or written again in the same place: so a transaction that refers to bytes of these files refers
to them for ever, and what nobody refers to, after a crash or a transaction that failed, does no harm.

Each owner of the store begins files of its own, with its epoch in their numbers; so one that was taken over, and does
not know it yet, writes where nobody else does. A database's files are told from those of another that was once in its
place by a name that comes from its secret.

One thread writes; anybody may read and erase.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from headgate.errors import StoreError
from headgate.store.sqlite import holes

FILE_SIZE = 64 << 20
"""How large a file becomes before there is another: one goes when nothing in it is needed any more."""

AT_ONCE = 1024
"""How many pieces a system takes together (IOV_MAX)."""

AT_HAND = 1 << 20
"""How much of a file stays in memory after it was written. Sounds are rarely heard again so soon, and memory that was
used just now is the cheapest to write to: with new memory for everything, writing takes three times as much of the
processor."""

PAGE = 4096
BLOCK = 512
"""What files' blocks are counted in, whatever they are."""


class Stretch(NamedTuple):
    """Bytes of a file."""

    file: int
    at: int
    size: int


class SoundFiles:
    """Those of one database."""

    def __init__(self, database: Path, *, is_synced: bool) -> None:
        self.folder = database.with_name(database.name + "-sounds")
        self._is_synced = is_synced
        self._name = ""
        self._fd: int | None = None
        self._end = 0
        self._in_memory = 0
        """From where on it may be in memory."""
        self.first = 0
        """All numbers below are of earlier owners' files."""
        self.number = 0
        """Of the file that is being written; those below are as they are."""

    def take_possession(self, epoch: int, secret: bytes) -> None:
        """From here on they are ours."""
        self._name = blake2b(secret, digest_size=4, person=b"sounds").hexdigest()
        self.first = self.number = epoch << 32

    # Writing.

    def write(self, pieces: Sequence[bytes]) -> Stretch:
        """Append them, and come back when the disk has them; raises StoreError."""
        try:
            return self._write(pieces)
        except OSError as problem:
            raise StoreError(f"The store cannot be written: {problem.strerror}.") from None

    def _write(self, pieces: Sequence[bytes]) -> Stretch:
        fd = self._fd if self._fd is not None and self._end < FILE_SIZE else self._begin_another()
        try:
            stretch = Stretch(self.number, self._end, _put(fd, pieces, self._end))
        except OSError:
            # The disk is full, perhaps: half of them would only take room away.
            with suppress(OSError):
                os.ftruncate(fd, self._end)
            raise
        if self._is_synced:
            self._sync(fd)
        self._end += stretch.size
        return stretch

    def _begin_another(self) -> int:
        self.let_go()
        self.folder.mkdir(0o700, exist_ok=True)
        while self._fd is None:
            self.number += 1
            # There is one already where the database was taken back to an earlier day.
            with suppress(FileExistsError):
                self._fd = os.open(self._path(self.number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._end = self._in_memory = 0
        try:
            self._sync_names()
        except OSError:
            self.let_go()
            raise
        return self._fd

    def _sync_names(self) -> None:
        """A file whose name is not on the disk is lost, however well its bytes are kept."""
        for folder in (self.folder.parent, self.folder) if self._is_synced else ():
            fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def _sync(self, fd: int) -> None:
        try:
            _sync(fd)
        except OSError:
            # Nobody knows what of the file is on the disk now, and the next sync would not say either.
            self.let_go()
            raise
        if self._end - self._in_memory > AT_HAND and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(fd, self._in_memory, self._end - self._in_memory, os.POSIX_FADV_DONTNEED)
            self._in_memory = self._end // PAGE * PAGE

    def let_go(self) -> None:
        """Write no more to the file that is being written."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    # Reading.

    @contextmanager
    def reading(self) -> Iterator["Reading"]:
        """For as long as something is being read."""
        reading = Reading(self._path)
        try:
            yield reading
        finally:
            reading.close()

    # What is there.

    def numbers(self) -> list[int]:
        """Of all files."""
        return [int(name.rpartition("-")[2], 16) for name in self._entries()]

    def size(self) -> int:
        """How much room they take."""
        size = 0
        for name in self._entries():
            with suppress(OSError):
                size += (self.folder / name).stat().st_blocks * BLOCK
        return size

    def length(self, file: int) -> int:
        """Where a file ends; 0 for one that is lost."""
        with suppress(FileNotFoundError):
            return self._path(file).stat().st_size
        return 0

    def _entries(self) -> list[str]:
        try:
            return [name for name in os.listdir(self.folder) if name.startswith(f"{self._name}-")]
        except FileNotFoundError:
            return []

    def _path(self, number: int) -> Path:
        return self.folder / f"{self._name}-{number:016x}"

    # Forgetting.

    def remove(self, files: Iterable[int]) -> None:
        """Files that nobody needs."""
        for number in files:
            self._path(number).unlink(missing_ok=True)

    def erase(self, stretches: Iterable[Stretch]) -> None:
        """Bytes that nobody needs, of files that somebody does."""
        for number, some in groupby(joined(stretches), lambda stretch: stretch.file):
            with suppress(FileNotFoundError):
                fd = os.open(self._path(number), os.O_RDWR | os.O_CLOEXEC)
                try:
                    for stretch in some:
                        holes.punch(fd, stretch.at, stretch.size)
                    if self._is_synced:
                        _sync(fd)
                finally:
                    os.close(fd)


class Reading:
    """Reads, and holds open what it reads from."""

    def __init__(self, path: Callable[[int], Path]) -> None:
        self._path = path
        self._open: dict[int, int] = {}

    def read(self, stretch: Stretch) -> bytes:
        """Those bytes; raises StoreError when they are not there."""
        if not stretch.size:
            return b""
        try:
            fd = self._open.get(stretch.file)
            if fd is None:
                fd = self._open[stretch.file] = os.open(self._path(stretch.file), os.O_RDONLY | os.O_CLOEXEC)
            data = os.pread(fd, stretch.size, stretch.at)
        except OSError as problem:
            raise lost(f"{problem.strerror}: {self._path(stretch.file)}") from None
        if len(data) < stretch.size:
            raise lost(f"{self._path(stretch.file)} ends too soon")
        return data

    def close(self) -> None:
        """Nothing more is to be read."""
        for fd in self._open.values():
            os.close(fd)


def lost(why: str) -> StoreError:
    """What is said of a sound that should be there."""
    return StoreError(f"The sound of this run is lost ({why}).", code="sound_lost", status=500)


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """In order, and as few as can be."""
    found: list[Stretch] = []
    for stretch in sorted(stretches):
        last = found[-1] if found else Stretch(0, 0, 0)
        if stretch.file == last.file and stretch.at <= last.at + last.size:
            found[-1] = Stretch(last.file, last.at, max(last.size, stretch.at + stretch.size - last.at))
        else:
            found.append(stretch)
    return found


def gaps(needed: Iterable[Stretch], file: int, length: int) -> list[Stretch]:
    """What is between and behind those of a file."""
    found, at = [], 0
    for stretch in [*joined(needed), Stretch(file, length, 0)]:
        if stretch.at > at:
            found.append(Stretch(file, at, stretch.at - at))
        at = stretch.at + stretch.size
    return found


def _put(fd: int, pieces: Sequence[bytes], at: int) -> int:
    """Write all of them, one behind the other; says how many bytes that was."""
    size = 0
    for start in range(0, len(pieces), AT_ONCE):
        some = pieces[start : start + AT_ONCE]
        whole = sum(map(len, some))
        done = os.pwritev(fd, some, at + size)
        while done < whole:
            # So much was taken, and no more: as a disk does that has room for no more, which the next try then says.
            done += os.pwrite(fd, b"".join(some)[done:], at + size + done)
        size += whole
    return size


def _sync(fd: int) -> None:
    # macOS has only the one.
    (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(fd)

"""
Files that come with requests: written to disk as they come, and gone when their run is over.

They lie in a folder of this process alone. A file is named by chance; the run whose request brought it remembers the
name. What a crash leaves behind is thrown away at the next start, but for the files of runs that are asked again.
"""

import asyncio
import errno
import hashlib
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec

from headgate.calls import Upload
from headgate.errors import BadRequest, HeadgateError, TooLarge, Unavailable
from headgate.formats.multipart import Parser, Part, boundary_of
from headgate.web.http import Request

AT_ONCE = 100
"""Files that may be on their way in at a time, so that they cannot fill the disk together before one is refused."""

MAX_FIELDS = 256 * 1024
"""Bytes of the fields around a file."""

BATCH = 256 * 1024
"""Bytes that are handed to a thread at a time: handing over costs as much as writing half of them."""

_ID = re.compile(r"[0-9a-f]{32}")


class UploadBounds(msgspec.Struct, frozen=True):
    """What a file may take."""

    bytes: int
    seconds: float
    """For all of it."""
    pause: float
    """Between two pieces."""


class Form(NamedTuple):
    """A form that was read."""

    fields: Mapping[str, Sequence[str]]
    id: str
    """What its file is called here."""
    upload: Upload | None
    fingerprint: bytes
    """Of what it says, and of its file."""


class Uploads:
    """The folder."""

    def __init__(self, folder: Path, bounds: UploadBounds) -> None:
        self._folder, self.bounds = folder, bounds
        self._coming = 0
        self._writer = ThreadPoolExecutor(1, "uploads")
        """One thread: a disk is no faster with several, and each takes memory of its own."""
        self._left: set[str] = set()
        """Files of runs that a crash left without an end."""

    def keep(self, id: str) -> None:
        """The run that has that file is asked again, or will be over soon."""
        self._left.add(id)

    def sweep(self) -> None:
        """Throw away what nobody needs any more; called once, at the start."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if _ID.fullmatch(path.name) and path.name not in self._left:
                    path.unlink(missing_ok=True)
        self._left.clear()

    def find(self, id: str) -> str | None:
        """Where the file of that name is; None when it is not there."""
        path = self._folder / id
        return str(path) if _ID.fullmatch(id) and path.is_file() else None

    def remove(self, id: str) -> None:
        """It is not needed any more."""
        if _ID.fullmatch(id):
            (self._folder / id).unlink(missing_ok=True)

    async def close(self) -> None:
        """All runs are over, and nothing is left behind."""
        self._writer.shutdown(wait=False)
        if self._folder.is_dir() and not any(self._folder.iterdir()):
            self._folder.rmdir()

    async def read(self, request: Request, name: str) -> Form:
        """
        A form whose file is the field of that name.

        Whoever gets it has to `remove` the file; raises BadRequest, TooLarge, Timeout or Unavailable.
        """
        boundary = boundary_of(request.headers.get(b"content-type", b""))
        if self._coming >= AT_ONCE:
            raise Unavailable("Too many files are being uploaded.", code="overloaded", retry_after=1)
        self._coming += 1
        id = secrets.token_hex(16)
        reading = _Reading(self._folder / id, name, self.bounds.bytes, self._writer)
        try:
            parser = Parser(boundary)
            limit = self.bounds.bytes + MAX_FIELDS
            async for data in request.pieces(limit, self.bounds.pause, self.bounds.seconds):
                await reading.take(parser.feed(data))
            parser.close()
            return await reading.form(id)
        except BaseException as error:
            await reading.give_up()
            # What a body says beforehand of its length is said of the file in it.
            is_too_large = isinstance(error, TooLarge)
            raise (_too_large(name, self.bounds.bytes) if is_too_large else _explained(error)) from None
        finally:
            self._coming -= 1


class _Reading:
    """One form on its way in."""

    def __init__(self, path: Path, name: str, limit: int, writer: ThreadPoolExecutor) -> None:
        self._path, self._name, self._limit, self._writer = path, name, limit, writer
        self._fields: dict[str, list[bytes]] = {}
        self._field: list[bytes] | None = None
        self._size_of_fields = 0
        self._part: Part | None = None
        """The file's."""
        self._file: int | None = None
        self._waiting: list[bytes] = []
        self._waits = 0
        self._size = 0
        self._hash = hashlib.sha256()

    async def take(self, pieces: Sequence[Part | bytes]) -> None:
        for piece in pieces:
            if isinstance(piece, Part):
                self._begin(piece)
            elif self._field is not None:
                self._say(piece)
            else:
                await self._write(piece)

    def _begin(self, part: Part) -> None:
        if part.name != self._name:
            if part.filename is not None:
                message = f"The form has a file '{part.name[:100]}', where only '{self._name}' is known."
                raise BadRequest(message, param=part.name[:100], code="invalid_form")
            self._fields.setdefault(part.name, []).append(b"")
            self._field = self._fields[part.name]
            return
        if self._part is not None:
            raise BadRequest(f"The form has more than one '{self._name}'.", param=self._name, code="invalid_form")
        self._field, self._part = None, part
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def _say(self, piece: bytes) -> None:
        assert self._field is not None, "a field has begun"
        self._size_of_fields += len(piece)
        if self._size_of_fields > MAX_FIELDS:
            raise BadRequest("The fields of the form are too large.", code="invalid_form")
        self._field[-1] += piece

    async def _write(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise _too_large(self._name, self._limit)
        self._waiting.append(piece)
        self._waits += len(piece)
        if self._waits >= BATCH:
            await self._flush()

    async def _flush(self) -> None:
        batch, self._waiting, self._waits = self._waiting, [], 0
        if batch and self._file is not None:
            # To the end also when nobody waits any more: the file must not be closed meanwhile.
            work = asyncio.get_running_loop().run_in_executor(
                self._writer, self._write_out, self._file, b"".join(batch)
            )
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                await asyncio.wait([work])
                raise

    def _write_out(self, file: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        self._hash.update(data)

    async def form(self, id: str) -> Form:
        await self._flush()
        self._close()
        fields = {name: [_text(name, value) for value in values] for name, values in self._fields.items()}
        upload = None
        if self._part is not None:
            upload = Upload(str(self._path), self._part.filename or self._name, self._part.type, self._size)
        said = msgspec.json.encode([sorted(fields.items()), self._hash.hexdigest()])
        return Form(fields, id, upload, said)

    async def give_up(self) -> None:
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        message = f"Invalid value for '{name[:100]}': it is not valid UTF-8."
        raise BadRequest(message, param=name[:100], code="invalid_value") from None


def _too_large(name: str, limit: int) -> TooLarge:
    message = f"The file is larger than the {limit / 1_000_000:.4g} MB that are taken here."
    return TooLarge(message, param=name, code="file_too_large")


def _explained(error: BaseException) -> BaseException:
    """What may go wrong with a disk, in words for a client."""
    if not isinstance(error, OSError) or isinstance(error, HeadgateError | TimeoutError):
        return error
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    why = "the disk is full" if is_full else os.strerror(error.errno or 0)
    return Unavailable(f"The file cannot be kept: {why}.", code="disk_full" if is_full else "store_unavailable")

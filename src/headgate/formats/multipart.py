"""
Forms with files (multipart/form-data, RFC 7578): read piece by piece as they come, and written around a file.

A parser holds no more than a part's head and the few bytes that may be the beginning of a boundary.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

from headgate.errors import BadRequest

MAX_HEAD = 8 * 1024
"""Bytes of one part's head."""

MAX_PARTS = 64

MAX_NAME = 255
"""Letters of a file's name that are kept."""

_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")


class Part(NamedTuple):
    """A part of the form begins."""

    name: str
    filename: str | None
    """None for a field that is no file."""
    type: str


Piece: TypeAlias = Part | bytes
"""What comes: a part, and then its bytes."""


def boundary_of(content_type: bytes) -> bytes:
    """The boundary that a form's content type names; raises BadRequest when it is no such form."""
    kind, _, _ = content_type.partition(b";")
    if kind.strip().lower() != b"multipart/form-data":
        raise BadRequest("The request must be a form with a file: 'Content-Type: multipart/form-data'.")
    parameters = dict(_parameters(content_type.decode("latin-1")))
    boundary = parameters.get("boundary", "").encode("latin-1")
    if not _BOUNDARY.fullmatch(boundary):
        raise _malformed("its content type names no boundary")
    return boundary


class Parser:
    """Reads one form."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"\r\n--" + boundary
        # As if a line had ended before the first boundary, which begins a line like any other.
        self._held = b"\r\n"
        self._is_in_head = False
        self._has_part = False
        self._parts = 0
        self.is_over = False

    def feed(self, data: bytes) -> list[Piece]:
        """Take whatever arrived, and return what is now certain; raises BadRequest."""
        pieces: list[Piece] = []
        self._held += data
        while not self.is_over and (self._head(pieces) if self._is_in_head else self._body(pieces)):
            pass
        if self.is_over:
            # What may come after the last boundary means nothing.
            self._held = b""
        return pieces

    def close(self) -> None:
        """That was all; raises BadRequest when it was cut."""
        if not self.is_over:
            raise _malformed("it has no end")

    def _body(self, pieces: list[Piece]) -> bool:
        """Take what is before the next boundary; False when more must come."""
        at = self._held.find(self._delimiter)
        if at < 0:
            safe = len(self._held) - len(self._delimiter) + 1
            if safe > 0:
                self._add(pieces, self._held[:safe])
                self._held = self._held[safe:]
            return False
        after = self._held[at + len(self._delimiter) :]
        if len(after) < 2:
            self._add(pieces, self._held[:at])
            self._held = self._held[at:]
            return False
        self._add(pieces, self._held[:at])
        if after.startswith(b"--"):
            self.is_over = True
            return False
        line, end, rest = after.partition(b"\r\n")
        if line.strip(b" \t\r") or (not end and len(after) > MAX_HEAD):
            raise _malformed("something follows a boundary on its line")
        if not end:
            self._held = self._held[at:]
            return False
        self._held, self._is_in_head = b"\r\n" + rest, True
        return True

    def _add(self, pieces: list[Piece], data: bytes) -> None:
        # What stands before the first boundary means nothing.
        if data and self._has_part:
            pieces.append(data)

    def _head(self, pieces: list[Piece]) -> bool:
        """Take a part's head; False when more must come."""
        head, end, rest = self._held.partition(b"\r\n\r\n")
        if len(head) > MAX_HEAD:
            raise _malformed("the head of a part is too long")
        if not end:
            return False
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise _malformed(f"it has more than {MAX_PARTS} parts")
        pieces.append(_part(head))
        # An empty part ends where it begins, so its boundary needs the line's end.
        self._held, self._is_in_head, self._has_part = rest, False, True
        if rest.startswith(self._delimiter[2:]):
            self._held = b"\r\n" + rest
        return True


def _part(head: bytes) -> Part:
    headers: dict[str, str] = {}
    for line in head.split(b"\r\n"):
        field, _, value = line.partition(b":")
        headers[field.decode("latin-1").strip().lower()] = value.strip().decode("utf-8", "replace")
    name: str | None = None
    filename: str | None = None
    for key, said in _parameters(headers.get("content-disposition", "")):
        if key == "name":
            name = said
        elif key == "filename*":
            filename = _decoded(said)
        elif key == "filename" and filename is None:
            filename = said
    if name is None:
        raise _malformed("a part has no name")
    return Part(_clean(name), None if filename is None else _clean(filename), _clean(headers.get("content-type", "")))


_PARAMETER = re.compile(r';\s*([\w!#$%&+^`{}~.*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))')


def _parameters(text: str) -> list[tuple[str, str]]:
    found = _PARAMETER.findall(text)
    return [(key.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else bare) for key, quoted, bare in found]


def _decoded(value: str) -> str:
    """A name as RFC 8187 has it: UTF-8''r%C3%A9."""
    return unquote_to_bytes(value.rpartition("'")[2]).decode("utf-8", "replace")


def _clean(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:MAX_NAME]


def _malformed(why: str) -> BadRequest:
    return BadRequest(f"The form cannot be read: {why}.", code="invalid_form")


def around(
    boundary: str, fields: Sequence[tuple[str, str]], file: str, filename: str, type: str
) -> tuple[bytes, bytes]:
    """What stands before a file and after it, in a form with these fields."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
        for name, value in fields
    ]
    kind = f"Content-Type: {type}\r\n" if type else ""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{file}"; filename="{_quoted(filename)}"\r\n{kind}\r\n'
    )
    return ("".join(parts) + head).encode(), f"\r\n--{boundary}--\r\n".encode()


def _quoted(text: str) -> str:
    # As browsers write it: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")

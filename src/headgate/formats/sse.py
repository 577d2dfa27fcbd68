"""
Server-sent events, read as the standard says and written in their plainest form.

Reading follows https://html.spec.whatwg.org/multipage/server-sent-events.html: LF, CR and CRLF
end a line, several `data` lines are joined by LF, comments and unknown fields are skipped, a
block without data is no event. Nearly every provider sends nothing but `data: {...}` and a blank
line, so whole blocks of that form take a short way; anything else goes line by line.
"""

from typing import NamedTuple

from headgate.errors import ProviderError
from headgate.formats import letters

MAX_EVENT = 16 * 1024 * 1024
"""Caps what an upstream that never ends a line can make us hold; the largest honest events are
pictures in base64, a few megabytes."""

KEEP_ALIVE = b": k\n"
"""One newline, not two: a blank line would dispatch an event whose id some clients then trip over."""


class Message(NamedTuple):
    """One event: its name, "" where it has none, and its data."""

    name: str
    data: bytes


class Reader:
    """Finds the events in a stream of bytes that may be cut anywhere."""

    def __init__(self) -> None:
        # What has come of an unfinished event, in pieces: joining them at every read would
        # make one large event cost the square of its size.
        self._pieces: list[bytes] = []
        self._size = 0
        self._begun = False
        self._after_cr = False

    def feed(self, data: bytes) -> list[Message]:
        """Take whatever arrived and return every event that is now complete."""
        if not self._begun:
            data = self._without_mark(data)
        if self._after_cr or letters.CR in data:
            data = self._only_newlines(data)
        if not self._pieces:
            buffer = data
        elif data.find(b"\n\n") >= 0 or (data.startswith(b"\n") and self._pieces[-1].endswith(b"\n")):
            self._pieces.append(data)
            buffer = b"".join(self._pieces)
            self._pieces, self._size = [], 0
        else:
            self._keep(data)
            return []
        end = buffer.rfind(b"\n\n")
        if end < 0:
            self._keep(buffer)
            return []
        self._keep(buffer[end + 2 :])
        return [message for block in buffer[:end].split(b"\n\n") if (message := _message(block)) is not None]

    def close(self) -> list[Message]:
        """
        The stream ended: return the event that lacked its blank line, if there is one.

        The standard throws such an event away; providers that forget the last blank line exist, and
        a half event gives itself away by not being JSON.
        """
        message = _message(b"".join(self._pieces).strip(b"\n"))
        self._pieces = []
        return [] if message is None else [message]

    def _keep(self, rest: bytes) -> None:
        if rest:
            self._pieces.append(rest)
            self._size += len(rest)
            if self._size > MAX_EVENT:
                raise ProviderError("The provider sent an event over the size limit.", code="upstream_event_too_large")

    def _without_mark(self, data: bytes) -> bytes:
        """Drop one byte order mark at the very start, which may itself come in pieces."""
        data = b"".join(self._pieces) + data
        self._pieces, self._size = [], 0
        if len(data) < 3 and b"\xef\xbb\xbf".startswith(data):
            self._keep(data)
            return b""
        self._begun = True
        return data.removeprefix(b"\xef\xbb\xbf")

    def _only_newlines(self, data: bytes) -> bytes:
        """Every line end as LF. A CR ends its line at once; an LF that comes after it belongs to it."""
        if self._after_cr:
            if not data:
                return data
            data = data.removeprefix(b"\n")
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _message(block: bytes) -> Message | None:
    if block.startswith(b"data: ") and letters.LF not in block:
        return Message("", block[6:]) if len(block) > 6 else None
    if block.startswith(b"event: "):
        first, _, second = block.partition(b"\n")
        if len(second) > 6 and second.startswith(b"data: ") and letters.LF not in second:
            return Message(first[7:].decode("utf-8", "replace"), second[6:])
    name, lines = "", []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            lines.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    data = b"\n".join(lines)
    return Message(name, data) if data else None


def write(data: bytes) -> bytes:
    """One event without a name; `data` is JSON and so holds no line end."""
    return b"data: " + data + b"\n\n"


def write_named(name: str, data: bytes) -> bytes:
    """One event with a name."""
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


DONE = write(b"[DONE]")

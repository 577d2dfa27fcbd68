"""
A JSON array read as it arrives, each of its objects as soon as it is whole.

Without `alt=sse` Google streams one array: `[{...}`, then `,` and the next, and `]` in the end.
"""

import re

from headgate.errors import ProviderError
from headgate.formats.sse import MAX_EVENT

_MARKS = re.compile(rb'["\\{}]')
"""All that matters for where an object ends; pictures are megabytes without one of them."""

_QUOTE, _BACKSLASH, _OPENING = b'"\\{'


class Objects:
    """Finds the objects of an array that may be cut anywhere."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        """What came of an object that is not whole."""
        self._size = 0
        self._depth = 0
        self._in_text = False
        self._is_escaped = False
        """Whether the next byte means nothing."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take whatever arrived and return every object that is now whole."""
        found: list[bytes] = []
        start, meaningless = 0, 0 if self._is_escaped else -1
        for mark in _MARKS.finditer(data):
            at = mark.start()
            if at == meaningless:
                continue
            byte = data[at]
            if self._in_text:
                if byte == _BACKSLASH:
                    meaningless = at + 1
                self._in_text = byte != _QUOTE
            elif byte == _QUOTE:
                self._in_text = True
            elif byte == _OPENING:
                start = start if self._depth else at
                self._depth += 1
            elif byte != _BACKSLASH and self._depth:
                self._depth -= 1
                if not self._depth:
                    found.append(b"".join((*self._pieces, data[start : at + 1])))
                    self._pieces, self._size = [], 0
        self._is_escaped = meaningless == len(data)
        if self._depth:
            self._keep(data[start:])
        return found

    def _keep(self, rest: bytes) -> None:
        self._pieces.append(rest)
        self._size += len(rest)
        if self._size > MAX_EVENT:
            raise ProviderError("The provider sent an object over the size limit.", code="upstream_event_too_large")

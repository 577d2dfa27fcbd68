"""
A JSON array read as it arrives, each of its objects as soon as it is whole.

Without `alt=sse` Google streams one array: `[{...}`, then `,` and the next, and `]` in the end.
"""

from headgate.errors import ProviderError
from headgate.formats.sse import MAX_EVENT

OPENING, CLOSING, QUOTE, BACKSLASH = b'{}"\\'


class Objects:
    """Finds the objects of an array that may be cut anywhere."""

    def __init__(self) -> None:
        self._pieces = bytearray()
        """What came of an object that is not whole."""
        self._depth = 0
        self._in_text = False
        self._is_escaped = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take whatever arrived and return every object that is now whole."""
        found: list[bytes] = []
        start = 0
        for at, byte in enumerate(data):
            if self._in_text:
                self._go_on_in_text(byte)
            elif byte == QUOTE:
                self._in_text = True
            elif byte == OPENING:
                if self._depth == 0:
                    start = at
                self._depth += 1
            elif byte == CLOSING and self._depth:
                self._depth -= 1
                if self._depth == 0:
                    found.append(bytes(self._pieces) + data[start : at + 1])
                    self._pieces.clear()
        if self._depth:
            self._pieces += data[start:]
            if len(self._pieces) > MAX_EVENT:
                raise ProviderError("The provider sent an object over the size limit.", code="upstream_event_too_large")
        return found

    def _go_on_in_text(self, byte: int) -> None:
        if self._is_escaped:
            self._is_escaped = False
        elif byte == BACKSLASH:
            self._is_escaped = True
        elif byte == QUOTE:
            self._in_text = False

    @property
    def is_cut(self) -> bool:
        """Whether half an object is left."""
        return self._depth > 0

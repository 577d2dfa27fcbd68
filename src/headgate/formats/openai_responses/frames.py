"""The events of a Responses stream as bytes, numbered densely from 0."""

from typing import Any

import msgspec

from headgate.formats import sse

_encode = msgspec.json.Encoder().encode


class Frames:
    """Numbers events and writes them."""

    def __init__(self) -> None:
        self.number = 0
        """The sequence_number of the next event."""

    def event(self, type: str, fields: dict[str, Any]) -> bytes:
        """One event of any type."""
        body = {"type": type, "sequence_number": self.number, **fields}
        self.number += 1
        return sse.write_named(type, _encode(body))

    def piece(self, head: bytes, words: str) -> bytes:
        """One delta event, from a head that was made before: this is written for every token."""
        number = self.number
        self.number = number + 1
        return b'%b%d,"delta":%b}\n\n' % (head, number, _encode(words))


def head(type: str, fields: dict[str, Any]) -> bytes:
    """All of a delta event that stays the same within its part."""
    same = _encode({"type": type, **fields})
    return b"event: " + type.encode() + b"\ndata: " + same[:-1] + b',"sequence_number":'

"""Server-sent events as our own server writes them, with the ids that let a reader come back."""

from typing import NamedTuple


class Message(NamedTuple):
    """One event."""

    id: str
    data: bytes


class Reader:
    """Finds the events in a stream of bytes that may be cut anywhere."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """Take whatever arrived and return every event that is now complete."""
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        return [message for block in blocks if (message := _message(block)) is not None]


def _message(block: bytes) -> Message | None:
    id, data = "", None
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"id":
            id = value.strip().decode("ascii", "replace")
        elif field == b"data":
            data = value.strip()
    return None if data is None else Message(id, data)

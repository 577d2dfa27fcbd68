"""Streams, for as long as the process lives."""

from collections.abc import Sequence

import msgspec

from headgate.store.streams import Appended, Change, Created, Extended, KeptStream, Mark, Removed, StreamHead


class _Stream:
    """One of them."""

    def __init__(self, id: int, head: StreamHead, due: float | None) -> None:
        self.id, self.head, self.due = id, head, due
        self.own = bytearray()
        self.is_closed = self.is_gone = False
        self.seq: bytes | None = None
        self.producers: dict[str, Mark] = {}
        self.closed_by: Mark | None = None

    def append(self, change: Appended) -> None:
        """It grows, or is closed."""
        self.own[change.first - self.head.first :] = change.data
        self.seq = self.seq if change.seq is None else change.seq
        self.due = self.due if change.due is None else change.due
        if change.mark is not None:
            self.producers[change.mark.producer] = change.mark
        if change.closes:
            self.is_closed, self.closed_by = True, change.mark


class MemoryStreams:
    """The streams of a memory store."""

    def __init__(self) -> None:
        self.next = 1
        self._streams: dict[int, _Stream] = {}
        self._names: dict[tuple[str, str], int] = {}

    def apply(self, changes: Sequence[Change]) -> None:
        """Something happened to them."""
        for change in changes:
            match change:
                case Created(stream, head, due):
                    self._streams[stream] = _Stream(stream, head, due)
                    self._names[head.owner, head.name] = stream
                    self.next = stream + 1
                case Appended():
                    self._streams[change.stream].append(change)
                case Extended(stream, due):
                    self._streams[stream].due = due
                case Removed(stream):
                    self._remove(stream)

    def _remove(self, id: int | None) -> None:
        while id is not None:
            stream = self._streams[id]
            if any(other.head.fork is not None and other.head.fork.source == id for other in self._streams.values()):
                stream.is_gone, stream.due = True, None
                return
            del self._streams[id], self._names[stream.head.owner, stream.head.name]
            source = None if stream.head.fork is None else stream.head.fork.source
            id = source if source in self._streams and self._streams[source].is_gone else None

    def find(self, owner: str, name: str) -> KeptStream | None:
        """An owner's stream of that name."""
        id = self._names.get((owner, name))
        if id is None:
            return None
        stream = self._streams[id]
        return KeptStream(
            id=id,
            head=stream.head,
            end=stream.head.first + len(stream.own),
            due=stream.due,
            is_closed=stream.is_closed,
            is_gone=stream.is_gone,
            seq=stream.seq,
            producers=dict(stream.producers),
            closed_by=msgspec.structs.replace(stream.closed_by) if stream.closed_by else None,
        )

    def read(self, id: int, first: int, upto: int, limit: int) -> bytes:
        """Some of a stream's own bytes."""
        stream = self._streams.get(id)
        if stream is None:
            return b""
        at = first - stream.head.first
        return bytes(stream.own[at : min(at + limit, upto - stream.head.first)])

    @property
    def size(self) -> int:
        """How many bytes all of them have."""
        return sum(len(stream.own) for stream in self._streams.values())

    def count(self, owner: str) -> int:
        """How many an owner has."""
        return sum(stream.head.owner == owner for stream in self._streams.values())

    def ends(self, owner: str) -> list[tuple[str, int]]:
        """How far all of an owner's go that are not gone."""
        theirs = [each for each in self._streams.values() if each.head.owner == owner and not each.is_gone]
        return sorted((each.head.name, each.head.first + len(each.own)) for each in theirs)

    def due(self, now: float, limit: int) -> list[tuple[str, str]]:
        """Some that may be forgotten."""
        old = [each.head for each in self._streams.values() if each.due is not None and each.due < now]
        return [(head.owner, head.name) for head in old[:limit]]

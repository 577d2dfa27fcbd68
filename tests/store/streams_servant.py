"""Streams in a store at the service of another process."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headgate.store.sqlite import SqliteStore, store, stream_rows, streams
from headgate.store.streams import Change

OWNERS = ("alice", "bob")
NAMES = ("red", "green", "blue", "black")


class Servant:
    """Does what it is asked with a store whose bounds are so small that its rare paths are common."""

    def __init__(self, path: Path) -> None:
        streams.SETTLE_ROWS, streams.SETTLE_BYTES, streams.SWEEP_PIECES = 3, 300, 1
        stream_rows.LARGE, stream_rows.SMALL = 64, 30
        store.CHECKPOINT_PAGES, store.MUCH_ROOM = 40, 1 << 40
        self._store = SqliteStore(path, sync="normal")

    async def __call__(self, verb: str, *given: Any) -> Any:
        return await getattr(self, verb)(*given)

    async def open(self) -> int:
        """The number of the next stream."""
        await self._store.open()
        return self._store.next_stream

    async def append(self, changes: Sequence[Change]) -> None:
        """Keep them."""
        await self._store.append([], changes)

    async def look(self) -> Any:
        """All there is to see."""
        kept_in, found = self._store, {}
        for owner in OWNERS:
            for name in NAMES:
                kept = await kept_in.stream(owner, name)
                if kept is not None:
                    found[owner, name] = kept, await self._bytes(kept.id, kept.head.first, kept.end)
        counts = {owner: await kept_in.count_streams(owner) for owner in OWNERS}
        return found, counts, sorted(await kept_in.due_streams(25.0, 100))

    async def _bytes(self, stream: int, first: int, upto: int) -> bytes:
        found = b""
        while piece := await self._store.read_stream(stream, first + len(found), upto, 100):
            found += piece
        return found

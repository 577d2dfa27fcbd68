"""A library of streams at work, without a server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from typing_extensions import override

from headgate.errors import StoreError
from headgate.runs.commit import GroupCommit
from headgate.store.base import Segment, Store
from headgate.store.memory import MemoryStore
from headgate.store.streams import Change, KeptStream
from headgate.streams import Addition, Bounds, Library, Stream, read


class Clock:
    """The time, as it is wanted."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class SlowStore(MemoryStore):
    """Keeps nothing before it is let, and refuses what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_narrow = False
        """Whether the gate shuts after each who passed."""
        self.refuses = 0
        self.commits: list[int] = []
        """How much each commit had."""

    @override
    async def append(self, batch: Sequence[Segment], changes: Sequence[Change] = ()) -> None:
        await self.gate.wait()
        if self.is_narrow:
            self.gate.clear()
        if self.refuses:
            self.refuses -= 1
            raise StoreError("The store cannot be written: disk I/O error.")
        self.commits.append(len(changes))
        await super().append(batch, changes)

    @override
    async def stream(self, owner: str, name: str) -> KeptStream | None:
        await asyncio.sleep(0)
        return await super().stream(owner, name)

    @override
    async def count_streams(self, owner: str) -> int:
        await asyncio.sleep(0)
        return await super().count_streams(owner)


@asynccontextmanager
async def working(
    store: Store | None = None, bounds: Bounds | None = None, clock: Clock | None = None
) -> AsyncIterator[Library]:
    """A library, for a while."""
    store = store or MemoryStore()
    await store.open()
    commits = GroupCommit(store, 0.01, lambda run: None)
    library = Library(store, commits, bounds, now=clock or Clock())
    library.open()
    work = asyncio.create_task(commits.work())
    try:
        yield library
    finally:
        commits.finish()
        await work
        await library.close()
        await store.close()


def text(data: bytes, **more: object) -> Addition:
    """Some text to be added."""
    return Addition(data=data, kind="text/plain", **more)  # type: ignore[arg-type]


async def whole(library: Library, stream: Stream) -> bytes:
    """All that readers may see of a stream."""
    found = b""
    while piece := await read(library.store, stream, len(found)):
        found += piece
    return found

"""Keeps runs for as long as the process lives: for tests, and for those who want nothing on disk."""

from collections.abc import Sequence
from itertools import islice

from typing_extensions import override

from headgate.store.base import End, Record, Segment, Store, Summary

MAX_RUNS = 10_000
"""Caps what a server without a disk holds; the oldest runs are forgotten first."""


class MemoryStore(Store):
    """The in-memory twin of the SQLite store."""

    def __init__(self, max_runs: int = MAX_RUNS) -> None:
        self._max_runs = max_runs
        self._kept: dict[str, End] = {}

    @override
    async def open(self) -> list[Record]:
        return []

    @override
    async def append(self, batch: Sequence[Segment]) -> None:
        for segment in batch:
            if segment.end is not None:
                self._kept[segment.run] = segment.end
        for run in list(islice(self._kept, max(0, len(self._kept) - self._max_runs))):
            del self._kept[run]

    @override
    async def get(self, run: str, owner: str) -> Record | None:
        kept = self._kept.get(run)
        return None if kept is None or kept.head.owner != owner else Record(kept.head, list(kept.events), kept.ended)

    @override
    async def recent(self, owner: str, *, limit: int, before: str | None = None) -> list[Summary]:
        mine = [kept for kept in self._kept.values() if kept.head.owner == owner]
        mine.sort(key=lambda kept: kept.head.run, reverse=True)
        older = (kept for kept in mine if before is None or kept.head.run < before)
        return [_summary(kept) for kept in islice(older, limit)]

    @override
    async def delete(self, run: str, owner: str) -> bool:
        if await self.get(run, owner) is None:
            return False
        del self._kept[run]
        return True

    @override
    async def expire(self, before: float) -> int:
        old = [run for run, kept in self._kept.items() if kept.ended < before]
        for run in old:
            del self._kept[run]
        return len(old)

    @override
    async def close(self) -> None:
        pass


def _summary(end: End) -> Summary:
    head = end.head
    return Summary(
        run=head.run,
        created=head.created,
        ended=end.ended,
        format=head.format,
        asked=head.model,
        status=end.status,
        provider=end.provider,
        model=end.model,
        input_tokens=end.input_tokens,
        output_tokens=end.output_tokens,
    )

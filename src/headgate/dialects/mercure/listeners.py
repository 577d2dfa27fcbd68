"""
One subscriber: a place in the log of updates, and no queue.

Who comes back with the id of what it had last is behind at first: the log is looked through for what it asks for,
piece by piece. From then on its groups have what concerns it. Who is so slow that something it should have got is not
kept any more is sent away: it comes back with the id of what it had, and is told that it missed something.
"""

import asyncio
from collections.abc import Callable, Sequence

from headgate.dialects.mercure.groups import Group
from headgate.dialects.mercure.history import Entry, History
from headgate.dialects.mercure.updates import Update

MOST = 250
"""Updates in one piece: who comes late, or does not read, must not make us hold much, nor hold up the others."""

MOST_BYTES = 256 * 1024

SPELL = 0.005
"""Seconds of looking for one piece: many patterns may have to be compared with many topics of each update."""


class Listener:
    """One connection; made by the board, and to be given back to it."""

    __slots__ = (
        "_asks",
        "_future",
        "_groups",
        "_history",
        "_is_cut",
        "_live_from",
        "_loop",
        "_may_read",
        "_place",
        "_told_at",
        "expires",
        "is_gone",
        "since",
    )

    def __init__(
        self,
        history: History,
        groups: Sequence[Group],
        place: int,
        asks: Callable[[Update], bool],
        may_read: Callable[[Update], bool],
        expires: float | None,
    ) -> None:
        self._history, self._groups, self._place = history, groups, place
        self._asks, self._may_read = asks, may_read
        self.expires = expires
        """When its token ends (Unix seconds)."""
        self._live_from = history.number
        """What is newer comes by its groups."""
        self._loop = asyncio.get_running_loop()
        self._told_at = self._loop.time()
        self.since = 0.0
        """While it waits: when its client last heard of us, by the loop's clock; 0 otherwise."""
        self._future: asyncio.Future[bool] | None = None
        self.is_gone = False
        self._is_cut = False

    @property
    def groups(self) -> Sequence[Group]:
        """Those it belongs to."""
        return self._groups

    async def next(self) -> bytes | None:
        """What it is to be told now; b"" for nothing for a while, None when it is over."""
        while not self.is_gone:
            if not self._has_news and not await self._wait():
                break
            if piece := self._take():
                return piece
            # A long way through the log without anything for it must not hold up the others.
            await asyncio.sleep(0)
        if not self.is_gone:
            return b""
        # When the server ends, what was published before is still told.
        return (self._take() if self._has_news and not self._is_cut else b"") or None

    def wake(self, is_news: bool) -> None:
        """Something happened, or nothing for a long time."""
        if self._future is not None and not self._future.done():
            self._future.set_result(is_news)

    def close(self) -> None:
        """Nobody is there any more, or we are not."""
        self.is_gone = True
        self.wake(False)

    def cut(self) -> None:
        """It must be told nothing more."""
        self._is_cut = True
        self.close()

    @property
    def _has_news(self) -> bool:
        return self._place < self._live_from or any(group.last > self._place for group in self._groups)

    async def _wait(self) -> bool:
        future: asyncio.Future[bool] = self._loop.create_future()
        self._future, self.since = future, self._told_at
        try:
            is_news = await future
        finally:
            self._future, self.since = None, 0.0
        if not is_news:
            self._told_at = self._loop.time()
        return is_news

    def _take(self) -> bytes:
        is_behind = self._place < self._live_from
        lost = self._history.lost if is_behind else max(group.lost for group in self._groups)
        if lost > self._place:
            self.cut()
            return b""
        piece = b"".join(self._past() if is_behind else self._news())
        if piece:
            self._told_at = self._loop.time()
        return piece

    def _past(self) -> list[bytes]:
        wanted, upto, until = [], self._place, self._loop.time() + SPELL
        for entry in self._history.after(self._place, MOST, self._live_from):
            if self._asks(entry.update):
                wanted.append(entry)
            upto = entry.number
            if self._loop.time() > until:
                break
        return self._told(wanted, upto)

    def _news(self) -> list[bytes]:
        entries = self._groups[0].after(self._place)
        if len(self._groups) > 1:
            unlike = {entry.number: entry for group in self._groups for entry in group.after(self._place)}
            entries = [unlike[number] for number in sorted(unlike)]
        return self._told(entries, self._history.number)

    def _told(self, entries: Sequence[Entry], upto: int) -> list[bytes]:
        """The events of some of them; its place is then after those, or after all there is."""
        frames: list[bytes] = []
        size, until = 0, self._loop.time() + SPELL
        for number, entry in enumerate(entries):
            is_enough = len(frames) >= MOST or size > MOST_BYTES
            if number and (is_enough or self._loop.time() > until):
                return frames
            self._place = entry.number
            update = entry.update
            if not update.is_private or self._may_read(update):
                frames.append(update.frame)
                size += len(update.frame)
        self._place = upto
        return frames

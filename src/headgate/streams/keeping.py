"""What happens to streams on its way to the store, with everybody else's news."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from typing_extensions import override

from headgate.errors import StoreError
from headgate.runs.commit import Companion, GroupCommit
from headgate.store.streams import Appended, Change
from headgate.streams.stream import Stream

AT_ONCE = 16 << 20
"""Bytes that go with one commit: it is one row, which everybody waits for."""


MOST_WAITING = 4 * AT_ONCE
"""Bytes that may wait for the store: with more, it does not keep up, and whoever comes is better told so."""


class _News(NamedTuple):
    stream: Stream
    change: Change | None
    shown: int
    """How much of the stream readers may see when it is kept."""
    done: "asyncio.Future[None] | None"


class Keeping(Companion):
    """Hands over what happened, and shows it when it is kept."""

    def __init__(self, commits: GroupCommit, on_kept: Callable[[Stream], None], on_lost: Callable[[Stream], None]):
        self._commits, self._on_kept, self._on_lost = commits, on_kept, on_lost
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_News] = []
        self._under_way: list[_News] = []
        self._size = 0
        """How many bytes are still to be kept."""
        commits.take_along(self)

    @property
    def is_full(self) -> bool:
        """Whether nothing more should come for now."""
        return self._size > MOST_WAITING

    def put(self, stream: Stream, change: Change | None) -> "asyncio.Future[None]":
        """Something happened, or nothing: the future is done when it is kept, and all that happened before."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._add(stream, change, done)
        return done

    def put_quietly(self, stream: Stream, change: Change) -> None:
        """Something happened that nobody waits for."""
        self._add(stream, change, None)

    def _add(self, stream: Stream, change: Change | None, done: "asyncio.Future[None] | None") -> None:
        self._waiting.append(_News(stream, change, stream.end + stream.is_closed, done))
        stream.keeping += 1
        self._size += _size(change)
        self._commits.add_companion(len(self._waiting))

    @override
    def take(self) -> Sequence[Change]:
        self._under_way, self._waiting = self._waiting, []
        size, changes = 0, []
        for place, news in enumerate(self._under_way):
            size += _size(news.change)
            if size > AT_ONCE and place:
                self._under_way, self._waiting = self._under_way[:place], self._under_way[place:]
                self._commits.add_companion(0)
                break
            if news.change is not None:
                changes.append(news.change)
        if not changes:
            self.kept()
        return changes

    @override
    def kept(self) -> None:
        under_way, self._under_way = self._under_way, []
        shown: dict[Stream, int] = {}
        for stream, change, upto, done in under_way:
            stream.keeping -= 1
            self._size -= _size(change)
            shown[stream] = upto
            if done is not None and not done.done():
                done.set_result(None)
        for stream, upto in shown.items():
            if upto > stream.shown:
                stream.show(upto)
                self._on_kept(stream)

    @override
    def refused(self, error: StoreError) -> None:
        """What the streams of it have become by now is not true; they are had from the store again."""
        lost = {news.stream for news in self._under_way}
        failed = self._under_way + [news for news in self._waiting if news.stream in lost]
        self._under_way = []
        self._waiting = [news for news in self._waiting if news.stream not in lost]
        for stream in lost:
            self._on_lost(stream)
        for news in failed:
            news.stream.keeping -= 1
            self._size -= _size(news.change)
            if news.done is not None and not news.done.done():
                news.done.set_exception(error)


def _size(change: Change | None) -> int:
    return len(change.data) if isinstance(change, Appended) else 0

"""
All streams: who wants one gets it here, and what happens to it happens here.

Theory of operation. A stream that is used is held in memory, and there is one of it, so that whatever is asked of
it comes in an order. What happens goes to the store with the commits of runs (`keeping`), and is shown to readers
when it is kept. Should it not be kept, the stream is let go of, and had from the store again. A stream that nobody
uses is only in the store, and costs nothing here.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from headgate.errors import HeadgateError, Unavailable
from headgate.runs.commit import GroupCommit
from headgate.store.base import Store
from headgate.store.streams import Appended, Created, Extended, Fork, Removed, StreamHead
from headgate.streams.bounds import Bounds
from headgate.streams.errors import GoneStream, NoStream, OtherStream, TooMany
from headgate.streams.forking import Base, base_of
from headgate.streams.keeping import Keeping
from headgate.streams.stream import Kept, Stream
from headgate.streams.wishes import Addition, Wish, main_type

log = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two looks at what nobody uses: memory needs no better."""

KEEP_ALIVE = 15.0

IDLE = 10.0
"""Seconds that a stream is held which nobody uses: who writes now and then need not wait for the store."""

SWEEP_EVERY = 15
"""Ticks between two looks at streams whose time is over; who asks for one is told before."""

SWEEP_MOST = 200

DEFAULT_KIND = "application/octet-stream"

Key: TypeAlias = tuple[str, str]
"""A stream's owner and its name: every key has names of its own."""


class Library:
    """Belongs to one event loop."""

    def __init__(
        self,
        store: Store,
        commits: GroupCommit,
        bounds: Bounds | None = None,
        *,
        trouble: Callable[[], HeadgateError | None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.store = store
        self._commits, self._trouble, self._now = commits, trouble, now
        self._loop = asyncio.get_running_loop()
        self._keeping = Keeping(commits, self._on_kept, self._on_lost)
        self._live: dict[Key, Stream] = {}
        self._coming: dict[Key, asyncio.Task[None]] = {}
        """Streams that are being had from the store."""
        self._leaving: dict[Key, asyncio.Task[None]] = {}
        """Streams that are being deleted."""
        self.keep_alive = KEEP_ALIVE
        """Seconds that a reader waits without being reminded."""
        self._counts: dict[str, int] = {}
        """How many streams owners have, of those who have made one; what others leave behind may be less."""
        self._listeners: list[Callable[[Stream], None]] = []
        self._next = 0
        self._clock: asyncio.Task[None] | None = None

    def open(self) -> None:
        """The store is open."""
        self._next = self.store.next_stream
        self._clock = self._loop.create_task(self._tick())

    async def close(self) -> None:
        """The server ends: whoever reads is sent away."""
        if self._clock is not None:
            self._clock.cancel()
        for stream in list(self._live.values()):
            self._drop(stream)

    def listen(self, told: Callable[[Stream], None]) -> None:
        """Have somebody told of all that have grown, were closed or deleted (`is_leaving`), when that is kept."""
        self._listeners.append(told)

    @property
    def live(self) -> int:
        """How many streams are held in memory."""
        return len(self._live)

    # Finding.

    async def find(self, owner: str, name: str) -> Stream:
        """An owner's stream; raises NoStream and GoneStream."""
        found = self._live.get((owner, name))
        if found is None or found.is_leaving or found.is_due(self._now()):
            found = await self._bring((owner, name))
            if found is None:
                raise NoStream(name)
        found.used = self._loop.time()
        return found

    async def _bring(self, key: Key) -> Stream | None:
        """A stream that is there and whose time is not over; raises GoneStream."""
        while True:
            if (leaving := self._leaving.get(key)) is not None:
                await asyncio.shield(leaving)
            elif (stream := self._live.get(key)) is None:
                if key not in self._coming:
                    self._coming[key] = self._loop.create_task(self._fetch(key))
                await asyncio.shield(self._coming[key])
                if key not in self._live and key not in self._leaving:
                    return None
            elif stream.is_due(self._now()):
                await self._remove(stream)
            else:
                return stream

    async def _fetch(self, key: Key) -> None:
        try:
            kept = await self.store.stream(*key)
            if kept is not None and kept.is_gone:
                raise GoneStream(key[1])
            if kept is not None:
                self._hold(Stream.kept(kept))
        finally:
            del self._coming[key]

    def _hold(self, stream: Stream) -> None:
        stream.used = self._loop.time()
        self._live[stream.head.owner, stream.head.name] = stream

    # Making.

    async def create(self, owner: str, name: str, wish: Wish) -> tuple[Stream, bool]:
        """A stream as it is wished, and whether it is new; raises OtherStream when there is one unlike it."""
        self._refuse_if_unable()
        while True:
            found = await self._there(owner, name)
            if found is not None:
                self._compare(found, wish)
                await self.settle(found)
                return found, False
            base = None
            if wish.branch is not None:
                base = await base_of(partial(self.find, owner), self.store, wish.branch, wish.kind)
                # Nothing may be kept that was forked from what is not: it is what holds on to the bytes.
                await self.settle(base.source)
            await self._check_count(owner)
            # From here on nobody else has a turn.
            is_free = (owner, name) not in self._live and (owner, name) not in self._leaving
            if is_free and (base is None or self.holds(base.source)):
                return await self._make(owner, name, wish, base), True

    async def _there(self, owner: str, name: str) -> Stream | None:
        try:
            return await self._bring((owner, name))
        except GoneStream:
            raise OtherStream("it was deleted, but others still have its bytes") from None

    async def _make(self, owner: str, name: str, wish: Wish, base: Base | None) -> Stream:
        now = self._now()
        head = _head(owner, name, wish, base, now)
        due = head.expires if head.ttl is None else now + head.ttl
        stream = Stream(self._next, head, head.first, due)
        content = stream.own_form(wish.data)
        created = Created(stream.id, head, due)
        self._next += 1
        self._counts[owner] += 1
        self._hold(stream)
        done = self._keeping.put(stream, created)
        if content or wish.closes:
            change = Appended(stream.id, stream.end, content, closes=wish.closes)
            stream.grow(change)
            self._keeping.put_quietly(stream, change)
        await done
        await self.settle(stream)
        return stream

    async def _check_count(self, owner: str) -> None:
        if self._counts.get(owner, self.bounds.streams) >= self.bounds.streams:
            self._counts[owner] = await self.store.count_streams(owner)
            if self._counts[owner] >= self.bounds.streams:
                raise TooMany(f"There are {self.bounds.streams} streams already ([streams] max_streams).")

    def _compare(self, stream: Stream, wish: Wish) -> None:
        head, branch = stream.head, wish.branch
        if branch is None and main_type(wish.kind or DEFAULT_KIND) != main_type(head.kind):
            raise OtherStream(f"it is of the type {head.kind}")
        if wish.kind is not None and main_type(wish.kind) != main_type(head.kind):
            raise OtherStream(f"it is of the type {head.kind}")
        inherits = branch is not None and wish.ttl is None and wish.expires is None
        if not inherits and (wish.ttl, wish.expires) != (head.ttl, head.expires):
            raise OtherStream("it is kept for another time")
        if wish.closes != stream.is_closed:
            raise OtherStream("it is closed" if stream.is_closed else "it is open")
        fork = head.fork
        wanted = None if branch is None else (branch.name, branch.offset, branch.sub)
        if wanted != (None if fork is None else (fork.name, fork.offset, fork.sub)):
            raise OtherStream("it was forked from elsewhere")

    def holds(self, stream: Stream) -> bool:
        """Whether that is still what it was when it was found."""
        return self._live.get((stream.head.owner, stream.head.name)) is stream and not stream.is_leaving

    # Writing.

    async def append(self, stream: Stream, addition: Addition) -> Kept:
        """Add something to a stream; comes back when it is kept. Raises what is wrong with it."""
        self._refuse_if_unable()
        change = stream.judge(addition, self.bounds)
        if change is None:
            known = stream.producers.get(addition.mark.producer) if addition.mark is not None else None
            end, is_closed = stream.end, stream.is_closed
            await self.settle(stream)
            return Kept(end, is_closed, False, known)
        stream.grow(change)
        end = stream.end
        kept = self._keeping.put(stream, change)
        self.use(stream)
        await kept
        return Kept(end, change.closes, True, change.mark)

    async def settle(self, stream: Stream) -> None:
        """Wait until all that happened to a stream is kept."""
        if stream.keeping:
            await self._keeping.put(stream, None)

    def use(self, stream: Stream) -> None:
        """Somebody reads or writes a stream: it is kept longer, if that depends on it."""
        if stream.head.ttl is not None and (due := stream.use(self._now())) is not None:
            self._keeping.put_quietly(stream, Extended(stream.id, due))

    # Deleting.

    async def remove(self, stream: Stream) -> None:
        """Delete a stream; as long as others were forked from it, it is gone, and its bytes stay."""
        await self._remove(stream)

    async def _remove(self, stream: Stream) -> None:
        key = (stream.head.owner, stream.head.name)
        if key not in self._leaving:
            self._refuse_if_ending()
            stream.is_leaving = True
            done = self._keeping.put(stream, Removed(stream.id))
            self._leaving[key] = self._loop.create_task(self._see_off(key, stream, done))
            stream.send_away()
        await asyncio.shield(self._leaving[key])

    async def _see_off(self, key: Key, stream: Stream, done: "asyncio.Future[None]") -> None:
        try:
            await done
            self._drop(stream)
            if key[0] in self._counts:
                self._counts[key[0]] -= 1
        finally:
            del self._leaving[key]
        for told in self._listeners:
            told(stream)

    # What becomes of it.

    def _on_kept(self, stream: Stream) -> None:
        stream.recent.shorten(stream.shown_end)
        stream.wake()
        for told in self._listeners:
            told(stream)

    def _on_lost(self, stream: Stream) -> None:
        self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        if self._live.get((stream.head.owner, stream.head.name)) is stream:
            del self._live[stream.head.owner, stream.head.name]
        stream.is_lost = True
        stream.send_away()

    def _refuse_if_ending(self) -> None:
        if self._commits.is_ending:
            raise Unavailable("The server is shutting down.", code="shutting_down", retry_after=5)

    def _refuse_if_unable(self) -> None:
        self._refuse_if_ending()
        if (trouble := self._trouble()) is not None:
            raise trouble
        if self._keeping.is_full:
            raise Unavailable("The store does not keep up with what is appended.", code="store_busy", retry_after=1)

    # The clock.

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK)
            ticks += 1
            self._let_go()
            self._remind()
            if ticks % SWEEP_EVERY == 0:
                await self._sweep()

    def _let_go(self) -> None:
        before = self._loop.time() - IDLE
        for key, stream in list(self._live.items()):
            if stream.used < before and not stream.followers and not stream.keeping:
                del self._live[key]

    def _remind(self) -> None:
        """Wake readers who have waited for long, so that they say that they are alive."""
        before = self._loop.time() - self.keep_alive
        for stream in list(self._live.values()):
            for follower in list(stream.followers):
                if 0 < follower.since <= before:
                    follower.wake(False)

    async def _sweep(self) -> None:
        """Delete streams whose time is over, many at a time."""
        try:
            while keys := await self.store.due_streams(self._now(), SWEEP_MOST):
                # Whoever is there all the same was used meanwhile, and that is not written yet.
                if all(await asyncio.gather(*map(self._is_there, keys))) or len(keys) < SWEEP_MOST:
                    return
        except HeadgateError as error:
            log.warning("Streams whose time is over could not be deleted: %s", error.message)

    async def _is_there(self, key: Key) -> bool:
        try:
            return await self._bring(key) is not None
        except GoneStream:
            return False


def _head(owner: str, name: str, wish: Wish, base: Base | None, now: float) -> StreamHead:
    if base is None:
        return StreamHead(owner, name, wish.kind or DEFAULT_KIND, now, wish.ttl, wish.expires)
    assert wish.branch is not None, "there is a base"
    source = base.source.head
    ttl, expires = wish.ttl, wish.expires
    if ttl is None and expires is None:
        ttl, expires = source.ttl, source.expires
    fork = Fork(base.source.id, wish.branch.name, wish.branch.offset, wish.branch.sub)
    kind = wish.kind or source.kind
    return StreamHead(owner, name, kind, now, ttl, expires, base.place, base.inherits, fork)

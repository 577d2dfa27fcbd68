"""Keeps runs for as long as the process lives: for tests, and for those who want nothing on disk."""

import secrets
from collections.abc import Iterable, Sequence
from itertools import count, islice

import msgspec
from typing_extensions import override

from headgate.store.base import Delivery, End, Filter, Member, Record, Room, Segment, Store, Summary, Try
from headgate.store.memory_streams import MemoryStreams
from headgate.store.streams import Change, KeptStream
from headgate.store.subscriptions import Link, Subscription

MAX_RUNS = 10_000
"""Caps what a server without a disk holds; the oldest runs are forgotten first."""


class MemoryStore(Store):
    """The in-memory twin of the SQLite store."""

    def __init__(self, max_runs: int = MAX_RUNS) -> None:
        self.secret = secrets.token_bytes(32)
        self._max_runs = max_runs
        self._kept: dict[str, End] = {}
        self._names: dict[str, str] = {}
        self._outbox: dict[int, Delivery] = {}
        self._tries: dict[int, list[Try]] = {}
        self._members: dict[tuple[str, str], Member] = {}
        self._numbers = count(1)
        self._streams = MemoryStreams()
        self._subscriptions: dict[tuple[str, str], tuple[Subscription, dict[str, Link]]] = {}

    @override
    async def open(self) -> list[Record]:
        self.next_stream = self._streams.next
        return []

    @override
    async def append(self, batch: Sequence[Segment], changes: Sequence[Change] = ()) -> None:
        for segment in batch:
            if segment.end is not None:
                self._end(segment.end)
        self._streams.apply(changes)
        for run in list(islice(self._kept, max(0, len(self._kept) - self._max_runs))):
            self._forget(run)

    def _end(self, end: End) -> None:
        head = end.head
        self._kept[head.run] = end
        for name in head.names:
            self._names[name] = max(head.run, self._names.get(name, ""))
        for hook in end.hooks:
            id = next(self._numbers)
            self._outbox[id] = Delivery(
                id=id, run=head.run, owner=head.owner, url=hook.url, kind=hook.kind, created=end.ended, due=end.ended
            )

    @override
    async def get(self, run: str, owner: str) -> Record | None:
        kept = self._kept.get(run)
        return None if kept is None or kept.head.owner != owner else _record(kept)

    @override
    async def named(self, name: str) -> Record | None:
        kept = self._kept.get(self._names.get(name, ""))
        return None if kept is None else _record(kept)

    @override
    async def recent(
        self, owner: str, *, limit: int, before: str | None = None, filter: Filter | None = None
    ) -> list[Summary]:
        wanted = filter or Filter()
        mine = [kept for kept in self._kept.values() if kept.head.owner == owner and _fits(kept, wanted)]
        mine.sort(key=lambda kept: kept.head.run, reverse=True)
        older = (kept for kept in mine if before is None or kept.head.run < before)
        return [_summary(kept) for kept in islice(older, limit)]

    @override
    async def delete(self, run: str, owner: str) -> bool:
        if await self.get(run, owner) is None:
            return False
        self._forget(run)
        return True

    @override
    async def expire(self, now: float, retention: float) -> int:
        waiting = {delivery.run for delivery in self._outbox.values() if delivery.due is not None}
        old = [
            run
            for run, kept in self._kept.items()
            if kept.ended + _own(kept.head.retention, retention) < now and run not in waiting
        ]
        for run in old:
            self._forget(run)
        return len(old)

    def _forget(self, run: str) -> None:
        end = self._kept.pop(run)
        for name in end.head.names:
            if self._names.get(name) == run:
                del self._names[name]
        for id in [id for id, delivery in self._outbox.items() if end.head.hooks and delivery.run == run]:
            del self._outbox[id]
            self._tries.pop(id, None)

    @override
    async def room(self) -> Room:
        return Room(
            self._streams.size, None, waiting=sum(delivery.due is not None for delivery in self._outbox.values())
        )

    @override
    async def due(self, now: float, limit: int) -> list[Delivery]:
        waiting = [delivery for delivery in self._outbox.values() if delivery.due is not None and delivery.due <= now]
        return _copies(sorted(waiting, key=lambda delivery: delivery.due or 0.0)[:limit])

    @override
    async def next_due(self) -> float | None:
        return min((delivery.due for delivery in self._outbox.values() if delivery.due is not None), default=None)

    @override
    async def deliveries(self, run: str, owner: str) -> list[Delivery]:
        return _copies(delivery for delivery in self._outbox.values() if (delivery.run, delivery.owner) == (run, owner))

    @override
    async def update_delivery(self, delivery: Delivery, tried: Try | None = None) -> None:
        if delivery.id not in self._outbox:
            return
        self._outbox[delivery.id] = msgspec.structs.replace(delivery)
        if tried is not None:
            self._tries.setdefault(delivery.id, []).append(tried)

    @override
    async def put_off(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            await self.update_delivery(delivery)

    @override
    async def tries(self, delivery: int) -> list[Try]:
        return list(self._tries.get(delivery, ()))

    @override
    async def members(self) -> list[Member]:
        return list(self._members.values())

    @override
    async def add_members(self, members: Sequence[Member]) -> None:
        self._members |= {(member.channel, member.user): member for member in members}

    @override
    async def remove_members(self, members: Sequence[Member]) -> None:
        for member in members:
            self._members.pop((member.channel, member.user), None)

    @override
    async def stream(self, owner: str, name: str) -> KeptStream | None:
        return self._streams.find(owner, name)

    @override
    async def read_stream(self, stream: int, first: int, upto: int, limit: int) -> bytes:
        return self._streams.read(stream, first, upto, limit)

    @override
    async def count_streams(self, owner: str) -> int:
        return self._streams.count(owner)

    @override
    async def due_streams(self, now: float, limit: int) -> list[tuple[str, str]]:
        return self._streams.due(now, limit)

    @override
    async def stream_ends(self, owner: str) -> list[tuple[str, int]]:
        return self._streams.ends(owner)

    @override
    async def subscriptions(self) -> list[tuple[Subscription, list[Link]]]:
        return [(kept, sorted(links.values(), key=_stream)) for kept, links in self._subscriptions.values()]

    @override
    async def keep_subscription(
        self, subscription: Subscription, links: Sequence[Link] = (), unlinked: Sequence[str] = ()
    ) -> None:
        key = subscription.owner, subscription.id
        before, known = self._subscriptions.get(key, (subscription, {}))
        known |= {link.stream: link for link in links}
        for stream in unlinked:
            known.pop(stream, None)
        self._subscriptions[key] = msgspec.structs.replace(before, state=subscription.state), known

    @override
    async def forget_subscription(self, owner: str, id: str) -> None:
        self._subscriptions.pop((owner, id), None)

    @override
    async def close(self) -> None:
        pass


def _copies(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """As another process would have them: to be changed without anybody noticing."""
    return [msgspec.structs.replace(delivery) for delivery in deliveries]


def _stream(link: Link) -> str:
    return link.stream


def _own(retention: float | None, common: float) -> float:
    return common if retention is None else retention


def _record(end: End) -> Record:
    return Record(end.head, list(end.events), end.ended)


def _fits(end: End, wanted: Filter) -> bool:
    return (
        wanted.status in (None, end.status)
        and wanted.provider in (None, end.provider)
        and wanted.model in (None, end.model, end.head.model)
        and wanted.format in (None, end.head.format)
        and (wanted.since is None or end.head.created >= wanted.since)
        and (wanted.until is None or end.head.created < wanted.until)
    )


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
        cost=end.cost,
        estimated=end.estimated,
    )

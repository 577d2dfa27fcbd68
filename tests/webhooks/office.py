"""A worker at work over a store in memory, with a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from headgate.events import AnyEvent, Finished, Started, Text
from headgate.net import Client, Guard
from headgate.net.guard import network
from headgate.runs import Run
from headgate.runs.ids import new_run_id
from headgate.store.base import Delivery, End, Head, Hook, Segment, Store
from headgate.store.memory import MemoryStore
from headgate.webhooks import Addressing, Endpoint, Message, Poster, Renderer, SigningSecret, Worker

START = 1_800_000_000.0
PATIENCE = 60.0

EVENTS: list[AnyEvent] = [Started("fake", "m", "", 0), Text("Hello"), Finished("stop")]


def play(test: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine, and not for ever."""

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await test

    asyncio.run(bounded())


def plain(run: Run) -> Message:
    """The simplest form of a message."""
    return Message("run.finished", "text/plain", run.id.encode())


class Office:
    """The worker and what is around it."""

    def __init__(self, store: Store, addressing: Addressing, poster: Poster) -> None:
        self.store, self.now = store, START
        self.worker = Worker(store, addressing, poster, now=lambda: self.now, chance=lambda: 0.5)

    async def end_run(self, *hooks: Hook, owner: str = "alice") -> str:
        """A run with these hooks is over; the worker is told."""
        head = Head(new_run_id(), owner, self.now, "openai.chat", "default", b"{}", hooks=hooks)
        end = End(head, self.now, "finished", "fake", "m", 1, 2, EVENTS)
        await self.store.append([Segment(head.run, 0, EVENTS, head, end)])
        self.worker.on_over(Run.kept(head, list(EVENTS), self.now))
        return head.run

    async def delivery(self, run: str, owner: str = "alice") -> Delivery:
        """The only one of a run."""
        (delivery,) = await self.store.deliveries(run, owner)
        return delivery

    async def until(self, run: str, is_so: Callable[[Delivery], bool]) -> Delivery:
        """Wait until the run's delivery is as a test wants it."""
        while not is_so(delivery := await self.delivery(run)):
            await asyncio.sleep(0.005)
        return delivery

    async def tried(self, run: str, times: int) -> Delivery:
        """Wait until that many tries are over."""
        return await self.until(run, lambda delivery: delivery.tries >= times)

    def pass_until(self, moment: float | None) -> None:
        """The clock moves on."""
        assert moment is not None
        assert moment >= self.now
        self.now = moment
        self.worker.wake()


@asynccontextmanager
async def office(
    *,
    store: Store | None = None,
    renderers: Mapping[str, Renderer] | None = None,
    endpoints: Sequence[Endpoint] = (),
    secrets: Sequence[SigningSecret] = (),
    seconds: float = 5.0,
    allow: Sequence[str] = ("127.0.0.0/8",),
) -> AsyncIterator[Office]:
    """One at work."""
    addressing = Addressing(renderers or {"run": plain}, endpoints, secrets)
    client = Client(guard=Guard([network(text) for text in allow]))
    made = Office(store or MemoryStore(), addressing, Poster(client, seconds))
    made.worker.open()
    try:
        yield made
    finally:
        await made.worker.close()
    assert client.connections == 0


def changed(delivery: Delivery, **changes: Any) -> Delivery:
    """A delivery with something else about it."""
    return msgspec.structs.replace(delivery, **changes)

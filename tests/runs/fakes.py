"""Providers that do what a test says, a store that a test holds back, and an engine around them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import msgspec
from typing_extensions import override

from headgate.calls import Call
from headgate.errors import StoreError
from headgate.events import AnyEvent, Failed, Finished, Started, Text, Usage
from headgate.providers.base import Ask, Emit, Limits, Provider
from headgate.runs import Catalogue, Engine, Run, Settings, Wishes
from headgate.store.base import Head, Record, Segment, Store
from headgate.store.memory import MemoryStore
from headgate.store.streams import Change

PATIENCE = 60.0
"""Seconds until a test gives up on something that takes none."""

Play: TypeAlias = Callable[[Ask, Emit], Awaitable[None]]

STARTED = Started("fake", "m", "", 0)


def run(play: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine, and not for ever."""

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await play

    asyncio.run(bounded())


def texts(*words: str) -> list[AnyEvent]:
    """A piece of text for each."""
    return [Text(word) for word in words]


async def turns(count: int = 20) -> None:
    """Let everything that can happen now happen."""
    for _ in range(count):
        await asyncio.sleep(0)


class Fake(Provider):
    """Plays what it is given; how many asked is counted."""

    def __init__(self, play: Play | None = None, *, name: str = "fake", models: Sequence[str] = ("m",)) -> None:
        self.name, self._play, self._models = name, play, models
        self.asked: list[Ask] = []
        self.listed = 0
        self.given = Limits()

    @property
    @override
    def limits(self) -> Limits:
        return self.given

    @override
    async def run(self, ask: Ask, emit: Emit) -> None:
        self.asked.append(ask)
        assert self._play is not None, "nobody should have asked"
        await self._play(ask, emit)

    @override
    async def models(self) -> Sequence[str]:
        self.listed += 1
        return self._models

    @override
    async def close(self) -> None:
        pass


def saying(*words: str) -> Play:
    """Say this, and be finished."""

    async def play(ask: Ask, emit: Emit) -> None:
        emit([STARTED])
        for word in words:
            emit([Text(word)])
            await asyncio.sleep(0)
        emit([Finished("stop")])

    return play


class Talk:
    """A provider's play that the test leads."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.was_cancelled = False
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.emit: Emit = lambda events: None

    async def __call__(self, ask: Ask, emit: Emit) -> None:
        """Wait for the test to end it."""
        self.emit = emit
        self.began.set()
        try:
            await asyncio.shield(self._done)
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise

    def end(self, error: Exception | None = None) -> None:
        """Return, or raise this."""
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)


class HeldStore(MemoryStore):
    """Keeps nothing until it is let, or fails as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[Segment]] = []
        """What it was asked to keep, in order, refused or not."""
        self.failures: list[StoreError] = []
        """What it will raise, one each time, before it keeps anything again."""
        self.orphans: list[Record] = []
        self.gate = asyncio.Event()
        self.gate.set()

    @override
    async def open(self) -> list[Record]:
        return self.orphans

    @override
    async def append(self, batch: Sequence[Segment], changes: Sequence[Change] = ()) -> None:
        self.batches.append(list(batch))
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        await super().append(batch, changes)

    def kept(self, run: str) -> list[AnyEvent]:
        """The events of a run in all batches."""
        return [event for batch in self.batches for segment in batch if segment.run == run for event in segment.events]


def call(model: str = "fake/m", *, store: bool = True) -> Call:
    """A chat request."""
    fields = {
        "model": msgspec.Raw(b'"%b"' % model.encode()),
        "messages": msgspec.Raw(b'[{"role":"user","content":"Hi"}]'),
    }
    return Call(format="openai.chat", model=model, fields=fields, store=store)


def head(run: str = "run_" + "0" * 40, *, keep: bool = False, model: str = "fake/m") -> Head:
    """What is known of a run that a crash left behind."""
    return Head(run, "anybody", 0.0, "openai.chat", model, b'{"model":"fake/m"}', keep)


def catalogue(*providers: Provider, aliases: Mapping[str, str] | None = None) -> Catalogue:
    """One of these providers."""
    return Catalogue({provider.name: provider for provider in providers}, aliases or {}, ())


def no_replay(record: Record) -> Call | None:
    """Nothing can be asked again."""
    return None


@asynccontextmanager
async def working(
    provider: Provider,
    store: Store | None = None,
    *,
    settings: Settings = Settings(),  # noqa: B008 (it is frozen)
    replay: Callable[[Record], Call | None] = no_replay,
    grace: float = 0.0,
) -> AsyncIterator[Engine]:
    """An engine at work on this provider."""
    engine = Engine(store or MemoryStore(), catalogue(provider), settings)
    await engine.open(replay)
    try:
        yield engine
    finally:
        await engine.close(grace)


async def begin(engine: Engine, *, keep: bool = False, store: bool = True, owner: str = "anybody") -> Run:
    """A run of the only provider."""
    asked = call(store=store)
    return engine.start(asked, await engine.catalogue.route(asked.model), owner=owner, wishes=Wishes(keep=keep))


async def over(engine: Engine, run: Run) -> Run:
    """The run, once its end is shown."""
    follower = engine.follow(run)
    while not run.is_over:
        await follower.news(run.shown)
    engine.leave(follower)
    return run


def told(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """What providers said, and not what we counted of it: `test_bill` looks at that."""
    return [event for event in events if not (isinstance(event, Usage) and event.estimated)]


def code_of(run: Run) -> str | None:
    """Why it failed, if it did."""
    return run.last.code if isinstance(run.last, Failed) else None

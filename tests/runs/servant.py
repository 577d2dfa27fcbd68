"""An engine at the service of another process, with a provider that says what it is told to."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from headgate.calls import Call
from headgate.errors import NotFound, ProviderError
from headgate.events import AnyEvent, Finished
from headgate.formats.voices import SPEECH
from headgate.providers.base import Ask, Emit
from headgate.runs import Engine, Follower, Settings, Wishes, bill
from headgate.store.base import Hook
from headgate.store.sqlite import SqliteStore, soundfiles
from headgate.store.sqlite import store as sqlite_store
from tests.runs.fakes import Fake, call, catalogue, over


class Look(NamedTuple):
    """What there is to see."""

    logs: dict[str, tuple[list[AnyEvent], bool]]
    """What is shown of each run, and whether that is all."""
    names: dict[str, str]
    lists: dict[str, list[str]]
    """The runs of each owner."""
    sent: dict[str, int]
    """How many deliveries each run has."""


def engine(path: Path) -> "Servant":
    """One over a SQLite store."""
    sqlite_store.MUCH_ROOM = 1 << 40
    # What is longer is counted in a thread, while other things happen.
    bill.FEW_EVENTS = 8
    soundfiles.FILE_SIZE = 20
    return Servant(path)


def speech() -> Call:
    """One that asks for a sound."""
    return Call(format=SPEECH, model="fake/m", fields={"input": msgspec.Raw(b'"Hi"')})


class Servant:
    """Does what it is asked with an engine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._emits: dict[str, Emit] = {}
        self._ends: dict[str, asyncio.Future[None]] = {}
        self._readers: dict[str, Follower] = {}

    async def __call__(self, verb: str, *given: Any) -> Any:
        return await getattr(self, verb)(*given)

    async def open(self) -> None:
        """With whatever was left behind."""
        store = SqliteStore(self._path, sync="normal")
        self._engine = Engine(store, catalogue(Fake(self._play)), Settings(commit_interval=0.002))
        await self._engine.open(lambda record: speech() if record.head.format == SPEECH else call())

    async def close(self) -> None:
        """In an orderly way, at once."""
        await self._engine.close(0.0)

    async def _play(self, ask: Ask, emit: Emit) -> None:
        self._emits[ask.run] = emit
        self._ends[ask.run] = asyncio.get_running_loop().create_future()
        await self._ends[ask.run]

    async def start(
        self, owner: str, is_speech: bool, keep: bool, names: tuple[str, ...], hooks: tuple[Hook, ...]
    ) -> str:
        """A run with a reader, once its provider was asked."""
        # Of two that are made within a millisecond neither is the newer one.
        await asyncio.sleep(0.002)
        wishes = Wishes(keep=keep, names=names, hooks=hooks)
        route = await self._engine.catalogue.route("fake/m")
        run = self._engine.start(speech() if is_speech else call(), route, owner=owner, wishes=wishes)
        self._readers[run.id] = self._engine.follow(run)
        await self._asked(run.id)
        return run.id

    async def _asked(self, run: str) -> None:
        while run not in self._emits:
            await asyncio.sleep(0)

    async def say(self, run: str, events: list[AnyEvent]) -> None:
        """More of an answer."""
        await self._asked(run)
        self._emits[run](events)

    async def finish(self, run: str, owner: str) -> None:
        """The provider is through; comes back when the end is kept."""
        await self.say(run, [Finished("stop")])
        self._ends[run].set_result(None)
        await over(self._engine, await self._engine.find(run, owner))

    async def fail(self, run: str, owner: str) -> None:
        """The provider breaks; comes back when the end is kept."""
        await self._asked(run)
        self._ends[run].set_exception(ProviderError("It broke."))
        await over(self._engine, await self._engine.find(run, owner))

    async def stop(self, run: str, owner: str) -> None:
        """Somebody had enough."""
        await self._engine.stop(await self._engine.find(run, owner))

    async def leave(self, run: str, owner: str) -> None:
        """Its reader goes; comes back when what comes of that is kept."""
        self._engine.leave(self._readers.pop(run))
        found = await self._engine.find(run, owner)
        if not found.head.keep:
            await over(self._engine, found)

    async def delete(self, run: str, owner: str) -> None:
        """It shall be forgotten."""
        await self._engine.delete(await self._engine.find(run, owner))

    async def look(self, runs: dict[str, str], names: list[str], is_quiet: bool) -> Look:
        """What readers may see, of these runs (with their owners) and names; once all is kept that was said."""
        logs = {}
        for run, owner in runs.items():
            with suppress(NotFound):
                found = await self._engine.find(run, owner)
                while is_quiet and (found.shown < len(found.events) or found.is_ending):
                    await asyncio.sleep(0.001)
                logs[run] = (found.events[: found.shown], found.is_over)
        named = {name: await self._engine.named(name) for name in names}
        return Look(
            logs,
            {name: run.id for name, run in named.items() if run is not None},
            {owner: await self._list(owner) for owner in set(runs.values())},
            {run: len(await self._engine.store.deliveries(run, owner)) for run, owner in runs.items()},
        )

    async def _list(self, owner: str) -> list[str]:
        live, kept = await self._engine.recent(owner, limit=1000)
        return sorted({run.id for run in live} | {summary.run for summary in kept}, reverse=True)

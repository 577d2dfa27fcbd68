"""An engine with several providers that do what a test says."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from headgate.errors import ProviderError, Tried
from headgate.events import AnyEvent, Finished
from headgate.providers.base import Ask, Emit
from headgate.runs import Catalogue, Engine, Pool, Run, Settings, Wishes
from headgate.store.memory import MemoryStore
from tests.runs.fakes import Fake, Play, call, no_replay, over, told

DONE = Finished("stop")


def failing(
    status: int, *, code: str = "down", retry_after: float | None = None, after: Sequence[AnyEvent] = ()
) -> Play:
    """Say this much, and fail."""

    async def play(ask: Ask, emit: Emit) -> None:
        emit(after)
        raise ProviderError(f"{ask.model} is {code}", code=code, status=status, retry_after=retry_after)

    return play


def first(*plays: Play) -> Play:
    """Another play each time; the last one for ever."""
    left = list(plays)

    async def play(ask: Ask, emit: Emit) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(ask, emit)

    return play


def log_of(*failures: tuple[str, int, str]) -> tuple[Tried, ...]:
    """The record of attempts that all failed in this way."""
    return tuple(Tried(name, "m", status, code, f"m is {code}") for name, status, code in failures)


async def silence(ask: Ask, emit: Emit) -> None:
    """Never say anything."""
    await asyncio.Event().wait()


class Fleet:
    """An engine with several providers: a, b, c ..."""

    def __init__(self, *plays: Play, pools: Mapping[str, Pool] | None = None, settings: Settings | None = None) -> None:
        self.fakes = [Fake(play, name="abcdef"[place]) for place, play in enumerate(plays)]
        catalogue = Catalogue({fake.name: fake for fake in self.fakes}, {}, ())
        self._pools = dict(pools or {})
        self.engine = Engine(MemoryStore(), catalogue, settings or Settings(), self._pools)

    def use(self, pools: Mapping[str, Pool]) -> None:
        """Ask its providers in these ways."""
        self._pools |= pools

    async def __aenter__(self) -> "Fleet":
        await self.engine.open(no_replay)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.engine.close(0.0)

    async def begin(self, *models: str, wishes: Wishes | None = None) -> Run:
        """A run of the first, with the others to fall back on."""
        asked = msgspec.structs.replace(call(models[0]), fallbacks=tuple(models[1:]))
        asked.fields["fallbacks"] = msgspec.Raw(msgspec.json.encode(models[1:]))
        route = await self.engine.catalogue.route(asked.model, asked.fallbacks)
        return self.engine.start(asked, route, owner="me", wishes=wishes or Wishes())

    async def made(self, *models: str, wishes: Wishes | None = None) -> list[AnyEvent]:
        """The log of such a run, when it is over."""
        return told((await over(self.engine, await self.begin(*models, wishes=wishes))).events)

    @property
    def asked(self) -> list[int]:
        """How often each was asked."""
        return [len(fake.asked) for fake in self.fakes]

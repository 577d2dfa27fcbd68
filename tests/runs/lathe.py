"""An engine with functions, and providers that call them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import AnyEvent, Finished, Started, Text, ToolCall, ToolInput, Usage
from headgate.formats import openai_chat
from headgate.providers.base import Ask, Emit
from headgate.runs import Assistant, Catalogue, Engine, Run, Settings, Wishes
from headgate.store.base import Record, Store
from headgate.store.memory import MemoryStore
from headgate.tools import Context, Limits, PlainFunction, Source, Toolbox
from tests.runs.fakes import STARTED, Fake, Play, no_replay, over, told

CALLS = Finished("tool_calls")
STOP = Finished("stop")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def function(
    name: str, run: Callable[[Mapping[str, Any], Context], Awaitable[str]], *, is_repeatable: bool = False
) -> PlainFunction:
    """One of the server's."""
    return PlainFunction(name=name, description=f"Does {name}.", schema=SCHEMA, run=run, is_repeatable=is_repeatable)


class Weather:
    """A function that counts what it is asked."""

    def __init__(self, name: str = "weather") -> None:
        self.asked: list[tuple[str, Context]] = []
        self.tool = function(name, self._call)

    async def _call(self, arguments: Mapping[str, Any], context: Context) -> str:
        self.asked.append((str(arguments.get("city")), context))
        return f"5 degrees in {arguments.get('city')}"


class Gate:
    """A function that waits for a test."""

    def __init__(self, name: str = "slow") -> None:
        self.began, self.open = asyncio.Event(), asyncio.Event()
        self.was_cancelled = False
        self.at_work = self.most = 0
        self.tool = function(name, self._call)

    async def _call(self, arguments: Mapping[str, Any], context: Context) -> str:
        self.began.set()
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        finally:
            self.at_work -= 1
        return "at last"


def use(name: str = "weather", city: str = "Oslo", *, index: int = 0, id: str = "") -> list[AnyEvent]:
    """The model calls it."""
    given = msgspec.json.encode({"city": city}).decode()
    return [ToolCall(index, id or f"c{index}", name), ToolInput(index, given[:4]), ToolInput(index, given[4:])]


def rounds(*said: Sequence[AnyEvent], started: Started = STARTED) -> Play:
    """Say one of these each time, and be finished; the last for ever."""
    left = list(said)

    async def play(ask: Ask, emit: Emit) -> None:
        events = left.pop(0) if len(left) > 1 else left[0]
        emit([started])
        for event in events:
            emit([event])
        if not isinstance(events[-1], Finished):
            emit([CALLS if any(isinstance(event, ToolCall) for event in events) else STOP])

    return play


def asking(*names: str, model: str = "a/m", **more: Any) -> Call:
    """A chat request that names those functions."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "functions": names, **more}
    return openai_chat.read(msgspec.json.encode({key: value for key, value in body.items() if value != ()}))


class Lathe:
    """An engine with providers a, b, ... and these functions."""

    def __init__(
        self,
        *plays: Play,
        tools: Sequence[PlainFunction] = (),
        limits: Limits | None = None,
        settings: Settings | None = None,
        store: Store | None = None,
        assistants: Mapping[str, Assistant] | None = None,
        replay: Callable[[Record], Call | None] = no_replay,
        sources: Sequence[Source] = (),
    ) -> None:
        self.fakes = [Fake(play, name="abcdef"[place]) for place, play in enumerate(plays)]
        providers = {fake.name: fake for fake in self.fakes}
        catalogue = Catalogue(providers, {"agent": "a/m"}, (), assistants=assistants or {})
        self._replay, toolbox = replay, Toolbox(tools, limits, sources=sources)
        self.engine = Engine(store or MemoryStore(), catalogue, settings or Settings(), toolbox=toolbox)

    async def __aenter__(self) -> "Lathe":
        await self.engine.open(self._replay)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.engine.close(0.0)

    async def begin(self, call: Call, wishes: Wishes | None = None) -> Run:
        """A run of it."""
        route = await self.engine.catalogue.route(call.model, call.fallbacks)
        return self.engine.start(call, route, owner="me", wishes=wishes or Wishes())

    async def run(self, call: Call, wishes: Wishes | None = None) -> Run:
        """The same, over."""
        return await over(self.engine, await self.begin(call, wishes))

    async def made(self, call: Call, wishes: Wishes | None = None) -> list[AnyEvent]:
        """The log of such a run, without times and what we counted."""
        return [timeless(event) for event in told((await self.run(call, wishes)).events)]


def timeless(event: AnyEvent) -> AnyEvent:
    """An event without how long something took."""
    return msgspec.structs.replace(event, took=0.0) if hasattr(event, "took") else event


__all__ = ["CALLS", "STOP", "Gate", "Lathe", "Text", "Usage", "Weather", "asking", "function", "rounds", "use"]

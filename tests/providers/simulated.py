"""The simulator on a clock of its own: nobody waits, and times come out exact."""

import asyncio
import selectors
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
from typing_extensions import override

from headgate.errors import HeadgateError
from headgate.events import AnyEvent
from headgate.fold import Choice, fold
from headgate.formats import openai_chat, openai_completions, openai_responses
from headgate.providers.base import Ask, Limits
from headgate.providers.simulator import Simulator

T = TypeVar("T")

READERS = {"chat": openai_chat.read, "completions": openai_completions.read, "responses": openai_responses.read}
ASKED: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Where does the river go?"}]},
    "completions": {"prompt": "Where does the river go?"},
    "responses": {"input": "Where does the river go?"},
}

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city"],
}


def tool(name: str, parameters: object = WEATHER) -> dict[str, Any]:
    """A tool as a chat request has it."""
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


class _Clock(selectors.DefaultSelector):
    """Whoever would wait for a time finds that it has come."""

    now = 1_000.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        self.now += max(timeout, 0)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.own_clock = _Clock()
        super().__init__(self.own_clock)

    @override
    def time(self) -> float:
        return self.own_clock.now


def oversleep(seconds: float) -> None:
    """Let time go by in which nobody has a turn."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _Loop)
    loop.own_clock.now += seconds


def run(play: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, in no time."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(play)


class Played(NamedTuple):
    """What came of one request."""

    emits: list[tuple[float, Sequence[AnyEvent]]]
    """What was emitted together, and when."""
    error: BaseException | None
    ended: float

    @property
    def events(self) -> list[AnyEvent]:
        """All events."""
        return [event for _, events in self.emits for event in events]

    @property
    def choice(self) -> Choice:
        """The first choice."""
        return fold(self.events).choice(0)

    @property
    def text(self) -> str:
        """What it says."""
        return self.choice.text


def ask(model: str = "fast", script: object = None, *, face: str = "chat", **fields: Any) -> Ask:
    """A request, with a script and fields of its own."""
    said = {"model": f"simulator/{model}", **ASKED[face], **fields} | ({} if script is None else {"simulator": script})
    call = READERS[face](msgspec.json.encode(said))
    return Ask(run="run_1", call=call, model=model, created=1_700_000_000, limits=Limits())


async def told(simulator: Simulator, asked: Ask, patience: float = 1_000_000) -> Played:
    """Let it answer for so many seconds."""
    clock = asyncio.get_running_loop().time
    emits: list[tuple[float, Sequence[AnyEvent]]] = []
    began = clock()
    error: BaseException | None = None
    try:
        async with asyncio.timeout(patience):
            await simulator.run(asked, lambda events: emits.append((clock() - began, events)))
    except (HeadgateError, TimeoutError) as caught:
        error = caught
    return Played(emits, error, clock() - began)


def play(model: str = "fast", script: object = None, *, face: str = "chat", **fields: Any) -> Played:
    """Ask a new simulator once."""
    return run(told(Simulator(), ask(model, script, face=face, **fields)))

"""Connections that listen, in a form that tests can read."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
from typing_extensions import override

from headgate.channels import Bounds, Change, ChannelId, Gap, Hub, Message, Presence, Projection, Subscription
from headgate.events import AnyEvent, Finished, Started, Text
from headgate.runs import Run
from headgate.store.base import Head
from headgate.store.memory import MemoryStore

A, B, C = ChannelId("a"), ChannelId("b"), ChannelId("c", "authenticated")


class Frame(NamedTuple):
    """Something that a client was told."""

    kind: str
    channel: str
    cursor: str
    data: str


class Lines:
    """A form of one line for each frame."""

    def __init__(self, name: str = "lines") -> None:
        self.name = name
        self.made = 0
        """How many frames were made."""

    def message(self, channel: ChannelId, cursor: str, message: Message) -> bytes:
        self.made += 1
        return _line("message", channel, cursor, message.data.decode())

    def gap(self, channel: ChannelId, cursor: str, gap: Gap) -> bytes:
        return _line("gap", channel, cursor, str(gap.kept))

    def presence(self, channel: ChannelId, changes: Sequence[Change], count: int) -> bytes:
        told = " ".join(f"{'+' if change.is_here else '-'}{change.who.connection}" for change in changes)
        return _line("presence", channel, "", f"{told} ={count}")


def _line(*parts: object) -> bytes:
    return b"%b\n" % msgspec.json.encode([part.name if isinstance(part, ChannelId) else part for part in parts])


def read(piece: bytes) -> list[Frame]:
    """What a piece says."""
    return [Frame(*msgspec.json.decode(line)) for line in piece.splitlines()]


def drain(subscription: Subscription) -> list[Frame]:
    """All there is for a connection now."""
    frames = []
    while subscription.has_news:
        frames += read(subscription.take())
    return frames


def said(frames: Sequence[Frame], kind: str = "message") -> list[str]:
    """The data of those of a kind."""
    return [frame.data for frame in frames if frame.kind == kind]


def who(name: str = "x") -> Presence:
    """Somebody."""
    return Presence(name)


class Clock:
    """Tells the time that the test wants."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make_hub(clock: Clock | None = None, **bounds: float) -> Hub:
    """A hub that is not opened: nobody but the test looks at its clock."""
    return Hub(MemoryStore(), msgspec.convert(bounds, Bounds), now=clock or Clock())


class Words(Projection):
    """Text as it is, an end as two messages, and nothing else."""

    @override
    def messages(self, events: Sequence[AnyEvent], number: int) -> Sequence[bytes]:
        event = events[number]
        if isinstance(event, Text):
            return (event.delta.encode(),)
        return (b"usage", b"end") if isinstance(event, Finished) else ()

    @override
    def tie(self, event: AnyEvent) -> object:
        return event.choice if isinstance(event, Text) else None

    @override
    def joined(self, events: Sequence[AnyEvent]) -> bytes:
        return ",".join(event.delta for event in events if isinstance(event, Text)).encode()


def make_run(name: str = "run_1") -> Run:
    """One at work; what it says is shown with `say`."""
    run = Run(Head(name, "alice", 0.0, "openai.chat", "m", b"{}"))
    run.add([Started("p", "m", "", 0)])
    run.show(1)
    return run


def say(run: Run, *deltas: str) -> None:
    """It says that, all at once."""
    if deltas:
        run.add([Text(delta) for delta in deltas])
    run.show(len(run.events))


def finish(run: Run) -> None:
    """It is over."""
    run.add([Finished("stop")])
    run.show(len(run.events))


def play(act: Callable[[], None]) -> None:
    """Do it inside a loop."""

    async def main() -> None:
        act()

    asyncio.run(main())

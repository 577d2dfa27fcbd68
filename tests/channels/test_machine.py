"""
The hub against a model, in whatever order chance tries: messages, runs, connections that are slow, cut and resumed.

A client misses nothing of its channels, and gets nothing twice, unless it is told of a gap, or has asked for a history.
"""

import asyncio
from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from typing_extensions import override

from headgate.channels import ChannelId, Pace, Place, Subscription, merging
from headgate.runs import Run
from tests.channels.ears import Clock, Frame, Lines, Words, finish, make_hub, make_run, read, say, who

CHANNELS = [ChannelId("a"), ChannelId("b"), ChannelId("c")]
SOME = st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=3, unique=True)
ONE = st.sampled_from(CHANNELS)
WHICH = st.integers(0, 7)


class Said:
    """Everything that was ever said, as a client that misses nothing would have it."""

    def __init__(self) -> None:
        self.words: list[tuple[str, frozenset[ChannelId]]] = []

    def add(self, word: str, channels: Sequence[ChannelId]) -> None:
        """Once more."""
        self.words.append((word, frozenset(channels)))


class Client:
    """What a client does and knows; its connection may be another one later."""

    def __init__(self, said: Said, pace: Pace) -> None:
        self._said, self.pace = said, pace
        self.ear: Subscription | None = None
        self.cursor = ""
        self.joined: dict[ChannelId, int] = {}
        """How much had been said when it joined."""
        self.asked: dict[ChannelId, int] = {}
        """From where on it asked for what was said before."""
        self.got: list[str] = []
        self.gaps: dict[str, int] = {}
        """How much had been said when it was told of a gap."""

    def hear(self, frames: Sequence[Frame]) -> None:
        """Some frames arrive."""
        for frame in frames:
            self.cursor = frame.cursor
            if frame.kind == "gap":
                self.gaps[frame.channel] = len(self._said.words)
            elif frame.data != "end":
                self.got += frame.data.split(",")

    def check(self) -> None:
        """When there is nothing more for it."""
        assert self.ear is not None
        got = set(self.got)
        for number, (word, channels) in enumerate(self._said.words):
            mine = [channel for channel in channels if channel in self.joined]
            due = [channel for channel in mine if number >= self.joined[channel]]
            lost = any(number < self.gaps.get(channel.name, 0) for channel in mine)
            assert not due or word in got or lost, f"{word} was missed, and nobody said so"
            asked = any(number >= self.asked.get(channel, number + 1) for channel in mine)
            assert self.got.count(word) <= 1 + (len(mine) if asked else 0), f"{word} came twice"
            assert mine or word not in got or channels & self.joined.keys(), f"{word} was for others"


class HubMachine(RuleBasedStateMachine):
    """Chance."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(merging, "MOST", 3)
        self.clock, self.said, self.words = Clock(), Said(), count()
        self.clients: list[Client] = []
        self.runs: list[tuple[Run, list[ChannelId]]] = []

    @initialize(history=st.integers(1, 8), age=st.sampled_from([10, 1000]), most=st.sampled_from([250, 100_000]))
    def begin(self, history: int, age: int, most: int) -> None:
        self.patch.setattr(merging, "MOST_BYTES", most)

        async def make() -> None:
            self.hub = make_hub(self.clock, history=history, history_age=age)

        self.loop.run_until_complete(make())

    @rule(channels=SOME)
    def publish(self, channels: list[ChannelId]) -> None:
        word = str(next(self.words))
        self.said.add(word, channels)
        self._do(lambda: self.hub.publish(channels, word.encode()))

    @precondition(lambda self: len(self.runs) < 3)
    @rule(channels=SOME, before=st.integers(0, 3))
    def attach(self, channels: list[ChannelId], before: int) -> None:
        run = make_run()
        self._say(run, channels, before)
        self._do(lambda: self.hub.attach(channels, run, Words()))
        self.runs.append((run, channels))

    @precondition(lambda self: self.runs)
    @rule(which=WHICH, many=st.integers(1, 12))
    def go_on(self, which: int, many: int) -> None:
        run, channels = self.runs[which % len(self.runs)]
        self._do(lambda: self._say(run, channels, many))

    @precondition(lambda self: self.runs)
    @rule(which=WHICH)
    def end(self, which: int) -> None:
        run, _ = self.runs.pop(which % len(self.runs))
        self._do(lambda: finish(run))

    @precondition(lambda self: len(self.clients) < 4)
    @rule(channels=SOME, history=st.integers(0, 5), rollup=st.booleans())
    def come(self, channels: list[ChannelId], history: int, rollup: bool) -> None:
        client = Client(self.said, Pace(rollup=0.1 if rollup else 0.0))
        self.clients.append(client)
        for channel in channels:
            self._ask(client, channel, history)
        self._connect(client, {channel: Place(history=history) for channel in channels})

    @precondition(lambda self: self.clients)
    @rule(which=WHICH, channel=ONE, history=st.integers(0, 3))
    def join(self, which: int, channel: ChannelId, history: int) -> None:
        client = self.clients[which % len(self.clients)]
        ear = client.ear
        if ear is not None and channel not in client.joined:
            self._ask(client, channel, history)
            self._do(lambda: self.hub.join(ear, channel, Place(history=history)))

    @precondition(lambda self: self.clients)
    @rule(which=WHICH)
    def take(self, which: int) -> None:
        client = self.clients[which % len(self.clients)]
        if client.ear is not None and client.ear.has_news:
            client.hear(read(client.ear.take()))

    @precondition(lambda self: self.clients)
    @rule(which=WHICH, got=st.integers(0, 6))
    def cut(self, which: int, got: int) -> None:
        """In the middle of a piece; the rest of it is lost on the way."""
        client = self.clients[which % len(self.clients)]
        if (ear := client.ear) is not None:
            client.hear(read(ear.take())[:got])
            self._do(lambda: self.hub.leave(ear))
            client.ear = None

    @precondition(lambda self: self.clients)
    @rule(which=WHICH)
    def resume(self, which: int) -> None:
        client = self.clients[which % len(self.clients)]
        if client.ear is None:
            self._connect(client, {channel: Place(cursor=client.cursor) for channel in client.joined})

    @precondition(lambda self: self.clients)
    @rule(which=WHICH)
    def leave(self, which: int) -> None:
        client = self.clients.pop(which % len(self.clients))
        if (ear := client.ear) is not None:
            self._do(lambda: self.hub.leave(ear))

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds
        self._do(self.hub.expire)

    @override
    def teardown(self) -> None:
        for client in self.clients:
            if client.ear is None:
                self._connect(client, {channel: Place(cursor=client.cursor) for channel in client.joined})
            assert client.ear is not None
            while client.ear.has_news:
                client.hear(read(client.ear.take()))
            client.check()
        self.patch.undo()
        self.loop.close()

    def _do(self, act: object) -> None:
        async def do() -> None:
            assert callable(act)
            act()

        self.loop.run_until_complete(do())

    def _ask(self, client: Client, channel: ChannelId, history: int) -> None:
        client.joined[channel] = len(self.said.words)
        on_it = [number for number, (_, channels) in enumerate(self.said.words) if channel in channels]
        if history and on_it:
            client.asked[channel] = on_it[-history:][0]

    def _connect(self, client: Client, places: dict[ChannelId, Place]) -> None:
        async def connect() -> None:
            client.ear = self.hub.subscribe(places, who(), Lines(), pace=client.pace)

        self.loop.run_until_complete(connect())
        assert client.ear is not None
        # What a transport says first.
        client.cursor = client.cursor or client.ear.cursor

    def _say(self, run: Run, channels: list[ChannelId], many: int) -> None:
        words = [str(next(self.words)) for _ in range(many)]
        for word in words:
            self.said.add(word, channels)
        say(run, *words)


def test_nobody_misses_anything_or_gets_it_twice_without_being_told() -> None:
    run_state_machine_as_test(HubMachine, settings=settings(stateful_step_count=30))

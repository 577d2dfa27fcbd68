"""A run's words on channels: kept once, told as they come, and joined for those who want to hear less often."""

import asyncio
import gc
import logging
import weakref
from collections.abc import Callable, Sequence

import pytest
from typing_extensions import override

from headgate.channels import ALL, NOW, Pace, Place, Projection
from headgate.events import AnyEvent, Text
from headgate.runs import Follower, Run
from tests.channels.ears import A, B, Clock, Lines, Words, drain, finish, make_hub, make_run, said, say, who
from tests.waiting import turns


def play(act: Callable[[], None]) -> None:
    """Inside a loop."""

    async def main() -> None:
        act()
        await turns()

    asyncio.run(main())


def test_what_a_run_shows_is_told_on_all_its_channels() -> None:
    """What it had said before, too; an event may make several messages, or none."""

    def act() -> None:
        hub, run = make_hub(), make_run()
        ears = [hub.subscribe({channel: NOW}, who(), Lines()) for channel in (A, B)]
        say(run, "Chuck ")
        hub.attach([A, B, A], run, Words())
        hub.publish([A], b"meanwhile")
        say(run, "Norris")
        run.add([Text("!"), Text("not shown yet")])
        run.show(len(run.events) - 1)
        assert said(drain(ears[0])) == ["Chuck ", "meanwhile", "Norris", "!"]
        finish(run)
        assert said(drain(ears[0])) == ["not shown yet", "usage", "end"]
        assert said(drain(ears[1])) == ["Chuck ", "Norris", "!", "not shown yet", "usage", "end"]

    play(act)


def test_a_run_that_is_over_is_told_whole() -> None:
    def act() -> None:
        hub, run = make_hub(), make_run()
        say(run, "all")
        finish(run)
        hub.attach([A], run, Words())
        assert said(drain(hub.subscribe({A: ALL}, who(), Lines()))) == ["all", "usage", "end"]
        assert not run.followers

    play(act)


def test_cursors_are_exact_within_a_run_and_within_an_event() -> None:
    def act() -> None:
        hub, run = make_hub(), make_run()
        ear = hub.subscribe({A: NOW}, who(), Lines())
        opening = ear.cursor
        hub.attach([A], run, Words())
        say(run, "1", "2", "3")
        finish(run)
        frames = drain(ear)
        for pace in (Pace(), Pace(rollup=0.1)):
            for cut, cursor in enumerate([opening, *(frame.cursor for frame in frames)]):
                back = hub.subscribe({A: Place(cursor=cursor)}, who(), Lines(), pace=pace)
                assert ",".join(said(drain(back))) == ",".join(["1", "2", "3", "usage", "end"][cut:])

    play(act)


def test_neighbouring_words_of_one_run_are_joined_for_those_who_want_it() -> None:
    """Those of another run, or of another choice, or with something between them, are not."""

    def act() -> None:
        hub, run, other = make_hub(), make_run("run_1"), make_run("run_2")
        ear = hub.subscribe({A: NOW, B: NOW}, who(), Lines(), pace=Pace(rollup=0.1))
        hub.attach([A], run, Words())
        hub.attach([A], other, Words())
        say(run, "1", "2", "3")
        say(other, "x", "y")
        say(run, "4")
        hub.publish([B], b"between")
        say(run, "5")
        run.add([Text("6"), Text("other", 1), Text("7"), Text("8")])
        run.show(len(run.events))
        assert said(drain(ear)) == ["1,2,3", "x,y", "4", "between", "5,6", "other", "7,8"]
        history = hub.subscribe({A: Place(history=4)}, who(), Lines(), pace=Pace(rollup=0.1))
        assert said(drain(history)) == ["6", "other", "7,8"]

    play(act)


def test_words_are_kept_in_the_run_alone_and_let_go_with_it() -> None:
    def act() -> "weakref.ref[Run]":
        clock = Clock()
        hub, run = make_hub(clock, history_age=10), make_run()
        hub.attach([A, B], run, Words())
        say(run, *map(str, range(500)))
        finish(run)
        logs = [hub._channels[channel].log for channel in (A, B)]
        assert all(one is other for one, other in zip(logs[0].entries, logs[1].entries, strict=True))
        assert {entry.origin for entry in logs[0].entries} == {logs[0].entries[0].origin}
        gone = weakref.ref(run)
        del run
        clock.now += 11
        hub.expire()
        del logs
        return gone

    async def main() -> None:
        gone = act()
        await turns()
        gc.collect()
        assert gone() is None

    asyncio.run(main())


def test_a_run_goes_on_for_its_channels_alone() -> None:
    """They follow it as any reader does."""

    def act() -> None:
        hub, run = make_hub(), make_run()
        hub.attach([A], run, Words())
        assert len(run.followers) == 1
        assert isinstance(next(iter(run.followers)), Follower)

    play(act)


def test_a_projection_that_breaks_hurts_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Projection):
        @override
        def messages(self, events: Sequence[AnyEvent], number: int) -> Sequence[bytes]:
            raise ValueError("broken")

    async def main() -> None:
        hub, run = make_hub(), make_run()
        hub.attach([A], run, Broken())
        hub.attach([B], run, Words())
        say(run, "word")
        await turns()
        say(run, "more")
        assert said(drain(hub.subscribe({A: ALL, B: ALL}, who(), Lines()))) == ["word", "more"]
        assert len(run.followers) == 1

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    assert len(caplog.records) == 1

"""Group commit: what is kept is shown, and in what pace."""

import asyncio

import pytest

from headgate.events import Finished, Text
from headgate.runs import commit as commit_module
from headgate.runs.commit import GroupCommit
from headgate.runs.ids import new_run_id
from headgate.runs.run import Run, Urgency
from tests.runs.desk import NEVER, desk, shown
from tests.runs.fakes import STARTED, HeldStore, head, run, texts, turns

# What is shown.


def test_nothing_is_shown_before_it_is_kept() -> None:
    """And everything once it is."""

    async def play() -> None:
        async with desk() as at:
            at.store.gate.clear()
            one = at.begin(STARTED, *texts("a"))
            await turns()
            assert (len(at.store.batches), one.shown) == (1, 0)
            at.store.gate.set()
            await turns()
            assert shown(one) == [STARTED, Text("a")]

    run(play())


def test_what_comes_during_a_commit_goes_with_the_next() -> None:
    """Of all runs together, in order, and each event once."""

    async def play() -> None:
        async with desk(0) as at:
            at.store.gate.clear()
            one, two = at.begin(STARTED, *texts("a")), at.begin(STARTED, *texts("x"))
            await turns()
            at.add(one, *texts("b"))
            at.add(two, *texts("y", "z"))
            at.add(one, *texts("c"))
            await turns()
            assert (one.shown, two.shown, len(at.store.batches)) == (0, 0, 1)
            at.store.gate.set()
            await turns()
            assert len(at.store.batches) == 2
            assert at.store.kept(one.id) == one.events == [STARTED, *texts("a", "b", "c")]
            assert at.store.kept(two.id) == two.events
            assert [segment.first for segment in at.store.batches[1]] == [2, 2]
            assert (one.shown, two.shown) == (4, 4)

    run(play())


def test_a_head_goes_with_the_first_segment_and_an_end_with_the_last() -> None:
    """Once each."""

    async def play() -> None:
        async with desk(0) as at:
            one = at.begin(STARTED, *texts("a"))
            await turns()
            at.add(one, *texts("b"))
            await turns()
            assert at.over == []
            at.add(one, Finished("stop"))
            await turns()
            segments = [segment for batch in at.store.batches for segment in batch]
            assert [segment.head is not None for segment in segments] == [True, False, False]
            assert [segment.end is not None for segment in segments] == [False, False, True]
            last = segments[-1].end
            assert last is not None
            assert (last.status, last.provider, last.events) == ("finished", "fake", one.events)
            assert at.over == [one]

    run(play())


# When.


def test_first_words_do_not_wait_for_the_interval() -> None:
    """Also not those of a run whose beginning was kept long before."""

    async def play() -> None:
        async with desk() as at:
            await at.quiet()
            one = at.begin()
            at.commit.nudge()
            await turns()
            assert len(at.store.batches) == 1
            at.add(one, STARTED)
            await turns()
            assert one.shown == 0, "that a provider has begun is no news to hurry for"
            assert at.add(one, *texts("a")) is Urgency.FIRST
            await turns()
            assert shown(one) == [STARTED, Text("a")]

    run(play())


def test_later_words_wait_for_the_interval() -> None:
    """That is what the interval is for; they are kept when it is over."""

    async def play() -> None:
        async with desk(0.02) as at:
            one = at.begin(STARTED, *texts("a"))
            await turns()
            at.add(one, *texts("b"))
            await turns()
            assert shown(one) == [STARTED, Text("a")]
            while one.shown < 3:
                await asyncio.sleep(0.001)

    run(play())


def test_first_words_take_those_that_wait_along() -> None:
    """A commit takes all there is."""

    async def play() -> None:
        async with desk() as at:
            one = at.begin(STARTED, *texts("a"))
            await turns()
            at.add(one, *texts("b"))
            await turns()
            two = at.begin(STARTED, *texts("x"))
            await turns()
            assert (one.shown, two.shown) == (3, 2)

    run(play())


def test_an_end_does_not_wait_while_few_are_at_work() -> None:
    """And in a crowd only for the next few milliseconds."""

    async def play() -> None:
        async with desk() as at:
            one, two = at.begin(STARTED, *texts("a")), at.begin(STARTED, *texts("x"))
            await turns()
            at.add(one, Finished("stop"))
            await turns()
            assert one.is_over
            at.others = 1000
            at.add(two, Finished("stop"))
            while not two.is_over:
                await asyncio.sleep(0.001)

    run(play())


def test_ends_do_not_wait_when_there_is_nobody_left_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd that is whole goes at once, and together."""
    monkeypatch.setattr(commit_module, "GATHER", 60.0)

    async def play() -> None:
        async with desk() as at:
            crowd = [at.begin(STARTED, *texts("a")) for _ in range(6)]
            await turns()
            at.others, before = len(crowd), len(at.store.batches)
            for run in crowd[:-1]:
                at.add(run, Finished("stop"))
            await turns()
            assert not any(run.is_over for run in crowd)
            at.add(crowd[-1], Finished("stop"))
            await turns()
            assert all(run.is_over for run in crowd)
            assert len(at.store.batches) == before + 1

    run(play())


def test_a_quiet_beginning_is_kept_by_and_by() -> None:
    """A nudge from the clock is enough; without one it goes with whatever comes next."""

    async def play() -> None:
        async with desk() as at:
            one = at.begin()
            await turns()
            assert at.store.batches == []
            at.commit.nudge()
            await turns()
            assert [segment.run for segment in at.store.batches[0]] == [one.id]
            two = at.begin()
            at.begin(STARTED, *texts("x"))
            await turns()
            assert two.id in [segment.run for segment in at.store.batches[1]]

    run(play())


# At the end.


@pytest.mark.parametrize("is_held", [True, False])
def test_the_last_events_are_kept_and_shown(is_held: bool) -> None:
    """Those that wait, and those that are on their way to the store."""

    async def play() -> None:
        store, ended = HeldStore(), list[Run]()
        commit = GroupCommit(store, NEVER, ended.append)
        work = asyncio.create_task(commit.work())
        runs = [Run(head(new_run_id())) for _ in range(3)]
        if is_held:
            store.gate.clear()
        for one in runs:
            commit.add(one, one.add([STARTED, Text("a")]), 1)
            await turns()
        for one in runs:
            commit.add(one, one.add([Text("b"), Finished("stop")]), 1000)
        commit.finish()
        await turns()
        store.gate.set()
        await work
        assert (len(ended), set(ended)) == (3, set(runs))
        assert all(one.is_over and store.kept(one.id) == one.events for one in runs)

    run(play())


def test_an_idle_one_ends_at_once() -> None:
    """There is nothing to wait for."""

    async def play() -> None:
        commit = GroupCommit(HeldStore(), NEVER, lambda run: None)
        work = asyncio.create_task(commit.work())
        await turns()
        commit.finish()
        await work

    run(play())


def test_a_quiet_beginning_can_be_waited_for() -> None:
    """It is kept at once then, and several may wait for it."""

    async def play() -> None:
        async with desk() as at:
            await at.quiet()
            at.store.gate.clear()
            one = at.begin()
            waiting = [asyncio.create_task(at.commit.settle(one)) for _ in range(2)]
            await turns()
            assert len(at.store.batches) == 1
            assert not any(task.done() for task in waiting)
            at.store.gate.set()
            await asyncio.gather(*waiting)
            await at.commit.settle(one)
            assert one.is_begun

    run(play())


def test_an_end_on_its_way_is_waited_for_and_not_sent_again() -> None:
    async def play() -> None:
        async with desk(0) as at:
            at.store.gate.clear()
            one = at.begin(STARTED, *texts("a"), Finished("stop"))
            await turns()
            waiting = asyncio.create_task(at.commit.settle(one))
            await turns()
            assert not waiting.done()
            at.store.gate.set()
            await waiting
            await turns()
            assert one.is_over
            assert [segment.end is not None for batch in at.store.batches for segment in batch] == [True]
            assert at.over == [one]

    run(play())

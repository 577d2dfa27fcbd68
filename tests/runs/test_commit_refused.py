"""Group commit when the store refuses: nothing is shown that is not kept, and the log gets its end after all."""

import asyncio
from collections.abc import Sequence

import pytest

from headgate.errors import Fenced, NotFound, StoreError
from headgate.events import AnyEvent, Failed, Finished, Text
from headgate.runs import commit as module
from headgate.runs.run import Run
from headgate.store.base import Segment
from tests.runs.desk import desk, shown
from tests.runs.fakes import STARTED, Fake, HeldStore, begin, code_of, over, run, saying, texts, turns, working

FULL = StoreError("The disk is full.")


@pytest.fixture
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses between tries, and the next probe at once."""
    monkeypatch.setattr(module, "RETRIES", (0.0, 0.0))
    monkeypatch.setattr(module, "PROBE_AFTER", 0.0)


@pytest.mark.usefixtures("_quickly")
def test_a_store_that_refuses_for_a_while_is_tried_again() -> None:
    """Nothing is shown meanwhile, nothing is lost, nothing kept twice."""

    async def play() -> None:
        async with desk() as at:
            at.store.failures = [FULL, FULL]
            one = at.begin(STARTED, *texts("a"))
            await turns(50)
            assert len(at.store.batches) == 3
            assert at.store.batches[0] == at.store.batches[1] == at.store.batches[2]
            assert shown(one) == [STARTED, Text("a")]
            assert at.commit.trouble is None

    run(play())


@pytest.mark.usefixtures("_quickly")
def test_what_the_store_refuses_for_good_is_never_shown() -> None:
    """What was kept stays, the rest did not happen, and readers are told why."""

    async def play() -> None:
        async with desk(0) as at:
            one = at.begin(STARTED, *texts("a"))
            await turns()
            at.store.failures = [FULL] * 3
            at.add(one, *texts("b", "c"), Finished("stop"))
            await turns(50)
            assert one.events[:2] == [STARTED, Text("a")]
            assert isinstance(one.events[2], Failed)
            assert (len(one.events), one.is_over, code_of(one)) == (3, True, "store_unavailable")
            assert at.over == [], "its end is still owed to the log"

    run(play())


@pytest.mark.usefixtures("_quickly")
@pytest.mark.parametrize("is_well", [True, False])
def test_what_was_deleted_does_not_come_back_with_an_end_that_was_owed(is_well: bool) -> None:
    """Who was told that it is gone may believe it."""

    async def play() -> None:
        store = HeldStore()
        async with working(Fake(saying()), store) as engine:
            store.failures = [FULL] * 3
            made = await over(engine, await begin(engine, keep=True))
            assert code_of(made) == "store_unavailable"
            if is_well:
                await engine.delete(made)
            else:
                store.failures = [FULL] * 3
                with pytest.raises(StoreError):
                    await engine.delete(made)
                store.failures = []
                await engine.delete(made)
            engine._commit.nudge()
            await turns(50)
            with pytest.raises(NotFound):
                await engine.find(made.id, "anybody")

    run(play())


@pytest.mark.usefixtures("_quickly")
def test_an_end_that_is_owed_is_kept_when_the_store_is_well_again() -> None:
    """So the log says what its readers were told."""

    async def play() -> None:
        async with desk(0) as at:
            kept, new = at.begin(STARTED, *texts("a")), at.begin()
            await turns()
            at.store.failures = [FULL] * 6
            at.add(kept, *texts("b"))
            at.add(new, STARTED, *texts("x"))
            await turns(50)
            assert (code_of(kept), code_of(new)) == ("store_unavailable", "store_unavailable")
            at.commit.nudge()
            await turns(50)
            assert at.over == [], "it was tried again, in vain"
            at.commit.nudge()
            await turns(50)
            assert at.over == [kept, new]
            for run, events in ((kept, [STARTED, Text("a")]), (new, [])):
                record = await at.store.get(run.id, "anybody")
                assert record is not None
                assert record.events == [*events, run.last]

    run(play())


@pytest.mark.usefixtures("_quickly")
def test_a_run_that_was_refused_before_it_was_known_brings_its_head_again() -> None:
    """The store has never heard of it."""

    async def play() -> None:
        async with desk(0) as at:
            at.store.failures = [FULL] * 3
            one = at.begin(STARTED, *texts("a"))
            await turns(50)
            at.commit.nudge()
            await turns(50)
            (segment,) = at.store.batches[-1]
            assert (segment.head, segment.first, segment.events) == (one.head, 0, one.events)
            assert code_of(one) == "store_unavailable"

    run(play())


@pytest.mark.usefixtures("_quickly")
def test_words_that_come_while_the_store_refuses_are_not_shown_either() -> None:
    """The run has failed; what its provider goes on saying is nobody's."""

    async def play() -> None:
        async with desk(0) as at:
            one = at.begin(STARTED, *texts("a"))
            await turns()
            at.store.gate.clear()
            at.store.failures = [FULL] * 3
            at.add(one, *texts("b"))
            await turns()
            at.add(one, *texts("c"))
            at.store.gate.set()
            await turns(100)
            assert one.events == [STARTED, Text("a"), one.last]
            assert code_of(one) == "store_unavailable"
            assert at.over == [one], "it was on its way to the store already, and is kept"

    run(play())


def test_trouble_is_known_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """And for a while after, so that not every new run finds out by itself."""
    monkeypatch.setattr(module, "RETRIES", (0.0,))

    async def play() -> None:
        async with desk(0) as at:
            before = at.commit.trouble
            at.store.failures = [FULL] * 2
            at.begin(STARTED, *texts("a"))
            await turns(50)
            assert (before, at.commit.trouble) == (None, FULL)
            at.commit.nudge()
            await turns()
            assert len(at.store.batches) == 2, "it is not tried again yet"

    run(play())


def test_an_owner_that_was_taken_over_does_not_try_again() -> None:
    """Nothing of it will ever be kept."""

    async def play() -> None:
        async with desk(0) as at:
            at.store.failures = [Fenced("Another process has taken over the store.")]
            one = at.begin(STARTED, *texts("a"))
            await turns(50)
            assert (len(at.store.batches), code_of(one)) == (1, "store_fenced")
            assert at.over == [one]
            assert isinstance(at.commit.trouble, Fenced)

    run(play())


def segments_of(batches: Sequence[Sequence[Segment]], of: Run) -> list[Segment]:
    """What was handed over of one run."""
    return [segment for batch in batches for segment in batch if segment.run == of.id]


def test_segments_of_a_run_come_without_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the store does in between."""
    monkeypatch.setattr(module, "RETRIES", (0.0, 0.0, 0.0))

    async def play() -> None:
        async with desk(0) as at:
            one = at.begin(STARTED)
            for number in range(40):
                at.add(one, *texts(str(number)))
                if number % 3 == 0:
                    at.store.failures = [FULL] * (number % 4)
                await turns(number % 7)
            at.add(one, Finished("stop"))
            while not one.is_over:
                await asyncio.sleep(0)
            kept: list[AnyEvent] = []
            for segment in segments_of(at.store.batches, one):
                assert segment.first <= len(kept)
                kept[segment.first :] = segment.events
            assert kept == one.events
            assert len(kept) == 42

    run(play())


@pytest.mark.usefixtures("_quickly")
def test_who_waits_for_a_beginning_that_cannot_be_kept_is_told() -> None:
    async def play() -> None:
        async with desk() as at:
            await at.quiet()
            at.store.failures = [FULL] * 3
            one = at.begin()
            with pytest.raises(StoreError, match="The disk is full"):
                await at.commit.settle(one)
            assert one.is_over

    run(play())

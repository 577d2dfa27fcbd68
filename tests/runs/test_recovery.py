"""What the engine makes of runs that a crash left without an end."""

import msgspec
import pytest

from headgate.calls import Call
from headgate.events import AnyEvent, Failed, Finished, Text
from headgate.store.base import Record
from tests.runs.fakes import (
    STARTED,
    Fake,
    HeldStore,
    Talk,
    call,
    code_of,
    head,
    over,
    run,
    saying,
    texts,
    told,
    turns,
    working,
)
from tests.store.contract import EVENTS, whole

SAID: list[AnyEvent] = [STARTED, Text("a")]


def replay(record: Record) -> Call | None:
    """Every request can be asked again."""
    return call(record.head.model)


def left(*, keep: bool, events: list[AnyEvent] | None = None, model: str = "fake/m") -> HeldStore:
    """A store with one run that nobody has ended."""
    store = HeldStore()
    store.orphans = [Record(head(keep=keep, model=model), list(events or []))]
    return store


ID = head().run


def test_a_kept_run_without_output_is_asked_again() -> None:
    """The same run gets its answer, and is not begun a second time in the store."""

    async def play() -> None:
        store, provider = left(keep=True), Fake(saying("a"))
        async with working(provider, store, replay=replay) as engine:
            made = await over(engine, await engine.find(ID, "anybody"))
            assert told(made.events) == [STARTED, *texts("a"), Finished("stop")]
        assert len(provider.asked) == 1
        assert store.kept(ID) == made.events
        assert all(segment.head is None for batch in store.batches for segment in batch)

    run(play())


LOST = {
    "nobody_waits": (False, []),
    "nobody_waits_and_begun": (False, SAID),
    "somebody_may_have_seen_a_part": (True, SAID),
    "the_provider_had_begun": (True, SAID[:1]),
}


@pytest.mark.parametrize(("keep", "said"), LOST.values(), ids=LOST.keys())
def test_any_other_run_ends(keep: bool, said: list[AnyEvent]) -> None:
    """With what was kept of it, and the word for it; its provider is not asked."""

    async def play() -> None:
        provider, store = Fake(None), left(keep=keep, events=said)
        async with working(provider, store, replay=replay) as engine:
            made = await over(engine, await engine.find(ID, "anybody"))
            assert told(made.events)[:-1] == said
            assert isinstance(made.last, Failed)
            assert (made.last.code, made.last.status) == ("producer_lost", 503)
        assert provider.asked == []
        assert told(store.kept(ID)) == [made.last]

    run(play())


def test_a_request_that_cannot_be_read_any_more_is_not_asked_again() -> None:
    """It may have been written by another version."""

    async def play() -> None:
        async with working(Fake(None), left(keep=True)) as engine:
            assert code_of(await over(engine, await engine.find(ID, "anybody"))) == "producer_lost"

    run(play())


def test_a_model_that_is_gone_fails_its_run() -> None:
    """The configuration may have changed in between."""

    async def play() -> None:
        async with working(Fake(None), left(keep=True, model="gone/m"), replay=replay) as engine:
            assert code_of(await over(engine, await engine.find(ID, "anybody"))) == "model_not_found"

    run(play())


def test_a_run_that_is_asked_again_can_be_stopped_before_it_begins() -> None:
    """As any other."""

    async def play() -> None:
        provider = Fake(None)
        async with working(provider, left(keep=True), replay=replay) as engine:
            made = await engine.find(ID, "anybody")
            await engine.stop(made)
            await turns()
            assert [event.__struct_config__.tag for event in made.events] == ["stopped"]
        assert provider.asked == []

    run(play())


def test_a_run_that_is_asked_again_takes_no_name_from_a_newer_one() -> None:
    """The newer one may be over already."""

    async def play() -> None:
        store, talk = left(keep=True), Talk()
        (record,) = store.orphans
        store.orphans = [Record(msgspec.structs.replace(record.head, names=("old", "chat")), [])]
        newer = msgspec.structs.replace(record.head, run="run_" + "1" * 40, names=("chat",))
        await store.append([whole(newer, EVENTS)])
        async with working(Fake(talk), store, replay=replay) as engine:
            assert (engine.live_named("old"), engine.live_named("chat")) == (await engine.find(ID, "anybody"), None)
            found = await engine.named("chat")
            assert found is not None
            assert found.id == newer.run

    run(play())


def test_many_are_recovered_at_once() -> None:
    """With one commit for all, before anything else."""

    async def play() -> None:
        store = HeldStore()
        store.orphans = [Record(head(f"run_{number:040x}"), [STARTED]) for number in range(100)]
        async with working(Fake(None), store) as engine:
            last = await engine.find(store.orphans[-1].head.run, "anybody")
            await over(engine, last)
            assert (len(store.batches), len(store.batches[0])) == (1, 100)

    run(play())

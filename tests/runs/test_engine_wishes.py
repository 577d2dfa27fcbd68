"""What dialects may wish of a run, and what the engine tells of it."""

import asyncio

import pytest
from typing_extensions import override

from headgate.errors import NotFound, Unavailable
from headgate.events import Finished
from headgate.providers.base import Limits
from headgate.runs import Engine, Run, Settings, Wishes
from headgate.runs.house import sweep
from headgate.runs.parting import AT_ONCE, LONG, Parting
from headgate.store.base import Filter, Hook, Room
from headgate.store.memory import MemoryStore
from tests.runs.fakes import Fake, Talk, begin, call, head, over, run, saying, texts, working


async def wish(engine: Engine, wishes: Wishes, *, store: bool = True) -> Run:
    """A run with wishes."""
    asked = call(store=store)
    return engine.start(asked, await engine.catalogue.route(asked.model), owner="alice", wishes=wishes)


def test_a_run_is_found_by_its_names_while_live_and_when_kept() -> None:
    """Of two with one name the newer has it."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            first = await wish(engine, Wishes(names=("a", "chat")))
            await asyncio.sleep(0.002)
            second = await wish(engine, Wishes(names=("chat",)))
            assert (engine.live_named("a"), engine.live_named("chat")) == (first, second)
            assert await engine.named("chat") is second
            await engine.stop(first)
            assert engine.live_named("a") is None
            kept = await engine.named("a")
            assert kept is not None
            assert kept.id == first.id
            assert engine.live_named("chat") is second
            assert await engine.named("nobody") is None

    run(play())


def test_a_provider_gets_the_callers_own_key_and_limits_and_the_store_does_not() -> None:
    """The head only says that there was one."""

    async def play() -> None:
        fake, store = Fake(saying("x")), MemoryStore()
        async with working(fake, store) as engine:
            limits = Limits(connect=1.0, first_event=9.0, whole=9.0, total=2.0)
            said = {"connect": 1.0, "first_event": 9.0, "whole": 9.0, "total": 2.0}
            made = await over(engine, await wish(engine, Wishes(key="sk-mine", limits=said, note=b'{"a":1}')))
            assert (fake.asked[0].key, fake.asked[0].limits) == ("sk-mine", limits)
            record = await store.get(made.id, "alice")
            assert record is not None
            assert (record.head.own_key, record.head.note) == (True, b'{"a":1}')
            assert "sk-mine" not in repr(record)

    run(play())


def test_a_deleted_run_is_gone_and_a_live_one_is_stopped_before() -> None:
    """By its id and by its names."""

    async def play() -> None:
        async with working(Fake(Talk())) as engine:
            live = await wish(engine, Wishes(names=("a",), hooks=(Hook("http://x/", "run"),)))
            await engine.delete(live)
            assert live.is_over
            assert await engine.named("a") is None
            with pytest.raises(NotFound):
                await engine.find(live.id, "alice")
            assert await engine.store.deliveries(live.id, "alice") == []

    run(play())


def test_somebody_is_told_of_every_end() -> None:
    """Of stored runs and of others."""

    async def play() -> None:
        told: list[Run] = []
        async with working(Fake(saying("x"))) as engine:
            engine.listen(told.append)
            runs = [await over(engine, await wish(engine, Wishes(), store=store)) for store in (True, False)]
            assert told == runs

    run(play())


def test_live_runs_are_narrowed_down_as_kept_ones_are() -> None:
    """And `running` asks for them alone."""

    async def play() -> None:
        talk = Talk()
        async with working(Fake(talk)) as engine:
            live, ended = await begin(engine), await begin(engine)
            await engine.stop(ended)

            async def found(filter: Filter) -> tuple[int, int]:
                live, kept = await engine.recent("anybody", limit=5, filter=filter)
                return len(live), len(kept)

            assert await found(Filter(status="running")) == (1, 0)
            assert await found(Filter(status="stopped")) == (0, 1)
            assert await found(Filter(model="fake/m")) == (1, 1)
            assert await found(Filter(format="other")) == (0, 0)
            assert await found(Filter(until=live.head.created)) == (0, 0)

    run(play())


@pytest.mark.parametrize(
    ("room", "settings", "message"),
    [
        (Room(2_000_000, None), Settings(max_size=2_000_000), "may take 2 MB"),
        (Room(0, 1_000_000), Settings(min_free=64_000_000), "1 MB are left"),
    ],
)
def test_without_room_nothing_new_is_begun(room: Room, settings: Settings, message: str) -> None:
    """Except for what takes none; and it passes."""

    async def play() -> None:
        store = Crammed(room)
        async with working(Fake(saying("x")), store, settings=settings) as engine:
            with pytest.raises(Unavailable, match=message) as raised:
                await begin(engine)
            assert raised.value.code == "store_full"
            await over(engine, await begin(engine, store=False))
            store.now = Room(0, None)
            await engine._room.look()
            await over(engine, await begin(engine))

    run(play())


class Crammed(MemoryStore):
    """Has as much room as a test says."""

    def __init__(self, now: Room) -> None:
        super().__init__()
        self.now = now

    @override
    async def room(self) -> Room:
        """What the test says."""
        return self.now


def test_long_logs_are_let_go_of_a_little_at_a_time() -> None:
    """Short ones at once."""
    parting = Parting()
    for count in (LONG - 1, AT_ONCE, AT_ONCE, LONG + 1):
        parting.add(Run.kept(head(), [*texts(*["x"] * count), Finished("stop")], 1.0))
    sizes = []
    while parting._runs:
        sizes.append(len(parting._runs))
        parting.let_go()
    assert sizes == [3, 2, 1]


def test_a_run_that_was_forgotten_is_not_held_on_to() -> None:
    """Though somebody asked for it just now."""

    async def play() -> None:
        async with working(Fake(saying("x")), settings=Settings(retention=0.0)) as engine:
            made = (await over(engine, await begin(engine))).id
            assert await engine.find(made, "anybody")
            await sweep(engine._archive, engine._settings.retention)
            with pytest.raises(NotFound):
                await engine.find(made, "anybody")

    run(play())

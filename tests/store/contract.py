"""What every store promises, tested the same way for each."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from headgate.events import (
    AnyEvent,
    Audio,
    Failed,
    Finished,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
    Vendor,
)
from headgate.formats.voices import SPEECH
from headgate.runs.ids import new_run_id
from headgate.store.base import End, Filter, Head, Member, Segment, Store

EVENTS: list[AnyEvent] = [
    Started("openai", "gpt-x", "chatcmpl-1", 1_700_000_000, "openai.chat", b'{"service_tier":"default"}'),
    Text("Žluťoučký 🐎", 0, b'[{"token":"x","logprob":-0.5,"bytes":null,"top_logprobs":[]}]'),
    ToolCall(0, "call_1", "get_weather"),
    ToolInput(0, '{"city":"Brno"}'),
    Vendor(b'{"chunk":{"n":123456789012345678901234567890}}'),
    Usage(3, 4, 7, extra=b'{"prompt_tokens":3}'),
    Finished("tool_calls", ("stop",)),
]


def head(owner: str = "alice", created: float | None = None) -> Head:
    """A run that has just begun."""
    now = time.time() if created is None else created
    return Head(new_run_id(), owner, now, "openai.chat", "default", b'{"model":"default"}')


def end(of: Head, events: list[AnyEvent], ended: float | None = None) -> End:
    """What is known of it when it is over."""
    last = events[-1]
    status = "finished" if isinstance(last, Finished) else "failed" if isinstance(last, Failed) else "stopped"
    return End(of, time.time() if ended is None else ended, status, "openai", "gpt-x", 3, 4, events)


def whole(of: Head, events: list[AnyEvent], ended: float | None = None) -> Segment:
    """A run that begins and ends in one commit."""
    return Segment(of.run, 0, events, of, end(of, events, ended))


class StoreContract:
    """Subclasses say how to make one."""

    def make(self) -> Store:
        """A new, empty store."""
        raise AssertionError("a subclass makes the store")

    def play(self, act: Callable[[Store], Awaitable[None]]) -> None:
        """Open a store, act on it, close it."""

        async def main() -> None:
            store = self.make()
            assert await store.open() == []
            await act(store)
            await store.close()

        asyncio.run(main())

    def test_a_run_that_is_over_is_read_back_as_it_was(self) -> None:
        """Every event, byte for byte, and the head."""

        async def act(store: Store) -> None:
            of = head()
            await store.append([whole(of, EVENTS, 12.5)])
            record = await store.get(of.run, "alice")
            assert record is not None
            assert (record.head, record.events, record.ended) == (of, EVENTS, 12.5)

        self.play(act)

    def test_a_run_comes_in_many_segments(self) -> None:
        """The head with the first, the end with the last, other runs between."""

        async def act(store: Store) -> None:
            of, other = head(), head()
            await store.append([Segment(of.run, 0, EVENTS[:2], of), Segment(other.run, 0, EVENTS[:1], other)])
            await store.append(
                [Segment(other.run, 1, [Stopped("user")], None, end(other, [EVENTS[0], Stopped("user")]))]
            )
            await store.append([Segment(of.run, 2, EVENTS[2:5])])
            assert await store.get(of.run, "alice") is None
            await store.append([Segment(of.run, 5, EVENTS[5:], None, end(of, EVENTS))])
            record = await store.get(of.run, "alice")
            assert record is not None
            assert record.events == EVENTS

        self.play(act)

    @pytest.mark.parametrize("cuts", [(), (1,), (2, 4)])
    def test_a_speech_is_read_back_as_it_was(self, cuts: tuple[int, ...]) -> None:
        """Also one that is empty in places, beside words; and one that is forgotten leaves the others as they are."""
        log = [EVENTS[0], *map(Audio, (b"\x00\x00\x00\x09", b"", b"x" * 10_000, b"y" * 20)), *EVENTS[5:]]

        async def act(store: Store) -> None:
            speeches = [msgspec.structs.replace(head(), format=SPEECH) for _ in range(3)]
            words = head()
            for first, upto in zip((0, *cuts), (*cuts, len(log)), strict=True):
                is_last = upto == len(log)
                await store.append(
                    [
                        Segment(
                            of.run,
                            first,
                            log[first:upto],
                            None if first else of,
                            end(of, log) if is_last else None,
                        )
                        for of in speeches
                    ]
                    + [whole(words, EVENTS)] * is_last
                )
            assert await store.delete(speeches[1].run, "alice")
            for of, events in ((speeches[0], log), (speeches[2], log), (words, EVENTS)):
                record = await store.get(of.run, "alice")
                assert record is not None
                assert record.events == events
            assert await store.get(speeches[1].run, "alice") is None

        self.play(act)

    def test_a_run_is_closed_to_other_owners(self) -> None:
        """Neither read, nor listed, nor deleted."""

        async def act(store: Store) -> None:
            of = head("alice")
            await store.append([whole(of, EVENTS)])
            assert await store.get(of.run, "mallory") is None
            assert await store.recent("mallory", limit=10) == []
            assert await store.delete(of.run, "mallory") is False
            assert await store.get(of.run, "alice") is not None

        self.play(act)

    def test_lists_go_from_new_to_old_in_pages(self) -> None:
        """`before` goes on where the last page ended."""

        async def act(store: Store) -> None:
            heads = []
            for _ in range(5):
                heads.append(head())
                await asyncio.sleep(0.002)
            await store.append([whole(of, EVENTS) for of in heads])
            newest = [of.run for of in reversed(heads)]
            first = await store.recent("alice", limit=3)
            assert [summary.run for summary in first] == newest[:3]
            second = await store.recent("alice", limit=3, before=first[-1].run)
            assert [summary.run for summary in second] == newest[3:]
            assert (first[0].status, first[0].provider, first[0].input_tokens) == ("finished", "openai", 3)

        self.play(act)

    def test_a_list_says_what_runs_cost(self) -> None:
        """And tells what is not known from what is nothing."""
        known = [(0.25, False), (0.0, False), (0.5, True), (None, True), (None, None)]

        async def act(store: Store) -> None:
            expected = {}
            for cost, estimated in known:
                of = head()
                done = msgspec.structs.replace(end(of, EVENTS), cost=cost, estimated=estimated)
                await store.append([Segment(of.run, 0, EVENTS, of, done)])
                expected[of.run] = (cost, estimated)
            listed = await store.recent("alice", limit=10)
            assert {each.run: (each.cost, each.estimated) for each in listed} == expected

        self.play(act)

    def test_a_deleted_run_is_gone(self) -> None:
        """And deleting it again says so."""

        async def act(store: Store) -> None:
            of = head()
            await store.append([whole(of, EVENTS)])
            assert await store.delete(of.run, "alice") is True
            assert await store.get(of.run, "alice") is None
            assert await store.delete(of.run, "alice") is False

        self.play(act)

    @pytest.mark.parametrize("count", [1, 450])
    def test_old_runs_are_forgotten_and_young_ones_kept(self, count: int) -> None:
        """`expire` works in steps, until it says 0."""

        async def act(store: Store) -> None:
            old, young = [head() for _ in range(count)], head()
            await store.append([whole(of, EVENTS, 100.0) for of in old])
            await store.append([whole(young, EVENTS, 200.0)])
            forgotten = 0
            while step := await store.expire(150.0, 0.0):
                forgotten += step
            assert forgotten == count
            assert await store.get(old[0].run, "alice") is None
            assert await store.get(young.run, "alice") is not None

        self.play(act)

    def test_an_empty_batch_is_fine(self) -> None:
        """It keeps nothing."""

        async def act(store: Store) -> None:
            await store.append([])
            assert await store.recent("alice", limit=10) == []

        self.play(act)

    def test_a_run_is_found_by_its_other_names(self) -> None:
        """By whoever knows one; the newer of two runs has it, whichever ended last."""

        async def act(store: Store) -> None:
            older = msgspec.structs.replace(head(), names=("chat/1", "older"))
            await asyncio.sleep(0.002)
            newer = msgspec.structs.replace(head(), names=("chat/1",))
            assert await store.named("chat/1") is None
            await store.append([whole(newer, EVENTS)])
            await store.append([whole(older, EVENTS)])
            assert [await _run_named(store, name) for name in ("chat/1", "older")] == [newer.run, older.run]
            await store.delete(newer.run, "alice")
            assert await _run_named(store, "chat/1") is None
            assert await _run_named(store, "older") == older.run

        self.play(act)

    @pytest.mark.parametrize(
        ("filter", "found"),
        [
            (Filter(), 3),
            (Filter(status="finished"), 2),
            (Filter(status="stopped"), 1),
            (Filter(provider="openai"), 3),
            (Filter(provider="other"), 0),
            (Filter(model="gpt-x"), 3),
            (Filter(model="default"), 3),
            (Filter(model="gpt"), 0),
            (Filter(format="openai.chat"), 3),
            (Filter(format="openai.responses"), 0),
            (Filter(since=20.0), 2),
            (Filter(until=20.0), 1),
            (Filter(since=20.0, until=30.0, status="finished"), 1),
        ],
    )
    def test_a_list_can_be_narrowed(self, filter: Filter, found: int) -> None:
        """By what a run was asked and what came of it."""

        async def act(store: Store) -> None:
            stopped: list[AnyEvent] = [EVENTS[0], Stopped("user")]
            await store.append([whole(head(created=at), EVENTS) for at in (10.0, 20.0)])
            await store.append([whole(head(created=30.0), stopped)])
            assert len(await store.recent("alice", limit=10, filter=filter)) == found

        self.play(act)

    def test_a_retention_of_its_own_comes_before_everybodys(self) -> None:
        """Shorter or longer."""

        async def act(store: Store) -> None:
            brief = msgspec.structs.replace(head(), retention=10.0)
            long = msgspec.structs.replace(head(), retention=1000.0)
            usual = head()
            await store.append([whole(of, EVENTS, 100.0) for of in (long, brief, usual)])
            assert await store.expire(120.0, 100.0) == 1
            assert [await store.get(of.run, "alice") is not None for of in (long, brief, usual)] == [True, False, True]
            assert await store.expire(300.0, 100.0) == 1
            assert await store.get(usual.run, "alice") is None
            assert await store.get(long.run, "alice") is not None

        self.play(act)

    def test_it_has_a_secret_and_says_what_room_there_is(self) -> None:
        """For links that nobody else can make."""

        async def act(store: Store) -> None:
            assert len(store.secret) == 32
            await store.append([whole(head(), EVENTS)])
            assert (await store.room()).used >= 0

        self.play(act)

    def test_who_belongs_to_a_channel_is_kept_until_it_is_taken_back(self) -> None:
        """A new mode takes the old one's place; what nobody knows cannot be forgotten, and that is fine."""

        async def act(store: Store) -> None:
            ann, bob, other = Member("sales", "ann", "listen"), Member("sales", "bob"), Member("Žluté kolo", "ann")
            assert await store.members() == []
            await store.add_members([ann, bob, other])
            await store.add_members([Member("sales", "ann", "receive")])
            assert await store.members() == [Member("sales", "ann", "receive"), bob, other]
            await store.remove_members([ann, Member("sales", "nobody")])
            assert await store.members() == [bob, other]

        self.play(act)


async def _run_named(store: Store, name: str) -> str | None:
    record = await store.named(name)
    return None if record is None else record.head.run

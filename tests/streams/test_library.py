"""Streams without a server: what is promised whoever asks, in whatever order."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from headgate.errors import Conflict, HeadgateError, StoreError, TooLarge
from headgate.runs import commit
from headgate.store.memory import MemoryStore
from headgate.store.sqlite import SqliteStore
from headgate.store.streams import Mark
from headgate.streams import Addition, Bounds, Branch, Library, Stream, Wish, keeping, library, offset_of, read
from headgate.streams.errors import BadFork, ClosedStream, GoneStream, NoStream, OtherStream, ProducerGap, TooMany
from headgate.streams.stream import SLACK
from tests.streams.house import Clock, SlowStore, text, whole, working
from tests.waiting import a_while, until

TEXT = Wish(kind="text/plain")


def play(act: Callable[[Library], Awaitable[None]], **given: object) -> None:
    """Act on a library."""

    async def main() -> None:
        async with working(**given) as streams:  # type: ignore[arg-type]
            await act(streams)

    asyncio.run(main())


async def made(streams: Library, name: str = "talk", wish: Wish = TEXT, owner: str = "alice") -> Stream:
    """A new stream."""
    stream, is_new = await streams.create(owner, name, wish)
    assert is_new
    return stream


def test_nothing_is_acknowledged_or_shown_before_it_is_kept() -> None:
    """Not to its writer, nor to readers."""

    async def main() -> None:
        store = SlowStore()
        async with working(store) as streams:
            stream = await made(streams)
            store.gate.clear()
            said = asyncio.ensure_future(streams.append(stream, text(b"Hello")))
            again = asyncio.ensure_future(streams.find("alice", "talk"))
            await a_while()
            assert not said.done()
            assert await again is stream
            assert await whole(streams, stream) == b""
            store.gate.set()
            assert (await said).end == 5
            assert await whole(streams, stream) == b"Hello"

    asyncio.run(main())


@pytest.mark.parametrize("before", [b"", b"x" * 3_000_000])
def test_what_is_shown_is_what_is_kept_and_no_more(before: bytes) -> None:
    """Also when more was said while it was on its way; of little, and of more than is held in memory."""

    async def main() -> None:
        store = SlowStore()
        async with working(store) as streams:
            stream = await made(streams, "talk", Wish(kind="text/plain", data=before))
            store.gate.clear()
            store.is_narrow = True
            first = asyncio.ensure_future(streams.append(stream, text(b"one")))
            await a_while()
            second = asyncio.ensure_future(streams.append(stream, text(b"two", closes=True)))
            await a_while()
            assert await whole(streams, stream) == before
            store.gate.set()
            await first
            assert await whole(streams, stream) == before + b"one"
            assert not stream.shows_closed
            store.is_narrow = False
            store.gate.set()
            await second
            assert await whole(streams, stream) == before + b"onetwo"
            assert stream.shows_closed

    asyncio.run(main())


def test_what_comes_together_is_kept_together() -> None:
    """A hundred writers need a few commits."""

    async def main() -> None:
        store = SlowStore()
        async with working(store) as streams:
            some = [await made(streams, f"talk-{number}") for number in range(100)]
            store.commits.clear()
            await asyncio.gather(*(streams.append(stream, text(b"x")) for stream in some))
            assert sum(store.commits) == 100
            assert len(store.commits) < 10

    asyncio.run(main())


def test_a_producer_is_heard_once_however_often_it_says_it() -> None:
    """Also when it says it again before it was told that it is kept."""

    async def act(streams: Library) -> None:
        stream = await made(streams)
        marks = [Mark("p", 0, number) for number in range(20) for _ in range(3)]
        told = await asyncio.gather(*(streams.append(stream, text(b"%d," % mark.seq, mark=mark)) for mark in marks))
        assert await whole(streams, stream) == b"".join(b"%d," % number for number in range(20))
        assert [kept.is_new for kept in told] == [True, False, False] * 20
        with pytest.raises(ProducerGap):
            await streams.append(stream, text(b"x", mark=Mark("p", 0, 25)))

    play(act)


def test_what_a_producer_said_before_the_end_is_still_known_after_it() -> None:
    """Its acknowledgement may have been lost, and the stream closed since: that nothing more comes is no answer."""

    async def act(streams: Library) -> None:
        stream = await made(streams)
        for seq, data in enumerate((b"One", b"Two")):
            await streams.append(stream, text(data, mark=Mark("p", 0, seq)))
        await streams.append(stream, Addition(data=b"", kind=None, closes=True))
        for seq in (0, 1):
            again = await streams.append(stream, text(b"again", mark=Mark("p", 0, seq)))
            assert (again.is_new, again.is_closed, again.mark) == (False, True, Mark("p", 0, 1))
        for late in (Mark("p", 0, 2), Mark("p", 1, 0), Mark("q", 0, 0)):
            with pytest.raises(ClosedStream):
                await streams.append(stream, text(b"late", mark=late))
        assert await whole(streams, stream) == b"OneTwo"

    play(act)


def test_a_repetition_is_not_acknowledged_before_the_first_is_kept() -> None:
    """Else its producer would believe in what a crash may take away."""

    async def main() -> None:
        store = SlowStore()
        async with working(store) as streams:
            stream = await made(streams)
            store.gate.clear()
            both = [asyncio.ensure_future(streams.append(stream, text(b"x", mark=Mark("p", 0, 0)))) for _ in range(2)]
            await a_while()
            assert not any(each.done() for each in both)
            store.gate.set()
            assert [(await each).is_new for each in both] == [True, False]

    asyncio.run(main())


def test_that_a_stream_was_used_shows_nothing_that_is_not_kept() -> None:
    """One commit takes that down, and the next what was said then, because it takes only so many bytes."""

    async def main() -> None:
        store, clock = SlowStore(), Clock()
        async with working(store, clock=clock) as streams:
            large, brief = await made(streams), await made(streams, "brief", Wish(kind="text/plain", ttl=100))
            clock.now += 70
            store.gate.clear()
            said = [asyncio.ensure_future(streams.append(large, text(b"now")))]
            await a_while()
            said.append(asyncio.ensure_future(streams.append(large, text(b"x" * keeping.AT_ONCE))))
            said.append(asyncio.ensure_future(streams.append(brief, text(b"Hello"))))
            await a_while()
            store.is_narrow = True
            for _ in range(2):
                store.gate.set()
                await a_while()
            seen = said[1].done(), said[2].done(), await whole(streams, brief)
            store.is_narrow = False
            store.gate.set()
            await asyncio.gather(*said)
            assert seen == (True, False, b"")
            assert await whole(streams, brief) == b"Hello"

    asyncio.run(main())


def test_what_the_store_refuses_did_not_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who said it are told so, with all who came after them on the same stream; then it goes on."""
    monkeypatch.setattr(commit, "RETRIES", ())

    async def main() -> None:
        store = SlowStore()
        async with working(store) as streams:
            stream, other = await made(streams), await made(streams, "other")
            await streams.append(stream, text(b"a", mark=Mark("p", 0, 0)))
            store.refuses = 1
            store.gate.clear()
            lost = [asyncio.ensure_future(streams.append(stream, text(b"b", mark=Mark("p", 0, 1))))]
            await a_while()
            lost.append(asyncio.ensure_future(streams.append(stream, text(b"c", mark=Mark("p", 0, 2)))))
            kept = asyncio.ensure_future(streams.append(other, text(b"d")))
            await asyncio.sleep(0)
            store.gate.set()
            for each in lost:
                with pytest.raises(StoreError):
                    await each
            assert (await kept).is_new
            found = await streams.find("alice", "talk")
            assert found is not stream
            assert stream.is_lost
            assert (await streams.append(found, text(b"b", mark=Mark("p", 0, 1)))).is_new
            assert await whole(streams, found) == b"ab"

    asyncio.run(main())


def test_no_more_waits_for_a_slow_store_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes too late is told so, and may come again; it did not happen."""
    monkeypatch.setattr(keeping, "MOST_WAITING", 10)

    async def main() -> None:
        store = SlowStore()
        async with working(store) as streams:
            stream = await made(streams)
            store.gate.clear()
            said = [asyncio.ensure_future(streams.append(stream, text(b"x" * 6))) for _ in range(2)]
            await a_while()
            late = asyncio.ensure_future(streams.append(stream, text(b"late")))
            await a_while()
            was_told = late.done()
            store.gate.set()
            await asyncio.gather(*said)
            assert was_told
            with pytest.raises(HeadgateError) as refused:
                await late
            assert (refused.value.status, refused.value.code) == (503, "store_busy")
            await streams.append(stream, text(b"!"))
            assert await whole(streams, stream) == b"x" * 12 + b"!"

    asyncio.run(main())


def test_of_two_who_make_the_same_stream_one_does() -> None:
    """The other finds it; one that is unlike it is refused."""

    async def act(streams: Library) -> None:
        both = await asyncio.gather(streams.create("alice", "talk", TEXT), streams.create("alice", "talk", TEXT))
        assert [is_new for _, is_new in both] == [True, False]
        assert both[0][0] is both[1][0]
        for unlike in (Wish(kind="image/png"), Wish(kind="text/plain", ttl=5), Wish(kind="text/plain", closes=True)):
            with pytest.raises(Conflict):
                await streams.create("alice", "talk", unlike)

    play(act)

    async def main() -> None:
        async with working(SlowStore()) as streams:
            await act(streams)

    asyncio.run(main())


def test_a_fork_and_the_end_of_its_source_come_one_after_the_other() -> None:
    """Either it is made first, and has the bytes; or it is refused."""

    async def main() -> None:
        for wait in range(6):
            async with working(SlowStore()) as streams:
                source = await made(streams, "source", Wish(kind="text/plain", data=b"abc"), owner="alice")
                streams._counts.clear()
                fork = asyncio.ensure_future(streams.create("alice", "fork", Wish(branch=Branch("source"))))
                for _ in range(wait):
                    await asyncio.sleep(0)
                await streams.remove(source)
                (came,) = await asyncio.gather(fork, return_exceptions=True)
                is_made = not isinstance(came, NoStream | OtherStream)
                with pytest.raises(GoneStream if is_made else NoStream):
                    await streams.find("alice", "source")
                if is_made:
                    assert await whole(streams, await streams.find("alice", "fork")) == b"abc"

    asyncio.run(main())


def test_a_stream_is_there_for_its_owner_alone() -> None:
    """Another's of the same name is another stream."""

    async def act(streams: Library) -> None:
        stream = await made(streams)
        with pytest.raises(NoStream):
            await streams.find("mallory", "talk")
        assert await made(streams, owner="mallory") is not stream
        with pytest.raises(NoStream):
            await streams.create("bob", "fork", Wish(branch=Branch("talk")))

    play(act)


def test_bounds_are_kept() -> None:
    """Of how many streams there are, how large they are, and how many write to them."""
    bounds = Bounds(streams=2, size=10, producers=1)

    async def act(streams: Library) -> None:
        first, second = await made(streams, "first"), await made(streams, "second")
        with pytest.raises(TooMany, match="2 streams"):
            await streams.create("alice", "third", TEXT)
        await made(streams, "first", owner="bob")
        await streams.remove(second)
        await made(streams, "third")
        await streams.append(first, text(b"x" * 10, mark=Mark("p", 0, 0)))
        with pytest.raises(TooLarge):
            await streams.append(first, text(b"x"))
        with pytest.raises(TooMany, match="1 producers"):
            await streams.append(first, text(b"x", mark=Mark("q", 0, 0)))

    async def again(streams: Library) -> None:
        with pytest.raises(TooMany, match="2 streams"):
            await streams.create("alice", "third again", TEXT)

    store = MemoryStore()
    play(act, bounds=bounds, store=store)
    play(again, bounds=bounds, store=store)


def test_what_nobody_uses_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream is let go of after a while, and is as it was when somebody asks for it."""
    monkeypatch.setattr(library, "TICK", 0.01)
    monkeypatch.setattr(library, "IDLE", 0.05)

    async def act(streams: Library) -> None:
        stream = await made(streams)
        await streams.append(stream, text(b"Hello", seq=b"7", mark=Mark("p", 3, 0), closes=True))
        await until(lambda: streams.live == 0)
        found = await streams.find("alice", "talk")
        assert found is not stream
        assert await whole(streams, found) == b"Hello"
        assert (found.seq, found.producers, found.is_closed) == (b"7", {"p": Mark("p", 3, 0)}, True)
        assert not (await streams.append(found, text(b"", mark=Mark("p", 3, 0), closes=True))).is_new

    play(act)


def test_what_is_still_to_be_kept_is_not_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the store takes."""
    monkeypatch.setattr(library, "TICK", 0.001)
    monkeypatch.setattr(library, "IDLE", 0.0)

    async def main() -> None:
        store = SlowStore()
        async with working(store) as streams:
            stream = await made(streams)
            store.gate.clear()
            said = asyncio.ensure_future(streams.append(stream, text(b"x")))
            await a_while()
            assert streams.live == 1
            store.gate.set()
            await said

    asyncio.run(main())


def test_a_stream_lives_as_long_as_it_is_used() -> None:
    """And a while longer after a crash at most, because it is not written down each time."""
    clock = Clock()

    async def act(streams: Library) -> None:
        stream = await made(streams, wish=Wish(kind="text/plain", ttl=100))
        for _ in range(5):
            clock.now += 90
            streams.use(await streams.find("alice", "talk"))
        await streams.settle(stream)
        kept = await streams.store.stream("alice", "talk")
        assert kept is not None
        assert kept.due is not None
        assert clock.now + 100 <= kept.due <= clock.now + 100 + SLACK
        clock.now += 100
        with pytest.raises(NoStream):
            await streams.find("alice", "talk")
        assert await streams.store.stream("alice", "talk") is None
        await made(streams)

    play(act, clock=clock)


def test_streams_whose_time_is_over_are_deleted_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are held in memory, too."""
    monkeypatch.setattr(library, "TICK", 0.01)
    clock = Clock()

    async def act(streams: Library) -> None:
        await made(streams, "old", Wish(expires=1100.0))
        await made(streams, "young", Wish(expires=9999.0))
        clock.now = 1200.0
        await until(lambda: streams.live == 1)
        assert await streams.store.count_streams("alice") == 1

    play(act, clock=clock)


def test_a_fork_goes_its_own_way() -> None:
    """From any place, over any number of others, without a copy; in memory and when it was let go of."""

    async def act(streams: Library) -> None:
        first = await made(streams, "first", Wish(kind="text/plain", data=b"abcdef"))
        second = await made(streams, "second", Wish(branch=Branch("first", offset_of(4)), data=b"12"))
        third = await made(streams, "third", Wish(branch=Branch("second", offset_of(2), sub=3), data=b"!"))
        fourth = await made(streams, "fourth", Wish(branch=Branch("third", offset_of(3))))
        await streams.append(first, text(b"ghi"))
        await streams.append(second, text(b"34"))
        await streams.append(fourth, text(b"?"))
        said = [await whole(streams, each) for each in (first, second, third, fourth)]
        assert said == [b"abcdefghi", b"abcd1234", b"abcd1!", b"abc?"]
        await streams.remove(first)
        await streams.remove(second)
        for name, error in (("first", GoneStream), ("second", GoneStream)):
            with pytest.raises(error):
                await streams.find("alice", name)
        assert await whole(streams, third) == b"abcd1!"
        await streams.remove(third)
        await streams.remove(fourth)
        for name in ("first", "second", "third", "fourth"):
            with pytest.raises(NoStream):
                await streams.find("alice", name)

    play(act)


def test_a_fork_of_messages_begins_between_two_of_them() -> None:
    """However many of them are counted."""

    async def act(streams: Library) -> None:
        lines = ",".join(f'{{"n":{number},"text":"{"x" * 3000}"}}' for number in range(1000))
        source = await made(streams, "all", Wish(kind="application/json", data=f"[{lines}]".encode()))
        some = await made(streams, "some", Wish(branch=Branch("all", offset_of(0), sub=900)))
        assert (await whole(streams, some)).count(b"\n") == 900
        assert (await whole(streams, source)).startswith(await whole(streams, some))
        for sub in (1001, 5000):
            with pytest.raises(BadFork):
                await streams.create("alice", "more", Wish(branch=Branch("all", offset_of(0), sub=sub)))

    play(act, bounds=Bounds(size=1 << 30))


def test_pieces_of_messages_end_between_two_of_them() -> None:
    """Also where one is larger than a piece."""
    sizes = [10, 400_000, 3_000_000, 5, 700_000, 700_000]

    async def act(streams: Library) -> None:
        stream = await made(streams, "talk", Wish(kind="application/json"))
        for size in sizes:
            await streams.append(stream, Addition(data=b'"%b"' % (b"x" * size), kind="application/json"))
        place, found = 0, []
        while piece := await read(streams.store, stream, place):
            assert piece.endswith(b"\n")
            place += len(piece)
            found += [len(line) - 2 for line in piece.splitlines()]
        assert found == sizes

    play(act)


def test_writers_readers_and_the_store_agree(tmp_path: Path) -> None:
    """What is read while others write is the beginning of what is there in the end."""
    chance = random.Random(7)

    async def act(streams: Library) -> None:
        stream = await made(streams)
        is_over = False

        async def write(name: str) -> None:
            for number in range(60):
                data = name.encode() * chance.choice([1, 30, 5000])
                await streams.append(stream, text(data, mark=Mark(name, 0, number)))

        async def look() -> list[bytes]:
            seen = []
            while not is_over:
                seen.append(await whole(streams, stream))
                await asyncio.sleep(0)
            return seen

        reading = asyncio.ensure_future(look())
        await asyncio.gather(*map(write, "abcde"))
        is_over = True
        end = await whole(streams, stream)
        assert all(end.startswith(seen) for seen in await reading)
        assert sorted(set(end)) == sorted(b"abcde")
        kept = await streams.store.read_stream(stream.id, 0, stream.end, 1 << 30)
        assert kept == end

    play(act, store=SqliteStore(tmp_path / "streams.db", sync="normal"))


def test_a_closing_server_takes_nothing_more() -> None:
    """What would never be kept is refused; what came before is kept, however long that takes."""

    async def act(streams: Library) -> None:
        store = streams.store
        assert isinstance(store, SlowStore)
        stream = await made(streams)
        store.gate.clear()
        said = [asyncio.ensure_future(streams.append(stream, text(b"x")))]
        await a_while()
        said.append(asyncio.ensure_future(streams.append(stream, text(b"y"))))
        await a_while()
        streams._commits.finish()
        store.gate.set()
        assert [(await each).end for each in said] == [1, 2]
        with pytest.raises(HeadgateError, match="shutting down"):
            await streams.append(stream, text(b"x"))

    async def main() -> None:
        async with working(SlowStore()) as streams:
            await act(streams)

    asyncio.run(main())

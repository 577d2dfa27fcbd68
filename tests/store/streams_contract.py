"""What every store promises of streams, tested the same way for each."""

import asyncio
from collections.abc import Awaitable, Callable

from headgate.store.base import Store
from headgate.store.streams import Appended, Created, Extended, Fork, Mark, Removed, StreamHead
from tests.store.contract import EVENTS, head, whole

EVERYTHING = 1 << 40


def made(stream: int, name: str, owner: str = "alice", of: int | None = None, at: int = 0) -> Created:
    """A stream, forked from another at a place or not."""
    fork = None if of is None else Fork(of, "source")
    inherits = () if of is None else ((of, at),)
    return Created(stream, StreamHead(owner, name, "text/plain", 1.0, first=at, inherits=inherits, fork=fork))


class StreamsContract:
    """Subclasses say how to make a store."""

    def make(self) -> Store:
        """A new, empty store."""
        raise AssertionError("a subclass makes the store")

    def act(self, act: Callable[[Store], Awaitable[None]]) -> None:
        """Open a store, act on it, close it."""

        async def main() -> None:
            store = self.make()
            await store.open()
            await act(store)
            await store.close()

        asyncio.run(main())

    def test_a_stream_is_read_back_as_it_was_said(self) -> None:
        """From any place to any other."""
        said = [b"", b"Hello", b" ", b"\x00\xff" * 3000, b"!", b"x" * 600_000]

        async def act(store: Store) -> None:
            await store.append([], [made(1, "talk")])
            end = 0
            for data in said:
                await store.append([], [Appended(1, end, data)])
                end += len(data)
                # Who looks has it put where it belongs.
                known = await store.stream("alice", "talk") if len(data) % 2 else None
                assert known is None or known.end == end
            text = b"".join(said)
            for first, upto in ((0, end), (3, 9), (5000, 5001), (end - 1, end), (0, 1), (7, 400_000)):
                found = b""
                while first + len(found) < upto:
                    piece = await store.read_stream(1, first + len(found), upto, EVERYTHING)
                    assert piece
                    found += piece
                assert found == text[first:upto]
            assert await store.read_stream(1, end, EVERYTHING, 10) == b""
            assert len(await store.read_stream(1, 0, EVERYTHING, 10)) <= 10

        self.act(act)

    def test_what_is_known_of_a_stream_is_what_happened_last(self) -> None:
        """Its end, its numbers, its producers, its time, and who closed it."""

        async def act(store: Store) -> None:
            first, second = Mark("a", 0, 0), Mark("a", 1, 0)
            await store.append([], [made(1, "talk"), Appended(1, 0, b"one", b"s1", first, due=20.0)])
            await store.append([], [Appended(1, 3, b"two", None, Mark("b", 0, 0)), Extended(1, 30.0)])
            known = await store.stream("alice", "talk")
            assert known is not None
            assert (known.id, known.end, known.due, known.seq) == (1, 6, 30.0, b"s1")
            assert (known.is_closed, known.is_gone, known.closed_by) == (False, False, None)
            assert known.producers == {"a": first, "b": Mark("b", 0, 0)}
            await store.append([], [Appended(1, 6, b"", b"s2", second, closes=True)])
            known = await store.stream("alice", "talk")
            assert known is not None
            assert (known.end, known.seq, known.is_closed, known.closed_by) == (6, b"s2", True, second)
            assert known.producers["a"] == second

        self.act(act)

    def test_every_owner_has_names_of_its_own(self) -> None:
        """And counts its own."""

        async def act(store: Store) -> None:
            await store.append([], [made(1, "talk", "alice"), made(2, "talk", "bob"), made(3, "more", "bob")])
            for owner, id in (("alice", 1), ("bob", 2)):
                known = await store.stream(owner, "talk")
                assert known is not None
                assert known.id == id
            assert await store.stream("mallory", "talk") is None
            assert [await store.count_streams(owner) for owner in ("alice", "bob", "mallory")] == [1, 2, 0]

        self.act(act)

    def test_a_deleted_stream_leaves_nothing(self) -> None:
        """Its name can be used again, for another stream."""

        async def act(store: Store) -> None:
            await store.append([], [made(1, "talk"), Appended(1, 0, b"old", None, Mark("a", 0, 0))])
            await store.append([], [Removed(1), made(2, "talk"), Appended(2, 0, b"new")])
            known = await store.stream("alice", "talk")
            assert known is not None
            assert (known.id, known.end, known.producers) == (2, 3, {})
            assert await store.read_stream(2, 0, EVERYTHING, EVERYTHING) == b"new"
            await store.append([], [Removed(2)])
            assert await store.stream("alice", "talk") is None
            assert await store.count_streams("alice") == 0

        self.act(act)

    def test_what_others_were_forked_from_stays_until_they_are_deleted(self) -> None:
        """It is gone, its bytes are there; and with the last of the others it is forgotten, however long the line."""

        async def act(store: Store) -> None:
            await store.append([], [made(1, "first"), Appended(1, 0, b"abc")])
            await store.append([], [made(2, "second", of=1, at=2), Appended(2, 2, b"d"), made(3, "third", of=2, at=3)])
            await store.append([], [Removed(1), Removed(2)])
            for name in ("first", "second"):
                known = await store.stream("alice", name)
                assert known is not None
                assert known.is_gone
            assert await store.read_stream(1, 0, 2, EVERYTHING) == b"ab"
            assert await store.read_stream(2, 2, 3, EVERYTHING) == b"d"
            await store.append([], [Removed(3)])
            assert [await store.stream("alice", name) for name in ("first", "second", "third")] == [None] * 3

        self.act(act)

    def test_it_says_whose_time_is_over(self) -> None:
        """Not of those that are gone, nor of those that have no such time."""

        async def act(store: Store) -> None:
            old = Created(2, StreamHead("alice", "old", "text/plain", 1.0), 5.0)
            kept = Created(3, StreamHead("bob", "kept", "text/plain", 1.0), 50.0)
            await store.append([], [made(1, "ever"), old, kept, Created(4, made(4, "gone").head, 6.0)])
            await store.append([], [made(5, "fork", of=4), Appended(4, 0, b"x"), Extended(4, 7.0), Removed(4)])
            await store.count_streams("alice")
            assert await store.due_streams(10.0, 10) == [("alice", "old")]
            await store.append([], [Extended(2, 60.0)])
            await store.count_streams("alice")
            assert await store.due_streams(10.0, 10) == []
            assert len(await store.due_streams(100.0, 1)) == 1

        self.act(act)

    def test_runs_and_streams_are_kept_together(self) -> None:
        """What one commit has of both is there."""

        async def act(store: Store) -> None:
            of = head()
            await store.append([whole(of, EVENTS)], [made(1, "talk"), Appended(1, 0, b"x")])
            assert await store.get(of.run, "alice") is not None
            known = await store.stream("alice", "talk")
            assert known is not None
            assert known.end == 1

        self.act(act)

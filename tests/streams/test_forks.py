"""Forks: what they may begin with, and when."""

import asyncio

import pytest

from headgate.errors import HeadgateError
from headgate.runs import commit
from headgate.streams import Branch, Wish, offset_of
from headgate.streams.errors import BadFork
from tests.streams.house import SlowStore, whole, working
from tests.waiting import a_while, until


@pytest.mark.parametrize("place", [1, 7, 9, 15])
def test_no_message_is_cut_by_a_fork(place: int) -> None:
    """An offset that no stream has told may be in the middle of one."""

    async def main() -> None:
        async with working() as streams:
            await streams.create("alice", "talk", Wish(kind="application/json", data=b'[{"a":1},{"b":2}]'))
            with pytest.raises(BadFork, match="middle"):
                await streams.create("alice", "fork", Wish(branch=Branch("talk", offset_of(place))))
            between, _ = await streams.create("alice", "fork", Wish(branch=Branch("talk", offset_of(8))))
            assert await whole(streams, between) == b'{"a":1}\n'

    asyncio.run(main())


@pytest.mark.parametrize("offset", ["9" * 16 + "_" + "0" * 15 + "3", "3", "now", "-1", "0_3", ""])
def test_an_offset_is_one_that_was_told(offset: str) -> None:
    """And not another that looks like it."""

    async def main() -> None:
        async with working() as streams:
            await streams.create("alice", "talk", Wish(kind="text/plain", data=b"Hello"))
            with pytest.raises(BadFork):
                await streams.create("alice", "fork", Wish(branch=Branch("talk", offset)))

    asyncio.run(main())


def test_nothing_is_forked_from_what_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be there without its source, and nobody would hold on to the bytes it has of others."""
    monkeypatch.setattr(commit, "RETRIES", ())

    async def main() -> None:
        store = SlowStore()
        async with working(store) as streams:
            await streams.create("alice", "first", Wish(kind="text/plain", data=b"Hello"))
            store.gate.clear()
            second = asyncio.ensure_future(streams.create("alice", "second", Wish(branch=Branch("first"))))
            await until(lambda: streams.live == 2)
            await a_while()
            third = asyncio.ensure_future(streams.create("alice", "third", Wish(branch=Branch("second"))))
            await a_while()
            store.refuses = 1
            store.gate.set()
            for made in (second, third):
                with pytest.raises(HeadgateError):
                    await made

    asyncio.run(main())

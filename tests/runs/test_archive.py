"""Runs that are over, brought back from the store."""

import asyncio

import pytest
from typing_extensions import override

from headgate.errors import NotFound
from headgate.store.base import Record
from headgate.store.memory import MemoryStore
from tests.runs.fakes import Fake, begin, over, run, saying, turns, working


class SlowStore(MemoryStore):
    """Takes its time over one record, which is as it was before."""

    def __init__(self) -> None:
        super().__init__()
        self.slow: asyncio.Event | None = None

    @override
    async def get(self, run: str, owner: str) -> Record | None:
        slow, self.slow = self.slow, None
        record = await super().get(run, owner)
        if slow is not None:
            await slow.wait()
        return record


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "expired"])
def test_what_is_forgotten_while_it_is_read_is_not_found_again(is_deleted: bool) -> None:
    async def play() -> None:
        store = SlowStore()
        async with working(Fake(saying("a")), store) as engine:
            made = await over(engine, await begin(engine, keep=True))
            await turns()
            read = store.slow = asyncio.Event()
            reading = asyncio.create_task(engine.find(made.id, "anybody"))
            await turns()
            if is_deleted:
                await engine.delete(made)
            else:
                assert await engine._archive.expire(made.head.created + 1e6, 0.0) == 1
            read.set()
            assert (await reading).id == made.id
            del reading
            with pytest.raises(NotFound):
                await engine.find(made.id, "anybody")

    run(play())

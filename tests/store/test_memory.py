"""The in-memory store."""

import asyncio

from typing_extensions import override

from headgate.store.base import Store
from headgate.store.memory import MemoryStore
from tests.store.contract import EVENTS, StoreContract, head, whole
from tests.store.streams_contract import StreamsContract


class TestMemoryStore(StoreContract, StreamsContract):
    @override
    def make(self) -> Store:
        return MemoryStore()

    def test_it_forgets_the_oldest_beyond_its_bound(self) -> None:
        """A server without a disk must not grow for ever."""

        async def main() -> None:
            store = MemoryStore(max_runs=3)
            heads = [head() for _ in range(5)]
            for of in heads:
                await store.append([whole(of, EVENTS)])
            kept = [of for of in heads if await store.get(of.run, "alice")]
            assert kept == heads[2:]

        asyncio.run(main())

"""The engine's clock."""

import asyncio

from headgate.metrics import Meters
from headgate.runs import Catalogue, Engine, Settings
from headgate.store.memory import MemoryStore


def test_new_values_are_put_where_they_belong_though_nobody_asks() -> None:
    """Or they would be kept for as long as the server lives."""

    async def work() -> int:
        meters = Meters()
        engine = Engine(MemoryStore(), Catalogue({}, {}, ()), Settings(), meters=meters)
        await engine.open(lambda record: None)
        histogram = meters.commits.of()
        histogram.observe(0.5)
        async with asyncio.timeout(10):
            while histogram._new:
                await asyncio.sleep(0)
        await engine.close(0)
        return sum(histogram._counts)

    assert asyncio.run(work()) == 1

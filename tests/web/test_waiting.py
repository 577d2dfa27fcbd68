"""What connections wait with."""

import asyncio

import pytest

from headgate.web.waiting import Door, Mailbox
from tests.waiting import turns


def test_what_comes_is_read_in_its_order() -> None:
    async def main() -> None:
        box: Mailbox[int] = Mailbox()
        reading = asyncio.create_task(box.get())
        await turns()
        for number in (1, 2, 3):
            box.put_nowait(number)
        assert [await reading, await box.get(), box.empty(), await box.get(), box.empty()] == [1, 2, False, 3, True]

    asyncio.run(main())


def test_a_reader_that_ran_out_of_patience_loses_nothing() -> None:
    async def main() -> None:
        box: Mailbox[int] = Mailbox()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await box.get()
        box.put_nowait(1)
        reading = asyncio.create_task(box.get())
        await turns()
        assert reading.result() == 1

    asyncio.run(main())


def test_everybody_before_a_door_goes_through_when_it_opens() -> None:
    async def main() -> None:
        door = Door()
        await door.wait()
        door.clear()
        waiting = [asyncio.create_task(door.wait()) for _ in range(3)]
        await turns()
        assert not any(task.done() for task in waiting)
        waiting[0].cancel()
        await turns()
        door.set()
        await asyncio.wait(waiting)
        assert [task.cancelled() for task in waiting] == [True, False, False]
        assert door.is_set()

    asyncio.run(main())

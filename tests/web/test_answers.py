"""A log as an answer, piece by piece."""

import asyncio
from typing import Any

from headgate.events import AnyEvent, Finished, Text
from headgate.runs import Follower, Run
from headgate.store.base import Head
from headgate.web.answers import write_log


class Taken:
    """A request whose client takes everything at once."""

    exchange = None

    def __init__(self) -> None:
        self.said: list[str] = []

    def begin_stream(self, kind: bytes) -> bool:
        return True

    async def write(self, piece: bytes, *, more: bool) -> None:
        self.said.append("piece" if more else "end")


def test_others_have_a_turn_while_a_long_log_is_written() -> None:
    log: list[AnyEvent] = [*(Text("x") for _ in range(1000)), Finished("stop")]
    run = Run.kept(Head("run_0", "anybody", 0.0, "openai.chat", "m", b"{}"), log, 1.0)

    async def work() -> list[str]:
        request: Any = Taken()

        async def other() -> None:
            for _ in range(3):
                request.said.append("other")
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        await write_log(run, lambda first, upto: b"x", 0, Follower(run, asyncio.get_running_loop()), request)
        await task
        return request.said  # type: ignore[no-any-return]

    assert asyncio.run(work()) == ["piece", "other", "piece", "other", "piece", "other", "piece", "end"]

"""Runs each play on asyncio and on uvloop, and fails it for anything the event loop complains about."""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeAlias

import pytest
import uvloop

Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}

TOO_LONG = 25.0
"""Seconds after which a play counts as hanging: less than an idle connection is kept, which thus ends no play."""


@pytest.fixture(scope="module", autouse=True)
def _light_collections() -> Iterator[None]:
    """Every play ends with a collection, which must not walk all of pytest each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(params=LOOPS.keys())
def run(request: pytest.FixtureRequest) -> Run:
    def run(play: Coroutine[Any, Any, None]) -> None:
        complaints: list[dict[str, Any]] = []

        async def watched() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
            async with asyncio.timeout(TOO_LONG):
                await play
            await asyncio.sleep(0)

        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.run(watched())
            # A lost task or an exception nobody looked at complains when it is collected.
            gc.collect()
        assert complaints == []

    return run

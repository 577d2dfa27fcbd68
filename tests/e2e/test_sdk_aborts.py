"""Clients of the official SDK that give up, and what they leave behind: nothing."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.judges import Async, Sync
from tests.e2e.watching import ALONE, sockets, wait_for_status, wait_until
from tests.e2e.wire import HELLO, events_of, script
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ENDLESS = {"words": 100_000, "gap_ms": 5}


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(ALONE) as server:
        yield server


def create(client: Any, **said: Any) -> Any:
    """A streamed answer."""
    return client.chat.completions.create(
        model="simulator/demo", messages=HELLO, stream=True, extra_body=script(**said)
    )


def run_of(stream: Any) -> str:
    """The run behind a stream of the SDK."""
    return str(stream.response.headers["headgate-run"])


def has_been_left(server: Serving, run: str) -> None:
    """The run ended because its client went."""
    wait_for_status(server, run, "stopped")
    assert events_of(server, run)[-1] == {"type": "stopped", "by": "disconnect"}


def test_closing_a_stream_ends_its_run(server: Serving) -> None:
    """stream.close() in the middle."""
    with Sync(server.url).client() as client:
        stream = create(client, **ENDLESS)
        for number, _ in enumerate(stream):
            if number == 5:
                break
        stream.close()
        has_been_left(server, run_of(stream))


def test_closing_an_async_stream_ends_its_run(server: Serving) -> None:
    """And so does the end of its `async with`."""

    async def main() -> str:
        async with Async(server.url).client() as client:
            async with await create(client, **ENDLESS) as stream:
                await anext(aiter(stream))
            return run_of(stream)

    has_been_left(server, asyncio.run(main()))


def test_cancelling_the_task_of_a_reader_ends_its_run(server: Serving) -> None:
    """In the middle of waiting for the next chunk."""
    runs: list[str] = []

    async def read(client: Any, begun: asyncio.Event) -> None:
        stream = await create(client, **ENDLESS)
        runs.append(run_of(stream))
        async for _ in stream:
            begun.set()

    async def main() -> None:
        begun = asyncio.Event()
        async with Async(server.url).client() as client:
            task = asyncio.create_task(read(client, begun))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(has_been_left, server, runs[0])

    asyncio.run(main())


def test_cancelling_before_the_first_word_ends_the_run(server: Serving) -> None:
    """While the SDK still waits for the head of the answer."""

    async def main() -> None:
        async with Async(server.url).client() as client:
            task = asyncio.create_task(create(client, first_ms=60_000))
            run = await asyncio.to_thread(newest_running, server)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(has_been_left, server, run)

    asyncio.run(main())


def newest_running(server: Serving) -> str:
    """The run that has just begun."""
    with Sync(server.url).client() as client:

        def look() -> Any:
            (newest, *_) = client.get("/runs?limit=1", cast_to=object)["data"] or [{}]  # type: ignore[index]
            return newest.get("status") == "running" and newest["id"]

        return str(wait_until(look, "a run"))


def test_a_stream_read_to_its_end_is_a_success(server: Serving) -> None:
    """The SDK hangs up at [DONE]; that is no leaving."""
    with Sync(server.url).client() as client:
        runs = []
        for _ in range(10):
            with create(client, words=3) as stream:
                assert len(list(stream)) == 5
            runs.append(run_of(stream))
    for run in runs:
        assert wait_for_status(server, run, "finished")["output"]["finish_reason"] == "stop"


def test_no_connection_is_left_behind(server: Serving) -> None:
    """Neither by answers that were read, nor by those that were not, nor by clients that were closed."""
    before = wait_until(lambda: sockets(server), "a look at the sockets")

    async def ask(client: Any, number: int) -> None:
        stream = await create(client, **(ENDLESS if number % 2 else {"words": 3}))
        async for _ in stream:
            if number % 2:
                await stream.close()
                break

    async def main() -> None:
        async with Async(server.url).client() as client:
            await asyncio.gather(*(ask(client, number) for number in range(30)))

    asyncio.run(main())
    wait_until(lambda: sockets(server) <= before, "the connections to be closed")

"""
kill -9 under many answers that are followed: every follower sees all of its answer, or how it ended.

What it had before the kill and what it got after the restart is one stream, without a gap and without
anything twice; the same that somebody gets who only comes now.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.following import NATIVE, OFFLOAD, Follower
from tests.e2e.watching import run_of
from tests.e2e.wire import Wire, chat, counting, pieces_of
from tests.offload.visitor import ask, path_of
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

RUNS = 200
IN_TIME = 20.0
TEXT = counting(40)
SPEED: dict[str, Any] = {"text": TEXT, "gap_ms": 40}


def test_followers_do_not_notice_a_kill(tmp_path: Path) -> None:
    """But for those whose answer was lost: they are told, once."""
    asyncio.run(kill_and_restart(tmp_path))


async def kill_and_restart(folder: Path) -> None:
    """The whole play."""
    async with running(folder) as server:
        port = server.port
        followers = [follower for number in range(RUNS) for follower in begin(server, number)]
        tasks = [asyncio.create_task(follower.follow(port)) for follower in followers]
        while sum(len(follower.frames) for follower in followers) < 10 * len(followers):
            await asyncio.sleep(0.01)
        server.kill()
    had = [len(follower.frames) for follower in followers]
    async with running(folder, port):
        async with asyncio.timeout(IN_TIME):
            await asyncio.gather(*tasks)
        late = [Follower(follower.way, follower.run) for follower in followers]
        await asyncio.gather(*(follower.follow(port) for follower in late))
    for follower, other in zip(followers, late, strict=True):
        assert follower.frames == other.frames, follower
    ends = Counter(end_of(follower) for follower in followers)
    asked_again = [f for f, before in zip(followers, had, strict=True) if not before and end_of(f) == "finished"]
    # Those that had said nothing were asked again, and the others could not be.
    assert ends["failed"] > RUNS
    assert len(asked_again) > RUNS // 20


@asynccontextmanager
async def running(folder: Path, port: int = 0) -> AsyncIterator[Serving]:
    """A server, while followers go on trying."""
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, serving(folder=folder, port=port))


def begin(server: Serving, number: int) -> list[Follower]:
    """A run that goes on without its client, and those who follow it; one in ten takes its time to begin."""
    first = 4000 if number % 10 == 0 else 0
    if number % 2 and not first:
        with Wire(server) as wire:
            wire.post(chat(stream=True, **SPEED), headers={"headgate-disconnect": "keep"})
            run = run_of(wire.until(b"\r\n\r\n"))
        return [Follower(NATIVE, run), Follower(NATIVE, run)]
    url = ask(server, first_ms=first, **SPEED).url("stream_events")
    return [Follower(OFFLOAD, path_of(url))]


def end_of(follower: Follower) -> str:
    """How it ended; until then it said what it should, without a gap."""
    numbers = [int(frame.id) for frame in follower.frames if frame.id]
    assert numbers == sorted(set(numbers))
    data = [json.loads(frame.data) for frame in follower.frames if frame.data != "[DONE]"]
    if follower.way is NATIVE:
        assert numbers == list(range(len(data)))
        text, code = "".join(pieces_of(data)), data[-1].get("code")
    else:
        error = data.pop()["error"] if "error" in data[-1] else {}
        text, code = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in data), error.get("code")
    assert code in (None, "producer_lost")
    assert text == TEXT if code is None else TEXT.startswith(text)
    return "failed" if code else "finished"

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

from tests.e2e.following import NATIVE, OFFLOAD, RESPONSE, Follower
from tests.e2e.watching import run_of
from tests.e2e.wire import Wire, chat, counting, pieces_of
from tests.offload.visitor import ask, path_of
from tests.responses.asking import begin as background
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

RUNS = 200
IN_TIME = 20.0
TEXT, SHORT = counting(150), counting(20)
SPEED: dict[str, Any] = {"text": TEXT, "gap_ms": 40}
"""So that none is over before the kill."""

SLOW: dict[str, Any] = {"text": SHORT, "gap_ms": 0, "first_ms": 8000}
"""One that has not begun before the kill, and is soon over when it is asked again."""


def test_followers_do_not_notice_a_kill(tmp_path: Path) -> None:
    """Nor a second one on waking up; but for those whose answer was lost: they are told, once."""
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
    async with running(folder, port) as hasty:
        hasty.kill()
    async with running(folder, port):
        async with asyncio.timeout(IN_TIME):
            await asyncio.gather(*tasks)
        late = [Follower(follower.way, follower.run) for follower in followers]
        await asyncio.gather(*(follower.follow(port) for follower in late))
    for follower, other in zip(followers, late, strict=True):
        assert follower.frames == other.frames, follower
        if follower.way is not RESPONSE:
            numbers = [int(frame.id) for frame in follower.frames if frame.id]
            assert numbers == sorted(set(numbers))
    ends = Counter(end_of(follower) for follower in followers)
    asked_again = [f for f, before in zip(followers, had, strict=True) if not before and end_of(f) == "finished"]
    # Those that had said nothing were asked again, and the others could not be.
    assert ends["failed"] > RUNS // 2
    assert asked_again


@asynccontextmanager
async def running(folder: Path, port: int = 0) -> AsyncIterator[Serving]:
    """A server, while followers go on trying."""
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, serving(folder=folder, port=port))


def begin(server: Serving, number: int) -> list[Follower]:
    """A run that goes on without its client, and those who follow it; some take their time to begin."""
    said = SLOW if number % 10 == 0 else SPEED
    match number % 3:
        case 0:
            id = background(server, **said)
            return [Follower(RESPONSE, id), Follower(NATIVE, id.replace("resp_", "run_"))]
        case 1:
            return [Follower(OFFLOAD, path_of(ask(server, **said).url("stream_events")))]
        case _:
            with Wire(server) as wire:
                wire.post(chat(stream=True, **SPEED), headers={"headgate-disconnect": "keep"})
                run = run_of(wire.until(b"\r\n\r\n"))
            return [Follower(NATIVE, run), Follower(NATIVE, run)]


def end_of(follower: Follower) -> str:
    """How it ended; until then it said what it should, without a gap."""
    data = [json.loads(frame.data) for frame in follower.frames if frame.data != "[DONE]"]
    text, code = SAID[follower.way](data)
    assert code in (None, "producer_lost")
    assert text in (TEXT, SHORT) if code is None else TEXT.startswith(text)
    return "failed" if code else "finished"


def said_natively(events: list[Any]) -> tuple[str, str | None]:
    """The text, and the code of the error if there was one."""
    return "".join(pieces_of(events)), events[-1].get("code")


def said_in_chunks(chunks: list[Any]) -> tuple[str, str | None]:
    """The same, of a chat's chunks."""
    error = chunks.pop()["error"] if "error" in chunks[-1] else {}
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks), error.get("code")


def said_in_response(events: list[Any]) -> tuple[str, str | None]:
    """The same, of a response's events."""
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    error = events[-1].get("error") or {}
    deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    return "".join(deltas), error.get("code")


SAID = {NATIVE: said_natively, OFFLOAD: said_in_chunks, RESPONSE: said_in_response}

"""Streams of events: whole from the start, exact after a cut, and with an end in every case."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from headgate.dialects.docs import offload_answers, sample
from headgate.dialects.offload.frames import NumberedFrames, Shelf, plain
from headgate.events import AnyEvent, Failed, Finished, Reasoning, Started, Stopped, Text, Usage
from headgate.formats import openai_chat
from headgate.runs import Follower
from tests.e2e.wire import Frame, frames
from tests.offload.kept import ASKED, kept

START = Started("up", "m", "", 1)
SEVERAL: Sequence[AnyEvent] = (START, Text("a"), Text("b", 1), Text("c"), Usage(1, 2, 3), Finished("stop", ("length",)))
LOGS: dict[str, Sequence[AnyEvent]] = {
    "done": sample.TALK,
    "called": sample.CALL,
    "several": SEVERAL,
    "stopped": (*sample.TALK[:3], Stopped("user")),
    "stopped at once": (Stopped("user"),),
    "failed": (*sample.TALK[:3], Failed("idle_timeout", "Too slow.", 504)),
    "failed at once": (Failed("producer_lost", "Gone.", 503),),
    "thought": (START, Reasoning("Hm."), Text("x"), Finished("stop")),
}


def stream(events: Sequence[AnyEvent], first: int = 0) -> list[Frame]:
    """What a browser gets of it."""
    return frames(NumberedFrames(kept(events))(0, len(events)) if first == 0 else tail(events, first))


def tail(events: Sequence[AnyEvent], first: int) -> bytes:
    return NumberedFrames(kept(events))(first, len(events))


def said(found: list[Frame]) -> list[tuple[int, str]]:
    """The pieces of text in a stream, with their choices."""
    chunks: list[Any] = [json.loads(frame.data) for frame in found if frame.data != "[DONE]"]
    choices = [choice for chunk in chunks for choice in chunk.get("choices", ())]
    return [(choice["index"], text) for choice in choices if (text := choice["delta"].get("content"))]


@pytest.mark.parametrize("name", LOGS)
def test_every_stream_has_an_end_and_plain_events_only(name: str) -> None:
    found = stream(LOGS[name])
    assert found[-1].data == "[DONE]"
    assert sum(frame.data == "[DONE]" for frame in found) == 1
    assert all(frame.event == "" and frame.data for frame in found)


def test_the_rest_of_a_long_log_is_found_in_slices() -> None:
    """Somebody else has a turn in between; what comes then is the same."""
    log: Sequence[AnyEvent] = (START, *(Text(f"w{number}") for number in range(1000)), Finished("stop"))

    async def work() -> tuple[bytes, int]:
        made, turns = NumberedFrames(kept(log)), 0
        task = asyncio.create_task(made.catch_up(1000))
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        return made(1000, 1002), turns

    found, turns = asyncio.run(work())
    assert turns >= 4
    assert found == tail(log, 1000)


@pytest.mark.parametrize("name", LOGS)
def test_it_is_the_chat_stream_with_numbers(name: str) -> None:
    events = LOGS[name]
    made = kept(events)
    unnumbered = plain(made)(0, len(events))
    call = openai_chat.read(json.dumps(ASKED).encode())
    writer = openai_chat.Writer(call, made.id, sample.CREATED)
    assert unnumbered == b"".join(writer.write(event) for event in events)
    numbered = [frame.data for frame in stream(events)]
    assert numbered[: len(frames(unnumbered))] == [frame.data for frame in frames(unnumbered)]


@pytest.mark.parametrize("name", LOGS)
def test_who_comes_back_gets_every_piece_once(name: str) -> None:
    """Wherever the connection was cut: between two frames, or inside of one."""
    events = LOGS[name]
    whole = stream(events)
    for cut in range(len(whole) + 1):
        seen = whole[:cut]
        last = next((int(frame.id) for frame in reversed(seen) if frame.id), -1)
        rest = frames(tail(events, last + 1))
        assert said(seen + rest) == said(whole), cut
        assert (seen + rest)[-1].data == "[DONE]"


def test_numbers_are_those_of_the_log() -> None:
    assert [frame.id for frame in stream(sample.TALK)] == ["0", "1", "2", "3", "", "5"]
    assert tail(sample.TALK, 3).decode() == offload_answers.EVENTS_AFTER_2


def test_frames_made_while_it_grows_are_the_same() -> None:
    """Replay equals live, byte for byte."""
    whole = NumberedFrames(kept(SEVERAL))(0, len(SEVERAL))
    made = kept(SEVERAL)
    shelf = Shelf()
    grown = b"".join(shelf.of(made)(number, number + 1) for number in range(len(SEVERAL)))
    assert grown == whole
    assert shelf.of(made)(0, len(SEVERAL)) == whole


def test_they_are_made_once_for_all_who_read_and_let_go_after_the_last() -> None:
    made, shelf = kept(SEVERAL), Shelf()
    first = shelf.of(made)
    assert first(1, 4) is shelf.of(made)(1, 4)
    loop = asyncio.new_event_loop()
    reader = Follower(made, loop)
    loop.close()
    made.followers.add(reader)
    shelf.leave(made)
    assert shelf.of(made) is first
    made.followers.discard(reader)
    shelf.leave(made)
    assert shelf.of(made) is not first


def test_usage_that_was_asked_for_comes_where_it_was_asked_for() -> None:
    asked = {**ASKED, "stream_options": {"include_usage": True}}
    found = frames(NumberedFrames(kept(sample.TALK, asked=asked))(0, len(sample.TALK)))
    assert json.loads(found[-2].data)["choices"] == []
    assert found[-1] == Frame("", "5", "[DONE]")

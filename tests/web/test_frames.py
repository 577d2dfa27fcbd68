"""The frames of a log, shared by all who follow it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from headgate.events import AnyEvent, Finished, Started, Text
from headgate.formats import ui_messages
from headgate.runs import Run
from headgate.store.base import Head
from headgate.web.frames import SharedFrames, Shelf, WrittenFrames
from tests.formats.test_ui_requests import call

LOG: list[AnyEvent] = [Started("p", "m", "", 0), *(Text(f"w{number}") for number in range(700)), Finished("stop")]


def made_of(events: list[AnyEvent]) -> Run:
    """A run that is over."""
    return Run.kept(Head("run_0", "anybody", 0.0, "openai.chat", "default", b"{}"), list(events), 1.0)


def writer() -> ui_messages.Writer:
    """It makes two frames of the first event, two of the second, one of most, and four of the last."""
    return ui_messages.Writer(call(), "run_0", 0)


class Counted:
    """Counts how often frames are made."""

    def __init__(self, make: Callable[..., bytes]) -> None:
        self._make, self.times = make, 0

    def __call__(self, *said: Any) -> bytes:
        self.times += 1
        return self._make(*said)


def test_a_frame_is_made_once_for_all() -> None:
    """Whatever pieces they are asked for in."""
    frame = Counted(lambda number, event: b"%d\n\n" % number)
    frames = SharedFrames(made_of(LOG), frame)
    for first, upto in [(0, 3), (0, 3), (3, 5), (0, 5), (690, 702), (1, 2)]:
        assert frames(first, upto) == b"".join(b"%d\n\n" % number for number in range(first, upto))
    assert frame.times == 5 + 12


def test_a_piece_is_joined_once_for_those_at_the_same_place() -> None:
    """They are handed the very same bytes."""
    frames = SharedFrames(made_of(LOG), lambda number, event: b"%d\n\n" % number)
    assert frames(3, 9) is frames(3, 9)


def test_a_writer_sees_every_event_once_and_in_order() -> None:
    """Also when the first reader comes in the middle."""
    seen: list[AnyEvent] = []

    def write(event: AnyEvent) -> bytes:
        seen.append(event)
        return b"x\n\n"

    frames = WrittenFrames(made_of(LOG), write)
    frames(300, 310)
    frames(0, 5)
    frames(310, 702)
    assert seen == LOG


def whole() -> list[bytes]:
    """All frames, as one reader alone would get them."""
    write = writer().write
    return [frame + b"\n\n" for frame in b"".join(map(write, LOG)).split(b"\n\n")[:-1]]


@pytest.mark.parametrize("seen", [*range(8), 250, 251, 252, 253, 254, 255, 500, 700, 703, 704, 705, 706, 707])
def test_one_goes_on_after_any_frame(seen: int) -> None:
    """With the rest, to the byte: also from between two frames of one event."""
    frames = WrittenFrames(made_of(LOG), writer().write)
    asyncio.run(frames.count(len(LOG)))
    place = frames.after(seen)
    got = b"".join(place.frames(first, min(first + 250, len(LOG))) for first in range(place.event, len(LOG), 250))
    assert got == b"".join(whole()[seen:])


def test_frames_are_counted_with_those_that_are_not_there() -> None:
    """An event without a frame adds nothing."""
    frames = WrittenFrames(made_of(LOG), lambda event: b"a\n\nb\n\n" if isinstance(event, Started | Finished) else b"")
    assert [asyncio.run(frames.count(upto)) for upto in (0, 1, 2, 701, 702)] == [0, 2, 2, 2, 4]
    assert (frames.after(1).event, frames.after(2).event, frames.after(3).event) == (0, 701, 701)
    assert frames.after(3).frames(701, 702) == b"b\n\n"


def test_a_long_log_is_counted_in_slices() -> None:
    """Somebody else has a turn in between."""

    async def work() -> list[str]:
        said: list[str] = []
        frames = WrittenFrames(made_of(LOG), Counted(writer().write))

        async def other() -> None:
            for _ in range(3):
                said.append("other")
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        await frames.count(len(LOG))
        said.append("counted")
        await task
        return said

    assert asyncio.run(work()).index("counted") > 1


def test_forms_are_kept_apart_and_let_go() -> None:
    """As long as somebody follows, and no longer."""
    shelf, run = Shelf(), made_of(LOG)
    follower: Any = object()
    run.followers.add(follower)
    one, other = shelf.frames(run, "ui", writer), shelf.frames(run, "other", writer)
    assert one is not other
    shelf.leave(run)
    assert shelf.frames(run, "ui", writer) is one
    run.followers.discard(follower)
    shelf.leave(run)
    assert shelf.frames(run, "ui", writer) is not one

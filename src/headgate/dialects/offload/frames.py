"""
The events of an offloaded answer, as its `.txt` and `.raw` hold them.

Both are the chunks of a chat stream. In `.txt` each has the number of its event as `id`, so that a
browser which lost its connection gets what it missed and nothing twice, and an end mark in every
case, because a browser that sees none comes back for ever.
"""

import asyncio
from weakref import WeakKeyDictionary

from typing_extensions import override

from headgate.dialects.offload.status import call_of
from headgate.events import AnyEvent, Failed
from headgate.formats import openai_chat, sse
from headgate.runs import Run
from headgate.web.answers import EVENTS_PER_WRITE, Frames
from headgate.web.frames import SharedFrames


def plain(run: Run) -> Frames:
    """The frames of one run without numbers, for one reader, who is the only one to hold them."""
    write, events = _writer(run).write, run.events
    return lambda first, upto: b"".join([write(event) for event in events[first:upto]])


class NumberedFrames(SharedFrames):
    """The frames of one run, made once for all who read it."""

    def __init__(self, run: Run) -> None:
        write = _writer(run).write
        super().__init__(run, lambda number, event: _numbered(write(event), number, event))

    async def catch_up(self, upto: int) -> None:
        """Make those before that event; a long log is gone through in slices."""
        while len(self._frames) < upto:
            self._make(0, min(upto, len(self._frames) + EVENTS_PER_WRITE))
            await asyncio.sleep(0)

    @override
    def _make(self, first: int, upto: int) -> None:
        # The writer has to see all events in order.
        super()._make(len(self._frames), upto)


def _writer(run: Run) -> openai_chat.Writer:
    return openai_chat.Writer(call_of(run.head), run.id, int(run.head.created))


def _numbered(written: bytes, number: int, event: AnyEvent) -> bytes:
    if isinstance(event, Failed):
        written += sse.DONE
    if not written:
        return written
    # Only the last frame of an event has its number: who got no further than one before it has not got it.
    start = written.rfind(b"\n\n", 0, -2)
    start = start + 2 if start >= 0 else 0
    return b"%bid: %d\n%b" % (written[:start], number, written[start:])


class Shelf:
    """The numbered frames of every run that is being read."""

    def __init__(self) -> None:
        self._frames: WeakKeyDictionary[Run, NumberedFrames] = WeakKeyDictionary()

    def of(self, run: Run) -> NumberedFrames:
        """Those of a run."""
        found = self._frames.get(run)
        if found is None:
            found = self._frames[run] = NumberedFrames(run)
        return found

    def leave(self, run: Run) -> None:
        """A reader is done; what nobody reads is let go."""
        if not run.followers:
            self._frames.pop(run, None)

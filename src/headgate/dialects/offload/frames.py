"""
The events of an offloaded answer, as its `.txt` and `.raw` hold them.

Both are the chunks of a chat stream. In `.txt` each has the number of its event as `id`, so that a
browser which lost its connection gets what it missed and nothing twice, and an end mark in every
case, because a browser that sees none comes back for ever.
"""

from weakref import WeakKeyDictionary

from typing_extensions import override

from headgate.dialects.offload.status import call_of
from headgate.events import AnyEvent, Failed
from headgate.formats import openai_chat, sse
from headgate.formats.base import Writer
from headgate.runs import Run
from headgate.web.frames import SharedFrames


class Frames(SharedFrames):
    """The frames of one run, made once for all who read it."""

    def __init__(self, run: Run, *, numbered: bool) -> None:
        writer = openai_chat.Writer(call_of(run.head), run.id, int(run.head.created))
        super().__init__(run, _Numbering(writer).frame if numbered else lambda number, event: writer.write(event))

    @override
    def _make(self, first: int, upto: int) -> None:
        # The writer has to see all events in order.
        super()._make(len(self._frames), upto)


class _Numbering:
    """Puts numbers on what a writer writes."""

    def __init__(self, writer: Writer) -> None:
        self._write = writer.write

    def frame(self, number: int, event: AnyEvent) -> bytes:
        """The frames of one event."""
        written = self._write(event)
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
        self._frames: WeakKeyDictionary[Run, Frames] = WeakKeyDictionary()

    def of(self, run: Run) -> Frames:
        """Those of a run."""
        found = self._frames.get(run)
        if found is None:
            found = self._frames[run] = Frames(run, numbered=True)
        return found

    def leave(self, run: Run) -> None:
        """A reader is done; what nobody reads is let go."""
        if not run.followers:
            self._frames.pop(run, None)

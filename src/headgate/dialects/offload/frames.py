"""
The events of an offloaded answer, as its `.txt` and `.raw` hold them.

Both are the chunks of a chat stream. In `.txt` each has the number of its event as `id`, so that a
browser which lost its connection gets what it missed and nothing twice, and an end mark in every
case, because a browser that sees none comes back for ever.
"""

from weakref import WeakKeyDictionary

from headgate.dialects.offload.status import call_of
from headgate.events import AnyEvent, Failed
from headgate.formats import openai_chat, sse
from headgate.runs import Run


class Frames:
    """The frames of one run, made once for all who read it."""

    def __init__(self, run: Run, *, numbered: bool) -> None:
        self._events, self._numbered = run.events, numbered
        self._write = openai_chat.Writer(call_of(run.head), run.id, int(run.head.created)).write
        self._frames: list[bytes] = []

    def __call__(self, first: int, upto: int) -> bytes:
        """Those of the events from one number up to another."""
        for number in range(len(self._frames), upto):
            self._frames.append(self._frame(number, self._events[number]))
        return b"".join(self._frames[first:upto])

    def _frame(self, number: int, event: AnyEvent) -> bytes:
        written = self._write(event)
        if not self._numbered:
            return written
        if isinstance(event, Failed):
            written += sse.DONE
        if not written:
            return written
        # Only the last frame of an event has its number: who got no further than one before it has not got it.
        start = written.rfind(b"\n\n", 0, -2)
        start = start + 2 if start >= 0 else 0
        return b"%bid: %d\n%b" % (written[:start], number, written[start:])


class SharedFrames:
    """The frames of every run that is being read."""

    def __init__(self) -> None:
        self._frames: WeakKeyDictionary[Run, Frames] = WeakKeyDictionary()

    def of(self, run: Run) -> Frames:
        """The numbered ones of a run."""
        found = self._frames.get(run)
        if found is None:
            found = self._frames[run] = Frames(run, numbered=True)
        return found

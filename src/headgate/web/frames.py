"""
A log's frames, made once for all who follow it.

Thousands may follow one run. Its events become bytes once, and those who are woken together, at the
same place in the log, are handed the same piece.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from typing_extensions import override

from headgate.events import AnyEvent
from headgate.formats.base import Writer
from headgate.runs import Run
from headgate.web.answers import EVENTS_PER_WRITE, Frames


class Place(NamedTuple):
    """Where a reader goes on."""

    event: int
    frames: Frames
    """From that event on, without those it has."""


class SharedFrames:
    """The frames of one run's events, each made from its number and itself alone."""

    def __init__(self, run: Run, frame: Callable[[int, AnyEvent], bytes]) -> None:
        # Not the run itself, which would keep itself alive through us.
        self._events, self._frame = run.events, frame
        self._frames: dict[int, bytes] = {}
        self._last = (0, 0, b"")
        """The piece that was joined last, and what it is made of."""

    def __call__(self, first: int, upto: int) -> bytes:
        """Those from one event up to another."""
        if self._last[:2] != (first, upto):
            self._make(first, upto)
            self._last = (first, upto, b"".join([self._frames[number] for number in range(first, upto)]))
        return self._last[2]

    def _make(self, first: int, upto: int) -> None:
        for number in range(first, upto):
            if number not in self._frames:
                self._frames[number] = self._frame(number, self._events[number])


class WrittenFrames(SharedFrames):
    """Those of a format's writer, which has to see all events in order and may make of each as many as it likes."""

    def __init__(self, run: Run, write: Callable[[AnyEvent], bytes]) -> None:
        super().__init__(run, lambda number, event: write(event))
        self._counts: list[int] = []
        """How many frames there are up to and with each event."""

    async def count(self, upto: int) -> int:
        """How many frames the events before that one make; a long log is gone through in slices."""
        while len(self._counts) < upto:
            self._make(0, min(upto, len(self._counts) + EVENTS_PER_WRITE))
            await asyncio.sleep(0)
        return self._counts[upto - 1] if upto else 0

    def after(self, count: int) -> Place:
        """Where one goes on who has that many frames, all of them counted."""
        start = bisect_right(self._counts, count)
        dropped = count - (self._counts[start - 1] if start else 0)

        def rest(first: int, upto: int) -> bytes:
            piece = self(first, upto)
            return piece.split(b"\n\n", dropped)[dropped] if first == start else piece

        return Place(start, rest if dropped else self)

    @override
    def _make(self, first: int, upto: int) -> None:
        made = len(self._counts)
        super()._make(made, upto)
        for number in range(made, upto):
            before = self._counts[-1] if self._counts else 0
            self._counts.append(before + self._frames[number].count(b"\n\n"))


class Shelf:
    """The written frames of runs that are followed, in each form that somebody wants."""

    def __init__(self) -> None:
        self._frames: WeakKeyDictionary[Run, dict[str, WrittenFrames]] = WeakKeyDictionary()

    def frames(self, run: Run, form: str, writer: Callable[[], Writer]) -> WrittenFrames:
        """A run's in one form; `writer` makes the writer of those that nobody else follows yet."""
        forms = self._frames.setdefault(run, {})
        if form not in forms:
            forms[form] = WrittenFrames(run, writer().write)
        return forms[form]

    def leave(self, run: Run) -> None:
        """A follower is done; what nobody follows is let go."""
        if not run.followers:
            self._frames.pop(run, None)

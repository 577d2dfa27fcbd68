"""
A run while it is in memory, and the cursors that follow it.

The engine appends events; the group commit makes them durable and then shows them; followers see
only what is shown. A follower is a cursor and one future: it owns no queue, so a slow reader costs
nothing but its own delay, and any number of readers share one list.
"""

import asyncio
import enum
import time
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeAlias

from typing_extensions import TypeVar

from headgate.events import LAST, LAST_KINDS, OUTPUT_KINDS, AnyEvent, Last, Started
from headgate.runs.bill import Bill
from headgate.runs.crowd import FEW, Crowd
from headgate.runs.executions import Execution
from headgate.runs.trace import Trace
from headgate.runs.tries import Try
from headgate.store.base import Head

ENDING = float("inf")
"""When a run ended, while its tokens are being counted: only its end may still come."""


class Urgency(enum.Enum):
    """How soon news should be shown."""

    NONE = enum.auto()
    END = enum.auto()
    FIRST = enum.auto()


NONE, END, FIRST = Urgency
"""To look them up in their class takes ten times as long, which is paid with each event."""


class Log(Protocol):
    """What can be followed."""

    shown: int
    """How much of it readers may see; it only grows, and who makes it grow wakes them."""


L = TypeVar("L", bound=Log, default="Run")

Take: TypeAlias = Callable[[], bool]
"""Takes what is shown, now, and must not raise; False when it cannot, and its reader is to be woken."""


class Follower(Generic[L]):
    """One reader's place in a run's log, or in another that is shown as it grows."""

    __slots__ = ("_future", "_loop", "_take", "is_gone", "run", "since")

    def __init__(self, run: L, loop: asyncio.AbstractEventLoop) -> None:
        self.run, self._loop = run, loop
        self.is_gone = False
        """The reader went away; whoever waits for it should stop."""
        self.since = 0.0
        """When it began to wait, by the loop's clock; 0 while it does not."""
        self._future: asyncio.Future[bool] | None = None
        self._take: Take | None = None

    async def news(self, cursor: int, take: Take | None = None) -> bool:
        """
        Wait until something after `cursor` is shown; False when patience ran out first, or the reader left.

        With `take` the wait goes on as long as that takes all that is shown, at once and in the place of whoever
        shows it: to have a task woken for each word costs as much as to write it.
        """
        if self.run.shown > cursor:
            return True
        if self.is_gone:
            return False
        future: asyncio.Future[bool] = self._loop.create_future()
        self._future, self._take = future, take
        self.since = self._loop.time()
        try:
            return await future
        finally:
            self._future, self._take, self.since = None, None, 0.0

    def wake(self, is_news: bool) -> None:
        """End the wait, unless the news is taken."""
        future = self._future
        if future is None or future.done():
            return
        if is_news and self._take is not None and self._take():
            self.since = self._loop.time()
        else:
            future.set_result(is_news)

    def leave(self) -> None:
        """The reader is gone."""
        self.is_gone = True
        self.wake(False)


class Run:
    """One answer being made, or one that was kept."""

    shown = 0
    """How many events readers may see: those that are safely kept."""
    written = 0
    """How many events were handed to the store; never less than `shown`."""
    is_begun = False
    """Whether its head was handed to the store."""
    is_waiting = False
    """Whether it is in the commit's list of runs with something new."""
    ended: float | None = None
    """When its last event happened (Unix seconds); that event may not be shown yet."""
    is_over = False
    """Whether its last event is shown."""
    started: Started | None = None
    task: asyncio.Task[None] | None = None
    is_driven = False
    """Whether its task has had its first turn."""
    stopped_by: str | None = None
    first_output: int | None = None
    """The number of the first event that a reader of the answer gets to see."""
    first_at: float | None = None
    """When that happened (Unix seconds); None for a run that was made before this process was."""
    trace: Trace | None = None
    executed: list[Execution] | None = None
    """What this process executed for it, where it has a trace and functions were called."""
    bill: Bill | None = None
    """What is to be paid for it; None once it is over, and for one that was kept."""
    _crowd: Crowd | None = None

    def __init__(self, head: Head, *, durable: bool = True) -> None:
        self.head = head
        self.id = head.run
        self.durable = durable
        """False for a run that is kept in memory only."""
        self.events: list[AnyEvent] = []
        self.followers: set[Follower] = set()
        self.tries: list[Try] = []
        """What was tried for it by this process."""
        # What is looked at often belongs to each: to find it in the class takes four times as long.
        self.shown = self.written = 0
        self.is_begun = self.is_waiting = self.is_over = self.is_driven = False
        self.ended = self.started = self.first_output = self.trace = self.bill = None

    @classmethod
    def kept(cls, head: Head, events: list[AnyEvent], ended: float | None) -> "Run":
        """A run as the store has it."""
        run = cls(head)
        if events:
            run.add(events)
        run.ended, run.first_at = ended, None
        run.shown = run.written = len(events)
        run.is_begun, run.is_over = True, ended is not None
        return run

    @property
    def has_ended(self) -> bool:
        """Whether its last event has happened; it may not be shown yet."""
        return self.ended is not None

    @property
    def is_ending(self) -> bool:
        """Whether its last event has happened, but is not in the log yet."""
        return self.ended == ENDING

    @property
    def last(self) -> Last | None:
        """The event that ended it, once that is shown."""
        if not self.is_over:
            return None
        event = self.events[-1]
        return event if isinstance(event, LAST) else None

    @property
    def shows_output(self) -> bool:
        """Whether readers can see any part of the answer, or its end."""
        return (self.first_output is not None and self.shown > self.first_output) or self.is_over

    def add(self, events: Sequence[AnyEvent]) -> Urgency:
        """Append, and say how soon somebody will want to see it."""
        urgency = NONE
        if self.first_output is None and self._look_for_output(events):
            urgency = FIRST
            self.first_at = time.time()
        self.events += events
        if type(events[-1]) in LAST_KINDS:
            if self.bill is not None:
                if not self.bill.close(self.events, self.started, self.written):
                    self.ended = ENDING
                    return urgency
                self.bill = None
            self.ended = time.time()
            return END
        return urgency

    def _look_for_output(self, events: Sequence[AnyEvent]) -> bool:
        number = len(self.events)
        for event in events:
            if type(event) in OUTPUT_KINDS:
                self.first_output = number
                return True
            if type(event) is Started:
                self.started = event
            number += 1
        return False

    def take_back(self) -> None:
        """Forget what nobody was shown: it did not happen."""
        del self.events[self.shown :]
        self.ended, self.is_over = None, False
        self.started = next((event for event in self.events if isinstance(event, Started)), None)
        if self.first_output is not None and self.first_output >= self.shown:
            self.first_output = None

    def show(self, upto: int) -> None:
        """Let readers see the events before that number, and wake those who wait."""
        if upto <= self.shown:
            return
        self.shown = upto
        if self.ended is not None:
            self.is_over = self.ended != ENDING and upto == len(self.events)
        if len(self.followers) > FEW:
            if self._crowd is None:
                self._crowd = Crowd(self.followers)
            self._crowd.wake()
            return
        for follower in self.followers:
            follower.wake(True)

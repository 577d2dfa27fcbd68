"""One try at one provider: what it brought, and whether it is still in time."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from headgate.errors import ProviderError
from headgate.events import OUTPUT_KINDS, AnyEvent, Finished, Usage
from headgate.metrics.numbers import Histogram
from headgate.providers.base import Flow, Limits
from headgate.providers.heading import Heading
from headgate.runs.catalogue import Target
from headgate.runs.pool import Member
from headgate.runs.run import Run
from headgate.runs.tries import Try

MAX_UNSHOWN = 5000
"""Events that may wait for the store before their provider is held back: some hundred times what a
healthy store leaves waiting, and under a megabyte of words."""

Append = Callable[[Run, Sequence[AnyEvent]], None]
Clock = Callable[[], float]
Opening = Callable[["Attempt", Sequence[AnyEvent]], Sequence[AnyEvent]]
"""What the log gets of an attempt that the run now belongs to: what it said so far, after what went before."""


def _as_said(attempt: "Attempt", held: Sequence[AnyEvent]) -> Sequence[AnyEvent]:
    return held


class Attempt:
    """
    A provider at work on a run.

    There is no timer for each limit: the engine's clock asks `overdue` a few times a second, which
    costs less than setting one timer would.
    """

    _last: float | None = None
    """When it last said something."""
    _flow: Flow | None = None
    _is_held_back = False
    between: Histogram | None = None
    """Where it is counted how long the pauses between its pieces are."""
    is_whole = False
    """Whether its answer comes in one piece, so that nothing of it comes before all of it is made."""
    is_claimed = False
    """Whether the run belongs to this provider."""
    is_lost = False
    """Whether it belongs to another, and this one is to be quiet."""
    target: Target | None = None
    """Which model of the provider's is asked."""
    task: asyncio.Task[Any] | None = None
    """What to cancel when it is too late, or another was faster."""
    late: ProviderError | None = None
    """Which limit ended it, if one did."""

    def __init__(
        self,
        run: Run,
        member: Member,
        limits: Limits,
        append: Append,
        clock: Clock,
        since: float | None = None,
        is_last: bool = True,
        opening: Opening = _as_said,
    ) -> None:
        self.run, self.member, self._is_last = run, member, is_last
        self.is_claimed = self.is_lost = False
        self._last = None
        self._limits, self._append, self._clock, self._opening = limits, append, clock, opening
        self.began = clock()
        self._since = self.began if since is None else since
        """When the first attempt of the run began."""
        self._held: list[AnyEvent] = []
        """What it said before its first output: nobody sees it, as long as another may take over."""
        self.may_be_empty = is_last
        """Whether an answer of nothing is an answer."""
        self.noted = Try(member.provider.name, "", member.label, run.head.format, time.time())
        """What those who watch the run will know of it."""

    @property
    def provider(self) -> str:
        """Its name."""
        return self.member.provider.name

    def emit(self, events: Sequence[AnyEvent]) -> None:
        """Take what the provider says; called from the socket's callback."""
        if events and not self.is_lost:
            # Readers make events only of what means something: comments and empty deltas
            # never come here, and so do not count as life.
            before, self._last = self._last, self._clock()
            if not self.is_claimed:
                self._held += events
                if self._is_last or not OUTPUT_KINDS.isdisjoint(map(type, events)):
                    self.claim()
                return
            if before is not None and self.between is not None:
                self.between.observe(self._last - before)
            run = self.run
            self._append(run, events)
            if len(run.events) - run.shown > MAX_UNSHOWN and self._flow is not None:
                self._is_held_back = True
                self._flow.pause()

    def claim(self) -> None:
        """From here on the run is this provider's."""
        if not self.is_claimed:
            self.is_claimed = True
            self.member.succeed()
            self._append(self.run, self._opening(self, self._held))

    def lose(self) -> None:
        """Another was faster."""
        self.is_lost = True
        if self.task is not None:
            self.task.cancel()

    def missing(self) -> ProviderError | None:
        """What is missing, now that it says that it is done."""
        if self.is_claimed:
            # The log knows, and the engine will see.
            return None
        last = self._held[-1] if self._held else None
        if not isinstance(last, Finished):
            return ProviderError(f"{self.provider} left its answer without an end.", code="upstream_incomplete")
        if last.reason == "stop" and not self.may_be_empty:
            return ProviderError(f"{self.provider} answered with nothing.", code="upstream_empty")
        return None

    def on_flow(self, flow: Flow) -> None:
        """How to hold the provider back."""
        self._flow = flow

    def on_heading(self, heading: Heading) -> None:
        """What the head of its answer told."""
        self.noted.heading = heading

    def on_usage(self, usage: Usage) -> None:
        """What it has said of its usage, when its answer breaks."""
        if self.is_claimed and self.run.bill is not None:
            self.run.bill.see(usage)

    def let_go(self, now: float) -> None:
        """Asked by the clock: the provider may go on once the log has caught up."""
        if self._is_held_back and self._flow is not None:
            # It is not the provider that is slow.
            self._last = now
            if len(self.run.events) - self.run.shown < MAX_UNSHOWN / 2:
                self._is_held_back = False
                self._flow.resume()

    def end_if_late(self, now: float) -> None:
        """Asked by the clock: cancel it when a limit has passed."""
        if self.late is None and (late := self.overdue(now)) is not None:
            self.late = late
            if self.task is not None:
                self.task.cancel()

    def overdue(self, now: float) -> ProviderError | None:
        """The limit that has passed, if any."""
        return self._passed(self._limits, self._since, now)

    def is_late_by(self, limits: Limits, now: float) -> bool:
        """Whether it would be late by these limits, too, had it been the first to be asked."""
        return self._passed(limits, self.began, now) is not None

    def _passed(self, limits: Limits, since: float, now: float) -> ProviderError | None:
        name = self.provider
        if limits.total is not None and now - since > limits.total:
            return _late(f"{name} took more than {limits.total:g} s for its answer.", "total_timeout")
        if self._last is None:
            first = max(limits.first_event, limits.whole) if self.is_whole else limits.first_event
            if now - self.began > first:
                return _late(f"{name} did not begin to answer within {first:g} s.", "first_event_timeout")
        elif now - self._last > limits.idle:
            return _late(f"{name} said nothing for {limits.idle:g} s.", "idle_timeout")
        return None


def _late(message: str, code: str) -> ProviderError:
    return ProviderError(message, code=code, status=504, kind="timeout_error")

"""One try at one provider: what it brought, and whether it is still in time."""

from collections.abc import Callable, Sequence

from headgate.errors import ProviderError
from headgate.events import AnyEvent
from headgate.providers.base import Flow, Limits, Provider
from headgate.runs.run import Run

MAX_UNSHOWN = 5000
"""Events that may wait for the store before their provider is held back: some hundred times what a
healthy store leaves waiting, and under a megabyte of words."""

Append = Callable[[Run, Sequence[AnyEvent]], None]
Clock = Callable[[], float]


class Attempt:
    """
    A provider at work on a run.

    There is no timer for each limit: the engine's clock asks `overdue` a few times a second, which
    costs less than setting one timer would.
    """

    __slots__ = ("_append", "_began", "_clock", "_flow", "_is_held", "_last", "_limits", "late", "provider", "run")

    def __init__(self, run: Run, provider: Provider, limits: Limits, append: Append, clock: Clock) -> None:
        self.run, self.provider = run, provider
        self._limits, self._append, self._clock = limits, append, clock
        self._began = clock()
        self._last: float | None = None
        self._flow: Flow | None = None
        self._is_held = False
        self.late: ProviderError | None = None
        """Which limit ended it, if one did."""

    def emit(self, events: Sequence[AnyEvent]) -> None:
        """Take what the provider says; called from the socket's callback."""
        if events:
            # Readers make events only of what means something: comments and empty deltas
            # never come here, and so do not count as life.
            self._last = self._clock()
            self._append(self.run, events)
            run = self.run
            if len(run.events) - run.shown > MAX_UNSHOWN and self._flow is not None:
                self._is_held = True
                self._flow.pause()

    def on_flow(self, flow: Flow) -> None:
        """How to hold the provider back."""
        self._flow = flow

    def let_go(self, now: float) -> None:
        """Asked by the clock: the provider may go on once the log has caught up."""
        if self._is_held and self._flow is not None:
            # It is not the provider that is slow.
            self._last = now
            if len(self.run.events) - self.run.shown < MAX_UNSHOWN / 2:
                self._is_held = False
                self._flow.resume()

    def overdue(self, now: float) -> ProviderError | None:
        """The limit that has passed, if any."""
        limits, name = self._limits, self.provider.name
        if limits.total is not None and now - self._began > limits.total:
            return _late(f"{name} took more than {limits.total:g} s for its answer.", "total_timeout")
        if self._last is None:
            if now - self._began > limits.first_event:
                return _late(f"{name} did not begin to answer within {limits.first_event:g} s.", "first_event_timeout")
        elif now - self._last > limits.idle:
            return _late(f"{name} said nothing for {limits.idle:g} s.", "idle_timeout")
        return None


def _late(message: str, code: str) -> ProviderError:
    return ProviderError(message, code=code, status=504, kind="timeout_error")

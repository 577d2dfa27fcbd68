"""One try at one provider: what it brought, and whether it is still in time."""

from collections.abc import Callable, Sequence

from headgate.errors import ProviderError
from headgate.events import AnyEvent
from headgate.providers.base import Limits, Provider
from headgate.runs.run import Run

Append = Callable[[Run, Sequence[AnyEvent]], None]
Clock = Callable[[], float]


class Attempt:
    """
    A provider at work on a run.

    There is no timer for each limit: the engine's clock asks `overdue` a few times a second, which
    costs less than setting one timer would.
    """

    __slots__ = ("_append", "_began", "_clock", "_last", "_limits", "late", "provider", "run")

    def __init__(self, run: Run, provider: Provider, limits: Limits, append: Append, clock: Clock) -> None:
        self.run, self.provider = run, provider
        self._limits, self._append, self._clock = limits, append, clock
        self._began = clock()
        self._last: float | None = None
        self.late: ProviderError | None = None
        """Which limit ended it, if one did."""

    def emit(self, events: Sequence[AnyEvent]) -> None:
        """Take what the provider says; called from the socket's callback."""
        if events:
            # Readers make events only of what means something: comments and empty deltas
            # never come here, and so do not count as life.
            self._last = self._clock()
            self._append(self.run, events)

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

"""
What was tried for a run, as those who watch it want to know: who was asked, when, and what became of it.

The log has what readers of an answer need; this has times as well, and is kept in memory only, with its run.
"""

import time

import msgspec

from headgate.errors import ProviderError
from headgate.metrics import Meters, operation_of
from headgate.metrics.numbers import Histogram
from headgate.providers.heading import NOTHING, Heading
from headgate.runs.trace import Headers, Trace, Tracer, new_span

GIVEN_UP = ProviderError("Nobody wanted its answer any more.", code="given_up", status=499)


class Try(msgspec.Struct, gc=False):
    """One try at one provider."""

    provider: str
    model: str
    """By the name it was asked for."""
    key: str
    """Which of the provider's keys it was, where it has several; a label, never the key."""
    format: str
    """Of the run."""
    began: float
    """Unix seconds."""
    ended: float | None = None
    """None while it is at work."""
    status: int = 200
    code: str = ""
    """Why it failed, or was given up."""
    has_spoken: bool = False
    """Whether the run became its own: it had brought output, or all there was."""
    span: str = ""
    """By what name traces know it."""
    round: int = 0
    """Of an answer in which functions are executed, counted from 0."""
    heading: Heading = NOTHING
    """What the head of its answer told of limits."""


class Tries:
    """Counts them, and has providers told of traces."""

    def __init__(self, meters: Meters | None = None, tracer: Tracer | None = None) -> None:
        self._meters = meters or Meters()
        self._answered: dict[tuple[str, str], Histogram] = {}
        """What one try that brought an answer has found of its numbers, for the next."""
        self._propagates = tracer is not None and tracer.propagates

    def between(self, provider: str) -> Histogram:
        """Where the pauses between the pieces of its answers are counted."""
        return self._meters.between.of(provider)

    def headers(self, tried: Try, trace: Trace) -> Headers:
        """What one's provider is told of the trace that its run belongs to."""
        tried.span = new_span()
        return trace.headers(tried.span) if self._propagates else ()

    def end(self, tried: Try, error: ProviderError | None) -> None:
        """One is over: with an answer, or in vain."""
        ended = tried.ended = time.time()
        counted = self._answered.get((tried.format, tried.provider)) if error is None else None
        if counted is None:
            counted = self._look_up(tried, error)
        if ended >= tried.began:  # Clocks are set now and then.
            counted.observe(ended - tried.began)

    def _look_up(self, tried: Try, error: ProviderError | None) -> Histogram:
        if error is not None:
            tried.status, tried.code = error.status, error.code
        code = tried.code and self._meters.codes.of(tried.code)
        labels = (operation_of(tried.format), tried.provider, str(tried.status), code)
        counted = self._meters.attempts.of(*labels)
        if error is None:
            self._answered[tried.format, tried.provider] = counted
        return counted


def reason(before: Try, this: Try) -> str:
    """Why this one was made, after the one before: functions, hedge, continuation, retry, key or failover."""
    if this.round != before.round:
        return "functions"
    if before.ended is None or this.began < before.ended:
        return "hedge"
    if before.has_spoken:
        return "continuation"
    if (this.provider, this.model) != (before.provider, before.model):
        return "failover"
    return "retry" if this.key == before.key else "key"

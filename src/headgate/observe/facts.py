"""What a run came to, in the few words that lines and numbers have room for."""

from typing import NamedTuple

import msgspec

from headgate.events import Failed, Finished, Stopped, Usage
from headgate.runs import Run


class Facts(msgspec.Struct, frozen=True, gc=False):
    """Of one run, as far as it is."""

    status: str
    """finished, failed or stopped; running."""
    code: str
    """Why it failed, or who stopped it."""
    provider: str
    """Who answered last; "" when nobody did."""
    model: str
    """As that provider names it."""
    usage: Usage | None
    reasons: tuple[str, ...]
    """Why each choice of a whole answer ended."""


class Told(NamedTuple):
    """What a request came to that made no run."""

    asked: str
    """The model as the client wrote it."""
    facts: Facts
    attempts: int


def told(asked: str, provider: str, model: str, usage: Usage, attempts: int) -> Told:
    """That somebody answered it whole."""
    return Told(asked, Facts("answered", "", provider, model, usage, ()), attempts)


def facts_of(run: Run) -> Facts:
    """What is known of a run now."""
    events, started, provider, model = run.events, run.started, "", ""
    if started is not None:
        provider, model = started.provider, started.model
        if len(run.tries) > 1:
            provider, model = _who_answered(run, provider, model)
    if not run.is_over:
        return Facts("running", "", provider, model, None, ())
    last = events[-1]
    # By the grammar of events, usage stands just before the end.
    usage = events[-2] if len(events) > 1 else None
    if type(usage) is not Usage:
        usage = None
    # The common one first.
    if type(last) is Finished:
        reasons = (last.reason, *last.rest) if last.rest else (last.reason,)
        return Facts("finished", "", provider, model, usage, reasons)
    if isinstance(last, Failed):
        return Facts("failed", last.code, provider, model, usage, ())
    assert isinstance(last, Stopped)
    return Facts("stopped", last.by, provider, model, usage, ())


def _who_answered(run: Run, provider: str, model: str) -> tuple[str, str]:
    """Whoever spoke last, where the first one broke and others went on."""
    spoken = [tried for tried in run.tries if tried.has_spoken]
    return (spoken[-1].provider, spoken[-1].model) if len(spoken) > 1 else (provider, model)

"""What a run came to, in the few words that lines and numbers have room for."""

from typing import NamedTuple

from headgate.events import Failed, Finished, Stopped, Usage
from headgate.runs import Run


class Facts(NamedTuple):
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
    reasons: tuple[str, ...] = ()
    """Why each choice of a whole answer ended."""


def facts_of(run: Run) -> Facts:
    """What is known of a run now."""
    status, code, reasons = "running", "", tuple[str, ...]()
    usage: Usage | None = None
    if run.is_over:
        last = run.events[-1]
        # By the grammar of events, usage stands just before the end.
        before = run.events[-2] if len(run.events) > 1 else None
        usage = before if isinstance(before, Usage) else None
        match last:
            case Finished():
                status, reasons = "finished", (last.reason, *last.rest)
            case Failed():
                status, code = "failed", last.code
            case Stopped():
                status, code = "stopped", last.by
            case _:
                pass
    started = run.started
    if started is None:
        return Facts(status, code, "", "", usage, reasons)
    provider, model = started.provider, started.model
    if len(run.tries) > 1:
        spoken = [each for each in run.tries if each.has_spoken]
        if len(spoken) > 1:
            # The first one broke, and others went on.
            provider, model = spoken[-1].provider, spoken[-1].model
    return Facts(status, code, provider, model, usage, reasons)

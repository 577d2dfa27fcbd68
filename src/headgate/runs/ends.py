"""How a run ends when its provider does not end it."""

from headgate.errors import HeadgateError
from headgate.events import Failed, Last, Stopped
from headgate.runs.run import Run

LOST = Failed("producer_lost", "The gateway stopped in the middle of this answer.", 503)
SHUT_DOWN = Failed("shutting_down", "The gateway was shut down in the middle of this answer.", 503)
UNFINISHED = Failed("upstream_incomplete", "The provider left its answer without an end.")
BROKEN = Failed("internal_error", "The gateway failed on this answer; its log says why.", 500)


def stopped(run: Run) -> Last:
    """Somebody wanted no more of it."""
    return Stopped(run.stopped_by) if run.stopped_by in ("user", "disconnect") else SHUT_DOWN


def failed(error: HeadgateError) -> Failed:
    """Nobody answered, or an answer broke."""
    attempts = tuple(error.attempts)
    return Failed(error.code, error.message, error.status, error.kind, error.param, error.retry_after, attempts)

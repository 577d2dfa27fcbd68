"""How a run ends when its provider does not end it."""

from collections.abc import Sequence

from headgate.errors import HeadgateError
from headgate.events import Failed, Last, Stopped
from headgate.runs.run import Run

LOST = Failed("producer_lost", "The gateway stopped in the middle of this answer.", 503)
SHUT_DOWN = Failed("shutting_down", "The gateway was shut down in the middle of this answer.", 503)
UNFINISHED = Failed("upstream_incomplete", "The provider left its answer without an end.")
BROKEN = Failed("internal_error", "The gateway failed on this answer; its log says why.", 500)


def interrupted(functions: Sequence[str]) -> Failed:
    """The gateway stopped while it executed them; their names are quoted."""
    which = f"the function {functions[0]} was" if len(functions) == 1 else f"the functions {', '.join(functions)} were"
    done = "it was done is not known. It was" if len(functions) == 1 else "they were done is not known. They were"
    message = f"The gateway stopped while {which} being executed: whether {done} not executed again."
    return Failed("function_interrupted", message, 503)


def stopped(run: Run) -> Last:
    """Somebody wanted no more of it."""
    return Stopped(run.stopped_by) if run.stopped_by in ("user", "disconnect") else SHUT_DOWN


def failed(error: HeadgateError) -> Failed:
    """Nobody answered, or an answer broke."""
    attempts = tuple(error.attempts)
    return Failed(error.code, error.message, error.status, error.kind, error.param, error.retry_after, attempts)

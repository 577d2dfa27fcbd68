"""What was executed for a run by this process, as those who watch it want to know."""

import msgspec


class Execution(msgspec.Struct, frozen=True, gc=False):
    """One call of a function."""

    name: str
    id: str
    """By which the log knows the call."""
    began: float
    """Unix seconds."""
    ended: float
    span: str
    """By what name traces know it."""
    error: str = ""
    """Why it came to nothing."""

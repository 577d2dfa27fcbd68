"""What functions may take."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; where a function says something of its own, that counts."""

    rounds: int = 10
    """How often a model may ask for functions in one run."""
    parallel: int = 8
    """How many calls of one round are executed at a time."""
    timeout: float = 30.0
    """Seconds for each call."""
    total_timeout: float = 120.0
    """Seconds for all calls of a run together."""
    max_result: int = 64 * 1024
    """Bytes of a result that a model is told."""
    max_parallel: int = 64
    """How many calls are executed at a time, of all runs together."""

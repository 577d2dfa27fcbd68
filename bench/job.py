"""What a load is to do, and what it saw: the two messages between us and a load's process."""

import msgspec


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A load on one server, or on several in turn."""

    ports: list[int]
    """Each client asks them one after the other, again and again."""
    stream: bool
    clients: int
    requests: int
    """How many each server gets, from all clients together."""
    words: int = 1
    """How long a streamed answer is."""
    spread: float = 0.0
    """Seconds over which the clients begin: without it their streams would all speak in the same moment."""
    pause: float = 0.0
    """Seconds a client rests before each request."""
    limit: float = 120.0
    """Seconds after which the load ends, whatever came."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it at one server; times in milliseconds."""

    whole: int
    """Answers that were complete and in order."""
    broken: int
    """Answers that were not, or whose connection broke."""
    words: int
    first_p50: float
    """From the request to the first word of a stream, or to the end of a plain answer."""
    first_p99: float
    gap_p99: float
    gap_max: float
    long_gaps: int
    """Silences of over 200 ms in the middle of an answer."""
    seconds: float
    """How long the load took."""
    trouble: str
    """What was wrong with the first broken answer."""

"""What a client understood of an answer, in words that all dialects share."""

from typing import Any, NamedTuple


class Called(NamedTuple):
    """A call of a tool."""

    id: str
    name: str
    input: Any


class Used(NamedTuple):
    """Tokens, `input` and `output` with all that is counted apart."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0


class Broken(NamedTuple):
    """An error that the client raised."""

    message: str
    status: int = 0
    """The HTTP status it came with; 0 where it came in a stream."""


class Said(NamedTuple):
    """All of it."""

    texts: tuple[str, ...] = ()
    """One for each choice."""
    thoughts: str = ""
    refusal: str = ""
    calls: tuple[Called, ...] = ()
    ends: tuple[str, ...] = ()
    """Why each choice ended: stop, sequence, length, calls, filter."""
    stopped_by: str | None = None
    """The stop sequence that was met."""
    signatures: tuple[str, ...] = ()
    """What proves to a provider that thoughts, or calls, are its own."""
    used: Used | None = None
    broke: Broken | None = None

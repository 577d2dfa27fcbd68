"""
Which trace a run belongs to, and how those who are asked for it learn of that (W3C Trace Context).

A client that takes part in a trace says so in `traceparent`; whether it is recorded is its decision then. For any
other run we begin a trace, and toss a coin for it.
"""

import random
import re
from typing import NamedTuple, TypeAlias

_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")

MAX_STATE = 512
"""Bytes of a `tracestate` that everybody has to pass on; a longer one may be left out."""

_SAMPLED = 1
_FIRST_VERSION, _NO_VERSION = b"00", b"ff"

Headers: TypeAlias = tuple[tuple[str, str], ...]


class Trace(NamedTuple):
    """A run's place in one; ids are hexadecimal, as they travel."""

    id: str
    parent: str
    """The client's span; "" when there is none."""
    span: str
    """The run's own."""
    is_sampled: bool
    """Whether it is recorded."""
    state: str = ""
    """What others on the way have noted."""

    def headers(self, span: str) -> Headers:
        """What a provider is told that is asked in this span."""
        parent = ("traceparent", f"00-{self.id}-{span}-{int(self.is_sampled):02x}")
        return (parent, ("tracestate", self.state)) if self.state else (parent,)


class Tracer:
    """Gives every run its place."""

    def __init__(self, sample: float, *, propagates: bool = True) -> None:
        self._sample = sample
        self.propagates = propagates
        """Whether providers are told."""

    def begin(self, parent: bytes, state: bytes = b"") -> Trace:
        """The place of a run whose client said this; what is no proper `traceparent` says nothing."""
        said = _PARENT.fullmatch(parent)
        if said is not None:
            version, id, span, flags, rest = said.groups()
            is_proper = version != _NO_VERSION and not (version == _FIRST_VERSION and rest)
            if is_proper and id.strip(b"0") and span.strip(b"0"):
                is_sampled = bool(int(flags, 16) & _SAMPLED)
                return Trace(id.decode(), span.decode(), new_span(), is_sampled, _proper(state))
        return Trace(f"{_some_bits(128):032x}", "", new_span(), random.random() < self._sample)


def new_span() -> str:
    """A name that nobody else has."""
    return f"{_some_bits(64):016x}"


def _some_bits(count: int) -> int:
    # All zeros means that there is none.
    return random.getrandbits(count) or 1


def _proper(state: bytes) -> str:
    text = state.decode("latin-1")
    return text if len(text) <= MAX_STATE and text.isascii() and text.isprintable() else ""

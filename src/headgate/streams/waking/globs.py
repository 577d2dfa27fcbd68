"""
Patterns of streams' names: `*` is anything within one segment, `**` any number of segments.

They come from strangers, so the time that one takes grows with its length times the name's, whatever it is.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Glob:
    """One pattern."""

    def __init__(self, pattern: str) -> None:
        self._segments = pattern.split("/")

    def matches(self, name: str) -> bool:
        """Whether a stream of that name is meant."""
        return _matches(self._segments, name.split("/"), "**", _segment)


def _segment(pattern: str, text: str) -> bool:
    return bool(text) and _matches(pattern, text, "*", str.__eq__)


def _matches(pattern: Sequence[T], text: Sequence[T], star: T, is_one: Callable[[T, T], bool]) -> bool:
    """The last star takes what those before it need not have: no other choice is ever worth going back to."""
    at = here = 0
    last_star, taken = -1, 0
    while here < len(text):
        if at < len(pattern) and pattern[at] == star:
            last_star, taken = at, here
            at += 1
        elif at < len(pattern) and is_one(pattern[at], text[here]):
            at, here = at + 1, here + 1
        elif last_star >= 0:
            taken += 1
            at, here = last_star + 1, taken
        else:
            return False
    return all(rest == star for rest in pattern[at:])

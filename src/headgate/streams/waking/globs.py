"""
Patterns of streams' names: `*` is anything within one segment, `**` any number of segments.

They come from strangers, and every new stream is held against all of them. So the time that one takes grows with
its length times the name's at most, whatever it is; within a segment what is between two stars is looked for whole.
"""

from collections.abc import Sequence


class Glob:
    """One pattern."""

    def __init__(self, pattern: str) -> None:
        self._segments = [None if segment == "**" else segment.split("*") for segment in pattern.split("/")]
        """Each as what is between its stars; None for any number of segments."""

    def matches(self, name: str) -> bool:
        """
        Whether a stream of that name is meant.

        The last `**` takes what those before it need not have: no other choice is ever worth going back to.
        """
        pattern, text = self._segments, name.split("/")
        at = here = 0
        last_star, taken = -1, 0
        while here < len(text):
            wanted = pattern[at] if at < len(pattern) else []
            if wanted is None:
                last_star, taken = at, here
                at += 1
            elif wanted and _is_segment(wanted, text[here]):
                at, here = at + 1, here + 1
            elif last_star >= 0:
                taken += 1
                at, here = last_star + 1, taken
            else:
                return False
        return all(rest is None for rest in pattern[at:])


def _is_segment(parts: Sequence[str], text: str) -> bool:
    """Whether a segment has all of these, in their order, and nothing before the first or after the last."""
    first, last = parts[0], parts[-1]
    if len(parts) == 1 or not text:
        return bool(text) and text == first
    here, end = len(first), len(text) - len(last)
    if here > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in parts[1:-1]:
        found = text.find(part, here, end)
        if found < 0:
            return False
        here = found + len(part)
    return True

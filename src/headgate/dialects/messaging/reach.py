"""Which channels somebody may have to do with: names, in which * stands for anything."""

from collections.abc import Iterable, Mapping, Sequence

from headgate.errors import Forbidden

EVERYTHING = ("*",)


class Reach:
    """How far each key reaches; one that nothing is said of reaches everything."""

    def __init__(self, keys: Mapping[str, Sequence[str]]) -> None:
        self._keys = keys

    def of(self, owner: str) -> Sequence[str]:
        """The patterns of a key."""
        return self._keys.get(owner, EVERYTHING)

    def allows(self, owner: str, channel: str) -> bool:
        """Whether a key may have to do with a channel."""
        return fits(self.of(owner), channel)

    def check(self, owner: str, channels: Iterable[str]) -> None:
        """Raise Forbidden unless a key may have to do with all of them."""
        for channel in channels:
            if not self.allows(owner, channel):
                raise Forbidden(f"This key may not use the channel '{channel}'.", code="channel_not_allowed")


def fits(patterns: Iterable[str], channel: str) -> bool:
    """Whether a name is one of those that are meant."""
    return any(_fits(pattern, channel) for pattern in patterns)


def _fits(pattern: str, channel: str) -> bool:
    # No regular expression: one with many stars can take forever, and patterns come from clients, too.
    first, *rest = pattern.split("*")
    if not rest:
        return channel == pattern
    if not channel.startswith(first):
        return False
    at, last = len(first), rest.pop()
    for piece in rest:
        found = channel.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return at + len(last) <= len(channel) and channel.endswith(last)

"""What was said last on a stream: readers who are up to date need no look at the store."""

from bisect import bisect_left, bisect_right

MOST = 64 << 10
"""Bytes that are held of one stream: seconds of most, and a reader who is slower than that can wait for the store."""

ROUGHLY = 16
"""How many times as much one thing that was said may be: most are read by those who wait for it, right away."""


class Recent:
    """The last bytes of a stream."""

    __slots__ = ("_firsts", "_pieces", "end", "first")

    def __init__(self, end: int) -> None:
        self.first = self.end = end
        self._firsts: list[int] = []
        self._pieces: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Some more."""
        self._firsts.append(self.end)
        self._pieces.append(data)
        self.end += len(data)

    def read(self, first: int, upto: int) -> bytes:
        """The bytes from one place up to another, all of which it has."""
        at = bisect_right(self._firsts, first) - 1
        if at == len(self._pieces) - 1 and first == self._firsts[at] and upto == self.end:
            return self._pieces[at]
        end = bisect_right(self._firsts, upto - 1)
        begins = self._firsts[at]
        return b"".join(self._pieces[at:end])[first - begins : upto - begins]

    def begins_at(self, place: int) -> bool:
        """Whether something that was said begins there."""
        at = bisect_right(self._firsts, place) - 1
        return at >= 0 and self._firsts[at] == place

    def shorten(self, upto: int, most: int = MOST) -> int:
        """Let go of what is before that place, if it is much; says how many bytes."""
        if self.end - self.first <= most:
            return 0
        # By half, so that it is not done for every word.
        keep = self.end - most // 2
        count = bisect_left(self._firsts, keep)
        if count and self._end_of(count - 1) > keep and len(self._pieces[count - 1]) <= ROUGHLY * most:
            count -= 1
        while count and self._end_of(count - 1) > upto:
            count -= 1
        if not count:
            return 0
        before = self.first
        self.first = self._end_of(count - 1)
        del self._firsts[:count], self._pieces[:count]
        return self.first - before

    def _end_of(self, piece: int) -> int:
        return self._firsts[piece] + len(self._pieces[piece])

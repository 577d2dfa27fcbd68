"""How much one connection may ask for in a while."""

import asyncio

FRAMES_PER_SECOND = 50.0
"""Of any kind; a page that joins all of its channels at once sends as many."""

FRAMES_AT_ONCE = 200.0

MISTAKES_PER_SECOND = 0.2
"""Frames that cannot be understood: a program that is wrong is told so, one that sends junk is sent away."""

MISTAKES_AT_ONCE = 20.0


class Bucket:
    """Fills slowly, and can be emptied at once."""

    __slots__ = ("_at", "_left", "_loop", "_most", "_rate")

    def __init__(self, rate: float, most: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._rate, self._most = rate, most
        self._left, self._at = most, self._loop.time()

    def take(self, count: float = 1.0) -> bool:
        """Take something out; False when it is empty. The last may take more than there is, and is waited for."""
        now = self._loop.time()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= count
        return True

    @property
    def wait(self) -> float:
        """Seconds until there is something in it again."""
        return max(0.0, (1.0 - self._left) / self._rate)


class Allowance:
    """All that is counted of one connection."""

    __slots__ = ("frames", "messages", "mistakes")

    def __init__(self, messages_per_second: int) -> None:
        rate = float(messages_per_second)
        self.messages = Bucket(rate, rate)
        self.frames = Bucket(max(FRAMES_PER_SECOND, 2 * rate), max(FRAMES_AT_ONCE, 2 * rate))
        self.mistakes = Bucket(MISTAKES_PER_SECOND, MISTAKES_AT_ONCE)

"""
Long logs are let go of a little at a time.

To free a log of thousands of events takes a fraction of a millisecond. When hundreds of long answers
end together, that adds up to a pause that everybody would notice.
"""

from collections import deque

from headgate.runs.run import Run

LONG = 500
"""Events; a shorter log is not worth the trouble."""

AT_ONCE = 20_000
"""Events to let go of at a time: about a millisecond, and ten times faster than they can come."""


class Parting:
    """Holds on to the long logs of runs that are over."""

    def __init__(self) -> None:
        self._runs: deque[Run] = deque()

    def add(self, run: Run) -> None:
        """One is over."""
        if len(run.events) > LONG:
            self._runs.append(run)

    def let_go(self) -> None:
        """Some of them; called now and then."""
        room = AT_ONCE
        while self._runs and room > 0:
            room -= len(self._runs.popleft().events)

"""A run's way to channels: follows it, and says there what its events come to."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from typing_extensions import override

from headgate.channels.log import Source
from headgate.channels.messages import Projection
from headgate.channels.names import ChannelId
from headgate.runs import Follower, Run

log = logging.getLogger(__name__)


class Feed(Follower):
    """Follows a run until it is over; a run that is followed so goes on without other readers."""

    __slots__ = ("_channels", "_next", "_say", "_source")

    def __init__(
        self,
        run: Run,
        channels: Sequence[ChannelId],
        projection: Projection,
        say: Callable[[Sequence[ChannelId], Source, int, int], None],
    ) -> None:
        super().__init__(run, asyncio.get_running_loop())
        self._channels, self._say = channels, say
        self._source = Source(run.events, projection)
        self._next = 0
        if not run.is_over:
            run.followers.add(self)
        self.wake(True)

    @override
    def wake(self, is_news: bool) -> None:
        """Say what is new, at once: whoever shows a run's events calls this in between."""
        if self.is_gone:
            return
        first, self._next = self._next, self.run.shown
        try:
            self._say(self._channels, self._source, first, self._next)
        except Exception:
            # The run, and all others that are kept in the same moment, must not suffer for it.
            log.exception("The run %s could not be told on its channels", self.run.id)
            self._end()
        if self.run.is_over:
            self._end()

    @override
    def leave(self) -> None:
        self._end()

    def _end(self) -> None:
        self.is_gone = True
        # Not now: it is while they are gone through that we are called.
        self._loop.call_soon(self.run.followers.discard, self)

"""One request and its answer: who waits for it, and the Flow its receiver holds."""

import asyncio
from collections.abc import Mapping

from headgate.net.receiver import Flow, Receiver


class Stale(Exception):
    """A kept connection turned out dead before any byte of an answer: the request may go out again."""


class _Nobody:
    """The receiver of an exchange that is over."""

    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        pass

    def on_body(self, data: bytes) -> bool:
        return True


_NOBODY = _Nobody()


class Exchange:
    """Made for one request; unlike the connection it never serves another, so a Flow kept too long does no harm."""

    __slots__ = ("_socket", "is_head_due", "over", "receiver")

    def __init__(self, socket: Flow, receiver: Receiver, over: asyncio.Future[Exception | None]) -> None:
        self._socket: Flow | None = socket
        self.receiver: Receiver = receiver
        self.over = over
        """Set to None when the answer is complete, or to what went wrong: a result nobody waits for any more is not
        complained about, an exception would be."""
        self.is_head_due = True

    def pause(self) -> None:
        if self._socket is not None:
            self._socket.pause()

    def resume(self) -> None:
        if self._socket is not None:
            self._socket.resume()

    def finish(self, failure: Exception | None) -> None:
        """It is over, and the socket no longer its business."""
        self._socket = None
        # A receiver that keeps its Flow would otherwise be in a cycle with us.
        self.receiver = _NOBODY
        if not self.over.done():
            self.over.set_result(failure)

"""The way out: a request of any size, without blocking the loop, a task or a copy of the body."""

import asyncio
import logging
from collections.abc import Iterator

from headgate.net.body import PIECE, Body, slices

log = logging.getLogger(__name__)


class Sender:
    """Writes the requests of one connection."""

    __slots__ = ("_is_stalled", "_loop", "_transport", "_unsent")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._is_stalled = False
        self._unsent: Iterator[bytes | memoryview] | None = None

    def send(self, head: bytes, body: bytes | Body) -> None:
        """Send a request, now or as the transport takes it."""
        if isinstance(body, bytes):
            if len(body) <= PIECE:
                self._transport.write(head + body)
                return
            self._unsent = slices(body)
        else:
            self._unsent = body.pieces()
        self._transport.write(head)
        self._send_piece()

    def stop(self) -> None:
        """Send no more."""
        self._unsent = None

    def stall(self) -> None:
        """The transport holds enough."""
        self._is_stalled = True

    def go_on(self) -> None:
        """The transport wants more."""
        self._is_stalled = False
        if self._unsent is not None:
            # Not from within this callback: if that write failed, asyncio would report the loss twice.
            self._loop.call_soon(self._send_piece)

    def is_fit(self) -> bool:
        """Nothing of the last request is left, and the transport would take another."""
        transport = self._transport
        return self._unsent is None and not transport.get_write_buffer_size() and not transport.is_closing()

    def _send_piece(self) -> None:
        if self._unsent is None or self._is_stalled:
            return
        try:
            piece = next(self._unsent, None)
        except OSError as problem:
            log.warning("A request could not be sent whole: %s", problem)
            self._unsent = None
            self._transport.abort()
            return
        if piece is None:
            self._unsent = None
            return
        self._transport.write(piece)
        if not self._is_stalled:
            # The socket swallows as fast as we write: let the loop breathe between two pieces.
            self._loop.call_soon(self._send_piece)

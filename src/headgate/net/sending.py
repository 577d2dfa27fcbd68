"""The way out: a request of any size, without blocking the loop, a task or a copy of the body."""

import asyncio

PIECE = 256 * 1024
"""How much of a large body is handed to the transport at once: encrypting it takes about 0.2 ms,
and other connections get their turn after it."""


class Sender:
    """Writes the requests of one connection."""

    __slots__ = ("_is_stalled", "_loop", "_transport", "_unsent")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._is_stalled = False
        self._unsent: memoryview | None = None

    def send(self, head: bytes, body: bytes) -> None:
        """Send a request, now or as the transport takes it."""
        if len(body) <= PIECE:
            self._transport.write(head + body)
            return
        self._transport.write(head)
        self._unsent = memoryview(body)
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

    @property
    def is_fit(self) -> bool:
        """Nothing of the last request is left, and the transport would take another."""
        transport = self._transport
        return self._unsent is None and not transport.get_write_buffer_size() and not transport.is_closing()

    def _send_piece(self) -> None:
        if self._unsent is None or self._is_stalled:
            return
        piece, rest = self._unsent[:PIECE], self._unsent[PIECE:]
        self._unsent = rest or None
        self._transport.write(piece)
        if rest and not self._is_stalled:
            # The socket swallows as fast as we write: let the loop breathe between two pieces.
            self._loop.call_soon(self._send_piece)

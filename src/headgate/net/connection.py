"""
One connection to an upstream: the socket's callbacks, and one exchange at a time.

A connection is held or kept. It is held by the fetch that has it, from the moment it gets it
until the exchange ends; then it goes back, in the same socket callback, to its keeper (the pool).
Whoever has it when it dies accounts for its place among the origin's connections: the keeper is
told by `forget` in every case but one. When a connection that was used before dies without a byte
of an answer, `exchange` raises Stale and the place stays with its caller, who may open another.

    dialled -> held --exchange--> kept idle -> held -> ...
                 |                   ^
                 +--enough, not over--> kept draining --> dead

Per chunk this costs three Python frames (`data_received`, `Answer.feed`, `_deliver`) before the
receiver's own; nothing is awaited, queued or timed.
"""

import asyncio
import socket
import ssl
from typing import Protocol, cast

from typing_extensions import override

from headgate.net.answer import Answer
from headgate.net.body import Body
from headgate.net.errors import BrokenAnswer, ClientClosed
from headgate.net.exchange import Exchange, Stale
from headgate.net.receiver import Receiver
from headgate.net.sending import Sender

MAX_DRAIN = 64 * 1024
"""What a receiver that has enough may leave unread: past that a new connection is cheaper."""


class Keeper(Protocol):
    """Who keeps connections that are not in use."""

    def put_back(self, connection: "Connection") -> None:
        """It is idle and may take another request."""

    def drain(self, connection: "Connection") -> None:
        """It still reads the rest of an answer that nobody wants; `put_back` or `forget` follows."""

    def forget(self, connection: "Connection") -> None:
        """It is closed for good."""


class Connection(asyncio.Protocol):
    """One socket, of which one exchange at a time may be made."""

    def __init__(self, keeper: Keeper, sock: socket.socket, *, is_tls: bool) -> None:
        self.is_open = False
        self.is_held = True
        self._keeper = keeper
        self._socket = sock
        self._is_tls = is_tls
        self._is_used = False
        self._is_paused = False
        self._answer = Answer()
        self._exchange: Exchange | None = None
        self._drain_left = 0
        self._loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport
        self._sender: Sender

    # What a fetch and the pool do with it.

    async def exchange(self, head: bytes, body: bytes | Body, receiver: Receiver, *, expects_body: bool = True) -> None:
        """
        Send a request and hand its answer to the receiver; returns when that is whole or enough.

        Raises BrokenAnswer, whatever the receiver raised, or Stale. Cancelling closes the socket.
        """
        if not self.is_open:
            self._explain_death()
        exchange = Exchange(self, receiver, self._loop.create_future())
        self._exchange = exchange
        self._answer.expect(has_body=expects_body)
        self._sender.send(head, body)
        try:
            failure = await exchange.over
        except asyncio.CancelledError:
            self._fail(exchange, ClientClosed("Nobody waits for this answer any more."))
            raise
        if failure is None:
            return
        if isinstance(failure, Stale):
            self._exchange = None
        try:
            raise failure
        finally:
            # The failure holds this frame, and the receiver with it: they must not hold the failure.
            del failure, exchange.over

    def close(self) -> None:
        """Close the socket at once; an exchange that is under way fails."""
        if self._exchange is not None:
            self._fail(self._exchange, ClientClosed("The gateway is shutting down."))
        else:
            self._die()

    async def wait_lost(self) -> None:
        """Wait until the socket is closed."""
        await asyncio.shield(self._lost)

    def pause(self) -> None:
        if self.is_open and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        if self.is_open and self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    # What the event loop calls.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._sender = Sender(self._transport, self._loop)
        self.is_open = True

    @override
    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            self._on_unwanted(data)
            return
        answer = self._answer
        body = answer.feed(data)
        try:
            if body and answer.decoder is None and not exchange.is_head_due:
                has_enough = exchange.receiver.on_body(body)
            else:
                has_enough = self._deliver(exchange, body)
        except Exception as failure:
            self._fail(exchange, failure)
            return
        if has_enough or answer.is_over:
            self._conclude(exchange, has_enough=has_enough)

    @override
    def eof_received(self) -> None:
        # A FIN while we still send is an end too: no upstream closes only its half.
        self._on_end(is_clean=not self._is_tls or self._has_close_notify())

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self._lost.done():
            self._lost.set_result(None)
        if exc is not None and self._exchange is not None and not self._is_tls:
            self._read_last_words()
        self._on_end(is_clean=False)

    @override
    def pause_writing(self) -> None:
        self._sender.stall()

    @override
    def resume_writing(self) -> None:
        self._sender.go_on()

    # Receiving.

    def _deliver(self, exchange: Exchange, body: bytes) -> bool:
        """Hand on what is new; True when the receiver has enough."""
        answer = self._answer
        if exchange.is_head_due and answer.has_head:
            exchange.is_head_due = False
            exchange.receiver.on_head(answer.status, answer.headers, exchange)
        if not body:
            return False
        if answer.decoder is None:
            return exchange.receiver.on_body(body)
        return any(map(exchange.receiver.on_body, answer.decoder.feed(body)))

    def _conclude(self, exchange: Exchange, *, has_enough: bool) -> None:
        answer = self._answer
        if not has_enough:
            try:
                answer.check()
            except BrokenAnswer as failure:
                self._fail(exchange, failure)
                return
        self._exchange = None
        self.is_held = False
        exchange.finish(None)
        self.resume()
        if not answer.keeps_alive or not self._sender.is_fit():
            self._die()
        elif answer.is_whole:
            self._keep()
        else:
            self._drain_left = MAX_DRAIN
            self._keeper.drain(self)

    def _on_unwanted(self, data: bytes) -> None:
        """Bytes while no exchange is under way: the rest of a drained answer, or none of our business."""
        if not self._drain_left:
            self._die()
            return
        self._drain_left = max(0, self._drain_left - len(data))
        self._answer.feed(data)
        if self._answer.is_whole and self._answer.keeps_alive:
            self._drain_left = 0
            self._keep()
        elif self._answer.is_over or not self._drain_left:
            self._die()

    def _keep(self) -> None:
        self._is_used = True
        self._keeper.put_back(self)

    # Ends.

    def _on_end(self, *, is_clean: bool) -> None:
        """The upstream's end is closed."""
        if not self.is_open:
            return
        self._abort()
        exchange = self._exchange
        if exchange is None:
            self._die()
            return
        self._answer.end(is_clean=is_clean)
        if self._is_used and not self._answer.has_begun:
            exchange.finish(Stale())
        else:
            self._conclude(exchange, has_enough=False)

    def _has_close_notify(self) -> bool:
        """
        Over TLS only a close_notify tells an end from a cut (RFC 8446, 6.1).

        asyncio reports a bare FIN just the same, uvloop does not; the TLS object knows.
        """
        try:
            return not self._transport.get_extra_info("ssl_object").read(1)
        except ssl.SSLZeroReturnError:
            return True
        except ssl.SSLError:
            return False

    def _read_last_words(self) -> None:
        """
        Read what still lies in the socket after a write to it failed.

        An upstream that refuses a large body answers, closes, and resets what we go on sending. If
        the transport meets the reset in a write it gives up without reading, and the answer, which
        says why, would be lost.
        """
        try:
            while self._exchange is not None and (data := self._socket.recv(65536)):
                self.data_received(data)
        except OSError:
            pass

    def _fail(self, exchange: Exchange, failure: Exception) -> None:
        # Not if it is over already; but one that was found stale and not yet taken up holds its place.
        if self._exchange is exchange:
            self._exchange = None
            self.is_held = False
            self._die()
        exchange.finish(failure)

    def _die(self) -> None:
        self._abort()
        if not self.is_held:
            self._keeper.forget(self)

    def _abort(self) -> None:
        if self.is_open:
            self.is_open = False
            self._sender.stop()
            self._transport.abort()

    def _explain_death(self) -> None:
        if self._is_used:
            raise Stale
        self.is_held = False
        self._keeper.forget(self)
        raise BrokenAnswer("The provider closed the connection, or spoke, before it was asked.")

"""
The upstream client: one `fetch`, and everything that outlives it.

    Client --> Pool (one per origin) --> Connection --> Answer
                 |--> dial
"""

import asyncio
import ssl
import sys
from collections.abc import Sequence

from headgate.net.body import Body
from headgate.net.connection import Connection
from headgate.net.dial import Route
from headgate.net.errors import ClientClosed, OutOfSockets
from headgate.net.exchange import Stale
from headgate.net.guard import Guard
from headgate.net.lookup import Lookup
from headgate.net.pool import Pool
from headgate.net.proxies import Proxies
from headgate.net.receiver import Receiver
from headgate.net.sweeper import Sweeper
from headgate.net.target import Origin, Target

MAX_IDLE = 256
"""Kept connections per origin. A burst of requests leaves as many behind, and each kept one saves
the next burst a TLS handshake; but each also costs a file descriptor here and at the upstream."""

DRAIN_SECONDS = 1.0
"""How long the rest of an answer nobody wants may take: longer, and a new connection is cheaper."""


class Client:
    """
    Sends requests to upstreams over HTTP/1.1, and keeps their connections for the next ones.

    Belongs to one event loop. `max_open` bounds the connections to one origin, None does not;
    requests beyond it wait their turn, first come, first served. `ssl_context` replaces the
    default one, which trusts what the system trusts, or what SSL_CERT_FILE names; its ALPN is set here.
    Sockets whose number is `descriptors` or more are not taken.
    With a `guard` only addresses that it permits are connected to, and names are looked up apart from everybody
    else's. Redirects are answers like any other.
    """

    def __init__(
        self,
        *,
        proxies: Proxies | None = None,
        guard: Guard | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_open: int | None = None,
        descriptors: int = sys.maxsize,
        max_idle: int = MAX_IDLE,
        idle_seconds: float = 30.0,
    ) -> None:
        if guard is not None and proxies is not None:
            # A proxy looks names up itself, where no guard of ours can see what it finds.
            raise ValueError("A guarded client goes through no proxy.")
        self._proxies = proxies or Proxies()
        self._guard = guard
        self._lookup = None if guard is None else Lookup()
        self._ssl_context = ssl_context
        self._tls_context: ssl.SSLContext | None = None
        self._max_open = max_open
        self._descriptors = descriptors
        self._max_idle = max_idle
        self._pools: dict[Origin, Pool] = {}
        self._idle = Sweeper(idle_seconds, Connection.close)
        self._draining = Sweeper(DRAIN_SECONDS, Connection.close)
        self._is_closed = False
        self.opened = self.reused = 0
        """Requests that went out on a new connection, and on one that was kept."""

    async def fetch(
        self,
        target: Target,
        body: bytes | Body,
        receiver: Receiver,
        *,
        connect_timeout: float = 5.0,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """
        Ask, and hand the answer to the receiver; returns when it is whole, or the receiver has enough.

        Whatever status it has, an answer is an answer. Raises ConnectError when there was nobody to
        ask, BrokenAnswer when the answer is no proper one, ValueError for a header that may not be
        sent, and whatever the receiver raises. Cancelling closes the socket at once, in every phase.
        `connect_timeout` is the only limit kept here; it covers everything up to the request. A
        request is sent twice only if a kept connection closed before a byte of an answer.
        """
        pool = self._pools.get(target.origin) or self._new_pool(target.origin)
        head = _head(target, len(body), headers, pool.route)
        connection = pool.take()
        if connection is None:
            pool, connection = await self._open(pool, connect_timeout)
            self.opened += 1
        else:
            self.reused += 1
        try:
            await connection.exchange(head, body, receiver, expects_body=target.expects_body)
        except Stale:
            connection = await pool.replace(connection, connect_timeout)
            self.opened += 1
            await connection.exchange(head, body, receiver, expects_body=target.expects_body)

    @property
    def connections(self) -> int:
        """How many connections are open or being opened, to all origins."""
        return sum(pool.places for pool in self._pools.values())

    @property
    def idle_connections(self) -> int:
        """How many of them are kept for whoever asks next."""
        return sum(pool.idle for pool in self._pools.values())

    async def close(self) -> None:
        """Close every connection at once; requests under way fail with ClientClosed, and so do later ones."""
        self._is_closed = True
        await asyncio.gather(*(pool.close() for pool in list(self._pools.values())))
        self._idle.close()
        self._draining.close()

    async def _open(self, pool: Pool, seconds: float) -> tuple[Pool, Connection]:
        """A connection of a pool's, and the pool that it belongs to now."""
        try:
            return pool, await pool.open(seconds)
        except OutOfSockets:
            if not await self._let_go_of_idle():
                raise
        # A pool that became empty was dropped.
        origin = pool.route.origin
        pool = self._pools.get(origin) or self._new_pool(origin)
        return pool, await pool.open(seconds)

    async def _let_go_of_idle(self) -> bool:
        """Close all that are kept, which are worth less than a request that is here; False when there are none."""
        idle = [connection for pool in list(self._pools.values()) for connection in pool.let_go()]
        for connection in idle:
            await connection.wait_lost()
        return bool(idle)

    def _new_pool(self, origin: Origin) -> Pool:
        if self._is_closed:
            raise ClientClosed("The gateway is shutting down.")
        pool = Pool(
            self._route(origin),
            max_open=self._max_open,
            max_idle=self._max_idle,
            idle=self._idle,
            draining=self._draining,
            on_empty=self._drop_pool,
        )
        self._pools[origin] = pool
        return pool

    def _drop_pool(self, pool: Pool) -> None:
        # Origins may come from configuration that changes; a pool without connections holds nothing.
        if self._pools.get(pool.route.origin) is pool:
            del self._pools[pool.route.origin]

    def _route(self, origin: Origin) -> Route:
        tls = self._tls() if origin.is_tls else None
        return Route(origin, self._proxies.proxy_for(*origin), tls, self._guard, self._lookup, self._descriptors)

    def _tls(self) -> ssl.SSLContext:
        # Not before it is needed: reading the system's certificates takes 20 ms.
        if self._tls_context is None:
            self._tls_context = self._ssl_context or ssl.create_default_context()
            self._tls_context.set_alpn_protocols(["http/1.1"])
        return self._tls_context


def _head(target: Target, size: int, headers: Sequence[tuple[str, str]], route: Route) -> bytes:
    """The head as it goes out, with the empty line that ends it."""
    head = target.head if not headers and route.proxy is None else target.head_with(headers, route.asks_proxy)
    if size or target.sends_length:
        return b"".join((head, b"content-length: ", str(size).encode(), b"\r\n\r\n"))
    return head + b"\r\n"

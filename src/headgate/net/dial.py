"""
Opens connections: name, TCP, the proxy's CONNECT, TLS, all within one limit.

Up to TLS we work on a bare socket. So the tunnel is made before there is a transport, and the
addresses of a name can race (RFC 8305), which uvloop's `create_connection` does not do: without
the race one unreachable IPv6 address eats the whole limit.
"""

import asyncio
import errno
import os
import re
import socket
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from headgate.net.connection import Connection, Keeper
from headgate.net.errors import AddressRefused, ConnectError, ConnectTimeout, OutOfSockets
from headgate.net.guard import Guard
from headgate.net.lookup import Address, Lookup
from headgate.net.proxies import Proxy
from headgate.net.target import Origin

HEAD_START = 0.25
"""Seconds an address may be silent before the next one is tried beside it (RFC 8305, 5)."""

MAX_TUNNEL_HEAD = 16 * 1024
"""Caps what a proxy can make us read before it says yes or no."""

_TOO_MANY = (errno.EMFILE, errno.ENFILE)
"""This process, or this machine, may open no more."""

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")


@dataclass(frozen=True, slots=True)
class Route:
    """How to get to an origin."""

    origin: Origin
    proxy: Proxy | None
    tls: ssl.SSLContext | None
    guard: Guard | None = None
    """Says which addresses may be connected to; None is all."""
    lookup: Lookup | None = None
    """Looks names up; None is the event loop."""
    descriptors: int = sys.maxsize
    """Sockets with this number and more are not ours to take."""

    @property
    def first_hop(self) -> tuple[str, int]:
        via = self.proxy or self.origin
        return via.host, via.port

    @property
    def is_tunnel(self) -> bool:
        return self.proxy is not None and self.tls is not None

    @property
    def asks_proxy(self) -> Proxy | None:
        """The proxy that plain requests are put to in absolute form."""
        return None if self.is_tunnel else self.proxy

    @property
    def name(self) -> str:
        """The way, for messages."""
        through = f" through the proxy {self.proxy.address}" if self.proxy else ""
        return f"{self.origin.address}{through}"


async def dial(route: Route, keeper: Keeper, seconds: float) -> Connection:
    """Return a connection that is ready for a request, or raise ConnectError; cancelling closes the socket at once."""
    try:
        async with asyncio.timeout(seconds):
            return await _dial(route, keeper)
    except TimeoutError:
        # Also the operating system's own, which is an OSError too.
        raise ConnectTimeout(f"Could not connect to {route.name} within {seconds:g} seconds.") from None
    except (OSError, UnicodeError) as error:
        if _is_out_of_sockets(error):
            raise OutOfSockets(f"Could not connect to {route.name}: this server has no socket left.") from error
        raise ConnectError(f"Could not connect to {route.name}: {_explain(error)}.") from error


async def _dial(route: Route, keeper: Keeper) -> Connection:
    loop = asyncio.get_running_loop()
    sock = await _reach(route)
    try:
        if route.is_tunnel:
            await _tunnel(sock, route)
        connection = Connection(keeper, sock, is_tls=route.tls is not None)
        await loop.create_connection(
            lambda: connection,
            sock=sock,
            ssl=route.tls,
            server_hostname=route.origin.host if route.tls else None,
        )
    except BaseException:
        sock.close()
        raise
    return connection


async def _reach(route: Route) -> socket.socket:
    """A connected socket to the first address that answers."""
    first, *others = _permitted(await _resolve(*route.first_hop, route.lookup), route)
    if not others:
        return await _open(first, route.descriptors)
    return await _race([first, *others], route.descriptors)


async def _resolve(host: str, port: int, lookup: Lookup | None = None) -> Sequence[Address]:
    try:
        # A literal address needs no thread.
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    if lookup is not None:
        return _families_in_turn(await lookup.addresses(host, port))
    return _families_in_turn(await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _permitted(addresses: Sequence[Address], route: Route) -> Sequence[Address]:
    """Those that may be connected to: nobody looks a name up again between here and `connect`."""
    if route.guard is None:
        return addresses
    permitted = [address for address in addresses if route.guard.permits(address[4][0])]
    if not permitted:
        # Without the address: whoever named the host need not learn what is where in our network.
        raise AddressRefused(f"Could not connect to {route.name}: its address is not an allowed one.")
    return permitted


def _families_in_turn(addresses: Sequence[Address]) -> Sequence[Address]:
    """Alternate between the families, beginning with the resolver's favourite."""
    favourite = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    return [address for address in chain(*zip_longest(favourite, others)) if address is not None]


async def _race(addresses: Sequence[Address], descriptors: int = sys.maxsize) -> socket.socket:
    """Try one after another, each with a head start; the first connected socket wins, the others are closed."""
    running: set[asyncio.Task[socket.socket]] = set()
    failure: BaseException = OSError("no address")
    waiting = list(addresses)
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_open(waiting.pop(0), descriptors)))
            wait = HEAD_START if waiting else None
            done, running = await asyncio.wait(running, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            winners = [task.result() for task in done if task.exception() is None]
            if winners:
                for late in winners[1:]:
                    late.close()
                return winners[0]
            failure = next((task.exception() for task in done), None) or failure
        raise failure
    finally:
        for task in running:
            task.add_done_callback(_close_late)
            task.cancel()


def _close_late(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _open(address: Address, descriptors: int = sys.maxsize) -> socket.socket:
    family, kind, protocol, _, place = address
    sock = socket.socket(family, kind, protocol)
    try:
        if sock.fileno() >= descriptors:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        sock.setblocking(False)
        # A request goes out in one piece, and must not wait for the acknowledgement of the last one.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, place)
    except BaseException:
        sock.close()
        raise
    return sock


async def _tunnel(sock: socket.socket, route: Route) -> None:
    """Ask the proxy for a way through to the origin."""
    assert route.proxy is not None
    loop = asyncio.get_running_loop()
    place = route.origin.address.encode("ascii")
    request = b"CONNECT %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (place, place, route.proxy.authorization)
    await loop.sock_sendall(sock, request)
    head = b""
    while b"\r\n\r\n" not in head:
        data = await loop.sock_recv(sock, 4096)
        head += data
        if not data or len(head) > MAX_TUNNEL_HEAD:
            raise ConnectError(f"Could not connect to {route.name}: the proxy gave no proper answer.")
    status = _STATUS.match(head)
    if status is None or not head.endswith(b"\r\n\r\n"):
        # TLS begins with our word: bytes after the head would be somebody else's.
        raise ConnectError(f"Could not connect to {route.name}: the proxy gave no proper answer.")
    if not status[1].startswith(b"2"):
        raise ConnectError(f"Could not connect to {route.name}: the proxy refused ({status[1].decode()}).")


def _is_out_of_sockets(error: Exception) -> bool:
    if not isinstance(error, socket.gaierror):
        return isinstance(error, OSError) and error.errno in _TOO_MANY
    try:
        # Whoever looks names up needs a socket too, and says only that there is no such name.
        socket.socket().close()
    except OSError as reason:
        return reason.errno in _TOO_MANY
    return False


def _explain(error: Exception) -> str:
    match error:
        case socket.gaierror() | UnicodeError():
            return "the name cannot be resolved"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not valid ({error.verify_message})"
        case ssl.SSLError():
            return f"the TLS handshake failed ({error.reason or 'no reason given'})"
        case OSError(errno=int(number)):
            # The loops word these differently, and asyncio puts the resolved address in.
            return os.strerror(number).lower()
        case _:
            return "the connection was closed"

"""
Which addresses may be connected to, where a stranger named the host.

A URL that somebody else wrote must not lead into our own network: not to this machine, not to the
machines beside it, not to a cloud's metadata service, which hands out credentials. A name says
nothing about that, and may mean another address the next time it is looked up. So the question is
put at the last moment, of the very address that is about to be connected to (`dial`).

What may be connected to is what the public internet is made of, and nothing else; the tables are
IANA's registries of special-purpose addresses (RFC 6890), and what clouds put beside them.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network; 0.0.0.0 itself connects to this machine
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a carrier's NAT; some clouds' metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's platform, which every machine there can reach
        "169.254.0.0/16",  # link-local, and nearly every cloud's metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and the broadcast
    )
)

_PUBLIC_V6 = IPv6Network("2000::/3")
"""All there is of it so far; loopback, link-local, unique local, site-local and multicast are elsewhere."""

_SPECIAL_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocols' own, among them Teredo, which holds an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4, which holds another
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)

_NAT64 = IPv6Network("64:ff9b::/96")
"""What a translator makes of IPv4: on a network of IPv6 alone everything public is there (RFC 6052)."""


class Guard:
    """Lets the public internet through, and the networks that were allowed."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def permits(self, host: str) -> bool:
        """Whether an address, as the operating system writes it, may be connected to; a name never may."""
        try:
            address = _meant(ip_address(host))
        except ValueError:
            return False
        return _is_public(address) or any(address in network for network in self._allowed)

    def refuses(self, host: str) -> bool:
        """Whether a URL's host is known to be refused without looking it up: an address in any spelling, or our own."""
        if host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost"):
            return not self.permits("127.0.0.1") and not self.permits("::1")
        try:
            found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (socket.gaierror, UnicodeError):
            return False
        return not any(self.permits(str(address[4][0])) for address in found)


def network(text: str) -> Network:
    """Read `10.0.0.0/8`, `fd00::/8` or a single address; raises ValueError, also for a network with host bits."""
    return ip_network(text)


def _meant(address: Address) -> Address:
    """The IPv4 address that a packet to this IPv6 address ends up at, if there is one."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in special for special in _SPECIAL_V4)
    if address.scope_id is not None:
        return False
    return address in _PUBLIC_V6 and not any(address in special for special in _SPECIAL_V6)

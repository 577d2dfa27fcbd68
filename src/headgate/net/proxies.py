"""
Which proxy an upstream is reached through, in the terms of HTTPS_PROXY, HTTP_PROXY and NO_PROXY.

There is no standard for these; we follow what curl and Go agree on. The environment itself is
read elsewhere: here it is a mapping.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import unquote, urlsplit

_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy."""

    host: str
    port: int
    authorization: bytes = field(default=b"", repr=False)
    """A whole `proxy-authorization` header line, or nothing."""

    @classmethod
    def from_url(cls, url: str) -> "Proxy":
        """Read `[http://][user:password@]host[:port]`; raises ValueError, without the URL in its message."""
        if not _PRINTABLE.fullmatch(url):
            raise ValueError("A proxy's address must be ASCII without spaces.")
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            host, port = parts.hostname or "", parts.port or 80
        except ValueError:  # its message may quote the URL
            raise ValueError("A proxy's address must be host:port, with or without http:// before it.") from None
        if parts.scheme != "http":
            raise ValueError("A proxy must be an http:// one; SOCKS and TLS to the proxy are not supported.")
        if not _HOST.fullmatch(host):
            raise ValueError("A proxy's address has no valid host.")
        if parts.username is None:
            return cls(host, port)
        # The userinfo is %-encoded so that it may hold ":" and "@" (RFC 3986, 3.2.1); the header is not.
        secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return cls(host, port, b"proxy-authorization: Basic " + base64.b64encode(secret.encode()) + b"\r\n")

    @property
    def address(self) -> str:
        """`host:port`, for messages: without the password."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of NO_PROXY: a network, or a name that also stands for all names under it."""

    name: str
    network: IPv4Network | IPv6Network | None
    port: int | None

    @classmethod
    def from_text(cls, text: str) -> "Rule":
        """Read `*`, `name`, `.name`, `*.name`, an address or a network, each with or without `:port`."""
        name, port = _without_port(text.lower())
        if name == "*":
            return cls(name, None, port)
        return cls(name.removeprefix("*").strip("."), _network(name.strip("[]")), port)

    def matches(self, host: str, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            address = _address(host)
            return address is not None and address in self.network
        return self.name == "*" or host == self.name or host.endswith(f".{self.name}")


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which proxy to use for which upstream; without arguments, none for any."""

    http: Proxy | None = None
    https: Proxy | None = None
    no_proxy: tuple[Rule, ...] = ()

    @classmethod
    def from_mapping(cls, environment: Mapping[str, str]) -> "Proxies":
        """Take HTTP_PROXY, HTTPS_PROXY and NO_PROXY, or their lower-case forms, which win."""

        def read(name: str) -> str:
            return (environment.get(name.lower()) or environment.get(name) or "").strip()

        def proxy(name: str) -> Proxy | None:
            try:
                return Proxy.from_url(read(name)) if read(name) else None
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None

        entries = re.split(r"[,\s]+", read("NO_PROXY"))
        rules = tuple(Rule.from_text(entry) for entry in entries if entry.strip("."))
        return cls(proxy("HTTP_PROXY"), proxy("HTTPS_PROXY"), rules)

    def proxy_for(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy to reach that origin through, or None for the straight way."""
        proxy = self.https if scheme == "https" else self.http
        if proxy is None or _is_loopback(host) or any(rule.matches(host, port) for rule in self.no_proxy):
            return None
        return proxy


def _is_loopback(host: str) -> bool:
    """A proxy cannot reach our loopback: it would connect to its own, and to whatever listens there."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _without_port(text: str) -> tuple[str, int | None]:
    """Split `host:port`; the colons of a bare IPv6 address are no port's."""
    name, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and (":" not in name or name.endswith("]")):
        return name, int(port)
    return text, None

"""Where requests go: an address and the headers that are the same every time, prepared once."""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from headgate.net.proxies import Proxy

DEFAULT_PORTS = {"http": 80, "https": 443}

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_URL = re.compile(r"[\x21-\x7e]+")
_HOST = re.compile(r"[A-Za-z0-9._-]+")

_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that say how a message travels: a caller's own would contradict what we do."""


class Origin(NamedTuple):
    """Whom a connection leads to."""

    scheme: str
    host: str
    port: int

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def address(self) -> str:
        """`host:port`, as messages and CONNECT write it."""
        return f"{_bracketed(self.host)}:{self.port}"


class Target:
    """
    A method, a URL and fixed headers; make it once and fetch it often.

    Raises ValueError for a URL that is not plain http(s), or a header that could change the
    request's meaning; the message never holds a header's value or the URL's password.
    """

    __slots__ = ("_absolute_line", "_fields", "_line", "expects_body", "head", "method", "origin", "sends_length")

    def __init__(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        if not (method.isascii() and method.isalpha() and method.isupper()) or method == "CONNECT":
            raise ValueError("The method must be a word in capital letters, and not CONNECT.")
        parts = _split(url)
        self.method = method
        self.origin = _origin(parts)
        self.expects_body = method != "HEAD"
        self.sends_length = method in ("POST", "PUT", "PATCH")
        """These announce even an empty body (RFC 9110, 8.6); the others only one they have."""
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        authority = _authority(self.origin)
        self._line = f"{method} {path} HTTP/1.1\r\n".encode("ascii")
        self._absolute_line = f"{method} http://{authority}{path} HTTP/1.1\r\n".encode("ascii")
        self._fields = {
            "host": f"host: {authority}\r\n".encode("ascii"),
            "accept-encoding": b"accept-encoding: identity\r\n",
            **_fields(list(headers.items())),
        }
        self.head = self._line + b"".join(self._fields.values())
        """The request's head up to where `content-length` goes."""

    def head_with(self, headers: Sequence[tuple[str, str]], proxy: Proxy | None) -> bytes:
        """The head with more headers, which replace ours of the same name, or for a proxy that is asked in the open."""
        fields = {**self._fields, **_fields(headers)}
        line = self._line if proxy is None else self._absolute_line
        pass_on = b"" if proxy is None else proxy.authorization
        return b"".join((line, *fields.values(), pass_on))


def _split(url: str) -> SplitResult:
    # Before urlsplit, which would silently drop line ends and tabs.
    if not _URL.fullmatch(url):
        raise ValueError("The URL must be ASCII without spaces; write other characters as %xx, and hosts as xn--.")
    try:
        parts = urlsplit(url)
    except ValueError:  # its message quotes the URL
        raise ValueError("The URL has no valid host.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("The URL must begin with http:// or https://.")
    if "@" in parts.netloc:
        raise ValueError("The URL must not hold a user or a password; use an authorization header.")
    if "#" in url:
        raise ValueError("The URL must not have a fragment.")
    return parts


def _origin(parts: SplitResult) -> Origin:
    host = parts.hostname or ""
    if ":" in host:
        _check_ipv6(host)
    elif not _HOST.fullmatch(host):
        raise ValueError("The URL has no valid host.")
    port: int | None
    try:
        port = parts.port
    except ValueError:
        port = 0
    origin = Origin(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme])
    # urlsplit overlooks much (`a[::1]b`, `host:`, `host:+80`); what we understood must be all there is.
    if port == 0 or parts.netloc.lower() not in (_bracketed(host), origin.address):
        raise ValueError("The URL has no valid port.")
    return origin


def _check_ipv6(host: str) -> None:
    # A zone (%eth0) means something on this machine only, and has no place in a Host header.
    try:
        is_valid = IPv6Address(host).scope_id is None
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError("The URL has no valid IPv6 address.")


def _authority(origin: Origin) -> str:
    """The host header: the port only where it is not the scheme's own."""
    return _bracketed(origin.host) if origin.port == DEFAULT_PORTS[origin.scheme] else origin.address


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _fields(headers: Sequence[tuple[str, str]]) -> dict[str, bytes]:
    """Header lines by lower-case name; a name that comes twice keeps both of its lines."""
    fields: dict[str, bytes] = {}
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise ValueError("A header's name holds a character that may not be there.")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"The value of the header {name} holds a character that may not be there.")
        key = name.lower()
        if key in _OURS:
            raise ValueError(f"The header {name} is not the caller's to set.")
        fields[key] = fields.get(key, b"") + f"{name}: {value}\r\n".encode("latin-1")
    return fields

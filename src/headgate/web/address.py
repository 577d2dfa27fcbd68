"""The address of this server as its clients know it."""

import re

from headgate.web.http import Request

MAX_HOST = 255

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class PublicAddress:
    """
    Builds the addresses that clients are given.

    A configured one is used as it is. Otherwise it is what the request itself says: the host it was
    sent to, or the one a proxy before us says it was sent to. Anybody may lie there, but lies only to
    itself, as long as what is built goes to nobody else: see that it is not kept, and not cached.
    """

    def __init__(self, configured: str | None) -> None:
        self._configured = None if configured is None else configured.rstrip("/")

    def of(self, request: Request) -> str:
        """The address up to the path, without a slash at its end."""
        if self._configured is not None:
            return self._configured
        return f"{_scheme(request)}://{_host(request)}"


def _scheme(request: Request) -> str:
    said = _first(request, b"x-forwarded-proto").lower()
    return said if said in ("http", "https") else str(request.scope["scheme"])


def _host(request: Request) -> str:
    for header in (b"x-forwarded-host", b"host"):
        host = _first(request, header)
        if len(host) <= MAX_HOST and _HOST.fullmatch(host):
            return host
    host, port = request.scope.get("server") or ("localhost", None)
    name = f"[{host}]" if ":" in host else host
    return name if port is None else f"{name}:{port}"


def _first(request: Request, header: bytes) -> str:
    """What the first proxy said, the one that the client spoke to; each adds its own after it."""
    return request.headers.get(header, b"").decode("latin-1").partition(",")[0].strip()

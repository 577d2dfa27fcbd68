"""
Where requests go: every path of the server, declared once.

The declaration serves twice. The gate looks paths up in it directly, because a web framework's
routing and middleware cost as much as the rest of a short request; FastAPI reads it for /docs and
/openapi.json.

A path of a socket is also one of HTTP, for those who ask without an upgrade and those who read of it.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import TypeAlias

import msgspec

from headgate.errors import BadRequest, HeadgateError
from headgate.web.doc import Doc
from headgate.web.http import Request
from headgate.web.socket import SocketRoute

Handler: TypeAlias = Callable[[Request], Awaitable[None]]
ErrorBody: TypeAlias = Callable[[HeadgateError], bytes]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path."""

    method: str
    path: str
    """May hold parameters: `{id}` for one segment, `{id:path}` for the rest."""
    handler: Handler
    error: ErrorBody
    """How this route's clients want to be told of an error."""
    doc: Doc
    needs_key: bool = True


class UpgradeRequired(BadRequest):
    """A path that is a WebSocket, asked without the upgrade."""

    status = 426
    code = "upgrade_required"


class Routes:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[Route | SocketRoute], twins: Iterable[Route | SocketRoute] = ()) -> None:
        routes, twins = list(routes), list(twins)
        answered = {route.path for route in (*routes, *twins) if isinstance(route, Route) and route.method == "GET"}
        self.all = _http(routes, answered)
        """Those that are told of."""
        self.twins = _http(twins, answered)
        """The same as others at another path."""
        routes += twins
        self._every = self.all + self.twins
        self._sockets = [(_pattern(route.path), route) for route in routes if isinstance(route, SocketRoute)]
        self._fixed = {(route.method, route.path): route for route in self._every if "{" not in route.path}
        self._patterns = [(_pattern(route.path), route) for route in self._every if "{" in route.path]
        self._by_method: dict[str, list[tuple[str, re.Pattern[str], Route]]] = {}
        """The patterns that a method is looked up in, each with what its paths begin with."""
        for pattern, route in self._patterns:
            for method in ("GET", "HEAD") if route.method == "GET" else (route.method,):
                known = self._by_method.setdefault(method, [])
                known.append((route.path.partition("{")[0], pattern, route))
        for route in self._every:
            if route.method == "GET":
                self._fixed.setdefault(("HEAD", route.path), route)

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route and its path's parameters."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, {}
        for beginning, pattern, route in self._by_method.get(method, ()):
            # Most patterns are refused by this alone, in a tenth of the time.
            if path.startswith(beginning) and (found := pattern.fullmatch(path)):
                return route, found.groupdict()
        return None

    def find_socket(self, path: str) -> tuple[SocketRoute, Mapping[str, str]] | None:
        """The WebSocket's route and its path's parameters."""
        for pattern, route in self._sockets:
            if found := pattern.fullmatch(path):
                return route, found.groupdict()
        return None

    def error_of(self, path: str) -> ErrorBody | None:
        """How clients of the API that has this path, or paths beside it, want to be told of an error."""
        for route in self._every:
            if route.path == path:
                return route.error
        for pattern, route in self._patterns:
            if pattern.fullmatch(path):
                return route.error
        # A folder that belongs to one API alone.
        first = path[1:].partition("/")[0]
        beside = {route.error for route in self._every if route.path[1:].partition("/")[0] == first}
        return beside.pop() if len(beside) == 1 else None

    def methods(self, path: str) -> set[str]:
        """The methods that path knows."""
        known = {method for method, fixed in self._fixed if fixed == path}
        known |= {route.method for pattern, route in self._patterns if pattern.fullmatch(path)}
        return known | {"HEAD"} if "GET" in known else known


def _http(routes: Iterable[Route | SocketRoute], answered: Collection[str]) -> list[Route]:
    """All of them without an upgrade; a socket's path may be answered by a route of its own."""
    return [
        _plain(route) if isinstance(route, SocketRoute) else route
        for route in routes
        if isinstance(route, Route) or route.path not in answered
    ]


def _plain(socket: SocketRoute) -> Route:
    async def refuse(request: Request) -> None:
        request.add_headers(b"upgrade: websocket\r\n")
        raise UpgradeRequired("This is a WebSocket: ask with 'Connection: Upgrade' and 'Upgrade: websocket'.")

    return Route(method="GET", path=socket.path, handler=refuse, error=socket.error, doc=socket.doc)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(:path)?\}", path)
    pattern = re.escape(parts[0])
    for name, rest, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        pattern += f"(?P<{name}>{'.+' if rest else '[^/]+'}){re.escape(literal)}"
    return re.compile(pattern)

"""
What becomes of every request, told to those who watch the server.

All of it is said when a request is over, so that nothing is paid for while it is answered.
"""

import time
from typing import Any

from headgate.errors import HeadgateError
from headgate.keys import Keys
from headgate.metrics import Meters
from headgate.metrics.families import OTHER
from headgate.observe.access import AccessLog, Line, short_path
from headgate.observe.facts import facts_of
from headgate.web.exchange import Exchange
from headgate.web.http import Request
from headgate.web.socket import Socket

CLIENT_LEFT = 499
"""The status of an answer that nobody waited for; no client ever sees it, and log readers know it from nginx."""

SWITCHED = 101

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Watch:
    """Told of every request and every WebSocket that is over."""

    def __init__(self, meters: Meters, keys: Keys, access: AccessLog | None = None) -> None:
        self._meters, self._keys, self._access = meters, keys, access
        self.active = 0
        """Requests that are being answered."""
        meters.active_requests.read_one(lambda: self.active)

    def on_request(self, request: Request, route: str | None, status: int = 0) -> None:
        """One is over; `route` is its path's template, `status` what was answered past the exchange."""
        exchange, now = request.exchange, time.perf_counter()
        status = exchange.status or status or CLIENT_LEFT
        method = request.scope["method"]
        labels = (method if method in METHODS else OTHER, route or OTHER, str(status))
        self._meters.requests.of(*labels).observe(now - exchange.came_at)
        if self._access is not None:
            self._write(self._access, request, route, status, now)

    def on_socket(self, socket: Socket, route: str, came_at: float) -> None:
        """One is closed, or was refused."""
        status = SWITCHED if socket.is_accepted else socket.status or CLIENT_LEFT
        self._meters.sockets.of(route, str(status)).add()
        if self._access is not None:
            line = _line(socket.scope, route, status, time.perf_counter() - came_at)
            line.key = self._keys.name(socket.headers)
            line.end = "answered" if socket.is_accepted else "refused"
            self._access.add(line)

    def on_refusal(self, error: HeadgateError, client: tuple[str, int] | None) -> None:
        """Somebody was turned away before there was a request."""
        self._meters.refused_heads.of(error.code).add()
        if self._access is not None:
            scope = {"method": "-", "client": client, "path": ""}
            line = _line(scope, None, error.status, 0.0)
            line.end, line.code = "refused", error.code
            self._access.add(line)

    def _write(self, access: AccessLog, request: Request, route: str | None, status: int, now: float) -> None:
        exchange, run = request.exchange, request.run
        line = _line(request.scope, route, status, now - exchange.came_at)
        line.first_ms = _ms(exchange.first_at - exchange.came_at) if exchange.first_at else None
        line.bytes = exchange.sent
        line.key = self._keys.name(request.headers)
        line.end, line.code = _end(request, exchange)
        if run is None:
            access.add(line)
            return
        is_ending = line.end == "client_left" and not run.head.keep and not run.is_over
        if request.is_maker and is_ending:
            # What it cost is known in a moment.
            access.add_when_over(line, run)
            return
        line.tell_of(run, is_maker=request.is_maker)
        access.add(line)


def _line(scope: Any, route: str | None, status: int, seconds: float) -> Line:
    client = scope["client"]
    return Line(
        time=time.time(),
        method=scope.get("method", "GET")[:10],
        route=route,
        path=short_path(scope["path"]) if route is None else None,
        status=status,
        first_ms=None,
        ms=_ms(seconds),
        bytes=0,
        client=client[0] if client else None,
        key=None,
        end="answered",
    )


def _end(request: Request, exchange: Exchange) -> tuple[str, str | None]:
    """How a request ended, and why."""
    run = request.run
    if exchange.is_left and not exchange.is_cut:
        return "client_left", None
    if request.error is not None and (run is None or not run.is_over):
        return "refused", request.error.code
    if run is None:
        return "answered", None
    facts = facts_of(run)
    return facts.status, facts.code or None


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)

"""
What becomes of every request, told to those who watch the server.

All of it is said when a request is over, so that nothing is paid for while it is answered.
"""

import time
from typing import Any

from headgate.errors import HeadgateError
from headgate.keys import ANYBODY, Keys
from headgate.metrics import Meters
from headgate.metrics.families import OTHER
from headgate.metrics.numbers import Histogram
from headgate.observe.access import AccessLog, Entry
from headgate.observe.bills import Bills
from headgate.observe.facts import Facts, facts_of
from headgate.runs import Run
from headgate.web.exchange import Exchange
from headgate.web.http import Request
from headgate.web.socket import Socket

CLIENT_LEFT = 499
"""The status of an answer that nobody waited for; no client ever sees it, and log readers know it from nginx."""

SWITCHED = 101

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Watch:
    """Told of every request and every WebSocket that is over."""

    def __init__(self, meters: Meters, keys: Keys, bills: Bills, access: AccessLog | None = None) -> None:
        self._meters, self._keys, self._access = meters, keys, access
        self._bills = bills
        self._durations: dict[tuple[str, str | None, int], Histogram] = {}
        """Those of requests that were alike."""
        self.active = 0
        """Requests that are being answered."""
        meters.active_requests.read_one(lambda: self.active)

    def on_request(self, request: Request, route: str | None, status: int = 0) -> None:
        """One is over; `route` is its path's template, `status` what was answered past the exchange."""
        exchange, now = request.exchange, time.perf_counter()
        status = exchange.status or status or CLIENT_LEFT
        duration = self._durations.get((request.scope["method"], route, status))
        if duration is None:
            duration = self._look_up(request.scope["method"], route, status)
        duration.observe(now - exchange.came_at)
        if request.told is not None and (usage := request.told.facts.usage) is not None:
            facts = request.told.facts
            self._bills.add(facts.provider, self._meters.models.of(facts.model), usage)
        if self._access is not None:
            self._write(self._access, request, route, status, now)

    def _look_up(self, method: str, route: str | None, status: int) -> Histogram:
        duration = self._meters.requests.of(method if method in METHODS else OTHER, route or OTHER, str(status))
        if method in METHODS:
            # Any other is a client's invention, of which there may be many.
            self._durations[method, route, status] = duration
        return duration

    def on_socket(self, socket: Socket, route: str, came_at: float) -> None:
        """One is closed, or was refused."""
        status = SWITCHED if socket.is_accepted else socket.status or CLIENT_LEFT
        self._meters.sockets.of(route, str(status)).add()
        if self._access is not None:
            entry = _entry(socket.scope, route, status, came_at, time.perf_counter())
            entry.key = self._keys.name(socket.headers)
            entry.end = "answered" if socket.is_accepted else "refused"
            self._access.add(entry)

    def on_turn(self, socket: Socket, route: str, run: Run | None, error: HeadgateError | None, came_at: float) -> None:
        """One of the questions on a WebSocket is over."""
        if self._access is None:
            return
        entry = _entry(socket.scope, route, 200 if error is None else error.status, came_at, time.perf_counter())
        entry.key = self._keys.name(socket.headers)
        if run is None:
            entry.end, entry.code = "refused", None if error is None else error.code
            self._access.add(entry)
            return
        facts = facts_of(run)
        is_left = facts.status == "running"
        entry.end, entry.code = "client_left" if is_left else facts.status, facts.code or None
        self._tell(self._access, entry, run, facts)

    def on_refusal(self, error: HeadgateError, client: tuple[str, int] | None) -> None:
        """Somebody was turned away before there was a request."""
        self._meters.refused_heads.of(error.code).add()
        if self._access is not None:
            now = time.perf_counter()
            entry = _entry({"method": "-", "client": client, "path": ""}, None, error.status, now, now)
            entry.end, entry.code = "refused", error.code
            self._access.add(entry)

    def _write(self, access: AccessLog, request: Request, route: str | None, status: int, now: float) -> None:
        exchange, run = request.exchange, request.run
        entry = _entry(request.scope, route, status, exchange.came_at, now)
        entry.first_at, entry.sent = exchange.first_at, exchange.sent
        if run is None or not request.is_maker:
            entry.key = self._keys.name(request.headers)
        elif run.head.owner != ANYBODY:
            entry.key = run.head.owner
        facts = None if run is None else facts_of(run)
        entry.end, entry.code = _end(request, exchange, facts)
        if run is not None and facts is not None:
            if request.is_maker:
                self._tell(access, entry, run, facts)
                return
            entry.tell_of(run, facts, is_maker=False)
        if request.told is not None:
            entry.asked, entry.facts, entry.attempts = request.told
        access.add(entry)

    @staticmethod
    def _tell(access: AccessLog, entry: Entry, run: Run, facts: Facts) -> None:
        """Of the run that was made; what it cost is known in a moment when it ends with its client."""
        if entry.end == "client_left" and not run.head.keep and not run.is_over:
            access.add_when_over(entry, run)
        else:
            entry.tell_of(run, facts, is_maker=True)
            access.add(entry)


def _entry(scope: Any, route: str | None, status: int, came_at: float, now: float) -> Entry:
    client = scope["client"]
    address = client[0] if client else None
    method = scope.get("method", "GET")
    return Entry(time.time(), method, route, scope["path"], status, came_at, 0.0, now, 0, address, None)


def _end(request: Request, exchange: Exchange, facts: Facts | None) -> tuple[str, str | None]:
    """How a request ended, and why."""
    if exchange.is_left and not exchange.is_cut:
        return "client_left", None
    if request.error is not None and (facts is None or facts.status == "running"):
        return "refused", request.error.code
    if facts is None:
        return "answered", None
    return facts.status, facts.code or None

"""
The gate: every request comes in here and every error goes out here.

A pure ASGI application without middleware. A wrapper around `send` would be paid for with every
token; what all answers have in common (CORS, a few security headers) is a list made at start.
"""

import logging
import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from headgate.errors import BadRequest, Forbidden, HeadgateError, NotFound
from headgate.formats import openai
from headgate.web.http import Message, Receive, Request, Scope, Send
from headgate.web.policy import SECURITY
from headgate.web.routes import ErrorBody, Routes
from headgate.web.socket import FAILED, Socket
from headgate.web.watching import Watch

log = logging.getLogger(__name__)

EXPOSED = (
    b"access-control-expose-headers: headgate-run, headgate-provider, headgate-attempts, headgate-upstream-request, "
    b"x-request-id, request-id, retry-after, retry-after-ms, "
    b"x-workflow-run-id, x-workflow-stream-tail-index\r\n"
)
"""What a page of another origin may read."""

OPEN = SECURITY + b"access-control-allow-origin: *\r\n" + EXPOSED

BROKEN = "The gateway failed; its log says why."

LONGEST_WAIT = 60.0
"""Seconds that a client is told to wait, whatever a provider says: some SDKs sleep for hours if told to."""

PREFLIGHT_KEPT = 86400
"""Seconds a browser need not ask again."""


class MethodNotAllowed(BadRequest):
    """A path that exists, asked in a way that does not."""

    status = 405
    code = "method_not_allowed"


class Gate:
    """The ASGI application."""

    def __init__(self, routes: Routes, pages: Any, origins: Sequence[str], watch: Watch) -> None:
        self._routes, self._pages, self._watch = routes, pages, watch
        self._origins = None if "*" in origins else frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or serve one WebSocket."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        found = self._routes.find(scope["method"], scope["path"])
        if found is None:
            await self._elsewhere(scope, receive, send)
            return
        route, path_parameters = found
        request = Request(scope, receive, path_parameters, OPEN if self._origins is None else self._common(scope))
        watch = self._watch
        watch.active += 1
        try:
            await route.handler(request)
        except HeadgateError as error:
            self._refuse(request, error, route.error)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            self._refuse(request, HeadgateError(BROKEN), route.error)
        finally:
            watch.active -= 1
            watch.on_request(request, route.path)

    def has_socket(self, path: str) -> bool:
        """Whether a WebSocket can be had there."""
        return self._routes.find_socket(path) is not None

    def on_refusal(self, error: HeadgateError, client: tuple[str, int] | None) -> None:
        """A connection was turned away before it had a request."""
        self._watch.on_refusal(error, client)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._routes.find_socket(scope["path"])
        assert found is not None, "the connection asks before it upgrades"
        route, path_parameters = found
        socket = Socket(scope, receive, send, path_parameters, self._common(scope))
        came_at = time.perf_counter()
        socket.on_turn = partial(self._watch.on_turn, socket, route.path)
        try:
            self._check_origin(socket)
            await route.handler(socket)
        except HeadgateError as error:
            await refuse_socket(socket, error, route.error)
        except Exception:
            log.exception("The WebSocket at %s failed", scope["path"])
            await refuse_socket(socket, HeadgateError(BROKEN), route.error)
        finally:
            self._watch.on_socket(socket, route.path, came_at)
        await socket.close()

    def _check_origin(self, socket: Socket) -> None:
        """Browsers open sockets to anywhere and send cookies along; they only say where the page is from."""
        origin = socket.headers.get(b"origin")
        if origin is None or self._origins is None or origin in self._origins:
            return
        if origin.partition(b"://")[2] != socket.headers.get(b"host"):
            raise Forbidden("Pages of this origin may not open sockets here.", code="origin_not_allowed")

    def _common(self, scope: Scope) -> bytes:
        """What every answer says, whatever it answers."""
        if self._origins is None:
            return OPEN
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        if origin is None or origin not in self._origins:
            return SECURITY + b"vary: origin\r\n"
        return SECURITY + b"access-control-allow-origin: %b\r\nvary: origin\r\n" % origin + EXPOSED

    def _refuse(self, request: Request, error: HeadgateError, body: ErrorBody, headers: bytes = b"") -> None:
        request.error = error.bare()
        if request.has_begun:
            # Too late for a status: what was promised as whole must not look whole.
            request.cut()
            return
        request.answer(error.status, body(error), headers + _headers(error))

    async def _elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Paths that are not data: the documentation, CORS preflights, and what does not exist."""
        request = Request(scope, receive, {}, self._common(scope))
        if scope["method"] == "OPTIONS":
            self._preflight(request)
            self._watch.on_request(request, None)
            return
        methods = self._routes.methods(scope["path"])
        error: HeadgateError
        if methods:
            known = ", ".join(sorted(methods))
            error = MethodNotAllowed(f"{scope['path'][:200]} takes {known}, not {scope['method']}.")
            self._refuse(
                request,
                error,
                self._routes.error_of(scope["path"]) or openai.error_body,
                b"allow: %b\r\n" % known.encode(),
            )
        elif scope["path"] in self._pages.paths:
            await self._page(request, receive, send)
            return
        else:
            error = NotFound(f"There is nothing at {scope['path'][:200]}. The paths are listed at /docs.")
            self._refuse(request, error, self._routes.error_of(scope["path"]) or openai.error_body)
        self._watch.on_request(request, None)

    async def _page(self, request: Request, receive: Receive, send: Send) -> None:
        """The documentation, which speaks ASGI."""
        path, status = request.scope["path"], 0

        async def sent(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._pages(request.scope, receive, sent)
        finally:
            self._watch.on_request(request, path, status)

    def _preflight(self, request: Request) -> None:
        wanted = request.headers.get(b"access-control-request-headers", b"*")
        headers = (
            b"access-control-allow-methods: GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS\r\n"
            b"access-control-allow-headers: %b\r\naccess-control-max-age: %d\r\n" % (wanted, PREFLIGHT_KEPT)
        )
        request.answer(204, b"", headers)


async def refuse_socket(socket: Socket, error: HeadgateError, body: ErrorBody) -> None:
    """Say no to a WebSocket, whether it is one already or not."""
    if socket.is_accepted:
        await socket.close(FAILED, error.message)
    else:
        await socket.refuse(error.status, body(error), _headers(error))


def _headers(error: HeadgateError) -> bytes:
    headers = b""
    if error.retry_after is not None:
        wait = min(error.retry_after, LONGEST_WAIT)
        # Whole seconds for everybody; the SDKs look for the finer number first.
        headers += b"retry-after: %d\r\n" % max(1, math.ceil(wait))
        if wait % 1:
            headers += b"retry-after-ms: %d\r\n" % (wait * 1000)
    if error.status == 401 or error.challenge:
        headers += f"www-authenticate: Bearer {error.challenge}".rstrip().encode() + b"\r\n"
    return headers

"""
One request and its answer, as uvicorn knows them: what most begin with is said once for all of them.

uvicorn's own sets twenty fields for each request, makes an asyncio.Event, and has its task found and forgotten by a
callback, which together are a good part of what a short request takes.
"""

import asyncio
import logging
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

log = logging.getLogger(__name__)


class Cycle(RequestResponseCycle):
    """One request of a connection's."""

    logger = access_logger = log
    access_log = False
    disconnected = False
    more_body = True
    body: bytes = b""  # type: ignore[assignment]
    """What came of the request's body and was not taken yet."""
    response_started = False
    response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0
    task: asyncio.Task[None] | None = None
    """Who answers."""
    has_news = False
    """Whether something came, or ended, that whoever answers was not told of."""
    waiter: asyncio.Future[None] | None = None
    """Whoever waits for news."""

    def __init__(self, protocol: HttpToolsProtocol, scope: Any) -> None:
        self.scope, self._protocol = scope, protocol
        self.transport, self.flow = protocol.transport, protocol.flow
        self.keep_alive = scope["http_version"] != "1.0" and protocol.parser.should_keep_alive()
        self.waiting_for_100_continue = protocol.expect_100_continue
        # What is looked at often belongs to each: to find it in the class takes four times as long.
        self.disconnected = self.response_complete = False
        self.waiter = None

    @property
    @override
    def default_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override]
        """What every answer says that comes through ASGI."""
        return self._protocol.server_state.default_headers

    @override
    def on_response(self) -> None:
        """The answer is over."""
        self._protocol.on_response_complete()

    @property
    @override
    def message_event(self) -> "Cycle":  # type: ignore[override]
        """What uvicorn sets when there is news."""
        return self

    def set(self) -> None:
        """There is news."""
        self.has_news = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def clear(self) -> None:
        """It is known."""
        self.has_news = False

    async def wait(self) -> None:
        """Until there is news; for one who waits, where asyncio.Event is for many."""
        if not self.has_news:
            self.waiter = asyncio.get_running_loop().create_future()
            try:
                await self.waiter
            finally:
                self.waiter = None

    @override
    async def run_asgi(self, app: Any) -> None:
        try:
            await app(self.scope, self.receive, self.send)
        except (Exception, asyncio.CancelledError):
            log.exception("%s %s failed", self.scope["method"], self.scope["path"])
        finally:
            if self.task is not None:
                self._protocol.tasks.discard(self.task)
        if not (self.response_complete or self.disconnected):
            await self._end_badly()

    async def _end_badly(self) -> None:
        """Whoever was to answer has not: nobody may wait for it for ever."""
        if self.response_started:
            self.transport.close()
        else:
            await self.send_500_response()

"""
The documentation's pages: /docs, /redoc and /openapi.json.

FastAPI makes them from the declared routes. It takes half a second to load, so it is loaded in a
thread while the server answers already, and whoever asks for a page before that waits for it.
"""

import asyncio
from typing import TYPE_CHECKING

from headgate.web.http import Receive, Scope, Send
from headgate.web.pages import paths
from headgate.web.routes import Routes

if TYPE_CHECKING:
    from headgate.web.pages.application import Application

__all__ = ["Pages"]


class Pages:
    """An ASGI application for those paths."""

    paths = paths.ALL

    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        """The routes they tell of."""
        self._application: Application | None = None
        self._loading = asyncio.Lock()

    async def prepare(self) -> None:
        """Load what they need; comes back at once where that is done."""
        async with self._loading:
            if self._application is None:
                self._application = await asyncio.to_thread(_load, self.routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._application is None:
            await self.prepare()
        assert self._application is not None
        await self._application(scope, receive, send)


def _load(routes: Routes) -> "Application":
    from headgate.web.pages.application import Application

    application = Application(routes)
    application.openapi()
    return application

"""The documentation's pages: /docs, /redoc and /openapi.json."""

from headgate.web.http import Receive, Scope, Send
from headgate.web.routes import Routes


class Pages:
    """An ASGI application for those paths."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self.paths: frozenset[str] = frozenset()

    async def prepare(self) -> None:
        """Load what they need."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

"""The server itself: a welcome, the module for pages, and whether it is well."""

import time

import msgspec

from headgate import __version__
from headgate.dialects.docs import service as docs
from headgate.formats import openai
from headgate.runs import Engine
from headgate.web import module, welcome
from headgate.web.accept import prefers_html
from headgate.web.http import Request
from headgate.web.routes import Route

VARY = b"vary: accept\r\n"
"""A cache must not give one's answer to the other."""


class Service:
    """The endpoints."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._page = welcome.page()
        self._module = module.module()

    async def welcome(self, request: Request) -> None:
        """Say where things are: to a browser with a page."""
        if prefers_html(request.headers.get(b"accept", b"")):
            request.answer(200, self._page.body, self._page.headers + VARY, kind=b"text/html; charset=utf-8")
            return
        body = {
            "message": "Welcome to the Chatbot API",
            "name": "Headgate",
            "version": __version__,
            "docs": "/docs",
            "models": "/v1/models",
        }
        request.answer(200, msgspec.json.encode(body), VARY)

    async def script(self, request: Request) -> None:
        """The module for pages."""
        text = self._module
        is_known = text.is_known(request.headers.get(b"if-none-match"))
        request.answer(304 if is_known else 200, b"" if is_known else text.body, text.headers, kind=module.KIND)

    async def health(self, request: Request) -> None:
        """Whether runs can be started and kept."""
        trouble = self._engine.trouble
        body = {
            "status": "healthy" if trouble is None else "unhealthy",
            "version": __version__,
            "timestamp": int(time.time()),
            "components": {"db_pings": "ok" if trouble is None else trouble.message},
        }
        request.answer(200 if trouble is None else 503, msgspec.json.encode(body))


def routes(engine: Engine) -> list[Route]:
    """The routes of this dialect."""
    service = Service(engine)
    return [
        Route(
            method="GET",
            path="/",
            handler=service.welcome,
            error=openai.error_body,
            doc=docs.WELCOME,
            needs_key=False,
        ),
        Route(
            method="GET",
            path=module.PATH,
            handler=service.script,
            error=openai.error_body,
            doc=docs.MODULE,
            needs_key=False,
        ),
        Route(
            method="GET",
            path="/health",
            handler=service.health,
            error=openai.error_body,
            doc=docs.HEALTH,
            needs_key=False,
        ),
    ]

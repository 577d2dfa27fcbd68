"""The server itself: a welcome, and whether it is well."""

import time

import msgspec

from headgate import __version__
from headgate.formats import openai
from headgate.runs import Engine
from headgate.web.http import Request
from headgate.web.routes import Doc, Route


class Service:
    """The endpoints."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def welcome(self, request: Request) -> None:
        """Say where things are."""
        body = {
            "message": "Welcome to the Chatbot API",
            "name": "Headgate",
            "version": __version__,
            "docs": "/docs",
            "models": "/v1/models",
        }
        request.answer(200, msgspec.json.encode(body))

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
            doc=Doc(summary="Welcome", tag="Service"),
        ),
        Route(
            method="GET",
            path="/health",
            handler=service.health,
            error=openai.error_body,
            doc=Doc(summary="Health", tag="Service"),
        ),
    ]

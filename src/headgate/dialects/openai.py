"""
OpenAI's endpoints for text: chat completions, legacy completions; and its models.

Both do the same: read the request strictly, find the provider, start a run, and write its
log in their own format. Responses can more, and have a place of their own (`responses`).
"""

import time

import msgspec

from headgate.dialects import drop_in
from headgate.dialects.docs import chat, completions, models
from headgate.errors import BadRequest, NotFound
from headgate.formats import openai, openai_chat, openai_completions
from headgate.keys import Keys
from headgate.runs import Engine
from headgate.web.answers import Face, answer
from headgate.web.doc import Doc
from headgate.web.http import Request
from headgate.web.routes import Handler, Route
from headgate.web.starting import begin

CHAT = Face(openai_chat.read, openai_chat.Writer, openai_chat.whole, cuts=True)
COMPLETIONS = Face(openai_completions.read, openai_completions.Writer, openai_completions.whole, cuts=True)


class Bounds(msgspec.Struct, frozen=True):
    """What a request's body may take."""

    bytes: int
    seconds: float


class OpenAI:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, keys: Keys, bounds: Bounds, started: int) -> None:
        self._engine, self._keys, self._bounds, self._started = engine, keys, bounds, started

    def ask(self, face: Face) -> Handler:
        """The handler of one endpoint that makes runs."""

        async def handle(request: Request) -> None:
            owner = self._keys.owner(request.headers)
            body = await request.body(self._bounds.bytes, self._bounds.seconds)
            check_text(body)
            call = drop_in.meant(self._engine.catalogue, request.scope, face.read(body))
            begun = await begin(self._engine, request, call, owner=owner, body=body)
            if begun is not None:
                await answer(self._engine, begun.run, call, face, request)

        return handle

    async def models(self, request: Request) -> None:
        """Every model there is a name for."""
        self._keys.owner(request.headers)
        data = [self._model(name, provider) for name, provider in await self._engine.catalogue.listing()]
        request.answer(200, msgspec.json.encode({"object": "list", "data": data}))

    async def model(self, request: Request) -> None:
        """One of them; its name may hold slashes."""
        self._keys.owner(request.headers)
        wanted = drop_in.named(self._engine.catalogue, request.scope, request.path_parameters["id"])
        for name, provider in await self._engine.catalogue.listing():
            if name == wanted:
                request.answer(200, msgspec.json.encode(self._model(name, provider)))
                return
        raise NotFound(f"The model '{wanted[:100]}' does not exist.", code="model_not_found", param="model")

    def _model(self, name: str, provider: str) -> dict[str, object]:
        return {"id": name, "object": "model", "created": self._started, "owned_by": provider}


def check_text(body: bytes) -> None:
    """Parts of a request are handed on unread, so what is no text must be found before."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(
            f"The request body is not valid UTF-8: {error.reason} at {error.start}.", code="invalid_json"
        ) from None


def routes(engine: Engine, keys: Keys, bounds: Bounds) -> list[Route]:
    """The routes of this dialect."""
    endpoints = OpenAI(engine, keys, bounds, int(time.time()))

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path=path, handler=handler, error=openai.error_body, doc=doc)

    return [
        route("POST", "/v1/chat/completions", endpoints.ask(CHAT), chat.DOC),
        route("POST", "/v1/completions", endpoints.ask(COMPLETIONS), completions.DOC),
        route("GET", "/v1/models", endpoints.models, models.LIST),
        route("GET", "/v1/models/{id:path}", endpoints.model, models.SHOW),
    ]

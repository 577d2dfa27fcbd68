"""
Google's Gemini API under /genai: generateContent, streamGenerateContent, countTokens, embeddings, models.

The model stands in the path and may hold slashes: `/genai/v1beta/models/openai/gpt-4o:generateContent`.
"""

from typing import Any

import msgspec

from headgate.dialects import embeddings
from headgate.dialects.counting import answer_count
from headgate.dialects.docs import gemini as docs
from headgate.dialects.openai import Bounds, check_text
from headgate.errors import BadRequest, NotFound
from headgate.formats import gemini
from headgate.keys import Keys, key_in
from headgate.runs import Engine
from headgate.runs.errands import Errands
from headgate.web.answers import Face, answer
from headgate.web.doc import Doc
from headgate.web.http import Request
from headgate.web.routes import Handler, Route
from headgate.web.starting import begin

EVENTS = Face(gemini.read, gemini.Writer, gemini.whole, cuts=True, keep_alive=gemini.KEEP_ALIVE)
ARRAY = Face(
    gemini.read,
    gemini.ArrayWriter,
    gemini.whole,
    cuts=True,
    kind=b"application/json; charset=utf-8",
    keep_alive=gemini.KEEP_ALIVE,
)

VERSIONS = frozenset({"v1", "v1beta", "v1alpha"})
"""Which of them a client asks for makes no difference here."""

METHODS = ("generateContent", "countTokens")
"""What every model listed can be asked, as Google's list says it."""


class Gemini:
    """The endpoints, over one engine."""

    def __init__(self, engine: Engine, errands: Errands, keys: Keys, bounds: Bounds) -> None:
        self._engine, self._errands, self._keys, self._bounds = engine, errands, keys, bounds

    def ask(self, *, stream: bool) -> Handler:
        """The handler of one endpoint that makes runs."""

        async def handle(request: Request) -> None:
            owner = self._owner(request)
            face = _face(request) if stream else EVENTS
            body = await self._body(request)
            call = gemini.asked(body, _asked_model(request), stream=stream)
            begun = await begin(self._engine, request, call, owner=owner, body=body)
            if begun is not None:
                await answer(self._engine, begun.run, call, face, request)

        return handle

    async def count(self, request: Request) -> None:
        """How many tokens a request has: as the provider counts them, or about."""
        self._owner(request)
        body, model = await self._body(request), _asked_model(request)
        await answer_count(self._errands, request, gemini.counted(body, model), _count_body, body=body)

    def embed(self, *, single: bool) -> Handler:
        """The handler of one endpoint that makes vectors."""

        async def handle(request: Request) -> None:
            self._owner(request)
            call = gemini.read_embed(await self._body(request), _asked_model(request), single=single)
            await embeddings.answer(self._errands, request, call, gemini.embed_pieces)

        return handle

    async def models(self, request: Request) -> None:
        """Every model there is a name for."""
        self._owner(request)
        listing = await self._engine.catalogue.answering()
        body = {"models": [_model(name, provider) for name, provider in listing]}
        request.answer(200, msgspec.json.encode(body))

    async def model(self, request: Request) -> None:
        """One of them."""
        self._owner(request)
        wanted = request.path_parameters["model"]
        for name, provider in await self._engine.catalogue.answering():
            if name == wanted:
                request.answer(200, msgspec.json.encode(_model(name, provider)))
                return
        raise NotFound(f"The model '{wanted[:100]}' does not exist.", code="model_not_found", param="model")

    def _owner(self, request: Request) -> str:
        """Who asks; Google's oldest clients put the key into the query, where nobody else must look for it."""
        version = request.path_parameters["version"]
        if version not in VERSIONS:
            raise NotFound(f"There is no version '{version[:20]}' of this API, but {', '.join(sorted(VERSIONS))}.")
        headers = request.headers
        if b"key=" in request.scope["query_string"] and not key_in(headers):
            headers = {**headers, b"x-goog-api-key": request.query().get("key", "").encode()}
        return self._keys.owner(headers)

    async def _body(self, request: Request) -> bytes:
        body = await request.body(self._bounds.bytes, self._bounds.seconds)
        check_text(body)
        return body


def _face(request: Request) -> Face:
    """Events for `alt=sse`; otherwise one array, as Google does."""
    match request.query().get("alt", "json"):
        case "sse":
            return EVENTS
        case "json":
            return ARRAY
        case other:
            raise BadRequest(f"'alt' must be sse or json, not '{other[:20]}'.", param="alt", code="invalid_value")


def _asked_model(request: Request) -> str:
    """The model that the path names; the AI SDK leaves `models/` out before a name with slashes."""
    return request.path_parameters["model"].removeprefix("models/")


def _count_body(tokens: int) -> bytes:
    return msgspec.json.encode({"totalTokens": tokens})


def _model(name: str, provider: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "displayName": name,
        "description": f"Answered by {provider}.",
        "supportedGenerationMethods": list(METHODS),
    }


def routes(engine: Engine, errands: Errands, keys: Keys, bounds: Bounds) -> list[Route]:
    """The routes of this dialect."""
    endpoints = Gemini(engine, errands, keys, bounds)

    def route(method: str, path: str, handler: Handler, doc: Doc) -> Route:
        return Route(method=method, path="/genai/{version}" + path, handler=handler, error=gemini.error_body, doc=doc)

    return [
        route("POST", "/{model:path}:generateContent", endpoints.ask(stream=False), docs.GENERATE),
        route("POST", "/{model:path}:streamGenerateContent", endpoints.ask(stream=True), docs.STREAM),
        route("POST", "/{model:path}:countTokens", endpoints.count, docs.COUNT),
        route("POST", "/{model:path}:embedContent", endpoints.embed(single=True), docs.EMBED),
        route("POST", "/{model:path}:batchEmbedContents", endpoints.embed(single=False), docs.EMBED_MANY),
        route("GET", "/models", endpoints.models, docs.LIST),
        route("GET", "/models/{model:path}", endpoints.model, docs.SHOW),
    ]

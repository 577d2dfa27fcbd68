"""
GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/), and the page to try it.

A request that may change something is a POST of JSON, which no page of another origin can send unasked; a GET may only
look.
"""

from headgate.dialects.graphql.access import Access
from headgate.dialects.graphql.graph import Graph
from headgate.dialects.openai import Bounds
from headgate.errors import BadRequest
from headgate.formats import graphql
from headgate.web import graphiql
from headgate.web.accept import prefers_html
from headgate.web.http import Request

MAX_BODY = 1_000_000
"""Bytes: a batch of the largest todos fits in."""

JSON = b"application/json"
RESPONSE = b"application/graphql-response+json"
"""A status of its own for what was not executed; clients that know it ask for it."""

VARY = b"vary: accept\r\n"


class Endpoint:
    """The endpoint."""

    def __init__(self, graph: Graph, access: Access, bounds: Bounds) -> None:
        self._graph, self._access, self._bounds = graph, access, bounds
        self._page = graphiql.page()

    async def look(self, request: Request) -> None:
        """Answer a query, or show the page."""
        query = request.query()
        accept = request.headers.get(b"accept", b"")
        if "query" not in query and prefers_html(accept):
            request.answer(200, self._page.body, self._page.headers + VARY, kind=b"text/html; charset=utf-8")
            return
        owner = self._access.owner(request.headers)
        body = await self._graph.answer(graphql.read_query(query), owner, only_queries=True)
        _answer(request, body)

    async def ask(self, request: Request) -> None:
        """Execute what a body asks for."""
        owner = self._access.owner(request.headers)
        kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != JSON:
            raise BadRequest("A request of GraphQL is application/json.", status=415, code="unsupported_media_type")
        body = await request.body(min(MAX_BODY, self._bounds.bytes), self._bounds.seconds)
        _answer(request, await self._graph.answer(graphql.read(body), owner, only_queries=False))


def _answer(request: Request, body: bytes) -> None:
    if RESPONSE not in request.headers.get(b"accept", b""):
        request.answer(200, body, VARY)
        return
    # What was executed begins with its data.
    refused = body.startswith(b'{"errors"')
    request.answer(400 if refused else 200, body, VARY, kind=RESPONSE + b"; charset=utf-8")

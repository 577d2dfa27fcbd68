"""
Vectors of texts: OpenAI's embeddings, and what they have in common with Gemini's.

They are errands and no runs: nothing of them is kept.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import msgspec

from headgate.dialects import drop_in
from headgate.dialects.counting import gently
from headgate.dialects.docs import embeddings as docs
from headgate.dialects.openai import Bounds, check_text
from headgate.errors import ProviderError
from headgate.events import Usage
from headgate.formats import embedding, openai, openai_embeddings
from headgate.formats.embedding import EmbedCall, Vectors
from headgate.formats.inputs import INPUTS
from headgate.keys import Keys
from headgate.observe.facts import told
from headgate.providers.base import Embedder, Limits, Provider
from headgate.runs.errands import Done, Errand, Errands
from headgate.runs.rules import FALLBACKS
from headgate.web import errands as web
from headgate.web.http import Request
from headgate.web.outcome import errand_headers
from headgate.web.routes import Route

Pieces: TypeAlias = Callable[[EmbedCall, Vectors, Usage], Iterator[bytes]]
"""Writes an answer: to which request, of which vectors, with how many tokens."""


class Embeddings:
    """The endpoint."""

    def __init__(self, errands: Errands, keys: Keys, bounds: Bounds) -> None:
        self._errands, self._keys, self._bounds = errands, keys, bounds

    async def embed(self, request: Request) -> None:
        """Make vectors of texts."""
        self._keys.owner(request.headers)
        body = await request.body(self._bounds.bytes, self._bounds.seconds)
        check_text(body)
        call = drop_in.meant(self._errands.catalogue, request.scope, openai_embeddings.read(body))
        await answer(self._errands, request, call, openai_embeddings.pieces)


async def answer(errands: Errands, request: Request, call: EmbedCall, pieces: Pieces) -> None:
    """Answer a request for vectors, in its own format."""
    route = await errands.catalogue.route(call.model, call.fallbacks)
    asked = _without_ours(call)
    errand = Errand(ask=partial(_ask, asked), refuse=_refuse, operation="embeddings", patience=_patience)
    done = await web.done(errands, request, route, errand)
    if done is None:
        return
    made = done.value
    usage = await _usage(errands, call, done)
    provider, model = done.target.provider.name, made.model or done.target.model
    request.told = told(call.model, provider, model, usage, len(done.failures) + 1)
    body = made.with_cost(usage) if made.body else await web.joined(pieces(call, made, usage))
    request.answer(200, body, errand_headers(done))


async def _ask(call: EmbedCall, provider: Provider, model: str, limits: Limits) -> Vectors:
    assert isinstance(provider, Embedder), "others are refused before"
    return await provider.embed(call, model, limits.connect)


def _refuse(provider: Provider) -> ProviderError | None:
    if isinstance(provider, Embedder) and provider.embeds:
        return None
    return ProviderError(
        f"The provider '{provider.name}' makes no embeddings. If it does, name `embeddings` among its `endpoints`.",
        code="method_not_supported",
        param="model",
        status=404,
        kind="invalid_request_error",
        retryable=False,
    )


def _patience(limits: Limits) -> float:
    # An answer in one piece, of which nothing comes before all of it is made.
    return max(limits.first_event, limits.whole)


def _without_ours(call: EmbedCall) -> EmbedCall:
    """As providers get it: what is said to us is none of theirs."""
    if FALLBACKS not in call.fields:
        return call
    fields = {name: raw for name, raw in call.fields.items() if name != FALLBACKS}
    return msgspec.structs.replace(call, fields=fields)


async def _usage(errands: Errands, call: EmbedCall, done: Done[Vectors]) -> Usage:
    """What the provider counted, or about as much, and what it cost."""
    made, target = done.value, done.target
    is_told = made.tokens is not None or made.body
    tokens = made.tokens or 0 if is_told else await gently(embedding.tokens_of(INPUTS[call.format](call)))
    usage = Usage(tokens, 0, tokens, extra=made.usage or None, estimated=not is_told)
    return errands.prices.price(usage, target.provider.name, made.model, target.model)


def routes(errands: Errands, keys: Keys, bounds: Bounds) -> list[Route]:
    """The routes of this dialect."""
    handler = Embeddings(errands, keys, bounds).embed
    return [Route(method="POST", path="/v1/embeddings", handler=handler, error=openai.error_body, doc=docs.DOC)]

"""Counts of tokens, for every dialect that has a question for them: asked of the provider, or estimated."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import msgspec

from headgate.calls import Call, Fields
from headgate.formats import counting, strict
from headgate.formats.counting import Steps
from headgate.formats.prompts import PROMPTS
from headgate.providers.base import Counter, Limits, Provider
from headgate.providers.passing import Passing
from headgate.runs.errands import Errand, Errands
from headgate.runs.rules import FALLBACKS
from headgate.web import errands as web
from headgate.web.http import Request
from headgate.web.outcome import errand_headers

Write: TypeAlias = Callable[[int], bytes]
"""Writes the answer."""

_INNER = ("generateContentRequest", "generate_content_request")


async def answer_count(
    errands: Errands, request: Request, call: Call, write: Write, *, body: bytes = b"", headers: bytes = b""
) -> None:
    """
    Answer with how many tokens a call has.

    `body` is the request as it came, where it is Gemini's and goes on like that to who speaks the same.
    """
    route = await errands.catalogue.route(call.model, call.fallbacks)
    if call.fallbacks:
        call = msgspec.structs.replace(call, fields=_without_ours(call.fields))
        body = msgspec.json.encode(_without_ours(strict.fields(body))) if body else b""
    errand = Errand(ask=partial(_ask, call, write, body), operation="count_tokens")
    done = await web.done(errands, request, route, errand)
    if done is not None:
        request.answer(200, done.value, headers + errand_headers(done))


async def _ask(call: Call, write: Write, body: bytes, provider: Provider, model: str, limits: Limits) -> bytes:
    if body and isinstance(provider, Passing):
        return await provider.pass_on("countTokens", model, body)
    if isinstance(provider, Counter) and (counted := await provider.count(call, model, "")) is not None:
        return write(counted)
    tokens = await gently(counting.of_prompt(PROMPTS[call.format](call)))
    return write(counting.as_counted_by(model, tokens))


async def gently(steps: Steps[int]) -> int:
    """Count, and let everybody else have a turn after each step: a prompt may be a book."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return int(end.value)
        await asyncio.sleep(0)


def _without_ours(fields: Fields) -> Fields:
    """As providers get them: what is said to us is none of theirs."""
    kept = {name: raw for name, raw in fields.items() if name != FALLBACKS}
    for name in _INNER:
        if name in kept:
            kept[name] = msgspec.Raw(msgspec.json.encode(_without_ours(strict.value(kept, name))))
    return kept

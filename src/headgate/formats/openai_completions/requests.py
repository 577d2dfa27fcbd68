"""Text completion requests: read strictly, and taken apart for providers that only chat."""

from typing import Annotated, Any

import msgspec

from headgate.calls import Call, Message, Prompt, TextPart
from headgate.formats import strict
from headgate.formats.openai_chat.requests import Count, Penalty, Share, StreamOptions, Warmth

NAME = "openai.completions"

_encode = msgspec.json.Encoder().encode


class CompletionRequest(msgspec.Struct):
    """A text completion request; fields that are not here are the vendor's and travel untouched."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    prompt: str | list[str | int | list[int]]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Warmth | None = None
    top_p: Share | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None
    best_of: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    max_tokens: Count | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    echo: bool | None = None
    suffix: str | None = None
    user: str | None = None
    store: bool | None = None
    functions: strict.Functions | None = None
    fallbacks: strict.Fallbacks | None = None


_request = msgspec.json.Decoder(CompletionRequest)
_KNOWN = frozenset(CompletionRequest.__struct_fields__)


def read(body: bytes) -> Call:
    """A completion request; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    request = strict.decode(_request, body)
    options = request.stream_options
    several = len(request.prompt) if isinstance(request.prompt, list) and _is_several(request.prompt) else 1
    return Call(
        format=NAME,
        model=request.model,
        fields=fields,
        stream=request.stream is True,
        choices=(request.n or 1) * several,
        include_usage=options is not None and options.include_usage is True,
        store=request.store is not False,
        fallbacks=tuple(request.fallbacks or ()),
        named=tuple(request.functions or ()),
    )


def _is_several(prompts: list[Any]) -> bool:
    """Several prompts, and not one prompt as a list of tokens."""
    return bool(prompts) and not isinstance(prompts[0], int)


def prompt(call: Call) -> Prompt:
    """The request as a conversation of one turn, for providers that only chat."""
    request = msgspec.json.decode(_encode(call.fields), type=CompletionRequest)
    why = "is not supported by this provider, which has no completions endpoint of its own."
    for param in ("echo", "suffix"):
        if getattr(request, param):
            raise strict.unsupported(param, why)
    if (request.best_of or 1) > (request.n or 1):
        raise strict.unsupported("best_of", why)
    text = request.prompt[0] if isinstance(request.prompt, list) and len(request.prompt) == 1 else request.prompt
    if not isinstance(text, str):
        raise strict.unsupported("prompt", "must be one text for this provider, which has no completions endpoint.")
    stop = request.stop
    return Prompt(
        messages=(Message("user", (TextPart(text),)),),
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        stop=() if stop is None else (stop,) if isinstance(stop, str) else tuple(stop),
        seed=request.seed,
        choices=request.n,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        logit_bias=request.logit_bias,
        logprobs=request.logprobs,
        user=request.user,
        extra={name: raw for name, raw in call.fields.items() if name not in _KNOWN},
    )

"""
Requests to stream an answer to channels: an envelope around a chat request.

What belongs to the chat is read as any chat request is, and a vendor's own fields reach the provider as they
are; what belongs to the envelope is taken out and goes no further, above all the caller's key at the provider.
"""

from typing import Annotated, Any, Literal

import msgspec

from headgate.calls import Call, Fields
from headgate.errors import BadRequest
from headgate.formats import openai_chat, strict
from headgate.formats.openai_chat.requests import ChatMessage, ChatTool, Count, FunctionTool, Share, Warmth

MAX_CHANNELS = 100
MAX_ACTION = 200
MAX_OWN_KEY = 512

PROVIDERS = {
    "openai": "openai",
    "gemini": "gemini",
    "google": "gemini",
    "anthropic": "anthropic",
    "claude": "anthropic",
}
"""What services are called there, in any case of letters, and the provider each means."""

_Meta = msgspec.Meta


class Payload(msgspec.Struct):
    """What is asked of the service, but for what a chat request has; further fields travel untouched."""

    messages: Annotated[list[ChatMessage], _Meta(min_length=1, description="The conversation, as in chat.")]
    apiKey: Annotated[
        str | None,
        _Meta(description="Your own key there: for this answer only, in place of the server's, and kept nowhere."),
    ] = None
    provider: Annotated[str | None, _Meta(description="As `service`; it counts where both are there.")] = None
    stream: Annotated[bool | None, _Meta(description="Whether the answer goes to the channels, or comes whole.")] = None
    model: Annotated[str, _Meta(min_length=1, description="As the service names it.")] | None = None
    functions: list[FunctionTool | Annotated[str, _Meta(min_length=1)]] | None = None
    max_tokens: Count | None = None
    seed: int | None = None
    temperature: Warmth | None = None
    top_p: Share | None = None
    tools: list[ChatTool] | None = None
    providerArgs: Annotated[dict[str, Any] | None, _Meta(description="More fields for the provider.")] = None
    generationConfig: Annotated[dict[str, Any] | None, _Meta(description="Gemini's words for such fields.")] = None
    toolChoice: Annotated[Any, _Meta(description="`tool_choice` in another spelling.")] = None


class Envelope(msgspec.Struct):
    """A request."""

    payload: Payload
    channels: Annotated[list[str], _Meta(max_length=MAX_CHANNELS)] | str | None = None
    scope: Annotated[
        Literal["anonymous", "authenticated"] | None,
        _Meta(description="Which channels are meant by the names; else a members' one that there is, or anybody's."),
    ] = None
    actionName: Annotated[str, _Meta(max_length=MAX_ACTION)] | None = None
    service: str | None = None
    apiKey: str | None = None


class StopRequest(msgspec.Struct):
    """Which answer to stop."""

    streamId: Annotated[str, _Meta(min_length=1, max_length=200)]
    apiKey: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request, read and found valid."""

    fields: Fields
    """The chat request, without its model."""
    provider: str
    """Who is meant, as the request names it; "" for anybody."""
    model: str
    """"" for the one that is usual there."""
    key: str
    """The caller's own at the provider; "" for none."""
    stream: bool
    channels: tuple[str, ...]
    scope: str | None
    action: str


_envelope = msgspec.json.Decoder(Envelope)
_stop = msgspec.json.Decoder(StopRequest)
_OWN = ("apiKey", "provider", "model", "providerArgs", "generationConfig", "toolChoice")
_GEMINI = {
    "maxOutputTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "seed": "seed",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "candidateCount": "n",
}
"""Gemini's words for what a chat request says."""


def read(body: bytes) -> Asked:
    """A request; raises BadRequest naming the first field that is wrong."""
    envelope = strict.decode(_envelope, body)
    payload, stream = envelope.payload, envelope.payload.stream is True
    fields = strict.fields(bytes(strict.fields(body)["payload"]))
    choice = fields.get("toolChoice")
    for own in _OWN:
        fields.pop(own, None)
    for said, name in _GEMINI.items():
        if said in (payload.generationConfig or {}):
            fields.setdefault(name, _raw((payload.generationConfig or {})[said]))
    if choice is not None:
        fields.setdefault("tool_choice", choice)
    fields |= {name: _raw(value) for name, value in (payload.providerArgs or {}).items() if name not in _OWN}
    # A list of nothing is refused by those who can have tools, and means nothing to all others.
    fields = {name: raw for name, raw in fields.items() if not (name in ("functions", "tools") and bytes(raw) == b"[]")}
    return Asked(
        fields={**fields, "stream": _raw(stream)},
        provider=_provider(payload.provider or envelope.service or ""),
        model=payload.model or "",
        key=_own_key(payload.apiKey),
        stream=stream,
        channels=_channels(envelope.channels, is_needed=stream),
        scope=envelope.scope,
        action=_action(envelope.actionName, is_needed=stream),
    )


def stopped(body: bytes) -> str:
    """By what name an answer is to be stopped; raises BadRequest."""
    return strict.decode(_stop, body).streamId


def call(asked: Asked, model: str) -> Call:
    """What is asked of that model; raises BadRequest for a chat request that is none."""
    try:
        found = openai_chat.read(msgspec.json.encode({**asked.fields, "model": model}))
    except BadRequest as error:
        if error.param is not None:
            error.param = f"payload.{error.param}"
        raise
    # Here `store: false` is a word to the provider: who comes late has nothing but what is stored.
    return msgspec.structs.replace(found, store=True, include_usage=False)


def _channels(said: list[str] | str | None, *, is_needed: bool) -> tuple[str, ...]:
    names = [said] if isinstance(said, str) else said or []
    if is_needed and not names:
        raise BadRequest(
            "'channels' must name at least one channel for the answer to be streamed to.",
            param="channels",
            code="missing_required_parameter",
        )
    return tuple(dict.fromkeys(names))


def _action(said: str | None, *, is_needed: bool) -> str:
    if is_needed and not said:
        raise _missing("actionName")
    if said and not said.isprintable():
        raise BadRequest("'actionName' must be printable characters.", param="actionName", code="invalid_value")
    return said or ""


def _provider(said: str) -> str:
    return PROVIDERS.get(said.lower(), said)


def _own_key(key: str | None) -> str:
    key = (key or "").strip()
    # The value is not repeated: it may be a key with a slip in it.
    if len(key) > MAX_OWN_KEY or not (key.isascii() and key.isprintable()) or " " in key:
        raise BadRequest(
            "'payload.apiKey' must be printable characters without spaces.",
            param="payload.apiKey",
            code="invalid_value",
        )
    return key


def _missing(param: str) -> BadRequest:
    return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))

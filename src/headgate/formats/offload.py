"""
Requests for an offloaded answer: a chat request with a few parameters of its own among it.

What belongs to the chat is read as any chat request is, and a vendor's own fields reach the
provider as they are; what belongs to the dialect is taken out and goes no further.
"""

from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from headgate.calls import Call, Fields
from headgate.errors import BadRequest
from headgate.formats import openai_chat, strict
from headgate.formats.openai_chat.requests import ChatMessage, Count, Penalty, Share, Warmth

Access: TypeAlias = Literal["public", "private"]

MODEL = "gpt-3.5-turbo"
"""What is meant when no model is named."""

TIMEOUT, CONNECT_TIMEOUT = 90.0, 5.0
"""Seconds, where the request does not say."""

MAX_URL = 2048
"""Characters; the addresses of answers take about a hundred after the host."""

MAX_CONVERSATION_ID = 200
MAX_TOKEN = 200
"""Characters; ours have 32."""

_Meta = msgspec.Meta


class OffloadRequest(msgspec.Struct):
    """A request; fields that are not here are the vendor's and travel untouched."""

    messages: Annotated[list[ChatMessage], _Meta(min_length=1)] | str
    model: Annotated[str, _Meta(min_length=1)] | None = None
    access: Access | None = None
    timeout: Annotated[float, _Meta(ge=5, le=90)] | None = None
    connect_timeout: Annotated[float, _Meta(ge=1, le=10)] | None = None
    conversation_id: Annotated[str, _Meta(max_length=MAX_CONVERSATION_ID)] | None = None
    from_status_url: Annotated[str, _Meta(max_length=MAX_URL)] | None = None
    from_bearer_token: Annotated[str, _Meta(max_length=MAX_TOKEN)] | None = None
    from_max_length: Annotated[float, _Meta(ge=1, le=2**53)] | None = None
    webhook_url: Annotated[str, _Meta(max_length=MAX_URL)] | None = None
    temperature: Warmth | None = None
    top_p: Share | None = None
    n: Annotated[int, _Meta(ge=1, le=128)] | None = None
    max_tokens: Count | None = None
    stop: str | list[str] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    user: str | None = None


class Parent(msgspec.Struct, frozen=True):
    """The answer whose conversation is to go on."""

    url: str
    token: str
    """What the client says opens it; "" for nothing."""
    max_length: int | None
    """How many characters of its answer to keep."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request, read and found valid."""

    fields: Fields
    """The chat request, with the new messages only."""
    access: Access
    timeout: float
    connect_timeout: float
    conversation: str
    """"" where one has to be made."""
    webhook: str
    model: str
    parent: Parent | None


_OWN = (
    "access",
    "timeout",
    "connect_timeout",
    "conversation_id",
    "from_status_url",
    "from_bearer_token",
    "from_max_length",
    "webhook_url",
)
"""What goes no further than this dialect."""

_request = msgspec.json.Decoder(OffloadRequest)
_array = msgspec.json.Decoder(list[msgspec.Raw])


def read(body: bytes) -> Asked:
    """A request; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    request = strict.decode(_request, body)
    for own in _OWN:
        fields.pop(own, None)
    if isinstance(request.messages, str):
        fields["messages"] = _messages(request.messages)
    return Asked(
        fields=fields,
        access=request.access or "public",
        timeout=TIMEOUT if request.timeout is None else request.timeout,
        connect_timeout=CONNECT_TIMEOUT if request.connect_timeout is None else request.connect_timeout,
        conversation=_conversation(request.conversation_id),
        webhook=_webhook(request.webhook_url),
        model=request.model or MODEL,
        parent=_parent(request),
    )


def call(asked: Asked, model: str, messages: msgspec.Raw, *, stream: bool) -> Call:
    """What the provider is asked; raises BadRequest for messages that are none."""
    fields: Fields = {"model": _raw(model), "messages": messages}
    fields |= {name: value for name, value in asked.fields.items() if name not in ("model", "messages", "stream")}
    fields["stream"] = _raw(stream)
    found = openai_chat.read(msgspec.json.encode(fields))
    # `store: false` is a word to the provider; here the client has nothing but what is stored.
    return msgspec.structs.replace(found, store=True)


def wants_stream(asked: Asked) -> bool:
    """Whether the provider may be asked for pieces; no only where the client says so."""
    return strict.value(asked.fields, "stream") is not False


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _messages(text: str) -> msgspec.Raw:
    """Messages as some clients send them: JSON text inside of the JSON."""
    try:
        if _array.decode(text):
            return msgspec.Raw(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    raise _invalid("messages", "a text must hold a JSON array with at least one message")


def _conversation(id: str | None) -> str:
    if id and not id.isprintable():
        raise _invalid("conversation_id", "it must have printable characters only")
    return id or ""


def _webhook(url: str | None) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine or not url.isascii() or not url.isprintable() or " " in url:
        raise _invalid("webhook_url", "it must be an http or https URL")
    return url


def _parent(request: OffloadRequest) -> Parent | None:
    url, most = request.from_status_url, request.from_max_length
    if most is not None and most != int(most):
        raise _invalid("from_max_length", "it must be a whole number")
    if not url:
        return None
    return Parent(url, request.from_bearer_token or "", None if most is None else int(most))


def no_parent() -> BadRequest:
    """A conversation is to go on that cannot be one of this server."""
    return _invalid("from_status_url", "it must be a status_url of this server")


def _invalid(param: str, why: str) -> BadRequest:
    return BadRequest(f"Invalid value for '{param}': {why}.", param=param, code="invalid_value")

"""PurAI's chat requests: OpenAI's, and who may answer."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from headgate.calls import Call, Fields
from headgate.errors import BadRequest
from headgate.formats import lists, naming, openai_chat, strict

Force: TypeAlias = Literal["true", "auto", "false"]

FORCE = "forceModel"

_Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


class PurAIRequest(openai_chat.ChatRequest, kw_only=True):
    """A chat completion request, of a model or a personality."""

    model: _Name | None = None  # type: ignore[assignment]
    personality: _Name | None = None
    primaryProvider: _Name | None = None
    forceModel: bool | Force | None = None
    disableErrorSummarization: bool | None = None


class Personality(msgspec.Struct, frozen=True, kw_only=True):
    """A part for a model to play."""

    name: str
    prompt: str
    """What the model is told before the conversation."""
    models: tuple[str, ...] = ()
    """Who plays it when a request names no model."""
    blocked: frozenset[str] = frozenset()
    """Who must not."""
    owner: str = ""
    is_nsfw: bool = False
    defaults: Mapping[str, Any] = {}
    """Fields of a request, where it does not say otherwise."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request, read and found valid."""

    fields: Fields
    """The chat request without anything that is PurAI's."""
    model: str | None
    personality: str | None
    primary: str | None
    force: Force
    is_raw: bool
    fallbacks: tuple[str, ...]


_OWN = ("personality", "primaryProvider", FORCE, "disableErrorSummarization", "model", "fallbacks")

_request = msgspec.json.Decoder(PurAIRequest)
_array = msgspec.json.Decoder(list[msgspec.Raw])


def read(body: bytes, query: Mapping[str, str]) -> Asked:
    """A request; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    request = strict.decode(_request, body)
    if request.model is None and request.personality is None:
        raise BadRequest("Either 'model' or 'personality' is needed.", param="model", code="missing_required_parameter")
    return Asked(
        fields={name: raw for name, raw in fields.items() if name not in _OWN},
        model=request.model,
        personality=request.personality,
        primary=request.primaryProvider,
        force=force(query.get(FORCE)) if request.forceModel is None else force(request.forceModel),
        is_raw=request.disableErrorSummarization is True,
        fallbacks=tuple(request.fallbacks or ()),
    )


def force(said: bool | str | None) -> Force:
    """What is to be done where the model itself cannot be had; raises BadRequest."""
    match said:
        case None | "auto":
            return "auto"
        case True | "true":
            return "true"
        case False | "false":
            return "false"
        case _:
            raise BadRequest(f"'{FORCE}' must be true, auto or false.", param=FORCE, code="invalid_value")


def call(
    asked: Asked,
    names: Sequence[str],
    personality: Personality | None,
    *,
    functions: Sequence[str] = (),
    prompt: str = "",
) -> Call:
    """
    What the providers are asked, who are named in full; raises BadRequest for a chat that is none.

    `functions` of the server's and the `prompt` are asked for besides, as if the client had.
    """
    fields: Fields = {"model": _raw(names[0])}
    if personality is not None:
        fields |= {name: _raw(value) for name, value in personality.defaults.items()}
    fields |= asked.fields
    for words in (prompt, "" if personality is None else personality.prompt):
        if words:
            said = _raw({"role": "system", "content": words})
            fields["messages"] = _raw([said, *_array.decode(fields["messages"])])
    if more := [name for name in functions if name not in naming.names_in(fields)]:
        fields["functions"] = lists.longer(fields.get("functions"), more)
    if len(names) > 1:
        fields["fallbacks"] = _raw(names[1:])
    return openai_chat.read(msgspec.json.encode(fields))


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))

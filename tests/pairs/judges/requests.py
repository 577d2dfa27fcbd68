"""Requests, by the vendors' own types: what clients send and upstreams are sent, without a field unknown to them."""

from collections.abc import Iterable
from functools import cache
from os import PathLike
from types import UnionType
from typing import IO, Annotated, Any, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import msgspec
import pydantic
import typing_extensions
from anthropic.types.message_create_params import MessageCreateParams
from google.genai import types
from openai.types.chat.completion_create_params import CompletionCreateParams as ChatParams
from openai.types.completion_create_params import CompletionCreateParams
from openai.types.responses.response_create_params import ResponseCreateParams

from tests.pairs.judges import amazon


class GenerateParams(pydantic.BaseModel):
    """A generateContent request as it travels; the SDK's models have no name for the whole of it."""

    model_config = pydantic.ConfigDict(extra="forbid")

    contents: list[types.Content]
    systemInstruction: types.Content | None = None
    tools: list[types.Tool] | None = None
    toolConfig: types.ToolConfig | None = None
    generationConfig: types.GenerationConfig | None = None


_KINDS: dict[str, Any] = {
    "chat": ChatParams,
    "completions": CompletionCreateParams,
    "responses": ResponseCreateParams,
    "anthropic": MessageCreateParams,
    "gemini": GenerateParams,
}
"""By dialect; those that are not here have no types of a vendor's."""

_OLDER = ("temperature", "top_p", "top_k")
"""What the SDK does not know any more; in the version that we ask for they are known."""


@cache
def _adapter(name: str) -> pydantic.TypeAdapter[Any]:
    if name == "gemini":
        return pydantic.TypeAdapter(GenerateParams)
    return pydantic.TypeAdapter(_listed(_KINDS[name]), config=pydantic.ConfigDict(extra="forbid"))


def knows(name: str) -> bool:
    """Whether there are types for it."""
    return name in _KINDS or name == "converse"


def check(name: str, body: bytes) -> None:
    """Raises ValidationError for what its vendor would not understand."""
    asked = msgspec.json.decode(body)
    if name == "converse":
        amazon.check(asked)
        return
    if name == "anthropic":
        asked = {field: value for field, value in asked.items() if field not in _OLDER}
    if name == "chat":
        for message in asked["messages"]:
            # A word of compatible servers' that their clients send back.
            message.pop("reasoning_content", None)
    _adapter(name).validate_json(msgspec.json.encode(asked))


def _listed(kind: Any) -> Any:
    """A type with a list wherever it has an Iterable, which any text would be too."""
    if typing_extensions.is_typeddict(kind):
        return _typed(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Iterable:
        return list[_listed(inner[0])]  # type: ignore[misc]
    if origin is Annotated:
        return _listed(inner[0])
    if origin in (Union, UnionType):
        return Union[tuple(_listed(each) for each in inner if not _stays_here(each))]  # noqa: UP007
    if origin in (list, dict, Required, NotRequired):
        return origin[tuple(map(_listed, inner))]
    return kind


def _stays_here(kind: Any) -> bool:
    """What is made into something else before it travels: open files, and models of what was answered before."""
    origin = get_origin(kind)
    if origin is Annotated or origin in (Union, UnionType):
        return all(map(_stays_here, get_args(kind)[:1] if origin is Annotated else get_args(kind)))
    return origin in (IO, PathLike) or (isinstance(kind, type) and issubclass(kind, pydantic.BaseModel))


@cache
def _typed(kind: Any) -> Any:
    if kind in _begun:
        # It is inside of itself, and there it may be lax.
        return kind
    _begun.add(kind)
    fields = get_type_hints(kind, include_extras=True)
    made = {
        name: (Required if name in kind.__required_keys__ else NotRequired)[_listed(_bare(hint))]
        for name, hint in fields.items()
    }
    return typing_extensions.TypedDict(kind.__name__, made)  # type: ignore[operator]


_begun: set[Any] = set()


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) in (Required, NotRequired) else hint

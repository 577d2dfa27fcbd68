"""GET /anthropic/v1/models, and what stands at /anthropic."""

from typing import Any, Literal

import msgspec

from headgate.dialects.docs import errors
from headgate.dialects.docs.anthropic import TAG, AnthropicError
from headgate.errors import BadRequest, NotFound
from headgate.web.doc import Answer, Content, Doc, Parameter


class AnthropicModel(msgspec.Struct):
    """A name that requests may use; what nobody here knows of it is null."""

    type: Literal["model"]
    id: str
    display_name: str
    created_at: str
    lifecycle: Literal["active", "deprecated", "retired"]
    capabilities: dict[str, Any] | None
    line: str | None
    max_input_tokens: int | None
    max_tokens: int | None
    deprecated_at: str | None
    retires_at: str | None


class AnthropicModelPage(msgspec.Struct):
    """Some of the list: aliases first, then what the providers list."""

    data: list[AnthropicModel]
    has_more: bool
    first_id: str | None
    last_id: str | None


class AnthropicWelcome(msgspec.Struct):
    """Where its endpoints are."""

    messages: str
    models: str


_MODEL = {
    "type": "model",
    "id": "default",
    "display_name": "default",
    "created_at": "2026-11-21T16:00:00Z",
    "lifecycle": "active",
    "capabilities": None,
    "line": None,
    "max_input_tokens": None,
    "max_tokens": None,
    "deprecated_at": None,
    "retires_at": None,
}
_PAGE = {"data": [_MODEL], "has_more": False, "first_id": "default", "last_id": "default"}

LIST = Doc(
    summary="List models",
    description=(
        "Every name that has a model behind it, in pages: the aliases of the configuration, and `provider/model` for "
        "what the providers list. When they were made nobody says, so all are as old as this server's start."
    ),
    tag=TAG,
    parameters=(
        Parameter(name="limit", place="query", description="How many to list, 1 to 1000; 20 by default.", example="20"),
        Parameter(name="after_id", place="query", description="Only those after this one."),
        Parameter(name="before_id", place="query", description="Only those before this one."),
    ),
    answers=(Answer(meaning="A page.", contents=(Content(schema=AnthropicModelPage, examples={"A page": _PAGE}),)),),
    errors=(errors.NO_KEY, BadRequest("'limit' must be a number from 1 to 1000.", param="limit")),
    error=AnthropicError,
)

SHOW = Doc(
    summary="Show a model",
    description="One model of the list. Its name may hold slashes.",
    tag=TAG,
    parameters=(Parameter(name="id", place="path", description="The model's name.", example="default"),),
    answers=(Answer(meaning="The model.", contents=(Content(schema=AnthropicModel, examples={"A model": _MODEL}),)),),
    errors=(errors.NO_KEY, NotFound("The model 'gpt' does not exist.", code="model_not_found", param="model")),
    error=AnthropicError,
)

WELCOME = Doc(
    summary="Where Anthropic's API is",
    description="For clients that look whether their base URL is there before they use it. Needs no key.",
    tag=TAG,
    answers=(
        Answer(
            meaning="It is there.",
            contents=(
                Content(
                    schema=AnthropicWelcome,
                    examples={"Here": {"messages": "/anthropic/v1/messages", "models": "/anthropic/v1/models"}},
                ),
            ),
        ),
    ),
    error=AnthropicError,
)

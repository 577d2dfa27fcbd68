"""POST /v1/embeddings."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import asking, errors
from headgate.errors import HeadgateError, ProviderError
from headgate.formats import openai_embeddings
from headgate.web.doc import Answer, Content, Doc


class EmbeddingObject(msgspec.Struct):
    """A vector: numbers, or base64 of four bytes for each of them, the lowest first."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingUsage(msgspec.Struct):
    """Tokens; estimated where the provider does not count them."""

    prompt_tokens: int
    total_tokens: int
    cost: float | UnsetType = UNSET
    """US dollars, where the price is known."""
    estimated: bool | UnsetType = UNSET


class EmbeddingList(msgspec.Struct):
    """A vector for each input, in their order."""

    object: Literal["list"]
    data: list[EmbeddingObject]
    model: str
    usage: EmbeddingUsage


REQUESTS: dict[str, dict[str, Any]] = {
    "A text, without any key": {"model": "simulator/embedding", "input": "Where does the river go?"},
    "A text": {"model": "openai/text-embedding-3-small", "input": "Where does the river go?"},
    "Several": {"model": "default", "input": ["One text.", "Another."], "encoding_format": "base64", "dimensions": 256},
    "Tokens": {"model": "openai/text-embedding-3-small", "input": [[9241, 1587, 290], [13225]]},
}

_USAGE = {"prompt_tokens": 6, "total_tokens": 6}

HEADERS = {
    "Headgate-Provider": "Who answered, as `provider/model`.",
    "Headgate-Attempts": "Who was asked in vain before, each as `provider/model`, its status and its code.",
}
"""What the answers of errands carry."""

NO_EMBEDDINGS = ProviderError(
    "The provider 'anthropic' makes no embeddings. If it does, name `embeddings` among its `endpoints`.",
    code="method_not_supported",
    param="model",
    status=404,
    kind="invalid_request_error",
)

BESIDES: tuple[HeadgateError, ...] = tuple(
    error
    for error in errors.ASKING
    if error.code not in ("idempotency_key_reused", "webhook_refused", "overloaded", "shutting_down")
)
"""Of endpoints that make no runs."""

_LIMITS = ("Headgate-Connect-Timeout", "Headgate-First-Event-Timeout", "Headgate-Total-Timeout")

PARAMETERS = tuple(parameter for parameter in asking.HEADERS if parameter.name in _LIMITS)
"""What a client may say about any errand."""

DOC = Doc(
    summary="Make embeddings",
    description=(
        "Vectors of texts, from any provider that makes them. One that speaks OpenAI's API gets the request as it is, "
        "and every field of its own with it; Gemini is asked with `batchEmbedContents`. Nothing of it is kept."
    ),
    tag=asking.OPENAI,
    parameters=PARAMETERS,
    request=Content(
        schema=openai_embeddings.EmbeddingRequest,
        examples=REQUESTS,
        fields={
            "model": asking.FIELDS["model"],
            "input": f"A text, tokens as numbers, or a list of up to {openai_embeddings.MAX_INPUTS} of either.",
            "encoding_format": "`base64` for bytes in place of numbers: the same in a quarter of the size.",
            "dimensions": "How many numbers each vector is to have, for models that can choose.",
            "user": "Whom it is for; the provider may look for abuse by it.",
            "fallbacks": (
                "Models to ask, in this order, when the one that was asked for fails. Only vectors of the same model "
                "can be compared."
            ),
        },
    ),
    answers=(
        Answer(
            meaning="The vectors.",
            contents=(
                Content(
                    schema=EmbeddingList,
                    examples={
                        "Numbers": {
                            "object": "list",
                            "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}],
                            "model": "text-embedding-3-small",
                            "usage": _USAGE,
                        },
                        "Base64": {
                            "object": "list",
                            "data": [{"object": "embedding", "index": 0, "embedding": "AACAPgAAAL8="}],
                            "model": "text-embedding-3-small",
                            "usage": _USAGE,
                        },
                    },
                ),
            ),
            headers=HEADERS,
        ),
    ),
    errors=(*BESIDES, NO_EMBEDDINGS),
    error=errors.ErrorAnswer,
)

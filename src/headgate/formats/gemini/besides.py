"""What Gemini's clients ask besides answers: counts of tokens and vectors, read strictly."""

from typing import Annotated, Any

import msgspec

from headgate.calls import Call
from headgate.formats import strict
from headgate.formats.gemini.fields import GeminiRequest, Part, RequestContent, asked
from headgate.formats.gemini.names import regular


class CountRequest(msgspec.Struct, rename="camel"):
    """Turns to count, or a whole request."""

    contents: list[RequestContent] | None = None
    generate_content_request: GeminiRequest | None = None


class EmbedContent(msgspec.Struct, rename="camel"):
    """Something that has one vector."""

    parts: Annotated[list[Part], msgspec.Meta(min_length=1)]
    role: str | None = None


class EmbedRequest(msgspec.Struct, rename="camel"):
    """One thing to make a vector of."""

    content: EmbedContent
    model: str | None = None
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: Annotated[int, msgspec.Meta(ge=1)] | None = None


class EmbedManyRequest(msgspec.Struct, rename="camel"):
    """Several of them, each for the same model."""

    requests: Annotated[list[EmbedRequest], msgspec.Meta(min_length=1)]


_count = msgspec.json.Decoder(CountRequest)
_embed: dict[str, msgspec.json.Decoder[Any]] = {
    "embedContent": msgspec.json.Decoder(EmbedRequest),
    "batchEmbedContents": msgspec.json.Decoder(EmbedManyRequest),
}


def counted(body: bytes, model: str) -> Call:
    """The request that is to be counted; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    read = strict.decode(_count, msgspec.json.encode(regular(fields)))
    if read.generate_content_request is None:
        return asked(body, model, stream=False)
    inner = next(raw for name, raw in fields.items() if name in ("generateContentRequest", "generate_content_request"))
    return asked(bytes(inner), model, stream=False)


def check_embedding(method: str, body: bytes) -> None:
    """Raises BadRequest naming the first field that is wrong."""
    strict.decode(_embed[method], msgspec.json.encode(regular(strict.fields(body))))

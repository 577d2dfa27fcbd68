"""
embedContent and batchEmbedContents: requests for vectors, read strictly, and their answers.

What is asked may be more than words; a Gemini provider gets it as it is, others get the words.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from headgate.calls import Fields
from headgate.errors import BadRequest
from headgate.events import Usage
from headgate.formats import cost, embedding, openai, strict
from headgate.formats.embedding import EmbedCall, Inputs, Said, Vectors
from headgate.formats.gemini.fields import Part
from headgate.formats.gemini.names import regular

EMBED_NAME = "gemini.embed"

MAX_INPUTS = 2048
"""As many as anybody takes at once."""

BATCH = 100
"""As many as Google takes at once."""


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
    fallbacks: strict.Fallbacks | None = None


class EmbedManyRequest(msgspec.Struct, rename="camel"):
    """Several of them, each for the same model."""

    requests: Annotated[list[EmbedRequest], msgspec.Meta(min_length=1, max_length=MAX_INPUTS)]
    fallbacks: strict.Fallbacks | None = None


_single = msgspec.json.Decoder(EmbedRequest)
_several = msgspec.json.Decoder(EmbedManyRequest)


def read_embed(body: bytes, model: str, *, single: bool) -> EmbedCall:
    """A request for vectors; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    said = msgspec.json.encode(regular(fields))
    if single:
        one = strict.decode(_single, said)
        count, fallbacks = 1, one.fallbacks
    else:
        many = strict.decode(_several, said)
        count, fallbacks = len(many.requests), many.fallbacks
    return EmbedCall(
        format=EMBED_NAME,
        model=model,
        fields=fields,
        count=count,
        is_single=single,
        fallbacks=tuple(fallbacks or ()),
    )


def embed_inputs(call: EmbedCall) -> Inputs:
    """The request in everybody's words; raises BadRequest for what others have no word for."""
    said = msgspec.json.encode(regular(call.fields))
    asked = [_single.decode(said)] if call.is_single else _several.decode(said).requests
    places = ("",) if call.is_single else tuple(f"requests[{place}]." for place in range(len(asked)))
    for place, each in enumerate(asked):
        if each.output_dimensionality != asked[0].output_dimensionality:
            why = "must be the same for all, because this provider is asked for all at once."
            raise strict.unsupported(f"requests[{place}].outputDimensionality", why)
    return Inputs(
        texts=tuple(_text(each, place) for each, place in zip(asked, places, strict=True)),
        dimensions=asked[0].output_dimensionality,
    )


def _text(asked: EmbedRequest, where: str) -> str:
    for place, part in enumerate(asked.content.parts):
        if part.text is None:
            raise strict.unsupported(f"{where}content.parts[{place}]", "must be a text for this provider.")
    text = "\n".join(part.text or "" for part in asked.content.parts)
    if not text:
        param = f"{where}content"
        raise BadRequest(f"Invalid value for '{param}': it must not be empty.", param=param, code="invalid_value")
    return text


def forward_embed(call: EmbedCall, model: str) -> bytes:
    """The request for a Gemini provider: as it came, under its own name for the model; `model` is its whole name."""
    name = msgspec.Raw(msgspec.json.encode(model))
    fields = dict(call.fields)
    if call.is_single:
        if "model" in fields:
            fields["model"] = name
        return msgspec.json.encode(fields)
    listed = msgspec.json.decode(fields["requests"], type=list[Fields] | Fields)
    several = [listed] if isinstance(listed, dict) else listed
    fields["requests"] = msgspec.Raw(msgspec.json.encode([{**each, "model": name} for each in several]))
    return msgspec.json.encode(fields)


def embed_request(inputs: Inputs, model: str) -> Iterator[tuple[int, bytes]]:
    """The same for a request of another format, in batches of as many as Google takes; each with how many it has."""
    for first in range(0, len(inputs.texts), BATCH):
        texts = inputs.texts[first : first + BATCH]
        yield len(texts), msgspec.json.encode({"requests": [_one(text, inputs, model) for text in texts]})


def _one(text: str | tuple[int, ...], inputs: Inputs, model: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise strict.unsupported("input", "must be of texts for this provider, which knows no tokens of others.")
    made: dict[str, Any] = {"model": model, "content": {"parts": [{"text": text}]}}
    if inputs.dimensions is not None:
        made["outputDimensionality"] = inputs.dimensions
    return made


class _Embedding(msgspec.Struct):
    values: msgspec.Raw


class _Single(msgspec.Struct, rename="camel"):
    embedding: _Embedding
    usage_metadata: msgspec.Raw = msgspec.Raw(b"")


class _Several(msgspec.Struct, rename="camel"):
    embeddings: list[_Embedding]
    usage_metadata: msgspec.Raw = msgspec.Raw(b"")


_single_answer = msgspec.json.Decoder(_Single)
_several_answer = msgspec.json.Decoder(_Several)


def read_embedded(body: bytes, provider: str, count: int, *, single: bool) -> Said:
    """What a Gemini provider answers to a request for so many; raises ProviderError where that is no answer."""
    try:
        if single:
            one = _single_answer.decode(body)
            found, counted = [one.embedding], one.usage_metadata
        else:
            many = _several_answer.decode(body)
            found, counted = many.embeddings, many.usage_metadata
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise embedding.no_vectors(body, provider) from None
    if len(found) != count:
        raise embedding.wrong_count(body, provider, len(found), count)
    usage = msgspec.json.decode(counted) if bytes(counted) else None
    tokens = openai.count(usage.get("promptTokenCount")) if isinstance(usage, dict) else 0
    return Said(
        raws=[each.values for each in found],
        tokens=tokens or None,
        usage=bytes(counted) if isinstance(usage, dict) else b"",
        is_regular=True,
    )


def embed_pieces(call: EmbedCall, made: Vectors, usage: Usage) -> Iterator[bytes]:
    """The answer in pieces, because to write a vector takes a while."""
    yield b'{"embedding":' if call.is_single else b'{"embeddings":['
    for place, vector in enumerate(made.vectors):
        yield b'%b{"values":%b}' % (b"," if place else b"", vector.as_text())
    said = cost.with_cost({"promptTokenCount": usage.input}, usage)
    yield b'%b,"usageMetadata":%b}' % (b"" if call.is_single else b"]", msgspec.json.encode(said))

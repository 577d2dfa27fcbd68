"""OpenAI's embeddings: requests read strictly, answers leniently."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from headgate.errors import BadRequest, ProviderError
from headgate.events import Usage
from headgate.formats import cost, embedding, openai, strict
from headgate.formats.embedding import EmbedCall, Inputs, Said, Vectors

NAME = "openai.embeddings"

MAX_INPUTS = 2048
"""As many as OpenAI takes at once."""


class EmbeddingRequest(msgspec.Struct):
    """A request for embeddings; fields that are not here are the vendor's and travel untouched."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    input: str | list[str | int | list[int]]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None
    user: str | None = None
    fallbacks: strict.Fallbacks | None = None


_request = msgspec.json.Decoder(EmbeddingRequest)
_COUNTS = ("prompt_tokens", "total_tokens")


def read(body: bytes) -> EmbedCall:
    """A request for embeddings; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    request = strict.decode(_request, body)
    return EmbedCall(
        format=NAME,
        model=request.model,
        fields=fields,
        count=len(_texts(request.input)),
        wants_base64=request.encoding_format == "base64",
        fallbacks=tuple(request.fallbacks or ()),
    )


def inputs(call: EmbedCall) -> Inputs:
    """The request in everybody's words."""
    request = _request.decode(msgspec.json.encode(call.fields))
    return Inputs(texts=_texts(request.input), dimensions=request.dimensions)


def forward(call: EmbedCall, model: str, dimensions_field: str = "dimensions") -> bytes:
    """The request for a provider of this format: every value as its bytes came, under another model name."""
    fields = {**call.fields, "model": msgspec.Raw(msgspec.json.encode(model))}
    if "dimensions" in fields:
        fields[dimensions_field] = fields.pop("dimensions")
    return msgspec.json.encode(fields)


def request(inputs: Inputs, model: str, dimensions_field: str = "dimensions") -> bytes:
    """The request for a provider of this format, of one in another."""
    fields: dict[str, Any] = {"model": model, "input": inputs.texts}
    if inputs.dimensions is not None:
        fields[dimensions_field] = inputs.dimensions
    return msgspec.json.encode(fields)


def _texts(said: str | list[Any]) -> tuple[str | tuple[int, ...], ...]:
    """The inputs of a request, one by one; raises BadRequest naming the one that is wrong."""
    if isinstance(said, str):
        return (_filled(said, "input"),)
    if not said:
        raise _wrong("input", "it must have at least one text")
    kind = type(said[0])
    if kind is int:
        return (_tokens(said, "input"),)
    if len(said) > MAX_INPUTS:
        raise _wrong("input", f"at most {MAX_INPUTS} texts can be asked for at once, not {len(said)}")
    found: list[str | tuple[int, ...]] = []
    for place, each in enumerate(said):
        param = f"input[{place}]"
        if type(each) is not kind:
            raise _wrong(param, "texts and tokens cannot stand in one list")
        found.append(_filled(each, param) if isinstance(each, str) else _tokens(each, param))
    return tuple(found)


def _filled(text: str, param: str) -> str:
    if not text:
        raise _wrong(param, "it must not be an empty text")
    return text


def _tokens(said: list[Any], param: str) -> tuple[int, ...]:
    if not said:
        raise _wrong(param, "it must not be an empty list of tokens")
    for place, token in enumerate(said):
        if type(token) is not int:
            raise _wrong(f"{param}[{place}]", "texts and tokens cannot stand in one list")
        if not 0 <= token < 2**32:
            raise _wrong(f"{param}[{place}]", f"{token} is no token")
    return tuple(said)


def _wrong(param: str, why: str) -> BadRequest:
    return BadRequest(f"Invalid value for '{param}': {why}.", param=param, code="invalid_value")


class _Datum(msgspec.Struct):
    embedding: msgspec.Raw
    index: int | None = None
    object: str = ""


class _Answer(msgspec.Struct):
    data: list[_Datum]
    model: Any = None
    object: Any = None
    usage: msgspec.Raw = msgspec.Raw(b"")


_answer = msgspec.json.Decoder(_Answer)


def read_answer(body: bytes, provider: str, count: int) -> Said:
    """What a provider answers to a request for so many; raises ProviderError where that is no answer."""
    try:
        answer = _answer.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise embedding.no_vectors(body, provider) from None
    if len(answer.data) != count:
        raise embedding.wrong_count(body, provider, len(answer.data), count)
    usage = _usage(answer.usage)
    tokens = openai.count(usage.get("prompt_tokens", usage.get("total_tokens")))
    return Said(
        raws=[datum.embedding for datum in _in_order(answer.data, provider)],
        model=answer.model if isinstance(answer.model, str) else "",
        tokens=tokens or None,
        usage=bytes(answer.usage) if usage else b"",
        is_regular=_is_regular(answer, usage),
    )


def _in_order(data: list[_Datum], provider: str) -> list[_Datum]:
    """By their numbers; those of servers that do not number them are as they came."""
    numbers = [datum.index for datum in data]
    if len(set(numbers)) == 1 or numbers == list(range(len(data))):
        return data
    if set(numbers) != set(range(len(data))):
        raise ProviderError(f"{provider} numbered its vectors in a way that makes no sense.", code="upstream_invalid")
    return sorted(data, key=lambda datum: datum.index or 0)


def _usage(raw: bytes | msgspec.Raw) -> dict[str, Any]:
    said = msgspec.json.decode(raw) if bytes(raw) else None
    return said if isinstance(said, dict) else {}


def _is_regular(answer: _Answer, usage: dict[str, Any]) -> bool:
    return (
        answer.object == "list"
        and isinstance(answer.model, str)
        and all(type(usage.get(name)) is int and usage[name] >= 0 for name in _COUNTS)
        and all(datum.index == place and datum.object == "embedding" for place, datum in enumerate(answer.data))
    )


def pieces(call: EmbedCall, made: Vectors, usage: Usage) -> Iterator[bytes]:
    """The answer in pieces, because to write a vector takes a while."""
    yield b'{"object":"list","data":['
    for place, vector in enumerate(made.vectors):
        value = b'"%b"' % vector.as_base64() if call.wants_base64 else vector.as_text()
        comma = b"," if place else b""
        yield b'%b{"object":"embedding","index":%d,"embedding":%b}' % (comma, place, value)
    said = cost.with_cost({**_usage(made.usage), "prompt_tokens": usage.input, "total_tokens": usage.total}, usage)
    yield b'],"model":%b,"usage":%b}' % (msgspec.json.encode(made.model), msgspec.json.encode(said))

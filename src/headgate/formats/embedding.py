"""A request for vectors and its answer, in words that every format has."""

import math
from collections.abc import Sequence

import msgspec

from headgate.calls import Fields
from headgate.errors import ProviderError
from headgate.events import Usage
from headgate.formats import cost, counting, lenient, upstream_errors
from headgate.formats.vectors import Vector

MAX_ODD = 1 << 20
"""Bytes of an answer without vectors that are read to see what is wrong: errors are shorter."""


class EmbedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One request for vectors, read and found valid."""

    format: str
    """The format it was asked in: openai.embeddings, gemini.embed."""
    model: str
    """As the client wrote it."""
    fields: Fields
    count: int
    """How many vectors are asked for."""
    is_single: bool = False
    """Whether the format has a form for one vector, and this is it."""
    wants_base64: bool = False
    """Whether the client wants bytes rather than numbers."""
    fallbacks: tuple[str, ...] = ()
    """The models to ask when the one that is asked for fails."""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """A request for vectors in words that every format knows; None means: not said."""

    texts: tuple[str | tuple[int, ...], ...]
    """Each of them as words, or as token numbers."""
    dimensions: int | None = None
    """How many numbers each vector is to have."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, whose vectors were not looked at yet."""

    raws: Sequence[msgspec.Raw]
    """In the order of the inputs."""
    model: str = ""
    tokens: int | None = None
    usage: bytes = b""
    """The provider's own usage object as it stands in the answer; empty where there is none."""
    is_regular: bool = False
    """Whether its form is exact, but for what the vectors are."""


class Vectors(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider answers to a request for them."""

    vectors: Sequence[Vector]
    """In the order of the inputs."""
    model: str
    """As the provider names it."""
    tokens: int | None = None
    """How many the inputs had; None where nobody says."""
    usage: bytes = b""
    """The provider's own usage object as it stands in its answer; empty where there is none."""
    body: bytes = b""
    """The answer as it came, where it can go on as it is to whoever asked in the provider's own format."""

    def with_cost(self, usage: Usage) -> bytes:
        """That answer with what it cost; untouched where nobody knows, or has a place for it."""
        if not self.usage or usage.cost is None:
            return self.body
        before, _, after = self.body.rpartition(self.usage)
        return b"%b%b%b" % (before, cost.in_json(self.usage, usage), after)


def no_vectors(body: bytes, provider: str) -> ProviderError:
    """What stands under a 200 where vectors should."""
    message = f"{provider} sent something that is no list of vectors."
    if len(body) <= MAX_ODD:
        try:
            said = lenient.decode(body)
        except ValueError:
            return upstream_errors.no_answer(body.strip(), provider)
        if (error := upstream_errors.error_event(said, provider)) is not None:
            return error
    return ProviderError(message, code="upstream_invalid")


def no_vector(provider: str, place: int) -> ProviderError:
    """One that is none, or holds what is no number."""
    return ProviderError(f"{provider} sent something that is no vector, as number {place}.", code="upstream_invalid")


def wrong_count(body: bytes, provider: str, found: int, wanted: int) -> ProviderError:
    """Vectors that nobody could tell apart, or an error beside an empty list."""
    if not found and (error := no_vectors(body, provider)).code != "upstream_invalid":
        return error
    message = f"{provider} sent {found} vectors where {wanted} were asked for."
    return ProviderError(message, code="upstream_invalid")


def tokens_of(inputs: Inputs) -> counting.Steps[int]:
    """About as many tokens as the inputs have."""
    counted = sum(len(text) for text in inputs.texts if not isinstance(text, str))
    return counted + math.ceil((yield from counting.of_texts([text for text in inputs.texts if isinstance(text, str)])))

"""What all judges do alike."""

from collections.abc import Iterable, Iterator
from typing import Any

import openai

from tests.pairs.said import Broken, Said, Used

HELLO: Any = [{"role": "user", "content": "Hello"}]


def until_error(pieces: Iterable[Any], kind: type[Exception]) -> Iterator[Any]:
    """The pieces of a stream, and at last the error that it ended with."""
    try:
        yield from pieces
    except kind as error:
        yield error


def refused(error: openai.APIStatusError) -> Said:
    """What OpenAI's client was told in place of an answer."""
    body: Any = error.body
    return Said(broke=Broken(body["message"], error.status_code))


def openai_used(usage: Any, input: str, output: str) -> Used:
    """Tokens as OpenAI's formats tell them, under two pairs of names."""
    inputs, outputs = getattr(usage, f"{input}_details"), getattr(usage, f"{output}_details")
    assert usage.total_tokens == getattr(usage, input) + getattr(usage, output)
    return Used(
        getattr(usage, input),
        getattr(usage, output),
        (inputs.cached_tokens or 0) if inputs else 0,
        (outputs.reasoning_tokens or 0) if outputs else 0,
    )

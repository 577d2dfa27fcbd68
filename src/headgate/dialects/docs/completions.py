"""POST /v1/completions."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import asking, errors, sample
from headgate.dialects.docs.chat import TokenUsage
from headgate.formats import openai_completions
from headgate.web.doc import Content, Doc


class CompletionLogprobs(msgspec.Struct):
    """Four lists of the same length."""

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float]] | None
    text_offset: list[int]


class CompletionChoice(msgspec.Struct):
    text: str
    index: int
    logprobs: CompletionLogprobs | None
    finish_reason: Literal["stop", "length", "content_filter"] | None


class Completion(msgspec.Struct):
    """An answer, or a piece of one; `[DONE]` comes after the last piece."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: TokenUsage | UnsetType | None = UNSET
    system_fingerprint: str | UnsetType = UNSET


REQUESTS: dict[str, dict[str, Any]] = {
    "Plain": {"model": "default", "prompt": "Say hello.", "max_tokens": 16},
    "Streamed": {"model": "default", "prompt": "Say hello.", "max_tokens": 16, "stream": True},
}

_CALLS = {name: openai_completions.read(msgspec.json.encode(request)) for name, request in REQUESTS.items()}


def _stream() -> str:
    writer = openai_completions.Writer(_CALLS["Streamed"], sample.RUN, sample.CREATED)
    return sample.streamed(writer, sample.TALK)


DOC = Doc(
    summary="Complete a text",
    description=(
        "OpenAI's older endpoint: a prompt in, words out. A provider that only chats is asked with the prompt as a "
        "user's message; what cannot be asked like that (`echo`, `suffix`, several prompts) is then refused."
    ),
    tag=asking.OPENAI,
    parameters=asking.PARAMETERS,
    request=Content(
        schema=openai_completions.CompletionRequest,
        examples=REQUESTS,
        fields={
            **asking.FIELDS,
            **asking.SAMPLING,
            "prompt": "A text, several texts, or tokens as numbers.",
            "n": "How many answers to make for each prompt.",
            "best_of": "Out of how many the provider chooses them.",
            "max_tokens": "Caps each answer.",
            "logprobs": "How many probable tokens come with each token.",
            "echo": "Whether the answer begins with the prompt.",
            "suffix": "What comes after the answer, where the model fills a gap.",
            "user": "Whom the answer is for; the provider may look for abuse by it.",
        },
    ),
    answers=(
        sample.answer(
            whole=Completion,
            wholes={"Plain": openai_completions.whole(_CALLS["Plain"], sample.RUN, sample.CREATED, sample.TALK)},
            chunk=Completion,
            streams={"Streamed": _stream()},
        ),
    ),
    errors=errors.ASKING,
    error=errors.ErrorAnswer,
)

"""POST /v1/chat/completions."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import asking, errors, sample
from headgate.formats import openai_chat
from headgate.web.doc import Content, Doc

_Note = msgspec.Meta


class TokenLogprob(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int] | UnsetType | None = UNSET
    top_logprobs: list[dict[str, Any]] | UnsetType = UNSET


class Logprobs(msgspec.Struct):
    content: list[TokenLogprob] | None
    refusal: list[TokenLogprob] | None


class CalledFunction(msgspec.Struct):
    name: str
    arguments: Annotated[str, _Note(description="JSON text, as the model wrote it.")]


class AnswerCall(msgspec.Struct):
    id: str
    type: Literal["function"]
    function: CalledFunction


class AnswerMessage(msgspec.Struct):
    """What the model said; a vendor's own fields come along."""

    role: Literal["assistant"]
    content: str | None
    refusal: str | None
    annotations: list[dict[str, Any]]
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[AnswerCall] | UnsetType = UNSET


class ChatChoice(msgspec.Struct):
    index: int
    message: AnswerMessage
    logprobs: Logprobs | None
    finish_reason: Annotated[
        str, _Note(description="stop, length, tool_calls, content_filter, or function_call for the older form.")
    ]


class PromptDetails(msgspec.Struct):
    cached_tokens: int


class CompletionDetails(msgspec.Struct):
    reasoning_tokens: int


class TokenUsage(msgspec.Struct):
    """Tokens, as the provider counted them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails | UnsetType | None = UNSET
    completion_tokens_details: CompletionDetails | UnsetType | None = UNSET
    cost: float | UnsetType = UNSET
    """US dollars, where the price is known."""
    estimated: bool | UnsetType = UNSET
    """True where the provider did not say, or not all."""


class ChatCompletion(msgspec.Struct):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: TokenUsage
    system_fingerprint: str | UnsetType = UNSET
    service_tier: str | UnsetType | None = UNSET


class CalledFunctionPiece(msgspec.Struct):
    name: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET


class CallPiece(msgspec.Struct):
    """A tool call: its id and name first, then its arguments in pieces."""

    index: int
    id: str | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET
    function: CalledFunctionPiece | UnsetType = UNSET


class Delta(msgspec.Struct):
    """What is new."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType | None = UNSET
    refusal: str | UnsetType | None = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[CallPiece] | UnsetType = UNSET


class ChunkChoice(msgspec.Struct):
    index: int
    delta: Delta
    logprobs: Logprobs | None
    finish_reason: str | None


class ChatCompletionChunk(msgspec.Struct):
    """A piece of a streamed answer; `[DONE]` comes after the last."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: TokenUsage | UnsetType | None = UNSET
    system_fingerprint: str | UnsetType = UNSET
    service_tier: str | UnsetType | None = UNSET


PLAIN = {"model": "default", "messages": [{"role": "user", "content": "Say hello."}]}

REQUESTS = {
    "Plain": PLAIN,
    "Streamed": {**PLAIN, "stream": True},
    "With usage at the end": {**PLAIN, "stream": True, "stream_options": {"include_usage": True}},
    "With a tool": {
        "model": "default",
        "messages": [
            {"role": "system", "content": "Answer in one sentence."},
            {"role": "user", "content": "Do I need an umbrella in Brno?"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": sample.WEATHER}}],
    },
    "With a picture": {
        "model": "openai/gpt-4o-mini",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is in this picture?"},
                    {"type": "image_url", "image_url": {"url": "https://example.com/horse.jpg"}},
                ],
            }
        ],
    },
}

_CALLS = {name: openai_chat.read(msgspec.json.encode(request)) for name, request in REQUESTS.items()}


def _whole(name: str, events: sample.Events) -> bytes:
    return openai_chat.whole(_CALLS[name], sample.RUN, sample.CREATED, events)


def _stream(name: str, events: sample.Events) -> str:
    return sample.streamed(openai_chat.Writer(_CALLS[name], sample.RUN, sample.CREATED), events)


DOC = Doc(
    summary="Chat",
    description=(
        "OpenAI's chat completions, from any provider. Fields that are not listed are a vendor's own: they reach "
        "the provider as they are, and its own fields come back, as far as it speaks this format.\n\n"
        "A stream that breaks tells its error as an event and ends without `[DONE]`. Usage comes on the last chunk, "
        "or with `stream_options.include_usage` on a chunk of its own."
    ),
    tag=asking.OPENAI,
    parameters=asking.PARAMETERS,
    request=Content(
        schema=openai_chat.ChatRequest,
        examples=REQUESTS,
        fields={
            **asking.FIELDS,
            **asking.SAMPLING,
            "messages": "The conversation so far, the oldest message first.",
            "n": "How many answers to make.",
            "max_tokens": "The older name of `max_completion_tokens`.",
            "max_completion_tokens": "Caps the answer, with what is thought before it.",
            "logprobs": "Whether each token comes with its probability.",
            "top_logprobs": "How many other tokens come with it.",
            "response_format": '`{"type": "json_object"}`, or `json_schema` with a schema.',
            "tools": "Functions that the model may call; the calls come back in the answer.",
            "tool_choice": "`auto`, `none`, `required`, or the one function to call.",
            "parallel_tool_calls": "Whether several calls may come in one answer.",
            "functions": "The older form of `tools`; a name alone means a function that the server executes: "
            "`/v1/functions`.",
            "function_call": "The older form of `tool_choice`.",
            "reasoning_effort": "How long to think: `minimal`, `low`, `medium`, `high` or a vendor's own word.",
            "user": "Whom the answer is for; the provider may look for abuse by it.",
            "metadata": "Words of your own, which reach the provider.",
        },
    ),
    answers=(
        sample.answer(
            whole=ChatCompletion,
            wholes={"Plain": _whole("Plain", sample.TALK), "A tool is called": _whole("With a tool", sample.CALL)},
            chunk=ChatCompletionChunk,
            streams={
                "Streamed": _stream("Streamed", sample.TALK),
                "With usage at the end": _stream("With usage at the end", sample.TALK),
                "A tool is called": _stream("Streamed", sample.CALL),
            },
        ),
    ),
    errors=errors.ASKING,
    error=errors.ErrorAnswer,
)

"""POST /anthropic/v1/messages and .../count_tokens."""

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import asking, embeddings, errors, sample
from headgate.formats import anthropic
from headgate.formats.anthropic import inputs
from headgate.web.doc import JSON, Answer, Content, Doc, Parameter, Tag

TAG = Tag("Anthropic", "Anthropic's own API: its clients work with nothing but another base URL, `/anthropic`.")

Block: TypeAlias = (
    inputs.TextBlock
    | inputs.ImageBlock
    | inputs.DocumentBlock
    | inputs.ToolUseBlock
    | inputs.ToolResultBlock
    | inputs.ThinkingBlock
    | inputs.RedactedThinkingBlock
)


class Turn(msgspec.Struct, frozen=True):
    """A turn of the conversation."""

    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class CountRequest(anthropic.CountRequest, frozen=True, kw_only=True):
    """What is to be counted; fields and blocks that are not here reach a provider of this API untouched."""

    # The decoded request keeps its blocks unread until it knows what each of them is.
    messages: list[Turn]  # type: ignore[assignment]
    system: str | list[inputs.TextBlock] | None = None  # type: ignore[assignment]


class MessagesRequest(anthropic.MessagesRequest, frozen=True, kw_only=True):
    """A request for a message; fields and blocks that are not here reach a provider of this API untouched."""

    messages: list[Turn]  # type: ignore[assignment]
    system: str | list[inputs.TextBlock] | None = None  # type: ignore[assignment]


class MessageBlock(msgspec.Struct):
    """A part of the answer: `text`, `thinking`, `tool_use`, or a kind of the provider's own."""

    type: str
    text: str | UnsetType = UNSET
    thinking: str | UnsetType = UNSET
    signature: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    input: dict[str, Any] | UnsetType = UNSET


class MessageUsage(msgspec.Struct):
    """Tokens; the whole input is the sum of the three inputs."""

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | UnsetType | None = UNSET
    cache_read_input_tokens: int | UnsetType | None = UNSET
    output_tokens_details: dict[str, int] | UnsetType | None = UNSET
    cost: float | UnsetType = UNSET
    """US dollars, where the price is known."""
    estimated: bool | UnsetType = UNSET
    """True where the provider did not say, or not all."""


class AnthropicMessage(msgspec.Struct):
    """A whole answer."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[MessageBlock]
    stop_reason: Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"] | None
    stop_sequence: str | None
    usage: MessageUsage


class MessageChange(msgspec.Struct):
    """What is new of a block, or of the message at its end."""

    type: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    thinking: str | UnsetType = UNSET
    signature: str | UnsetType = UNSET
    partial_json: str | UnsetType = UNSET
    stop_reason: str | UnsetType | None = UNSET
    stop_sequence: str | UnsetType | None = UNSET


class AnthropicErrorObject(msgspec.Struct):
    type: str
    message: str


class MessageEvent(msgspec.Struct):
    """An event of a stream; its name is its `type`."""

    type: Literal[
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
    ]
    message: AnthropicMessage | UnsetType = UNSET
    index: int | UnsetType = UNSET
    content_block: MessageBlock | UnsetType = UNSET
    delta: MessageChange | UnsetType = UNSET
    usage: MessageUsage | UnsetType = UNSET
    error: AnthropicErrorObject | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class AnthropicError(msgspec.Struct):
    """An error as Anthropic tells it."""

    type: Literal["error"]
    error: AnthropicErrorObject
    request_id: str | None


class TokenCount(msgspec.Struct):
    """How many tokens a request has."""

    input_tokens: int


PLAIN = {"model": "default", "max_tokens": 1000, "messages": [{"role": "user", "content": "Say hello."}]}
_TOOLS = [{"name": "weather", "description": "The weather in a city.", "input_schema": sample.WEATHER}]
_CALL = {"type": "tool_use", "id": "call_weather", "name": "weather", "input": {"city": "Brno"}}

REQUESTS: dict[str, dict[str, Any]] = {
    "Plain": PLAIN,
    "Streamed": {**PLAIN, "stream": True},
    "With a tool": {
        "model": "default",
        "max_tokens": 1000,
        "system": "Answer in one sentence.",
        "messages": [{"role": "user", "content": "Do I need an umbrella in Brno?"}],
        "tools": _TOOLS,
    },
    "What a tool returned": {
        "model": "default",
        "max_tokens": 1000,
        "messages": [
            {"role": "user", "content": "Do I need an umbrella in Brno?"},
            {"role": "assistant", "content": [_CALL]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "call_weather", "content": "It rains."}],
            },
        ],
        "tools": _TOOLS,
    },
    "With a picture": {
        "model": "anthropic/claude-haiku-5-5",
        "max_tokens": 1000,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": {"type": "url", "url": "https://example.com/horse.jpg"}},
                    {"type": "text", "text": "What is in this picture?"},
                ],
            }
        ],
    },
}

_ASKED = anthropic.read(msgspec.json.encode(PLAIN))


def _whole(events: sample.Events) -> bytes:
    return anthropic.whole(_ASKED, sample.RUN, sample.CREATED, events)


def _stream(events: sample.Events) -> str:
    return sample.streamed(anthropic.Writer(_ASKED, sample.RUN, sample.CREATED), events)


HEADERS = (
    Parameter(
        name="anthropic-version",
        place="header",
        description="The version of the API that the request is written for; a provider of this API gets it too.",
        example="2023-06-01",
    ),
    Parameter(
        name="anthropic-beta",
        place="header",
        description="What is used before it is part of the API; a provider of this API gets it too.",
    ),
)

_FIELDS = {
    "model": asking.FIELDS["model"],
    "messages": "The conversation so far, the oldest turn first.",
    "system": "What holds for the whole conversation: a text, or blocks of text.",
    "tools": "Tools that the model may call; the calls come back in the answer.",
    "tool_choice": "`auto`, `any`, `none`, or `tool` with the name of the one to call.",
    "thinking": "`adaptive`, `enabled` with a budget, or `disabled`; elsewhere it is an effort.",
    "output_config": "`effort` for thinking, and `format` with a schema for the answer.",
}

MESSAGES = Doc(
    summary="Message",
    description=(
        "Anthropic's Messages, from any provider. A provider of this API gets every field and block as it came, with "
        "`anthropic-version` and `anthropic-beta`; any other is asked in its own terms, and what cannot be said there "
        "is refused, with the field's name.\n\n"
        "A stream ends with `message_stop`; one that breaks, with `error`."
    ),
    tag=TAG,
    parameters=(*HEADERS, *asking.PARAMETERS),
    request=Content(
        schema=MessagesRequest,
        examples=REQUESTS,
        fields={
            **_FIELDS,
            "stream": asking.FIELDS["stream"],
            "store": asking.FIELDS["store"],
            "max_tokens": "Caps the answer, with what is thought before it.",
            "stop_sequences": "Texts that end the answer, and are not part of it.",
            "temperature": asking.SAMPLING["temperature"],
            "top_p": asking.SAMPLING["top_p"],
            "top_k": "Chooses among so many of the likeliest tokens.",
            "metadata": "`user_id`: whom the answer is for.",
        },
    ),
    answers=(
        sample.answer(
            whole=AnthropicMessage,
            wholes={"Plain": _whole(sample.TALK), "A tool is called": _whole(sample.CALL)},
            chunk=MessageEvent,
            streams={"Streamed": _stream(sample.TALK), "A tool is called": _stream(sample.CALL)},
        ),
    ),
    errors=errors.ASKING,
    error=AnthropicError,
)

_COUNTED = {name: value for name, value in PLAIN.items() if name != "max_tokens"}

COUNT = Doc(
    summary="Count tokens",
    description=(
        "How many tokens a request for a message has. A provider of this API is asked; for any other it is a guess: "
        "four bytes a token, 1600 tokens a picture. Nothing is run, and nothing is kept."
    ),
    tag=TAG,
    parameters=(*HEADERS, *embeddings.PARAMETERS),
    request=Content(schema=CountRequest, examples={"Plain": _COUNTED}, fields=_FIELDS),
    answers=(
        Answer(
            meaning="The number.",
            contents=(Content(kind=JSON, schema=TokenCount, examples={"Plain": {"input_tokens": 7}}),),
        ),
    ),
    errors=tuple(error for error in errors.ASKING if error.status not in (409, 503)),
    error=AnthropicError,
)

"""The AI SDK: /v1/ui and what is below it."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import asking, errors, runs, sample
from headgate.errors import BadRequest
from headgate.formats import ui_messages
from headgate.web.doc import EVENT_STREAM, Answer, Content, Doc, Parameter, Tag

TAG = Tag(
    "AI SDK",
    "What Vercel's AI SDK speaks between `useChat` and a server: UI messages in, the UI message stream out. "
    "Answers outlive their pages and are resumed.",
)


class UIUsage(msgspec.Struct):
    """Tokens, and what they cost."""

    inputTokens: int
    outputTokens: int
    totalTokens: int
    reasoningTokens: int
    cachedInputTokens: int
    cost: float | UnsetType = UNSET
    """US dollars, where the price is known."""
    estimated: bool | UnsetType = UNSET
    """True where the provider did not say, or not all."""


class UIMetadata(msgspec.Struct):
    """What is known of the message once it is over."""

    usage: UIUsage


class UIChunk(msgspec.Struct):
    """A chunk of the UI message stream, version 1: its type, and what belongs to it."""

    type: str
    messageId: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    delta: str | UnsetType = UNSET
    toolCallId: str | UnsetType = UNSET
    toolName: str | UnsetType = UNSET
    inputTextDelta: str | UnsetType = UNSET
    input: Any = UNSET
    errorText: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    finishReason: str | UnsetType = UNSET
    messageMetadata: UIMetadata | UnsetType = UNSET


_HELLO = {"role": "user", "id": "m1", "parts": [{"type": "text", "text": "Say hello."}]}
_PLAIN = {"id": "chat-1", "messages": [_HELLO], "trigger": "submit-message"}

REQUESTS = {
    "Plain": _PLAIN,
    "With a model and a tool": {
        **_PLAIN,
        "model": "openai/gpt-4o-mini",
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": sample.WEATHER}}],
    },
    "With what the tool said": {
        "id": "chat-1",
        "messages": [
            _HELLO,
            {
                "role": "assistant",
                "id": "m2",
                "parts": [
                    {"type": "step-start"},
                    {
                        "type": "tool-weather",
                        "toolCallId": "call_weather",
                        "state": "output-available",
                        "input": {"city": "Brno"},
                        "output": {"sky": "clear"},
                    },
                ],
            },
        ],
    },
}


def _stream(events: sample.Events) -> str:
    call = ui_messages.read(msgspec.json.encode(_PLAIN)).call
    return sample.streamed(ui_messages.Writer(call, sample.RUN, sample.CREATED), events)


HEADERS = {
    **sample.HEADERS,
    "X-Vercel-Ai-Ui-Message-Stream": "`v1`.",
    "X-Workflow-Run-Id": "The run, under the name that the AI SDK's WorkflowChatTransport looks for.",
}

_CHAT = Parameter(
    name="chat",
    place="path",
    description="The chat's `id`, or the name of a run.",
    example="chat-1",
)

_STREAM = Content(
    kind=EVENT_STREAM,
    schema=UIChunk,
    examples={"Streamed": _stream(sample.TALK), "A tool is called": _stream(sample.CALL)},
)

_PREFER = Parameter(
    name="Prefer",
    place="header",
    description=(
        "`respond-async` is answered with the address of the answer's durable stream, for those who read that: "
        "`createDurableChatTransport` of Durable Streams, with this among its `headers`."
    ),
)

_URL = f"/v1/stream/runs/{sample.RUN}?as=ui&token=AgEC"


class StreamPointer(msgspec.Struct):
    """Where an answer is read."""

    streamUrl: Annotated[str, msgspec.Meta(description="Needs no key; good for a day.")]


_POINTER = Content(schema=StreamPointer, examples={"Where it is": {"streamUrl": _URL}})

ASK = Doc(
    summary="Answer UI messages",
    description=(
        "The endpoint that `useChat` posts to. The answer goes on without its client; stop it with "
        "`/v1/ui/{chat}/stop`. Every field that is not listed is one of chat completions: `tools`, `temperature`, "
        "`max_completion_tokens` and so on, sent with the transport's `body`.\n\n"
        "Parts that no model is told of (reasoning, sources, `data-*`) are left out, and so are calls of tools "
        "without an output."
    ),
    tag=TAG,
    parameters=(*asking.HEADERS, _PREFER),
    request=Content(
        schema=ui_messages.UIRequest,
        examples=REQUESTS,
        fields={
            "id": "The chat's name, by which its answer is found again.",
            "messages": "The conversation as UI messages.",
            "trigger": "What the user did; the messages say all that matters.",
            "messageId": "The message it was done to.",
            "model": "As in chat completions; `default` when it is left out.",
            "system": "What the model is told before the conversation.",
        },
    ),
    answers=(
        Answer(meaning="The answer, as the AI SDK reads it.", contents=(_STREAM,), headers=HEADERS),
        Answer(
            status=202,
            meaning="With `Prefer: respond-async`: the answer has begun, and is read there.",
            contents=(_POINTER,),
            headers={**HEADERS, "Location": "The same address."},
        ),
    ),
    errors=errors.ASKING,
    error=errors.ErrorAnswer,
)

STREAM = Doc(
    summary="Resume an answer",
    description=(
        "The answer of a chat from its start, and the rest as it comes; 204 when none is being made. With the name of "
        "a run, or with `startIndex`, one that is over is sent again."
    ),
    tag=TAG,
    parameters=(
        _CHAT,
        Parameter(
            name="startIndex",
            place="query",
            description="The number of the chunk to begin with, from 0; a negative one counts from the end.",
            type=int,
        ),
        _PREFER,
    ),
    answers=(
        Answer(
            meaning="The stream; with `Prefer: respond-async` its address.",
            contents=(_STREAM, _POINTER),
            headers={
                **HEADERS,
                "X-Workflow-Stream-Tail-Index": "With `startIndex`: the number of the last chunk so far.",
            },
        ),
        Answer(status=204, meaning="No answer is being made, or nothing comes after that chunk."),
    ),
    errors=(
        BadRequest("'startIndex' must be the number of a chunk.", param="startIndex", code="invalid_cursor"),
        errors.NO_KEY,
        errors.NO_RUN,
        errors.STORE_GONE,
    ),
    error=errors.ErrorAnswer,
)

STOP = Doc(
    summary="Stop an answer",
    description=(
        "The chat's answer ends at once and keeps what it has said. With the name of a run only that one is stopped, "
        "and not a newer answer of the same chat."
    ),
    tag=TAG,
    parameters=(_CHAT,),
    answers=(
        Answer(
            meaning="The run as it ended.",
            contents=(Content(schema=runs.Run, examples={"A run": runs.RUN}),),
            headers=sample.HEADERS,
        ),
        Answer(status=204, meaning="No answer is being made."),
    ),
    errors=(errors.NO_KEY, errors.NO_RUN, errors.STORE_GONE),
    error=errors.ErrorAnswer,
)

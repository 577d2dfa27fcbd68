"""POST /v1/responses."""

from typing import Any, Literal, TypeAlias

import msgspec

from headgate.dialects.docs import asking, errors, sample
from headgate.dialects.docs.responses_answer import Response, ResponseEvent
from headgate.errors import BadRequest, Conflict
from headgate.formats import openai_responses
from headgate.formats.openai_responses import inputs
from headgate.web.doc import Content, Doc

Part: TypeAlias = (
    inputs.InputText | inputs.InputImage | inputs.InputFile | inputs.InputAudio | inputs.OutputText | inputs.Refused
)


class InputMessage(msgspec.Struct, tag="message"):
    """A turn of the conversation; `type` may be left out."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Part]


class FunctionCallOutput(msgspec.Struct, tag="function_call_output"):
    """What a function returned, sent back."""

    call_id: str
    output: str | list[Part]


class CustomToolCallOutput(msgspec.Struct, tag="custom_tool_call_output"):
    """What a custom tool returned, sent back."""

    call_id: str
    output: str | list[Part]


Item: TypeAlias = (
    InputMessage
    | inputs.FunctionCall
    | FunctionCallOutput
    | inputs.CustomToolCall
    | CustomToolCallOutput
    | inputs.ReasoningItem
)


class ResponsesRequest(openai_responses.ResponsesRequest, frozen=True):
    """A Responses request; fields and items that are not here are the vendor's and travel untouched."""

    # The decoded request keeps its items unread until it knows what each of them is.
    input: str | list[Item] | None = None  # type: ignore[assignment]


REQUESTS: dict[str, dict[str, Any]] = {
    "Plain": {"model": "default", "input": "Say hello."},
    "Streamed": {"model": "default", "input": "Say hello.", "stream": True},
    "A conversation": {
        "model": "default",
        "instructions": "Answer in one sentence.",
        "input": [
            {"type": "message", "role": "user", "content": "My name is Ida."},
            {"type": "message", "role": "assistant", "content": "Hello, Ida!"},
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "What is my name?"}],
            },
        ],
    },
    "In the background": {"model": "default", "input": "Say hello.", "background": True},
    "Going on": {
        "model": "default",
        "previous_response_id": openai_responses.response_id(sample.RUN),
        "input": "And once more.",
    },
    "With a tool": {
        "model": "default",
        "input": "Do I need an umbrella in Brno?",
        "tools": [{"type": "function", "name": "weather", "parameters": sample.WEATHER}],
    },
    "What a tool returned": {
        "model": "default",
        "input": [
            {"type": "message", "role": "user", "content": "Do I need an umbrella in Brno?"},
            {
                "type": "function_call",
                "call_id": "call_weather",
                "name": "weather",
                "arguments": '{"city":"Brno"}',
            },
            {"type": "function_call_output", "call_id": "call_weather", "output": "It rains."},
        ],
    },
}

_CALLS = {name: openai_responses.read(msgspec.json.encode(request)) for name, request in REQUESTS.items()}


def _whole(name: str, events: sample.Events) -> bytes:
    return openai_responses.whole(_CALLS[name], sample.RUN, sample.CREATED, events)


def _stream(name: str, events: sample.Events) -> str:
    return sample.streamed(openai_responses.Writer(_CALLS[name], sample.RUN, sample.CREATED), events)


CHAINING = (
    openai_responses.not_found(openai_responses.response_id(sample.RUN)),
    BadRequest(
        "The previous response failed. Go on from the one before it, or ask it again.",
        param="previous_response_id",
        code="previous_response_failed",
    ),
    Conflict(
        "The previous response is still being made; go on when it is over.",
        param="previous_response_id",
        code="previous_response_in_progress",
    ),
)

DOC = Doc(
    summary="Respond",
    description=(
        "OpenAI's Responses, from any provider: one that only chats is asked in chat's terms, and what cannot be "
        "said there is refused, with the field's name. A stream ends with `response.completed`, "
        "`response.incomplete` or `response.failed`; there is no `[DONE]`. What has begun is found again at "
        "`/v1/responses/{id}`."
    ),
    tag=asking.OPENAI,
    parameters=asking.PARAMETERS,
    request=Content(
        schema=ResponsesRequest,
        examples=REQUESTS,
        fields={
            **asking.FIELDS,
            "input": "A text, or a list of items. An item of a kind that is not listed reaches a provider of this API.",
            "max_output_tokens": "Caps the answer, with what is thought before it.",
            "temperature": asking.SAMPLING["temperature"],
            "top_p": asking.SAMPLING["top_p"],
            "tools": "Functions that the model may call, and tools that the provider runs itself.",
            "tool_choice": "`auto`, `none`, `required`, or the one tool to call.",
            "reasoning": "How long to think, and whether to tell of it.",
            "background": (
                "The answer is made without its client: the response comes back at once, `queued`, or with `stream` "
                "its events as they happen. Find it again at `/v1/responses/{id}`. Needs `store`."
            ),
            "store": (
                "`false` keeps the response in memory only: nothing of it is written, and it is forgotten when it is "
                "over, so it cannot be found again nor gone on from."
            ),
            "previous_response_id": (
                "Goes on from a response made here, by whichever provider: what was asked and answered before is put "
                "before `input`; `instructions` are not. An id that was not made here reaches a provider of this API."
            ),
            "include": "What else to answer with, such as `message.output_text.logprobs`.",
            "instructions": "What is put before the conversation, as a system message.",
            "text": '`{"format": {"type": "json_schema", ...}}` makes the answer JSON of that schema.',
        },
    ),
    answers=(
        sample.answer(
            whole=Response,
            wholes={
                "Plain": _whole("Plain", sample.TALK),
                "In the background": _whole("In the background", ()),
                "A tool is called": _whole("With a tool", sample.CALL),
            },
            chunk=ResponseEvent,
            streams={"Streamed": _stream("Streamed", sample.TALK)},
        ),
    ),
    errors=(*errors.ASKING, *CHAINING),
    error=errors.ErrorAnswer,
)

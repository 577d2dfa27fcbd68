"""Chat requests: read strictly, and sent on as they came."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec

from headgate.calls import Call
from headgate.errors import BadRequest
from headgate.formats import strict

NAME = "openai.chat"

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Warmth = Annotated[float, msgspec.Meta(ge=0, le=2)]
Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class ImageUrl(msgspec.Struct):
    url: str
    detail: str | None = None


class InputAudio(msgspec.Struct):
    data: str
    format: str


class InputFile(msgspec.Struct):
    file_id: str | None = None
    filename: str | None = None
    file_data: str | None = None


class ContentPart(msgspec.Struct):
    """A part's `type` may be a vendor's own; the known ones must bring their field."""

    type: str
    text: str | None = None
    image_url: ImageUrl | None = None
    input_audio: InputAudio | None = None
    file: InputFile | None = None
    refusal: str | None = None


class FunctionUse(msgspec.Struct):
    name: str
    arguments: str


class CustomUse(msgspec.Struct):
    name: str
    input: str


class CallPart(msgspec.Struct):
    id: str
    type: Literal["function", "custom"] = "function"
    function: FunctionUse | None = None
    custom: CustomUse | None = None


class ChatMessage(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None
    name: str | None = None
    tool_calls: list[CallPart] | None = None
    tool_call_id: str | None = None
    function_call: FunctionUse | None = None
    refusal: str | None = None
    audio: dict[str, Any] | None = None


class FunctionTool(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ChatTool(msgspec.Struct):
    """A tool's `type` may be a vendor's own; `function` must bring its field."""

    type: str
    function: FunctionTool | None = None


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class ChatRequest(msgspec.Struct):
    """A chat completion request; fields that are not here are the vendor's and travel untouched."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    messages: Annotated[list[ChatMessage], msgspec.Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Warmth | None = None
    top_p: Share | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    tools: list[ChatTool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    functions: list[FunctionTool | Annotated[str, msgspec.Meta(min_length=1)]] | None = None
    function_call: str | dict[str, Any] | None = None
    response_format: dict[str, Any] | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    service_tier: str | None = None
    user: str | None = None
    store: bool | None = None
    metadata: dict[str, str] | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    fallbacks: strict.Fallbacks | None = None


_request = msgspec.json.Decoder(ChatRequest)

_PART_FIELD = {
    "text": "text",
    "image_url": "image_url",
    "input_audio": "input_audio",
    "file": "file",
    "refusal": "refusal",
}


def read(body: bytes) -> Call:
    """A chat request; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    request = strict.decode(_request, body)
    for index, message in enumerate(request.messages):
        _check(message, index)
    if request.tools:
        _check_tools(request.tools)
    options = request.stream_options
    return Call(
        format=NAME,
        model=request.model,
        fields=fields,
        stream=request.stream is True,
        choices=request.n or 1,
        include_usage=options is not None and options.include_usage is True,
        store=request.store is not False,
        fallbacks=tuple(request.fallbacks or ()),
        named=tuple(_named(request)) if request.tools or request.functions else (),
    )


def _named(request: ChatRequest) -> Iterator[str]:
    """Tools of which nothing is said but the name."""
    for tool in (*(request.functions or ()), *(tool.function for tool in request.tools or ())):
        if isinstance(tool, str):
            yield tool
        elif tool is not None and (tool.description, tool.parameters, tool.strict) == (None, None, None):
            yield tool.name


def _check(message: ChatMessage, number: int) -> None:
    if type(message.content) is str and message.tool_calls is None and message.role != "tool":
        # Most of them.
        return
    where = f"messages[{number}]"
    if isinstance(message.content, list):
        for index, part in enumerate(message.content):
            field = _PART_FIELD.get(part.type)
            if field is not None and getattr(part, field) is None:
                raise _missing(f"{where}.content[{index}].{field}")
    elif message.content is None and not _speaks_otherwise(message):
        raise _missing(f"{where}.content")
    if message.role == "tool" and not message.tool_call_id:
        raise _missing(f"{where}.tool_call_id")
    for index, call in enumerate(message.tool_calls or ()):
        if getattr(call, call.type) is None:
            raise _missing(f"{where}.tool_calls[{index}].{call.type}")


def _check_tools(tools: Sequence[ChatTool]) -> None:
    for index, tool in enumerate(tools):
        if tool.type == "function" and tool.function is None:
            raise _missing(f"tools[{index}].function")


def _speaks_otherwise(message: ChatMessage) -> bool:
    """An assistant's turn may hold something else than content."""
    said = message.tool_calls or message.function_call or message.refusal or message.audio
    return message.role == "assistant" and bool(said)


def _missing(param: str) -> BadRequest:
    return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


_encode = msgspec.json.Encoder().encode

_TRUE = msgspec.Raw(b"true")
_FALSE = msgspec.Raw(b"false")
_USAGE_TOO = msgspec.Raw(b'{"include_usage":true}')


def forward(call: Call, model: str, *, stream_usage: bool) -> bytes:
    """
    The request for a provider of this format: every value as its bytes came, under another model name.

    Usage is always asked for, because the run's record needs it; the writer keeps it from
    clients that did not ask.
    """
    fields: dict[str, Any] = {**call.fields, "model": model}
    if call.stream:
        fields["stream"] = _TRUE
        options = strict.value(call.fields, "stream_options")
        if not stream_usage:
            fields.pop("stream_options", None)
        elif options:
            fields["stream_options"] = msgspec.Raw(msgspec.json.encode({**options, "include_usage": True}))
        else:
            fields["stream_options"] = _USAGE_TOO
    else:
        fields.pop("stream_options", None)
    return _encode(fields)

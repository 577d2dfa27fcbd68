"""A Responses request: its fields, read strictly, and sent on untouched."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from headgate.calls import Call
from headgate.errors import BadRequest
from headgate.formats import strict
from headgate.formats.openai_responses import chaining, inputs
from headgate.formats.openai_responses.extra import NAME

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Warmth = Annotated[float, msgspec.Meta(ge=0, le=2)]
Count = Annotated[int, msgspec.Meta(ge=0)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
Word = Annotated[str, msgspec.Meta(min_length=1)]


class TextFormat(msgspec.Struct, frozen=True):
    """`type` may be a vendor's own; json_schema must bring name and schema."""

    type: str
    name: str | None = None
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None


class TextOptions(msgspec.Struct, frozen=True):
    format: TextFormat | None = None
    verbosity: str | None = None


class ReasoningOptions(msgspec.Struct, frozen=True):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None


class ResponsesTool(msgspec.Struct, frozen=True):
    """`type` may be a hosted tool's; a function must bring its name."""

    type: str
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    type: str
    name: str | None = None
    mode: str | None = None
    tools: list[dict[str, Any]] | None = None


class Conversation(msgspec.Struct, frozen=True):
    id: str


class Template(msgspec.Struct, frozen=True):
    id: str
    version: str | None = None
    variables: dict[str, Any] | None = None


class StreamOptions(msgspec.Struct, frozen=True):
    include_obfuscation: bool | None = None


class ResponsesRequest(msgspec.Struct, frozen=True):
    """The fields that we know; those that are not here are a vendor's and travel untouched."""

    model: Word
    input: str | list[msgspec.Raw] | None = None
    instructions: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    conversation: str | Conversation | None = None
    prompt: Template | None = None
    max_output_tokens: AtLeastOne | None = None
    max_tool_calls: Count | None = None
    functions: strict.Functions | None = None
    temperature: Warmth | None = None
    top_p: Share | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    tools: list[ResponsesTool] | None = None
    tool_choice: Literal["auto", "none", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    truncation: Literal["auto", "disabled"] | None = None
    include: list[str] | None = None
    metadata: dict[str, str] | None = None
    service_tier: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    context_management: list[dict[str, Any]] | None = None
    moderation: dict[str, Any] | None = None
    fallbacks: strict.Fallbacks | None = None


_request = msgspec.json.Decoder(ResponsesRequest)

KNOWN = frozenset(ResponsesRequest.__struct_fields__)


def read(body: bytes) -> Call:
    """A Responses request; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    request = strict.decode(_request, body)
    _check(request)
    return Call(
        format=NAME,
        model=request.model,
        fields=fields,
        stream=request.stream is True,
        store=request.store is not False,
        fallbacks=tuple(request.fallbacks or ()),
        named=tuple(_named(request)) if request.tools or request.functions else (),
    )


def request_of(call: Call) -> ResponsesRequest:
    """The typed fields of a call that `read` found valid."""
    return _request.decode(msgspec.json.encode(call.fields))


_OURS = ("background", "functions")
"""What this format does not have, or what is said to us alone."""


def forward(call: Call, model: str, *, stream: bool) -> bytes:
    """
    The request for a provider of this format: every value as its bytes came, under another model name.

    `background` stays here: the run is ours to keep, and an upstream that ran it in the
    background would go on, and cost, after we have left.
    """
    fields = {name: raw for name, raw in chaining.with_executed(call.fields).items() if name not in _OURS}
    if chaining.previous(call) is not None:
        fields = chaining.without_ours(fields)
    fields["model"] = msgspec.Raw(msgspec.json.encode(model))
    fields["stream"] = msgspec.Raw(b"true" if stream else b"false")
    if not stream:
        fields.pop("stream_options", None)
    return msgspec.json.encode(fields)


def _named(request: ResponsesRequest) -> Iterator[str]:
    """Functions of which nothing is said but the name."""
    yield from request.functions or ()
    for tool in request.tools or ():
        is_bare = (tool.description, tool.parameters, tool.strict) == (None, None, None)
        if tool.type == "function" and tool.name and is_bare:
            yield tool.name


def _check(request: ResponsesRequest) -> None:
    """What the types above cannot say."""
    if request.background and request.store is False:
        raise BadRequest(
            "A response in the background must be stored: leave out 'store' or 'background'.",
            param="store",
            code="invalid_value",
        )
    if request.input is not None:
        for where, item in inputs.items(request.input):
            inputs.check(item, where)
    elif request.previous_response_id is None and request.conversation is None and request.prompt is None:
        raise missing("input")
    for index, tool in enumerate(request.tools or ()):
        if tool.type in ("function", "custom") and not tool.name:
            raise missing(f"tools[{index}].name")
    choice = request.tool_choice
    if isinstance(choice, ToolChoice) and choice.type in ("function", "custom") and not choice.name:
        raise missing("tool_choice.name")
    format = request.text.format if request.text is not None else None
    if format is not None and format.type == "json_schema":
        if not format.name:
            raise missing("text.format.name")
        if format.schema is None:
            raise missing("text.format.schema")


def missing(param: str) -> BadRequest:
    """A field that must be there and is not."""
    return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def not_found(response: str) -> BadRequest:
    """A response to go on from that nobody has."""
    return BadRequest(
        f"Previous response with id '{response[:100]}' not found: it was never made here, not stored, deleted, or is "
        "older than responses are kept.",
        param="previous_response_id",
        code="previous_response_not_found",
    )

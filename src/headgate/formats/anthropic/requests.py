"""Messages requests: read strictly, and sent on as they came."""

import re
from typing import Annotated, Any, Literal

import msgspec

from headgate.calls import Call, Fields
from headgate.formats import strict
from headgate.formats.anthropic import executed, inputs
from headgate.formats.anthropic.extra import NAME
from headgate.formats.anthropic.inputs import Content, RequestMessage, Word

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class RequestTool(msgspec.Struct, frozen=True):
    """A tool; without a `type`, or of type `custom`, the client runs it, and it must have a schema."""

    name: Word | None = None
    type: str | None = None
    description: str | None = None
    input_schema: dict[str, Any] | None = None
    strict: bool | None = None


class RequestToolChoice(msgspec.Struct, frozen=True):
    type: Literal["auto", "any", "tool", "none"]
    name: Word | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct, frozen=True):
    """`type` is enabled, disabled, adaptive, or a later word."""

    type: Word
    budget_tokens: Count | None = None
    display: str | None = None


class OutputFormat(msgspec.Struct, frozen=True):
    type: Word
    schema: dict[str, Any] | None = None


class OutputConfig(msgspec.Struct, frozen=True):
    effort: str | None = None
    format: OutputFormat | None = None


class Metadata(msgspec.Struct, frozen=True):
    user_id: str | None = None


class CountRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What counting tokens and making a message have in common; fields that are not here travel untouched."""

    model: Word
    messages: Annotated[list[RequestMessage], msgspec.Meta(min_length=1)]
    system: Content | None = None
    tools: list[RequestTool] | None = None
    tool_choice: RequestToolChoice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    fallbacks: strict.Fallbacks | None = None


class MessagesRequest(CountRequest, frozen=True, kw_only=True):
    """A request for a message; fields that are not here are the provider's own and travel untouched."""

    max_tokens: Count
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: Share | None = None
    top_p: Share | None = None
    top_k: Count | None = None
    metadata: Metadata | None = None
    service_tier: str | None = None
    store: bool | None = None
    functions: strict.Functions | None = None


_request = msgspec.json.Decoder(MessagesRequest)

_OURS = frozenset({"store", "functions"})
"""What this format does not have, and its providers refuse."""

_UNSIGNED = re.compile(rb'"signature"\s*:\s*""')


def read(body: bytes) -> Call:
    """A request for a message; raises BadRequest naming the first field that is wrong."""
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
        named=(
            *(request.functions or ()),
            *(tool.name for tool in request.tools or () if _is_named(tool) and tool.name),
        ),
    )


def read_count(body: bytes) -> Call:
    """A request to count its tokens, which need not say how many may be made."""
    fields = strict.fields(body)
    # All that a request for a message may have is read again when nobody else counts.
    request = strict.decode(_request, msgspec.json.encode({"max_tokens": 0, **fields}))
    _check(request)
    return Call(format=NAME, model=request.model, fields=fields, fallbacks=tuple(request.fallbacks or ()))


def request_of(call: Call) -> MessagesRequest:
    """The typed fields of a call that was found valid, of either kind."""
    return _request.decode(msgspec.json.encode({"max_tokens": 0, **call.fields}))


def forward(call: Call, model: str) -> bytes:
    """
    The request for a provider of this format: every value as its bytes came, under another model name.

    Only thoughts without a signature are taken out, which another provider thought: this one refuses them, and to
    think on from calls that were made without any.
    """
    fields: Fields = {name: raw for name, raw in call.fields.items() if name not in _OURS}
    fields["model"] = msgspec.Raw(msgspec.json.encode(model))
    fields["messages"] = executed.apart(fields["messages"])
    if _UNSIGNED.search(bytes(fields["messages"])):
        messages = _signed(strict.value(fields, "messages"))
        fields["messages"] = msgspec.Raw(msgspec.json.encode(messages))
        if _calls_without_thoughts(messages) and (strict.value(fields, "thinking") or {}).get("type") == "enabled":
            del fields["thinking"]
    return msgspec.json.encode(fields)


def _signed(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for message in messages:
        if isinstance(message["content"], list):
            message["content"] = [block for block in message["content"] if not _is_unsigned(block)]
    return [message for message in messages if message["content"]]


def _calls_without_thoughts(messages: list[dict[str, Any]]) -> bool:
    """Whether the last turn of the assistant's is one that began with something else and called tools."""
    last: Any = next((message["content"] for message in reversed(messages) if message["role"] == "assistant"), "")
    types = [block.get("type") for block in last] if isinstance(last, list) else []
    return "tool_use" in types and types[0] not in ("thinking", "redacted_thinking")


def _is_unsigned(block: dict[str, Any]) -> bool:
    return block.get("type") == "thinking" and block.get("signature") == ""


def _is_named(tool: RequestTool) -> bool:
    """Whether nothing is said of it but its name: the server may have it, and whoever knows that looks."""
    return (tool.type, tool.description, tool.input_schema, tool.strict) == (None, None, None, None)


def _check(request: CountRequest) -> None:
    for index, message in enumerate(request.messages):
        inputs.check(message.content, f"messages[{index}].content")
    if request.system is not None:
        inputs.check(request.system, "system")
    for index, tool in enumerate(request.tools or ()):
        if tool.type in (None, "custom"):
            for needed in ("name",) if _is_named(tool) else ("name", "input_schema"):
                if getattr(tool, needed) is None:
                    raise strict.missing(f"tools[{index}].{needed}")
    choice, thinking = request.tool_choice, request.thinking
    if choice is not None and choice.type == "tool" and choice.name is None:
        raise strict.missing("tool_choice.name")
    if thinking is not None and thinking.type == "enabled" and thinking.budget_tokens is None:
        raise strict.missing("thinking.budget_tokens")

"""A Messages request taken apart, for providers that do not speak Messages."""

from typing import Any

import msgspec

from headgate.calls import Call, Fields, FilePart, ImagePart, Message, Part, Prompt, TextPart, Thought, Tool, ToolUse
from headgate.formats import strict
from headgate.formats.anthropic import executed, inputs
from headgate.formats.anthropic.inputs import Content, DocumentBlock, ImageBlock, RequestMessage, Source
from headgate.formats.anthropic.requests import MessagesRequest, OutputFormat, RequestToolChoice, Thinking, request_of
from headgate.formats.pictures import SEE_BELOW

MAX_USER = 64
"""Characters that others take for a user's name; Claude Code's are longer."""

_BUDGETS = ((4096, "low"), (16384, "medium"))
"""Up to how many tokens of thought that effort is meant; more is high."""

_EFFORTS = {"max": "xhigh"}
"""Words that OpenAI has other ones for."""

_FOR_CLAUDE = ("thinking", "top_k", "output_config")
_CACHE_MARK = b'"cache_control"'


def prompt(call: Call) -> Prompt:
    """
    The request in words that every format knows.

    Raises BadRequest for what they cannot say: tools that Anthropic runs, what lies at Anthropic. Hints
    (top_k, how thoughts are shown) are left out, and so are earlier thoughts that nobody signed.
    """
    request = request_of(msgspec.structs.replace(call, fields=_apart(call.fields)))
    user = request.metadata.user_id if request.metadata is not None else None
    choice = request.tool_choice
    return Prompt(
        messages=_messages(request),
        tools=_tools(request),
        tool_choice=_tool_choice(choice),
        parallel_tool_calls=False if choice is not None and choice.disable_parallel_tool_use else None,
        max_tokens=request.max_tokens or None,
        temperature=request.temperature,
        top_p=request.top_p,
        stop=tuple(request.stop_sequences or ()),
        reasoning_effort=_effort(request),
        response_schema=_response_schema(request),
        user=user if user and len(user) <= MAX_USER else None,
        for_claude={name: call.fields[name] for name in _FOR_CLAUDE if name in call.fields},
        may_cache=any(_CACHE_MARK in bytes(raw) for raw in call.fields.values()),
    )


def _apart(fields: Fields) -> Fields:
    return {**fields, "messages": executed.apart(fields["messages"])}


def _messages(request: MessagesRequest) -> tuple[Message, ...]:
    messages: list[Message] = []
    if request.system:
        messages.append(Message("system", _parts(request.system, "system")))
    for index, message in enumerate(request.messages):
        where = f"messages[{index}].content"
        messages += _spoken(message, where) if message.role == "assistant" else _heard(message, where)
    return tuple(messages)


def _spoken(message: RequestMessage, where: str) -> list[Message]:
    """An assistant's turn; what it thought only the provider that thought it can read."""
    parts: list[Part] = []
    calls: list[ToolUse] = []
    thoughts: list[Thought] = []
    for place, block in inputs.blocks(message.content, where):
        match block:
            case inputs.ToolUseBlock(id, name, input):
                calls.append(ToolUse(id, name, msgspec.json.encode(input).decode()))
            case inputs.ThinkingBlock(thinking, signature):
                thoughts += [Thought(thinking, signature)] if signature else []
            case inputs.RedactedThinkingBlock(data):
                thoughts.append(Thought(redacted=data))
            case _:
                parts += _part(block, place)
    said = Message("assistant", tuple(parts), calls=tuple(calls), thoughts=tuple(thoughts))
    return [said] if parts or calls else []


def _heard(message: RequestMessage, where: str) -> list[Message]:
    """
    A user's turn. Results of tools are messages of their own everywhere else, and come before the rest.
    """
    results: list[Message] = []
    rest: list[Part] = []
    for place, block in inputs.blocks(message.content, where):
        if isinstance(block, inputs.ToolResultBlock):
            parts = () if block.content is None else _parts(block.content, f"{place}.content")
            words = tuple(part for part in parts if isinstance(part, TextPart))
            pictures = [part for part in parts if not isinstance(part, TextPart)]
            rest += pictures
            told = words or (TextPart(SEE_BELOW if pictures else ""),)
            results.append(Message("tool", told, call_id=block.tool_use_id, is_error=block.is_error is True))
        else:
            rest += _part(block, place)
    role: Any = message.role
    return [*results, Message(role, tuple(rest))] if rest or not results else results


def _parts(content: Content, where: str) -> tuple[Part, ...]:
    return tuple(part for place, block in inputs.blocks(content, where) for part in _part(block, place))


def _part(block: inputs.AnyBlock, where: str) -> list[Part]:
    match block:
        case inputs.TextBlock(text):
            return [TextPart(text)]
        case ImageBlock(Source(type="base64", media_type=media_type, data=data)):
            return [ImagePart(f"data:{media_type};base64,{data}")]
        case ImageBlock(Source(type="url", url=str(url))):
            return [ImagePart(url)]
        case DocumentBlock(source):
            return _document(block, source, where)
        case ImageBlock(source):
            raise strict.unsupported(f"{where}.source", f"of type '{source.type}' cannot be sent to this provider.")
        case inputs.OtherBlock(type):
            raise strict.unsupported(f"{where}.type", f"'{type}' cannot be sent to this provider.")
        case _:
            kind = block.__struct_config__.tag
            raise strict.unsupported(f"{where}.type", f"'{kind}' cannot stand here for this provider.")


def _document(block: DocumentBlock, source: Source, where: str) -> list[Part]:
    about: list[Part] = [TextPart(words) for words in (block.title, block.context) if words]
    match source:
        case Source(type="base64", media_type=media_type, data=data):
            return [FilePart(name=block.title or "document.pdf", data=f"data:{media_type};base64,{data}")]
        case Source(type="text", data=str(words)):
            return [*about, TextPart(words)]
        case Source(type="content", content=(str() | list()) as content):
            return [*about, *_parts(content, f"{where}.source.content")]
        case Source(type="url", url=str(url)):
            return [FilePart(name=block.title, url=url)]
        case _:
            raise strict.unsupported(f"{where}.source", f"of type '{source.type}' cannot be sent to this provider.")


def _tools(request: MessagesRequest) -> tuple[Tool, ...]:
    for index, tool in enumerate(request.tools or ()):
        if tool.type not in (None, "custom"):
            raise strict.unsupported(f"tools[{index}].type", f"'{tool.type}' cannot be served by this provider.")
    return tuple(
        Tool(tool.name or "", tool.description, tool.input_schema, tool.strict) for tool in request.tools or ()
    )


def _tool_choice(choice: RequestToolChoice | None) -> str | None:
    match choice:
        case None:
            return None
        case RequestToolChoice(type="tool", name=name):
            return f"={name}"
        case RequestToolChoice(type="any"):
            return "required"
        case _:
            return choice.type


def _effort(request: MessagesRequest) -> str | None:
    """How long to think, if that is said; adaptive thinking alone says nothing of it."""
    match request.thinking:
        case Thinking(type="enabled", budget_tokens=int(budget)):
            return next((effort for most, effort in _BUDGETS if budget <= most), "high")
        case Thinking(type="disabled") | None:
            return None
        case _:
            effort = request.output_config.effort if request.output_config is not None else None
            return _EFFORTS.get(effort, effort) if effort is not None else None


def _response_schema(request: MessagesRequest) -> dict[str, Any] | None:
    """Chat's `response_format`."""
    config = request.output_config
    match config.format if config is not None else None:
        case None:
            return None
        case OutputFormat(type="json_schema", schema=dict(schema)):
            return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
        case format:
            raise strict.unsupported("output_config.format.type", f"'{format.type}' cannot be served by this provider.")

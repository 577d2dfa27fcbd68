"""A Responses request taken apart, for providers that do not speak Responses."""

from typing import Any

import msgspec

from headgate.calls import (
    AudioPart,
    Call,
    FilePart,
    ImagePart,
    Message,
    Part,
    Prompt,
    RefusalPart,
    TextPart,
    Tool,
    ToolUse,
)
from headgate.errors import BadRequest
from headgate.formats import strict
from headgate.formats.openai_responses import chaining, inputs
from headgate.formats.openai_responses.fields import (
    KNOWN,
    ResponsesRequest,
    TextOptions,
    ToolChoice,
    missing,
    not_found,
    request_of,
)
from headgate.formats.openai_responses.inputs import InputItem, InputPart

_ALIKE = frozenset({"safety_identifier", "prompt_cache_key", "prompt_cache_retention"})
"""Fields that chat completions have under the same name."""

_LOGPROBS = "message.output_text.logprobs"


def prompt(call: Call) -> Prompt:
    """
    The request in words that every format knows.

    Raises BadRequest for what they cannot say: hosted tools, items only OpenAI can resolve. What
    is a mere hint (truncation, reasoning summaries, include) is left out.
    """
    request = request_of(msgspec.structs.replace(call, fields=chaining.with_executed(call.fields)))
    _refuse_references(request, call)
    text = request.text or TextOptions()
    return Prompt(
        messages=_messages(request),
        tools=_tools(request),
        tool_choice=_tool_choice(request),
        parallel_tool_calls=request.parallel_tool_calls,
        max_tokens=request.max_output_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        logprobs=_logprobs(request),
        reasoning_effort=request.reasoning.effort if request.reasoning is not None else None,
        response_schema=_response_schema(text),
        verbosity=text.verbosity,
        user=request.user,
        metadata=request.metadata,
        service_tier=request.service_tier,
        extra={name: raw for name, raw in call.fields.items() if name not in KNOWN or name in _ALIKE},
    )


def _refuse_references(request: ResponsesRequest, call: Call) -> None:
    """What stands for something that lies at OpenAI; of a response of ours, all is in the input."""
    if request.previous_response_id is not None and chaining.previous(call) is None:
        raise not_found(request.previous_response_id)
    for param in ("conversation", "prompt"):
        if getattr(request, param) is not None:
            raise strict.unsupported(param, "cannot be used with this provider; send everything as 'input'.")
    if request.input is None:
        raise missing("input")


def _messages(request: ResponsesRequest) -> tuple[Message, ...]:
    messages: list[Message] = []
    if request.instructions is not None:
        messages.append(Message("system", (TextPart(request.instructions),)))
    for where, item in inputs.items([] if request.input is None else request.input):
        _add(messages, item, where)
    return tuple(messages)


def _add(messages: list[Message], item: InputItem, where: str) -> None:
    """
    One more item.

    Tool calls are items of their own here and part of the assistant's turn everywhere else: those
    that follow each other, with the words around them, become one turn, until an output answers.
    """
    match item:
        case inputs.InputMessage(role=role, content=content):
            parts = _parts(content, f"{where}.content")
            last = messages[-1] if messages else None
            if role == "assistant" and last is not None and last.calls:
                messages[-1] = Message("assistant", (*last.parts, *parts), calls=last.calls)
            else:
                messages.append(Message(role, parts))
        case inputs.FunctionCall(call_id, name, arguments):
            _add_call(messages, ToolUse(call_id, name, arguments))
        case inputs.CustomToolCall(call_id, name, input):
            _add_call(messages, ToolUse(call_id, name, input, "custom"))
        case inputs.FunctionCallOutput(call_id, output) | inputs.CustomToolCallOutput(call_id, output):
            messages.append(Message("tool", _parts(output, f"{where}.output"), call_id=call_id))
        case inputs.ReasoningItem():
            pass  # A model's own notes, which only the provider that wrote them can read.
        case inputs.ItemReference():
            raise strict.unsupported(f"{where}.id", "refers to an item that this provider does not have.")
        case inputs.Other(type):
            raise strict.unsupported(f"{where}.type", f"'{type}' cannot be sent to this provider.")


def _add_call(messages: list[Message], use: ToolUse) -> None:
    if messages and messages[-1].role == "assistant":
        last = messages.pop()
        messages.append(Message("assistant", last.parts, calls=(*last.calls, use)))
    else:
        messages.append(Message("assistant", (), calls=(use,)))


def _parts(content: inputs.Content, where: str) -> tuple[Part, ...]:
    return tuple(_part(part, place) for place, part in inputs.parts(content, where))


def _part(part: InputPart, where: str) -> Part:
    match part:
        case inputs.InputText(text) | inputs.OutputText(text):
            return TextPart(text)
        case inputs.InputImage(image_url=str(url), detail=detail):
            return ImagePart(url, detail)
        case inputs.InputImage(file_id=None):
            raise missing(f"{where}.image_url")
        case inputs.InputImage():
            raise strict.unsupported(f"{where}.file_id", "cannot be sent to this provider; send 'image_url'.")
        case inputs.InputFile(file_id, filename, file_data, file_url):
            return FilePart(id=file_id, name=filename, data=file_data, url=file_url)
        case inputs.InputAudio(sound):
            return AudioPart(sound.data, sound.format)
        case inputs.Refused(refusal):
            return RefusalPart(refusal)
        case inputs.Other(type):
            raise strict.unsupported(f"{where}.type", f"'{type}' cannot be sent to this provider.")


def _tools(request: ResponsesRequest) -> tuple[Tool, ...]:
    for index, tool in enumerate(request.tools or ()):
        if tool.type != "function":
            raise strict.unsupported(f"tools[{index}].type", f"'{tool.type}' cannot be served by this provider.")
    return tuple(Tool(tool.name or "", tool.description, tool.parameters, tool.strict) for tool in request.tools or ())


def _tool_choice(request: ResponsesRequest) -> str | None:
    match request.tool_choice:
        case ToolChoice(type="function", name=str(name)):
            return f"={name}"
        case ToolChoice(type=type):
            raise _bad_choice(type)
        case word:
            return word


def _bad_choice(type: str) -> BadRequest:
    return strict.unsupported("tool_choice.type", f"'{type}' cannot be served by this provider.")


def _logprobs(request: ResponsesRequest) -> int | None:
    """Asked for by `include`, or by wanting alternatives."""
    if request.top_logprobs or _LOGPROBS in (request.include or ()):
        return request.top_logprobs or 0
    return None


def _response_schema(text: TextOptions) -> dict[str, Any] | None:
    """Chat's `response_format`; plain text is what everybody gives unasked."""
    format = text.format
    if format is None or format.type == "text":
        return None
    if format.type == "json_object":
        return {"type": "json_object"}
    if format.type != "json_schema":
        raise strict.unsupported("text.format.type", f"'{format.type}' cannot be served by this provider.")
    said = {
        "name": format.name,
        "description": format.description,
        "schema": format.schema,
        "strict": format.strict,
    }
    return {"type": "json_schema", "json_schema": {name: value for name, value in said.items() if value is not None}}

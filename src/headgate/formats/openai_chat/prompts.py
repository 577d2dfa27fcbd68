"""Chat requests in words that every format knows, and back."""

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
from headgate.formats import pictures, strict, words
from headgate.formats.openai_chat.requests import (
    CallPart,
    ChatMessage,
    ChatRequest,
    ContentPart,
    CustomUse,
    ImageUrl,
    InputAudio,
    InputFile,
)


def prompt(call: Call) -> Prompt:
    """The request in words that every format knows."""
    request = msgspec.json.decode(msgspec.json.encode(call.fields), type=ChatRequest)
    stop = request.stop
    return Prompt(
        messages=tuple(_message(message, index) for index, message in enumerate(request.messages)),
        tools=_tools(request),
        tool_choice=_tool_choice(request.tool_choice if request.tool_choice is not None else request.function_call),
        parallel_tool_calls=request.parallel_tool_calls,
        max_tokens=request.max_completion_tokens or request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        stop=() if stop is None else (stop,) if isinstance(stop, str) else tuple(stop),
        seed=request.seed,
        choices=request.n,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        logit_bias=request.logit_bias,
        logprobs=(request.top_logprobs or 0) if request.logprobs else None,
        reasoning_effort=request.reasoning_effort,
        response_schema=request.response_format,
        verbosity=request.verbosity,
        user=request.user,
        metadata=request.metadata,
        service_tier=request.service_tier,
        extra={name: raw for name, raw in call.fields.items() if name not in _KNOWN},
    )


_KNOWN = frozenset(ChatRequest.__struct_fields__)


def _message(message: ChatMessage, index: int) -> Message:
    calls = tuple(_use(call) for call in message.tool_calls or ())
    call_id = message.tool_call_id
    if message.function_call is not None:
        # The old form has no ids: the call is known by its function's name.
        use = message.function_call
        calls = (*calls, ToolUse(f"call_{use.name}", use.name, use.arguments))
    if message.role == "function":
        call_id = f"call_{message.name}"
    return Message(
        role="tool" if message.role == "function" else message.role,
        parts=_parts(message, f"messages[{index}].content"),
        name=message.name,
        calls=calls,
        call_id=call_id,
    )


def _parts(message: ChatMessage, where: str) -> tuple[Part, ...]:
    if isinstance(message.content, str):
        parts: tuple[Part, ...] = (TextPart(message.content),)
    else:
        parts = tuple(_part(part, f"{where}[{index}]") for index, part in enumerate(message.content or ()))
    return (*parts, RefusalPart(message.refusal)) if message.refusal else parts


def _part(part: ContentPart, where: str) -> Part:
    match part:
        case ContentPart(type="text", text=str(text)):
            return TextPart(text)
        case ContentPart(type="image_url", image_url=ImageUrl(url, detail)):
            return ImagePart(url, detail)
        case ContentPart(type="input_audio", input_audio=InputAudio(data, format)):
            return AudioPart(data, format)
        case ContentPart(type="file", file=InputFile() as file):
            return FilePart(id=file.file_id, name=file.filename, data=file.file_data)
        case ContentPart(type="refusal", refusal=str(text)):
            return RefusalPart(text)
        case _:
            raise strict.unsupported(where, f"of type '{part.type}' cannot be sent to this provider.")


def _use(call: CallPart) -> ToolUse:
    if call.function is not None:
        return ToolUse(call.id, call.function.name, call.function.arguments)
    custom = call.custom or CustomUse("", "")
    return ToolUse(call.id, custom.name, custom.input, "custom")


def _tools(request: ChatRequest) -> tuple[Tool, ...]:
    tools = []
    for index, tool in enumerate(request.tools or ()):
        if tool.function is None:
            raise strict.unsupported(f"tools[{index}]", f"of type '{tool.type}' cannot be sent to this provider.")
        tools.append(tool.function)
    tools += [tool for tool in request.functions or () if not isinstance(tool, str)]
    return tuple(Tool(tool.name, tool.description, tool.parameters, tool.strict) for tool in tools)


def _tool_choice(choice: str | dict[str, Any] | None) -> str | None:
    match choice:
        case {"function": {"name": str(name)}} | {"name": str(name)}:
            return f"={name}"
        case str(word):
            return word
        case None:
            return None
        case _:
            raise strict.unsupported("tool_choice", "of this form cannot be sent to this provider.")


def request(prompt: Prompt, model: str, *, stream: bool, stream_usage: bool, max_tokens_field: str) -> bytes:
    """A prompt from another format as a chat request; what was not said is left out."""
    body: dict[str, Any] = dict(prompt.extra)
    body |= {"model": model, "messages": [message_out(message) for message in pictures.apart(prompt.messages)]}
    if stream:
        body["stream"] = True
        if stream_usage:
            body["stream_options"] = {"include_usage": True}
    if prompt.tools:
        body["tools"] = [tool_out(tool) for tool in prompt.tools]
    if prompt.tool_choice is not None:
        name = prompt.tool_choice.removeprefix("=")
        named = prompt.tool_choice.startswith("=")
        body["tool_choice"] = {"type": "function", "function": {"name": name}} if named else name
    said = {
        max_tokens_field: prompt.max_tokens,
        "parallel_tool_calls": prompt.parallel_tool_calls,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "stop": list(prompt.stop) or None,
        "seed": prompt.seed,
        "n": prompt.choices,
        "presence_penalty": prompt.presence_penalty,
        "frequency_penalty": prompt.frequency_penalty,
        "logit_bias": prompt.logit_bias,
        "logprobs": None if prompt.logprobs is None else True,
        "top_logprobs": prompt.logprobs or None,
        "reasoning_effort": prompt.reasoning_effort,
        "response_format": prompt.response_schema,
        "verbosity": prompt.verbosity,
        "user": prompt.user,
        "metadata": prompt.metadata,
        "service_tier": prompt.service_tier,
    }
    body |= {name: value for name, value in said.items() if value is not None}
    return msgspec.json.encode(body)


def message_out(message: Message) -> dict[str, Any]:
    """A turn as a chat's message."""
    out: dict[str, Any] = {"role": message.role}
    if message.parts and all(isinstance(part, TextPart) for part in message.parts):
        texts = [part.text for part in message.parts if isinstance(part, TextPart)]
        # An answer's pieces are one text already.
        out["content"] = "".join(texts) if message.role == "assistant" else words.together(texts)
    elif message.parts:
        out["content"] = [_part_out(part) for part in message.parts]
    else:
        out["content"] = None if message.calls else ""
    if message.name is not None:
        out["name"] = message.name
    if message.calls:
        out["tool_calls"] = [_use_out(use) for use in message.calls]
    if message.call_id is not None:
        out["tool_call_id"] = message.call_id
    return out


def _part_out(part: Part) -> dict[str, Any]:
    match part:
        case TextPart(text):
            return {"type": "text", "text": text}
        case ImagePart(url, detail):
            return {"type": "image_url", "image_url": {"url": url} | ({"detail": detail} if detail else {})}
        case AudioPart(data, format):
            return {"type": "input_audio", "input_audio": {"data": data, "format": format}}
        case RefusalPart(text):
            return {"type": "refusal", "refusal": text}
        case FilePart():
            if part.url is not None:
                raise strict.unsupported("input_file.file_url", "cannot be sent to this provider; send its content.")
            said = {"file_id": part.id, "filename": part.name, "file_data": part.data}
            return {"type": "file", "file": {name: value for name, value in said.items() if value is not None}}


def _use_out(use: ToolUse) -> dict[str, Any]:
    if use.kind == "custom":
        return {"id": use.id, "type": "custom", "custom": {"name": use.name, "input": use.input}}
    return {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.input}}


def tool_out(tool: Tool) -> dict[str, Any]:
    """A tool as chat has it."""
    said = {"name": tool.name, "description": tool.description, "parameters": tool.schema, "strict": tool.strict}
    return {"type": "function", "function": {name: value for name, value in said.items() if value is not None}}

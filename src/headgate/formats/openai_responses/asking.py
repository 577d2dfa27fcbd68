"""A prompt from another format, asked in Responses' terms."""

from collections.abc import Iterator
from typing import Any

import msgspec

from headgate.calls import AudioPart, FilePart, ImagePart, Message, Part, Prompt, RefusalPart, TextPart, Tool, ToolUse
from headgate.formats import openai, strict, words


def request(prompt: Prompt, model: str, *, stream: bool) -> bytes:
    """
    The prompt as a Responses request; what was not said is left out.

    Raises BadRequest for what Responses cannot be asked: several choices, stop words, penalties
    and biases. A seed is dropped: it never was more than a wish.
    """
    _refuse_unsayable(prompt)
    body: dict[str, Any] = dict(prompt.extra)
    body |= {"model": model, "input": list(items_of(prompt)), "stream": stream}
    # OpenAI would keep the conversation for a month; nobody who asked in another format expects that.
    body["store"] = False
    if prompt.tools:
        body["tools"] = [tool_out(tool) for tool in prompt.tools]
    if prompt.tool_choice is not None:
        body["tool_choice"] = _tool_choice(prompt.tool_choice)
    if prompt.logprobs is not None:
        body |= {"include": ["message.output_text.logprobs"], "top_logprobs": prompt.logprobs}
    if prompt.reasoning_effort is not None:
        body["reasoning"] = {"effort": prompt.reasoning_effort}
    text = _said({"format": _text_format(prompt.response_schema), "verbosity": prompt.verbosity})
    said = {
        "parallel_tool_calls": prompt.parallel_tool_calls,
        "max_output_tokens": prompt.max_tokens,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "text": text or None,
        "user": prompt.user,
        "metadata": prompt.metadata,
        "service_tier": prompt.service_tier,
    }
    return msgspec.json.encode(body | _said(said))


def _refuse_unsayable(prompt: Prompt) -> None:
    openai.no_choices_over_one(prompt.choices or 1, "this provider")
    unsayable = {
        "stop": prompt.stop,
        "logit_bias": prompt.logit_bias,
        "presence_penalty": prompt.presence_penalty,
        "frequency_penalty": prompt.frequency_penalty,
    }
    for param, value in unsayable.items():
        if value:
            raise strict.unsupported(param, "is not known to this provider's API.")


def items_of(prompt: Prompt) -> Iterator[dict[str, Any]]:
    """Its turns as items."""
    customs: set[str | None] = set()
    for message in prompt.messages:
        if message.role == "tool":
            kind = "custom_tool_call_output" if message.call_id in customs else "function_call_output"
            yield {"type": kind, "call_id": message.call_id, "output": _output(message)}
            continue
        if message.parts or not message.calls:
            yield {"type": "message", "role": message.role, "content": _content(message)}
        for use in message.calls:
            if use.kind == "custom":
                customs.add(use.id)
            yield _call(use)


def _content(message: Message) -> str | list[dict[str, Any]]:
    """One text goes as a bare string, which every server understands."""
    match message.parts:
        case ():
            return ""
        case (TextPart(text),):
            return text
        case parts:
            kind = "output_text" if message.role == "assistant" else "input_text"
            return [_spoken(part, kind) for part in parts]


def _output(message: Message) -> str | list[dict[str, Any]]:
    """A tool's output: a bare string where it is nothing but words."""
    if all(isinstance(part, TextPart) for part in message.parts):
        return words.together(part.text for part in message.parts if isinstance(part, TextPart))
    return [_spoken(part, "input_text") for part in message.parts]


def _spoken(part: Part, text_type: str) -> dict[str, Any]:
    match part:
        case TextPart(text):
            return {"type": text_type, "text": text}
        case RefusalPart(text):
            return {"type": "refusal", "refusal": text}
        case ImagePart(url, detail):
            return {"type": "input_image", "image_url": url, "detail": detail or "auto"}
        case AudioPart(data, format):
            return {"type": "input_audio", "input_audio": {"data": data, "format": format}}
        case FilePart(id, name, data, url):
            return {"type": "input_file"} | _said(
                {"file_id": id, "filename": name, "file_data": data, "file_url": url},
            )


def _call(use: ToolUse) -> dict[str, Any]:
    if use.kind == "custom":
        return {"type": "custom_tool_call", "call_id": use.id, "name": use.name, "input": use.input}
    return {"type": "function_call", "call_id": use.id, "name": use.name, "arguments": use.input}


def tool_out(tool: Tool) -> dict[str, Any]:
    """Strictness is on by default here and off everywhere else, so it is always said."""
    description = _said({"description": tool.description})  # llama.cpp takes no null for it.
    return {
        "type": "function",
        "name": tool.name,
        **description,
        "parameters": tool.schema or {"type": "object", "properties": {}},
        "strict": tool.strict or False,
    }


def _tool_choice(choice: str) -> str | dict[str, Any]:
    if choice.startswith("="):
        return {"type": "function", "name": choice.removeprefix("=")}
    return choice


def _text_format(schema: dict[str, Any] | None) -> dict[str, Any] | None:
    """Chat's `response_format`: the same words, one level flatter."""
    if schema is None:
        return None
    inner = schema.get("json_schema")
    return {**inner, "type": "json_schema"} if isinstance(inner, dict) else schema


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}

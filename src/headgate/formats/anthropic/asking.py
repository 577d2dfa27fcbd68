"""A prompt from another format, asked in Messages' terms."""

import base64
import binascii
import re
from typing import Any

import msgspec

from headgate.calls import AudioPart, FilePart, ImagePart, Message, Part, Prompt, RefusalPart, TextPart, Tool, ToolUse
from headgate.formats import openai, strict
from headgate.formats.anthropic import schemas, thoughts
from headgate.formats.anthropic.content import input_object

_OWN = frozenset(
    {
        "cache_control",
        "container",
        "context_management",
        "inference_geo",
        "mcp_servers",
        "output_config",
        "speed",
        "thinking",
        "top_k",
    }
)
"""Fields of this format's own, which clients of others may send for it; it refuses any that it does not know."""

_COUNTED = frozenset({"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"})
"""What a request to count tokens may hold."""

_TIERS = {"auto": "auto", "default": "standard_only"}
_DATA = re.compile(r"data:([^;,]+)[^,]*;base64,(.*)", re.DOTALL)
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")

Json = dict[str, Any]


def request(prompt: Prompt, model: str, *, stream: bool) -> bytes:
    """
    The prompt as a Messages request; what was not said is left out.

    Raises BadRequest for what Messages cannot be asked: several choices, penalties, biases,
    probabilities, sounds. A seed is dropped: it never was more than a wish.
    """
    _refuse_unsayable(prompt)
    limits = _limits(prompt, model)
    messages = _messages(prompt, thinks="thinking" in limits)
    system = [part.text for message in _instructions(prompt) for part in message.parts if isinstance(part, TextPart)]
    words = "\n".join(text for text in system if text)
    if words and not messages:
        # Nobody asks anything: the instruction is the question.
        messages, words = [{"role": "user", "content": words}], ""
    body: Json = {"model": model, "messages": messages, "stream": stream}
    if words:
        body["system"] = words
    body |= _tools(prompt) | limits
    said: Json = {
        "stop_sequences": [stop for stop in prompt.stop if stop.strip()] or None,
        "metadata": {"user_id": prompt.user} if prompt.user else None,
        "service_tier": _TIERS.get(prompt.service_tier or ""),
    }
    body |= {name: value for name, value in said.items() if value is not None}
    body |= {name: raw for name, raw in prompt.extra.items() if name in _OWN}
    return msgspec.json.encode(body)


def count_request(prompt: Prompt, model: str) -> bytes:
    """The prompt as a request to count its tokens, which takes what they are made of and nothing else."""
    fields = msgspec.json.decode(request(prompt, model, stream=False), type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: raw for name, raw in fields.items() if name in _COUNTED})


def _refuse_unsayable(prompt: Prompt) -> None:
    openai.no_choices_over_one(prompt.choices or 1, "this provider")
    unsayable = {
        "logit_bias": prompt.logit_bias,
        "presence_penalty": prompt.presence_penalty,
        "frequency_penalty": prompt.frequency_penalty,
        "logprobs": prompt.logprobs is not None,
    }
    for param, value in unsayable.items():
        if value:
            raise strict.unsupported(param, "is not known to this provider's API.")


def _limits(prompt: Prompt, model: str) -> Json:
    """How much is thought and said, and how freely."""
    effort = None if thoughts.must_not_think(prompt) or "thinking" in prompt.extra else prompt.reasoning_effort
    thought = thoughts.of(model, effort, prompt.max_tokens)
    body: Json = {"max_tokens": thought.max_tokens}
    config: Json = {}
    if "thinking" in thought.fields:
        body["thinking"] = thought.fields["thinking"]
    elif "thinking" not in prompt.extra:
        # Who thinks must not be told how freely.
        if prompt.temperature is not None:
            body["temperature"] = min(prompt.temperature, 1.0)
        if prompt.top_p is not None and prompt.temperature is None:
            body["top_p"] = prompt.top_p
    if "effort" in thought.fields:
        config["effort"] = thought.fields["effort"]
    if (schema := _schema(prompt)) is not None:
        config["format"] = {"type": "json_schema", "schema": schema}
    return body | ({"output_config": config} if config else {})


def _schema(prompt: Prompt) -> Json | None:
    match prompt.response_schema:
        case None | {"type": "text"}:
            return None
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schemas.closed(schema)
        case {"type": type}:
            raise strict.unsupported("response_format", f"of type '{type}' is not known to this provider's API.")
        case _:
            raise strict.unsupported("response_format", "of this form is not known to this provider's API.")


def _instructions(prompt: Prompt) -> list[Message]:
    """What stands above the conversation here, wherever it stood."""
    return [message for message in prompt.messages if message.role in ("system", "developer")]


def _messages(prompt: Prompt, *, thinks: bool) -> list[Json]:
    """The turns; neighbours of one role become one, because all results of tools must come together."""
    turns: list[Json] = []
    for message in prompt.messages:
        if message.role in ("system", "developer"):
            continue
        role = "assistant" if message.role == "assistant" else "user"
        said = result(message) if message.role == "tool" else blocks(message)
        if thinks and message.thoughts:
            said = [*_thoughts(message), *said]
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += said
        elif said:
            turns.append({"role": role, "content": said})
    if turns and turns[-1]["role"] == "assistant":
        # Words that the answer goes on from must not end in a space.
        _without_space_at_end(turns)
    return [{**turn, "content": _shortest(turn["content"])} for turn in turns]


def _without_space_at_end(turns: list[Json]) -> None:
    last = turns[-1]["content"][-1]
    if last["type"] == "text":
        last["text"] = last["text"].rstrip()


def _shortest(blocks: list[Json]) -> str | list[Json]:
    """One text goes as a bare string, which every server understands."""
    match blocks:
        case [{"type": "text", "text": str(text)}]:
            return text
        case _:
            return blocks


def blocks(message: Message) -> list[Json]:
    """A turn's."""
    said = [_block(part) for part in message.parts if not (isinstance(part, TextPart) and not part.text.strip())]
    return said + [_call(use) for use in message.calls]


def _thoughts(message: Message) -> list[Json]:
    return [
        {"type": "redacted_thinking", "data": thought.redacted}
        if thought.redacted
        else {"type": "thinking", "thinking": thought.text, "signature": thought.signature}
        for thought in message.thoughts
    ]


def result(message: Message) -> list[Json]:
    """What a tool said."""
    said: Json = {"type": "tool_result", "tool_use_id": _id(message.call_id or "")}
    if message.is_error:
        said["is_error"] = True
    listed = blocks(message)
    return [{**said, "content": _shortest(listed)} if listed else said]


def _call(use: ToolUse) -> Json:
    input = {"input": use.input} if use.kind == "custom" else input_object(use.input)
    return {"type": "tool_use", "id": _id(use.id), "name": use.name, "input": input}


def _id(id: str) -> str:
    """An id with nothing in it that would be refused; the same for a call and for its result."""
    return _NOT_IN_IDS.sub("_", id) or "_"


def _block(part: Part) -> Json:
    match part:
        case TextPart(text) | RefusalPart(text):
            return {"type": "text", "text": text}
        case ImagePart(url):
            found = _DATA.fullmatch(url)
            if found is None:
                return {"type": "image", "source": {"type": "url", "url": url}}
            return {"type": "image", "source": {"type": "base64", "media_type": found[1], "data": found[2]}}
        case AudioPart():
            raise strict.unsupported("input_audio", "cannot be sent to this provider.")
        case FilePart():
            title = {"title": part.name} if part.name else {}
            return {"type": "document", "source": _source(part), **title}


def _source(file: FilePart) -> Json:
    if file.url is not None:
        return {"type": "url", "url": file.url}
    if file.data is None:
        raise strict.unsupported("file.file_id", "cannot be sent to this provider; send the file's content.")
    found = _DATA.fullmatch(file.data)
    media_type, data = (found[1], found[2]) if found else ("application/pdf", file.data)
    if not media_type.startswith("text/"):
        return {"type": "base64", "media_type": media_type, "data": data}
    try:
        words = base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise strict.unsupported("file.file_data", "is no text in base64.") from None
    return {"type": "text", "media_type": "text/plain", "data": words}


def _tools(prompt: Prompt) -> Json:
    if not prompt.tools:
        return {}
    choice = prompt.tool_choice
    named = {"type": "tool", "name": choice.removeprefix("=")} if choice and choice.startswith("=") else None
    said: Json | None = named or _CHOICES.get(choice or "")
    if prompt.parallel_tool_calls is False and choice != "none":
        said = {**(said or _CHOICES["auto"]), "disable_parallel_tool_use": True}
    tools = [tool_out(tool) for tool in prompt.tools]
    return {"tools": tools} if said is None else {"tools": tools, "tool_choice": said}


_CHOICES: dict[str, Json] = {"auto": {"type": "auto"}, "required": {"type": "any"}, "none": {"type": "none"}}


def tool_out(tool: Tool) -> Json:
    """A tool as Messages have it."""
    schema = {"type": "object", **(tool.schema or {"properties": {}})}
    said: Json = {"name": tool.name, "description": tool.description, "input_schema": schema}
    if tool.strict:
        said |= {"strict": True, "input_schema": schemas.closed(schema)}
    return {name: value for name, value in said.items() if value is not None}

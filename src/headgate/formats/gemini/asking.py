"""A request of any format, asked in Gemini's."""

import re
from typing import Any

import msgspec

from headgate.calls import (
    AudioPart,
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
from headgate.formats.gemini import schemas

UNSIGNED = "skip_thought_signature_validator"
"""Newer models refuse calls of their own that come back without the signature they gave; other formats have no
place for one, and this word of Google's stands for it: https://ai.google.dev/gemini-api/docs/thought-signatures"""

_DATA_URL = re.compile(r"data:([^;,]*)(?:;[^;,]*?)*?;base64,(.*)", re.DOTALL)
_KINDS = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
}
_BUDGETS = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 24_576}
_LEVELS = {"none": "LOW", "minimal": "LOW", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH"}
"""The least is LOW: some models have a level below it, and all others refuse that one."""
_THOUGHTLESS = re.compile(r"gemini-(1\.|2\.0)|gemma|learnlm")
_BUDGETED = re.compile(r"gemini-2\.5|gemini-robotics-er-1\.5")
_LEAST_OF_PRO = 128
"""Of 2.5, the model that cannot be kept from thinking."""


def request(prompt: Prompt, model: str) -> bytes:
    """
    A prompt from another format as a generateContent request; what was not said is left out.

    Hints that Gemini has no word for (user, metadata, verbosity, parallel_tool_calls) are dropped.
    """
    if prompt.logit_bias:
        raise strict.unsupported("logit_bias", "cannot be sent to this provider.")
    signs = _wants_signatures(model)
    # Older models take no pictures as results of functions.
    messages = prompt.messages if signs else tuple(pictures.apart(prompt.messages))
    contents, instruction = _contents(messages, signs=signs)
    body: dict[str, Any] = {"contents": contents}
    if instruction:
        body["systemInstruction"] = {"parts": instruction}
    if prompt.tools:
        body["tools"] = [{"functionDeclarations": [declaration(tool) for tool in prompt.tools]}]
    if prompt.tool_choice is not None:
        body["toolConfig"] = {"functionCallingConfig": _calling(prompt.tool_choice)}
    config = _config(prompt, model)
    if config:
        body["generationConfig"] = config
    return msgspec.json.encode(body)


def _wants_signatures(model: str) -> bool:
    return _THOUGHTLESS.search(model) is None and _BUDGETED.search(model) is None


def contents(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Turns for a model whose name nobody says."""
    return _contents(messages, signs=True)[0]


def _contents(messages: tuple[Message, ...], *, signs: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The turns, and the instruction before them."""
    instruction: list[dict[str, Any]] = []
    turns: list[tuple[str, list[dict[str, Any]]]] = []
    names: dict[str, str] = {}
    for message in messages:
        names |= {use.id: use.name for use in message.calls}
        match message.role:
            case "system" | "developer":
                instruction += _parts(message)
            case "tool":
                # All that a turn's calls were answered with must stand in one turn.
                _add(turns, "tool", [response(message, names)])
            case "assistant":
                _add(turns, "model", [*_parts(message), *_calls(message, signs=signs)])
            case "user":
                _add(turns, "user", _parts(message) or [{"text": ""}])
    if not turns:
        # Nobody asks anything: the instruction is the question.
        turns, instruction = [("user", instruction)], []
    return [{"role": "model" if role == "model" else "user", "parts": parts} for role, parts in turns], instruction


def _add(turns: list[tuple[str, list[dict[str, Any]]]], role: str, parts: list[dict[str, Any]]) -> None:
    if turns and turns[-1][0] == role:
        turns[-1][1].extend(parts)
    elif parts:
        turns.append((role, parts))


def _parts(message: Message) -> list[dict[str, Any]]:
    """Without empty texts, which Google refuses."""
    return [_part(part) for part in message.parts if not (isinstance(part, TextPart) and not part.text)]


def _part(part: Part) -> dict[str, Any]:
    match part:
        case TextPart(text) | RefusalPart(text):
            return {"text": text}
        case ImagePart(url):
            return _picture_or_file(url, "image/jpeg")
        case AudioPart(data, format):
            return {"inlineData": {"mimeType": f"audio/{format}", "data": data}}
        case FilePart(data=str(data)):
            return _picture_or_file(data, "application/pdf")
        case FilePart(url=str(url)):
            return _picture_or_file(url, "application/pdf")
        case FilePart(id=str(id)) if id.startswith("https://"):
            return {"fileData": {"fileUri": id}}
        case FilePart():
            raise strict.unsupported("file_id", "is of no use with this provider; send the file's content.")


def _picture_or_file(url: str, otherwise: str) -> dict[str, Any]:
    inline = _DATA_URL.fullmatch(url)
    if inline is not None:
        return {"inlineData": {"mimeType": inline[1] or otherwise, "data": inline[2]}}
    if url.startswith("data:"):
        raise strict.unsupported("url", "must hold its content as base64 for this provider.")
    if "://" not in url:
        # OpenAI's `file_data` may be bare base64.
        return {"inlineData": {"mimeType": otherwise, "data": url}}
    ending = url.partition("?")[0].rpartition(".")[2].lower()
    return {"fileData": {"mimeType": _KINDS.get(ending, otherwise), "fileUri": url}}


def _calls(message: Message, *, signs: bool) -> list[dict[str, Any]]:
    made = [{"functionCall": {"id": use.id, "name": use.name, "args": _arguments(use)}} for use in message.calls]
    signed = any(use.signature for use in message.calls)
    return [
        {**part, "thoughtSignature": use.signature or UNSIGNED}
        # Of several calls at once only the first is signed.
        if use.signature or (signs and index == 0 and not signed)
        else part
        for index, (part, use) in enumerate(zip(made, message.calls, strict=True))
    ]


def _arguments(use: ToolUse) -> dict[str, Any]:
    read = _object(use.input)
    return {"input": use.input} if read is None else read


def response(message: Message, names: dict[str, str]) -> dict[str, Any]:
    """What a function said; `names` are those of functions by their calls' ids."""
    texts = [part.text for part in message.parts if isinstance(part, TextPart)]
    text = words.together(texts)
    read = _object(text)
    id = message.call_id or ""
    said: dict[str, Any] = {
        "id": id,
        "name": names.get(id) or message.name or id or "tool",
        "response": {"error" if message.is_error else "output": text} if read is None else read,
    }
    others = [_part(part) for part in message.parts if not isinstance(part, TextPart)]
    return {"functionResponse": {**said, "parts": others} if others else said}


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is; None where it is none. No text at all is an empty one."""
    try:
        read = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def declaration(tool: Tool) -> dict[str, Any]:
    """A function as Gemini has it."""
    said: dict[str, Any] = {"name": tool.name}
    if tool.description:
        said["description"] = tool.description
    schema = tool.schema
    if schema and (schema.get("properties") or schema.keys() - {"type", "properties", "additionalProperties"}):
        google = schemas.to_google(schema)
        said |= {"parametersJsonSchema": schema} if google is None else {"parameters": google}
    return said


def _calling(choice: str) -> dict[str, Any]:
    if choice.startswith("="):
        return {"mode": "ANY", "allowedFunctionNames": [choice[1:]]}
    return {"mode": {"none": "NONE", "required": "ANY"}.get(choice, "AUTO")}


def _config(prompt: Prompt, model: str) -> dict[str, Any]:
    said = {
        "maxOutputTokens": prompt.max_tokens or None,
        "temperature": prompt.temperature,
        "topP": prompt.top_p,
        "stopSequences": list(prompt.stop) or None,
        "seed": prompt.seed,
        "candidateCount": prompt.choices if prompt.choices != 1 else None,
        "presencePenalty": prompt.presence_penalty,
        "frequencyPenalty": prompt.frequency_penalty,
        "responseLogprobs": None if prompt.logprobs is None else True,
        "logprobs": prompt.logprobs or None,
        "thinkingConfig": _thinking(prompt.reasoning_effort, model),
        **_format(prompt.response_schema),
    }
    return {name: value for name, value in said.items() if value is not None}


def _thinking(effort: str | None, model: str) -> dict[str, Any] | None:
    """How much to think: as a number for models up to 2.5, as a word for newer ones, which refuse the other."""
    if effort not in _BUDGETS or _THOUGHTLESS.search(model):
        return None
    shown = {"includeThoughts": effort != "none"}
    if _BUDGETED.search(model):
        least = _LEAST_OF_PRO if "pro" in model else 0
        return {**shown, "thinkingBudget": max(_BUDGETS[effort], least)}
    return {**shown, "thinkingLevel": _LEVELS[effort]}


def _format(wanted: dict[str, Any] | None) -> dict[str, Any]:
    """Chat's `response_format`."""
    match wanted:
        case None | {"type": "text"}:
            return {}
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            google = schemas.to_google(schema)
            said = {"responseJsonSchema": schema} if google is None else {"responseSchema": google}
            return {"responseMimeType": "application/json", **said}
        case {"type": "json_object" | "json_schema"}:
            return {"responseMimeType": "application/json"}
        case _:
            raise strict.unsupported("response_format", "of this type cannot be served by this provider.")

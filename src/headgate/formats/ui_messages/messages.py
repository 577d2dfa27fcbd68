"""
UI messages in chat's terms.

A UI message is what a person sees, so one of the assistant may hold several turns: each step's text
and tool calls, followed by what the tools said. What chat has no word for is left out: thoughts,
sources, data parts, step marks, and calls of tools that were never answered, because a provider
refuses a conversation with those.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.errors import BadRequest
from headgate.formats import strict

DENIED = "The call of this tool was denied."

_SILENT = ("reasoning", "reasoning-file", "source-url", "source-document", "custom")
"""Parts that are shown to people and not to models."""

_AUDIO = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


class Approval(msgspec.Struct):
    """Whether a person let a tool be called."""

    approved: bool | None = None
    reason: str | None = None


class UIPart(msgspec.Struct, rename="camel"):
    """A piece of a message: `text`, `file`, `tool-NAME`, `dynamic-tool`, or one that is not for the model."""

    type: str
    text: str | None = None
    url: str | None = None
    media_type: str | None = None
    filename: str | None = None
    tool_call_id: str | None = None
    tool_name: str | None = None
    state: str | None = None
    input: Any = UNSET
    raw_input: Any = UNSET
    output: Any = UNSET
    error_text: str | None = None
    approval: Approval | None = None


class UIMessage(msgspec.Struct):
    """One message as the AI SDK keeps it."""

    role: Literal["system", "user", "assistant"]
    parts: list[UIPart]
    id: Annotated[str, msgspec.Meta(max_length=200)] = ""
    metadata: Any = None


def as_chat(messages: list[UIMessage]) -> list[dict[str, Any]]:
    """The conversation as chat's messages; raises BadRequest naming the part that cannot be said there."""
    said: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        where = f"messages[{index}].parts"
        if message.role == "assistant":
            said += _assistant(message, where)
        else:
            numbered = [(f"{where}[{at}]", part) for at, part in enumerate(message.parts)]
            parts = {place: part for place, part in numbered if _is_said(part, message.role, place)}
            if parts:
                said.append({"role": message.role, "content": _content(parts)})
    return said


def _is_said(part: UIPart, role: str, where: str) -> bool:
    """Whether a part is for the model; raises BadRequest for one that nobody knows."""
    match part.type:
        case "text":
            if part.text is None:
                raise _missing(f"{where}.text")
            return True
        case "file":
            if role == "user" and part.url is None:
                raise _missing(f"{where}.url")
            # A model's own pictures have no place in what it said before.
            return role == "user"
        case "step-start":
            return False
        case type if type in _SILENT or type.startswith("data-"):
            return False
        case type if role == "assistant" and (type == "dynamic-tool" or type.startswith("tool-")):
            return True
        case type:
            raise BadRequest(
                f"Invalid value for '{where}.type': '{type[:100]}' is no part of a message of the {role}.",
                param=f"{where}.type",
                code="invalid_value",
            )


def _content(parts: dict[str, UIPart]) -> str | list[dict[str, Any]]:
    """Parts by their places."""
    if all(part.type == "text" for part in parts.values()):
        return "".join(part.text or "" for part in parts.values())
    return [_piece(part, where) for where, part in parts.items()]


def _piece(part: UIPart, where: str) -> dict[str, Any]:
    if part.type == "text":
        return {"type": "text", "text": part.text}
    url, kind = part.url or "", (part.media_type or "").lower()
    if kind == "image" or kind.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": url}}
    if not url.startswith("data:"):
        raise strict.unsupported(
            f"{where}.url", f"of type '{kind[:100]}' must be a data: URL; only pictures may lie elsewhere."
        )
    if kind in _AUDIO:
        return {"type": "input_audio", "input_audio": {"data": url.partition(",")[2], "format": _AUDIO[kind]}}
    return {"type": "file", "file": {"filename": part.filename or "file", "file_data": url}}


def _assistant(message: UIMessage, where: str) -> list[dict[str, Any]]:
    """Its turns: one for each step, with what the tools said after it."""
    said: list[dict[str, Any]] = []
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    outputs: list[dict[str, Any]] = []

    def end_step() -> None:
        if texts or calls:
            turn: dict[str, Any] = {"role": "assistant", "content": "".join(texts) if texts else None}
            said.append({**turn, "tool_calls": list(calls)} if calls else turn)
            said.extend(outputs)
        for gathered in (texts, calls, outputs):
            gathered.clear()

    for at, part in enumerate(message.parts):
        if part.type == "step-start":
            end_step()
        elif not _is_said(part, "assistant", f"{where}[{at}]"):
            continue
        elif part.type == "text":
            texts.append(part.text or "")
        elif (output := _output(part)) is not None:
            call = _call(part, f"{where}[{at}]")
            calls.append(call)
            outputs.append({"role": "tool", "tool_call_id": call["id"], "content": output})
    end_step()
    return said


def _call(part: UIPart, where: str) -> dict[str, Any]:
    name = part.tool_name if part.type == "dynamic-tool" else part.type.removeprefix("tool-")
    if not part.tool_call_id:
        raise _missing(f"{where}.toolCallId")
    if not name:
        raise _missing(f"{where}.toolName")
    given = part.raw_input if part.input is UNSET or part.input is None else part.input
    return {"id": part.tool_call_id, "type": "function", "function": {"name": name, "arguments": _text(given, "{}")}}


def _output(part: UIPart) -> str | None:
    """What the tool said; None where it has not been asked yet."""
    match part.state:
        case "output-available":
            return _text(part.output, "")
        case "output-error":
            return part.error_text or "The tool failed."
        case "output-denied":
            return _denied(part.approval)
        case "approval-responded" if part.approval is not None and part.approval.approved is False:
            return _denied(part.approval)
        case _:
            return None


def _denied(approval: Approval | None) -> str:
    return (approval.reason if approval else None) or DENIED


def _text(value: object | UnsetType, otherwise: str) -> str:
    """Words as they are, anything else as JSON."""
    if value is UNSET:
        return otherwise
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _missing(param: str) -> BadRequest:
    return BadRequest(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")

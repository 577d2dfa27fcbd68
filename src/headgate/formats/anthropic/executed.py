"""
Functions that this server executed, in what clients send back of an answer.

They were told as a tool of an MCP server's, in the middle of the assistant's turn; to the model they were calls, and
results in the next turn of the user's.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from headgate.formats.anthropic.content import RESULT, SERVER, USE

_USE = f'"{USE}"'.encode()

UNKNOWN = "What came of it is not known."


def apart(messages: msgspec.Raw) -> msgspec.Raw:
    """The messages with every such call as a call, and its result as a result; most have none."""
    if _USE not in bytes(messages):
        return messages
    said: list[dict[str, Any]] = []
    has_results = False
    for message in msgspec.json.decode(messages):
        for part in _parts(message):
            if has_results and part.get("role") == "user":
                said[-1] = _joined(said[-1], part)
            else:
                said.append(part)
            has_results = part.get("role") == "user" and message.get("role") == "assistant"
    return msgspec.Raw(msgspec.json.encode(said))


def _joined(results: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """All results of a turn must come together: those of the client's own tools may be in what follows."""
    content = message.get("content")
    said = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    return {**message, "content": [*results["content"], *said]}


def _parts(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    content = message.get("content")
    if message.get("role") != "assistant" or not isinstance(content, list):
        yield message
        return
    results = {block.get("tool_use_id"): block for block in content if block.get("type") == RESULT}
    said: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for block in content:
        if block.get("type") == RESULT and any(each["tool_use_id"] == block.get("tool_use_id") for each in answers):
            continue
        if not _is_ours(block) and answers:
            yield from _round(said, answers)
            said, answers = [], []
        if _is_ours(block):
            said.append({name: block.get(name) for name in ("id", "name", "input")} | {"type": "tool_use"})
            answers.append(_result(block.get("id"), results.get(block.get("id"))))
        else:
            said.append(block)
    yield from _round(said, answers)


def _is_ours(block: dict[str, Any]) -> bool:
    return block.get("type") == USE and block.get("server_name") == SERVER


def _result(id: object, said: dict[str, Any] | None) -> dict[str, Any]:
    if said is None:
        return {"type": "tool_result", "tool_use_id": id, "content": UNKNOWN, "is_error": True}
    error = {"is_error": True} if said.get("is_error") else {}
    return {"type": "tool_result", "tool_use_id": id, "content": said.get("content") or "", **error}


def _round(said: list[dict[str, Any]], answers: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if said:
        yield {"role": "assistant", "content": said}
    if answers:
        yield {"role": "user", "content": answers}

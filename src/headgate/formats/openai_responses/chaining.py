"""
Conversations that go on: what was asked and answered before is put before what is asked now.

The request that is kept, and sent upstream, holds all of it, so it needs nothing of the responses
before it. It keeps their id in `previous_response_id` nevertheless, because the response repeats it; a
provider gets to see neither that id nor those of items that were made here.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from headgate.calls import Call, Fields
from headgate.formats import strict
from headgate.formats.openai_responses import ids
from headgate.formats.openai_responses.items import SERVER

_PORTABLE = frozenset(
    {
        "message",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
        "item_reference",
    }
)
"""Items that any provider can be told; all others are notes of the one that wrote them, for nobody else."""

_EXECUTED = b'"mcp_call"'

_MAX_CALL_ID = 35
"""Characters of an id that are taken over; chats refuse ids over 40."""

UNKNOWN = "What came of it is not known."
"""What a model is told of a call whose result nobody has."""

_PREVIOUS = "previous_response_id"


class Before(NamedTuple):
    """The response that is gone on from."""

    fields: Fields
    """What it was asked."""
    output: list[dict[str, Any]]
    is_kindred: bool
    """Whether the provider that is asked now wrote it, in this format: only then it can read all of it."""


def previous(call: Call) -> str | None:
    """The run that a call goes on from; None where there is none, or only its provider knows."""
    said = strict.value(call.fields, _PREVIOUS)
    return ids.run_of(said) if isinstance(said, str) else None


def continued(call: Call, before: Before) -> Call:
    """The call with all that was said before in its input."""
    earlier = said_again(before.output, after=_objects(before.fields), is_kindred=before.is_kindred)
    merged = [*map(_encode, earlier), *items(call.fields)]
    return msgspec.structs.replace(call, fields={**call.fields, "input": _encode(merged)})


def said_again(
    output: Sequence[dict[str, Any]], *, is_kindred: bool, after: Iterable[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """An answer's items as input of another request, after what was asked."""
    said = [part for item in (*after, *_said(output)) for part in executed(item)]
    if not is_kindred:
        return [_without_foreign_id(item) for item in said if kind(item) in _PORTABLE]
    if any(kind(item) == "reasoning" and not item.get("encrypted_content") for item in output):
        # Its provider would look for what it thought where we do not know whether it is kept.
        said = [item for item in said if kind(item) != "reasoning" or item.get("encrypted_content")]
        said = [_without_foreign_id(item) if kind(item) in _PORTABLE else item for item in said]
    return said


def executed(item: dict[str, Any]) -> list[dict[str, Any]]:
    """A call that this server executed as what it was to the model: a call, and its output. Any other item as it is."""
    if kind(item) != "mcp_call" or item.get("server_label") != SERVER:
        return [item]
    id = "call_" + str(item.get("id", ""))[-_MAX_CALL_ID:]
    call = {"type": "function_call", "call_id": id, "name": item.get("name"), "arguments": item.get("arguments")}
    said = item.get("output") if item.get("error") is None else _words(item["error"])
    return [call, {"type": "function_call_output", "call_id": id, "output": UNKNOWN if said is None else said}]


def _words(error: Any) -> str:
    """Of a call that went wrong; clients have it as text, too."""
    said = error.get("content") if isinstance(error, dict) else error
    if isinstance(said, list):
        said = "".join(str(part.get("text") or "") for part in said if isinstance(part, dict))
    return said if isinstance(said, str) else UNKNOWN


def with_executed(fields: Fields) -> Fields:
    """The fields with such calls taken apart wherever a client sends them back."""
    if _EXECUTED not in bytes(fields.get("input", b"")):
        return fields
    listed = [part for item in _objects(fields) for part in executed(item)]
    return {**fields, "input": _encode(listed)}


def without_ours(fields: Fields) -> Fields:
    """A continued call's fields as a provider of this format may see them."""
    sent = {name: raw for name, raw in fields.items() if name != _PREVIOUS}
    if "input" in fields:
        sent["input"] = _encode(
            [_without_id(item) if ids.is_ours(item.get("id")) else item for item in _objects(fields)]
        )
    return sent


def items(fields: Fields) -> list[msgspec.Raw]:
    """The input's items as they came; a bare string is one user's message."""
    said = fields.get("input", msgspec.Raw(b"null"))
    if bytes(said).startswith(b'"'):
        return [_encode({"type": "message", "role": "user", "content": msgspec.json.decode(said)})]
    found: list[msgspec.Raw] | None = msgspec.json.decode(said, type=list[msgspec.Raw] | None)
    return found or []


def _objects(fields: Fields) -> list[dict[str, Any]]:
    return [msgspec.json.decode(raw) for raw in items(fields)]


def _said(output: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """An answer's items as input; a tool call that was cut short is as if it had not been."""
    for item in output:
        what, is_cut = kind(item), item.get("status") == "incomplete"
        if what == "message":
            content = [{name: value for name, value in part.items() if name != "logprobs"} for part in item["content"]]
            if content:
                yield {**item, "content": content}
        elif not (is_cut and what in ("function_call", "custom_tool_call")):
            yield item


def kind(item: dict[str, Any]) -> str:
    """What an item is; messages and references need not say so."""
    said = item.get("type")
    if isinstance(said, str):
        return said
    return "message" if "role" in item else "item_reference"


def _without_foreign_id(item: dict[str, Any]) -> dict[str, Any]:
    """An id of ours may stay: `without_ours` sees to it."""
    return item if ids.is_ours(item.get("id")) else _without_id(item)


def _without_id(item: dict[str, Any]) -> dict[str, Any]:
    if kind(item) == "item_reference":
        return item
    return {name: value for name, value in item.items() if name != "id"}


def _encode(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))

"""What the server puts to a generateContent request that a provider of this format gets."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from headgate.calls import Added, Call, Fields, Turn
from headgate.events import AnyEvent
from headgate.formats import lists
from headgate.formats.gemini import names
from headgate.formats.gemini.asking import contents, declaration, response
from headgate.formats.gemini.fields import NAME
from headgate.formats.gemini.wholes import whole

Json = dict[str, Any]


def with_added(fields: Fields, added: Added) -> Fields:
    """The request's fields with all of it."""
    said = {names.camel(name): raw for name, raw in fields.items()}
    if added.tools:
        said["tools"] = _listed(
            said.get("tools"), [{"functionDeclarations": [declaration(tool) for tool in added.tools]}]
        )
    if added.instruction:
        said["systemInstruction"] = _instruction(said.get("systemInstruction"), added.instruction)
    if added.turns:
        said["contents"] = _listed(said["contents"], [content for turn in added.turns for content in _contents(turn)])
        if "toolConfig" in said or not added.may_call:
            said["toolConfig"] = _freed(said.get("toolConfig"), may_call=added.may_call)
    return said


def _listed(raw: msgspec.Raw | None, after: Sequence[object]) -> msgspec.Raw:
    """A single object stands for a list of one."""
    if raw is not None and bytes(raw).startswith(b"{"):
        return msgspec.Raw(msgspec.json.encode([raw, *after]))
    return lists.longer(raw, after)


def _instruction(raw: msgspec.Raw | None, words: str) -> msgspec.Raw:
    said = None if raw is None else names.regular({"systemInstruction": raw})["systemInstruction"]
    parts = [{"text": words}, *(said or {}).get("parts", [])]
    return msgspec.Raw(msgspec.json.encode({**(said or {}), "parts": parts}))


def _freed(raw: msgspec.Raw | None, *, may_call: bool) -> msgspec.Raw:
    """Who had to call a function would have to call one for ever."""
    said = {} if raw is None else names.regular({"toolConfig": raw})["toolConfig"] or {}
    config = said.get("functionCallingConfig") or {}
    if config.get("mode") == "ANY" or not may_call:
        said["functionCallingConfig"] = {"mode": "AUTO" if may_call else "NONE"}
    return msgspec.Raw(msgspec.json.encode(said))


def _contents(turn: Turn) -> Iterator[Json]:
    if turn.format == NAME:
        yield msgspec.json.decode(turn.raw)
    else:
        yield from contents((turn.said,))
    called = {use.id: use.name for use in turn.said.calls}
    yield {"role": "user", "parts": [response(message, called) for message in turn.results]}


def said_again(call: Call, run: str, events: Sequence[AnyEvent]) -> bytes:
    """The turn in which a provider of this format said that, for itself: with all signatures."""
    content = msgspec.json.decode(whole(call, run, 0, events))["candidates"][0]["content"]
    parts = [part for part in content["parts"] if part != {"text": ""}]
    return msgspec.json.encode({**content, "parts": parts})

"""What the server puts to a chat request that a provider of this format gets: functions, and what came of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from headgate.calls import Added, Call, Fields, Turn
from headgate.events import AnyEvent
from headgate.fold import Choice, FoldedCall, fold
from headgate.formats import lists, openai, strict
from headgate.formats.openai_chat.choice import FUNCTION_CALL
from headgate.formats.openai_chat.prompts import message_out, tool_out
from headgate.formats.openai_chat.requests import NAME
from headgate.formats.openai_chat.writer import call_object

_NONE = msgspec.Raw(b'"none"')


def with_added(fields: Fields, added: Added) -> Fields:
    """The request's fields with all of it; who asked in the deprecated words for functions is answered in them."""
    is_old = "functions" in fields and "tools" not in fields
    fields = dict(fields)
    if added.tools:
        where = "functions" if is_old else "tools"
        said = [tool_out(tool) for tool in added.tools]
        fields[where] = lists.longer(fields.get(where), [tool["function"] if is_old else tool for tool in said])
    before = [{"role": "system", "content": added.instruction}] if added.instruction else []
    if before or added.turns:
        after = [message for turn in added.turns for message in _messages(turn)]
        fields["messages"] = lists.longer(fields["messages"], after, before)
    if not added.may_call:
        fields["function_call" if is_old else "tool_choice"] = _NONE
    elif added.turns:
        for name in ("tool_choice", "function_call"):
            if (choice := strict.value(fields, name)) is not None:
                fields[name] = msgspec.Raw(msgspec.json.encode(openai.unforced(choice)))
    return fields


def _messages(turn: Turn) -> Iterator[object]:
    is_kindred = turn.format == NAME
    said = msgspec.json.decode(turn.raw) if is_kindred else message_out(turn.said)
    yield said
    names = {use.id: use.name for use in turn.said.calls}
    for result in turn.results:
        told = message_out(result)
        if "function_call" in said:
            yield {"role": "function", "name": names.get(result.call_id or "", ""), "content": told["content"]}
        else:
            yield told


def said_again(call: Call, run: str, events: Sequence[AnyEvent]) -> bytes:
    """The message in which a provider of this format said that, for itself."""
    choice = fold(events).choices.get(0, Choice())
    theirs: dict[str, Any] = choice.extra.get("delta", {})
    message: dict[str, Any] = {"role": "assistant", "content": choice.text or None}
    if choice.reasoning and "reasoning" not in theirs:
        # Some want it back in the middle of calling tools, and by that name only those know it who said it.
        message["reasoning_content"] = choice.reasoning
    message |= theirs
    old = [made for made in choice.calls if made.extra == FUNCTION_CALL]
    calls = [call_object(made, made.input) for made in choice.calls if made.extra != FUNCTION_CALL]
    if calls:
        message["tool_calls"] = calls
    for made in old[:1]:
        message["function_call"] = _function(made)
    return msgspec.json.encode(message)


def _function(made: FoldedCall) -> dict[str, str]:
    return {"name": made.name, "arguments": made.input}

"""What the server puts to a Messages request that a provider of this format gets: functions, and what came of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from headgate.calls import Added, Call, Fields, Turn
from headgate.events import AnyEvent
from headgate.formats import lists, strict
from headgate.formats.anthropic.asking import blocks, result, tool_out
from headgate.formats.anthropic.extra import NAME
from headgate.formats.anthropic.writer import whole

Json = dict[str, Any]

_NONE = msgspec.Raw(b'{"type":"none"}')


def with_added(fields: Fields, added: Added) -> Fields:
    """The request's fields with all of it."""
    fields = dict(fields)
    if added.tools:
        fields["tools"] = lists.longer(fields.get("tools"), [tool_out(tool) for tool in added.tools])
    if added.instruction:
        fields["system"] = _system(strict.value(fields, "system"), added.instruction)
    if added.turns:
        after = [message for turn in added.turns for message in _messages(turn)]
        fields["messages"] = lists.longer(fields["messages"], after)
        choice = strict.value(fields, "tool_choice")
        if not added.may_call:
            fields["tool_choice"] = _NONE
        elif choice is not None and choice.get("type") in ("any", "tool"):
            # Who had to call one would have to call one for ever.
            rest = {name: value for name, value in choice.items() if name not in ("type", "name")}
            fields["tool_choice"] = msgspec.Raw(msgspec.json.encode({"type": "auto", **rest}))
    return fields


def _system(said: str | list[Json] | None, instruction: str) -> msgspec.Raw:
    listed = [{"type": "text", "text": said}] if isinstance(said, str) and said else said or []
    return msgspec.Raw(msgspec.json.encode([{"type": "text", "text": instruction}, *listed]))


def _messages(turn: Turn) -> Iterator[Json]:
    said = msgspec.json.decode(turn.raw) if turn.format == NAME else blocks(turn.said)
    yield {"role": "assistant", "content": said}
    # All results of a turn must come together.
    yield {"role": "user", "content": [block for message in turn.results for block in result(message)]}


def said_again(call: Call, run: str, events: Sequence[AnyEvent]) -> bytes:
    """The blocks in which a provider of this format said that, for itself: with all signatures."""
    content = msgspec.json.decode(whole(call, run, 0, events))["content"]
    return msgspec.json.encode([block for block in content if not _is_empty(block)])


def _is_empty(block: Json) -> bool:
    """What Anthropic refuses to be told again: words that are none, and thoughts that nobody signed."""
    match block:
        case {"type": "text", "text": str(text)}:
            return not text.strip()
        case {"type": "thinking"}:
            return not block.get("signature")
        case _:
            return False

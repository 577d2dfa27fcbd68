"""What the server puts to a Responses request that a provider of this format gets."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from headgate.calls import Added, Call, Fields, Prompt, Turn
from headgate.events import AnyEvent
from headgate.formats import lists, openai, strict
from headgate.formats.openai_responses import chaining
from headgate.formats.openai_responses.asking import items_of, tool_out
from headgate.formats.openai_responses.extra import NAME
from headgate.formats.openai_responses.writer import whole

_NONE = msgspec.Raw(b'"none"')


def with_added(fields: Fields, added: Added) -> Fields:
    """The request's fields with all of it."""
    fields = dict(fields)
    if added.tools:
        fields["tools"] = lists.longer(fields.get("tools"), [tool_out(tool) for tool in added.tools])
    if added.instruction:
        said = strict.value(fields, "instructions")
        words = "\n\n".join(text for text in (added.instruction, said) if text)
        fields["instructions"] = msgspec.Raw(msgspec.json.encode(words))
    if added.turns:
        fields["input"] = _input(fields, added.turns)
        if not added.may_call:
            fields["tool_choice"] = _NONE
        elif (choice := strict.value(fields, "tool_choice")) is not None:
            fields["tool_choice"] = msgspec.Raw(msgspec.json.encode(openai.unforced(choice)))
    return fields


def _input(fields: Fields, turns: Sequence[Turn]) -> msgspec.Raw:
    if strict.value(fields, "conversation") is not None:
        # Its provider has kept all that went before.
        return msgspec.Raw(msgspec.json.encode(list(_results(turns[-1]))))
    after = [item for turn in turns for item in (*_said(turn), *_results(turn))]
    return msgspec.Raw(msgspec.json.encode([*chaining.items(fields), *after]))


def _said(turn: Turn) -> Iterator[dict[str, Any]]:
    if turn.format == NAME:
        yield from msgspec.json.decode(turn.raw)
    else:
        yield from items_of(Prompt(messages=(turn.said,)))


def _results(turn: Turn) -> Iterator[dict[str, Any]]:
    yield from items_of(Prompt(messages=turn.results))


def said_again(call: Call, run: str, events: Sequence[AnyEvent]) -> bytes:
    """The items in which a provider of this format said that, for itself."""
    output = msgspec.json.decode(whole(call, run, 0, events))["output"]
    return msgspec.json.encode(chaining.said_again(output, is_kindred=True))

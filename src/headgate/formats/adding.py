"""
What the server puts to a call: functions that it executes, words before the conversation, and what was said since.

A provider of the call's own format gets it in that format's fields, where it gets back what it said itself as it said
it; `prompts` has it for all others.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from headgate.calls import Added, Call, Fields, Message, Prompt, TextPart, Thought, ToolUse, Turn
from headgate.events import AnyEvent
from headgate.fold import Choice, fold
from headgate.formats import anthropic, gemini, openai_chat, openai_responses
from headgate.formats.anthropic import adding as to_anthropic
from headgate.formats.gemini import adding as to_gemini
from headgate.formats.openai_chat import adding as to_chat
from headgate.formats.openai_responses import adding as to_responses

With: TypeAlias = Callable[[Fields, Added], Fields]
Again: TypeAlias = Callable[[Call, str, Sequence[AnyEvent]], bytes]

_WITH: Mapping[str, With] = {
    openai_chat.NAME: to_chat.with_added,
    openai_responses.NAME: to_responses.with_added,
    anthropic.NAME: to_anthropic.with_added,
    gemini.NAME: to_gemini.with_added,
}
_AGAIN: Mapping[str, Again] = {
    openai_chat.NAME: to_chat.said_again,
    openai_responses.NAME: to_responses.said_again,
    anthropic.NAME: to_anthropic.said_again,
    gemini.NAME: to_gemini.said_again,
}


def can_add(format: str) -> bool:
    """Whether a request of that format has a place for functions at all."""
    return format in _WITH


def in_fields(call: Call) -> Call:
    """The call for a provider of its own format, with what is added in its fields."""
    if call.added is None:
        return call
    return msgspec.structs.replace(call, fields=_WITH[call.format](call.fields, call.added), added=None)


def in_words(prompt: Prompt, added: Added) -> Prompt:
    """The same in words that every format knows."""
    before = (Message("system", (TextPart(added.instruction),)),) if added.instruction else ()
    after = [message for turn in added.turns for message in (turn.said, *turn.results)]
    choice = prompt.tool_choice
    if not added.may_call:
        choice = "none"
    elif added.turns and choice not in (None, "none"):
        # Who had to call one would have to call one for ever.
        choice = "auto"
    return msgspec.structs.replace(
        prompt,
        messages=(*before, *prompt.messages, *after),
        tools=(*prompt.tools, *added.tools),
        tool_choice=choice,
    )


def turn(call: Call, run: str, format: str, said: Sequence[AnyEvent], results: Sequence[Message]) -> Turn:
    """A round whose events these are, by a provider that spoke this format; `run` makes ids where there are none."""
    again = _AGAIN.get(format)
    raw = b"" if again is None else again(call, run, said)
    choice = fold(said).choices.get(0, Choice())
    signed = _signatures(raw) if format == gemini.NAME else {}
    uses = tuple(
        ToolUse(made.id, made.name, made.input, made.kind, signed.get(at, "")) for at, made in enumerate(choice.calls)
    )
    words = (TextPart(choice.text),) if choice.text else ()
    thoughts = tuple(_thoughts(raw)) if format == anthropic.NAME else ()
    return Turn(Message("assistant", words, calls=uses, thoughts=thoughts), tuple(results), format, raw)


def _thoughts(raw: bytes) -> list[Thought]:
    blocks: list[dict[str, Any]] = msgspec.json.decode(raw)
    return [
        Thought(redacted=str(block.get("data")))
        if block.get("type") == "redacted_thinking"
        else Thought(str(block.get("thinking")), str(block.get("signature")))
        for block in blocks
        if block.get("type") in ("thinking", "redacted_thinking")
    ]


def _signatures(raw: bytes) -> dict[int, str]:
    """Those of calls, by their numbers."""
    parts = [part for part in msgspec.json.decode(raw)["parts"] if "functionCall" in part]
    return {at: str(part["thoughtSignature"]) for at, part in enumerate(parts) if part.get("thoughtSignature")}

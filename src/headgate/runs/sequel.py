"""
How another provider goes on with an answer that broke in the middle.

It is shown what was said so far as its own words and asked, by a turn of the user's, to go on from
there. What it says is then part of the same log: its beginning is left out, and so is everything in
its own terms, because the log is in the terms of whoever began.
"""

from collections.abc import Sequence

import msgspec

from headgate.calls import Call, Message, Prompt, TextPart
from headgate.errors import HeadgateError
from headgate.events import AnyEvent, Finished, Reasoning, Refusal, Started, Text, ToolCall, Usage, Vendor
from headgate.formats.prompts import PROMPTS, own_call
from headgate.providers.base import Emit

MAX_SEQUELS = 3
"""How often one answer may be gone on with: who breaks more often than that will not come to an end."""
GOES = range(1 + MAX_SEQUELS)

GO_ON = (
    "Your answer was cut off after its last character above. Go on exactly there, in the middle of the word if "
    "need be: repeat nothing, add no remark, and end as you would have ended."
)

LEAST_TOKENS = 16
"""What is left of `max_tokens` at least, because how much of it is used up is only guessed."""

LETTERS_PER_TOKEN = 4


def sequel(call: Call, said: Sequence[AnyEvent]) -> Call | None:
    """The call that goes on from what was said; None where nobody could."""
    if call.choices > 1 or any(isinstance(event, ToolCall | Refusal) for event in said):
        return None
    try:
        prompt = PROMPTS[call.format](call)
    except HeadgateError:
        # It holds what only a provider of its own format knows.
        return None
    is_formed = (prompt.response_schema or {}).get("type", "text") != "text"
    if is_formed or prompt.logprobs is not None:
        # Half a JSON text and a turn of the user's do not make a whole one, and a count of tokens would have a hole.
        return None
    words = "".join([event.delta for event in said if isinstance(event, Text)])
    return call if not words else _going_on(call, prompt, words)


def _going_on(call: Call, prompt: Prompt, words: str) -> Call:
    turns = (Message("assistant", (TextPart(words),)), Message("user", (TextPart(GO_ON),)))
    limit = prompt.max_tokens
    if limit is not None:
        limit = max(LEAST_TOKENS, limit - len(words) // LETTERS_PER_TOKEN)
    return own_call(call, msgspec.structs.replace(prompt, messages=(*prompt.messages, *turns), max_tokens=limit))


class Unsaid:
    """Takes what a provider says, and leaves out what only whoever began may say."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def emit(self, events: Sequence[AnyEvent]) -> None:
        """Hand on what may be said."""
        self._emit([said for event in events if (said := plain(event)) is not None])


def plain(event: AnyEvent) -> AnyEvent | None:
    """An event without what is in its provider's own terms; None for one that is nothing else."""
    match event:
        case Text(delta):
            return Text(delta)
        case Reasoning(delta, kind=kind):
            return Reasoning(delta, kind=kind)
        case Usage() | Finished() | Started():
            return msgspec.structs.replace(event, extra=None)
        case ToolCall():
            return msgspec.structs.replace(event, extra=None)
        case Vendor():
            return None
        case _:
            return event

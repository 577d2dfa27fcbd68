"""Reads what completion upstreams send, streamed or whole: chat with a few fields replaced."""

from typing import Any

import msgspec
from typing_extensions import override

from headgate.events import AnyEvent, Text
from headgate.formats import sse
from headgate.formats.base import Origin
from headgate.formats.openai_chat import choice as chat_choice
from headgate.formats.openai_chat import reader as chat_reader
from headgate.formats.openai_chat.parts import words
from headgate.formats.openai_chat.plain import ERRORS
from headgate.formats.openai_completions import logprobs
from headgate.formats.openai_completions.requests import NAME


class _Choice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    text: str
    index: int = 0
    logprobs: None = None
    finish_reason: None = None


class _Chunk(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    choices: tuple[_Choice]
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    system_fingerprint: str | None = None
    usage: None = None


_chunk = msgspec.json.Decoder(_Chunk)


class Choice(chat_choice.Choice):
    """
    Words only.

    Log probabilities have a shape of their own here, and travel as if they were a vendor's field.
    """

    known = frozenset({"index", "text", "delta", "message", "finish_reason", "usage", "error"})

    @override
    def read(self, choice: dict[str, Any], top: dict[str, Any], *, has_deltas: bool) -> list[AnyEvent]:
        if "logprobs" in choice:
            choice = {**choice, "logprobs": logprobs.regular(choice["logprobs"])}
        return super().read(choice, top, has_deltas=has_deltas)

    @override
    def _said(self, choice: dict[str, Any], delta: dict[str, Any]) -> list[AnyEvent]:
        piece = words(choice.get("text")) or words(delta.get("content"))
        return [Text(piece, self.index)] if piece else []


class Reader(chat_reader.Reader):
    """One streamed completion."""

    format = NAME
    new_choice = Choice

    @override
    def _message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        if self._is_plain:
            try:
                choice = _chunk.decode(message.data).choices[0]
            except ERRORS:
                pass
            else:
                if choice.index not in self._choices:
                    self._choice(choice.index)
                if choice.text:
                    self._has_deltas = True
                    events.append(Text(choice.text, choice.index))
                return
        self._odd_message(message, events)


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole completion as events."""
    return Reader(origin).whole(body)

"""
One choice of an answer that is being read: its words, its calls and its end, however they are bent.

A choice of a stream has a `delta`, one of a whole answer a `message`; some servers send messages
in streams, each with a piece, with all words so far, or with all of them once more at the end.
"""

from typing import Any

import msgspec

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Reasoning, Refusal, Text, Vendor
from headgate.fold import merge
from headgate.formats import logprobs, upstream_errors
from headgate.formats.base import Origin
from headgate.formats.openai_chat import reasons
from headgate.formats.openai_chat.parts import thoughts, words
from headgate.formats.tool_calls import Piece, ToolCalls, input_text, text

_DELTA = frozenset({"role", "content", "reasoning_content", "refusal", "tool_calls", "function_call"})

_CALL = frozenset({"index", "id", "type", "function", "custom"})

CALL = "call"
"""Under this name stand the vendor's own fields of a call: some want a signature back that stands there."""

FUNCTION_CALL = b'{"function_call":true}'
"""On a call that came in the deprecated form, so that a client who knows only that one gets it back."""


class Choice:
    """What was read of one choice."""

    known = frozenset({"index", "delta", "message", "finish_reason", "logprobs", "text", "usage", "error"})
    """The fields that mean something to us; any other is the vendor's."""

    def __init__(self, index: int, origin: Origin) -> None:
        self.index, self._origin = index, origin
        self.reason: str | None = None
        self.goes_on = False
        """Whether words came after its end, which then was none: some say `stop` in every chunk."""
        self._calls: ToolCalls | None = None
        self._has_deltas = False
        self._told = ""
        """What messages said so far."""
        self._held: dict[str, Any] = {}
        """Unknown fields that came before any words they could ride on."""

    @property
    def has_calls(self) -> bool:
        """Whether it called a tool."""
        return self._calls is not None and len(self._calls) > 0

    @property
    def final_reason(self) -> str:
        """Why it ended, or must have."""
        return reasons.final(self.reason, has_calls=self.has_calls)

    def read(self, choice: dict[str, Any], top: dict[str, Any], *, has_deltas: bool) -> list[AnyEvent]:
        """
        Take a chunk's choice; `top` are unknown fields of the chunk itself.

        Messages are ignored where deltas, which need not have come this way, said it all before.
        """
        said, message = choice.get("delta"), choice.get("message")
        is_delta = bool(said) or not message
        if not is_delta:
            message = message if isinstance(message, dict) else {"content": message}
            said = {} if has_deltas or self._has_deltas else self._news(message)
        delta = said if isinstance(said, dict) else {"content": said}
        events = self._said(choice, delta)
        self._has_deltas = self._has_deltas or (is_delta and bool(events))
        self.goes_on = self.goes_on or (self.reason is not None and bool(events))
        left = {"chunk": top, "choice": unknown(choice, self.known), "delta": unknown(delta, _DELTA)}
        events = self._with_extra(events, {place: unknown for place, unknown in left.items() if unknown})
        return events + self._tool_calls(delta, is_delta=is_delta)

    def end(self, choice: dict[str, Any]) -> None:
        """Take its finish reason, if it has one; raises ProviderError when that says it broke."""
        error = choice.get("error")
        if error:
            raise upstream_errors.error_in({"error": error}, self._origin.provider) or self._broken(choice)
        reason = reasons.read(choice.get("finish_reason"))
        if reason == reasons.BROKEN:
            raise self._broken(choice)
        if reason is not None:
            self.ended(reason)

    def ended(self, reason: str) -> None:
        """It ended, for a reason of OpenAI's."""
        self.reason = reasons.better(self.reason, reason)

    def hold(self, place: str, unknown: dict[str, Any]) -> None:
        """Keep unknown fields for the next words, or the end."""
        merge(self._held, {place: unknown})

    def close(self) -> list[AnyEvent]:
        """The answer is over: what had to wait."""
        events = [] if self._calls is None else self._calls.close()
        if self._held:
            events.append(Vendor(msgspec.json.encode(self._held), self.index))
        return events

    def _said(self, choice: dict[str, Any], delta: dict[str, Any]) -> list[AnyEvent]:
        """Reasoning, refusal and text, in this order."""
        events: list[AnyEvent] = []
        content, chosen = delta.get("content"), None
        refusal, refused = delta.get("refusal"), None
        if choice.get("logprobs"):
            chosen, refused = logprobs.read(choice["logprobs"])
        thought = thoughts(delta) + thoughts(content)
        if thought:
            events.append(Reasoning(thought, self.index))
        if isinstance(refusal, str) and (refusal or refused):
            events.append(Refusal(refusal, self.index, refused))
        piece = words(content) or words(choice.get("text"))
        if piece or chosen:
            events.append(Text(piece, self.index, chosen))
        return events

    def _news(self, message: dict[str, Any]) -> dict[str, Any]:
        """A message without the words that earlier ones said."""
        content = message.get("content")
        if not isinstance(content, str):
            return message
        news = content.removeprefix(self._told)
        self._told = content if self._told and news != content else self._told + news
        return {**message, "content": news}

    def _with_extra(self, said: list[AnyEvent], left: dict[str, Any]) -> list[AnyEvent]:
        """
        Unknown fields ride on the first of these events.

        Without any they wait, because an answer has not begun before its first word and may still
        fail over; but what stands in a delta (sound, pictures) is a word of its own.
        """
        if not left and not self._held:
            return said
        merge(self._held, left)
        if not said and "delta" not in left:
            return said
        extra, self._held = msgspec.json.encode(self._held), {}
        if not said:
            return [Vendor(extra, self.index)]
        return [msgspec.structs.replace(said[0], extra=extra), *said[1:]]

    def _tool_calls(self, delta: dict[str, Any], *, is_delta: bool) -> list[AnyEvent]:
        pieces, old = delta.get("tool_calls"), delta.get("function_call")
        if not pieces and not old:
            return []
        calls = self._calls = self._calls or ToolCalls(self._origin.run, self.index)
        events: list[AnyEvent] = []
        for position, piece in enumerate(pieces if isinstance(pieces, list) else [pieces]):
            if isinstance(piece, dict):
                # A message has no pieces: each entry is a call, whatever number it says it has.
                events += calls.piece(_piece(piece, _number(piece.get("index")) if is_delta else f"message {position}"))
        if isinstance(old, dict):
            events += calls.piece(_piece({"function": old}, "function_call")._replace(extra=FUNCTION_CALL))
        return events

    def _broken(self, choice: dict[str, Any]) -> ProviderError:
        return ProviderError(
            f"{self._origin.provider} ended its answer with '{text(choice.get('finish_reason')) or 'error'}'.",
            code="upstream_error",
        )


def _piece(piece: dict[str, Any], key: object) -> Piece:
    kind = "custom" if isinstance(piece.get("custom"), dict) else "function"
    function = piece.get(kind)
    function = function if isinstance(function, dict) else piece
    more = unknown(piece, _CALL)
    return Piece(
        key,
        text(piece.get("id")),
        text(function.get("name")),
        input_text(function.get("arguments", function.get("input"))),
        "custom" if kind == "custom" else "function",
        msgspec.json.encode({CALL: more}) if more and function is not piece else None,
    )


def _number(index: object) -> object:
    """A call's number, also where it came as text."""
    return int(index) if isinstance(index, str) and index.isdecimal() else index


def unknown(fields: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Fields that are the vendor's own and say something."""
    return {key: value for key, value in fields.items() if key not in known and value not in (None, "", [], {})}

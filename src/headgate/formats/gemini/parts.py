"""An answer's events as Gemini's parts, one candidate at a time."""

from typing import Any

import msgspec

from headgate.events import Json, Reasoning, Refusal, Text, ToolCall, ToolInput, Vendor

EMPTY: dict[str, Any] = {"text": ""}
"""What a candidate without any other part has: hand-written clients index it."""


class Written(msgspec.Struct, frozen=True):
    """A part, and what is said of its candidate with it."""

    part: dict[str, Any]
    about: dict[str, Any] = {}


class Parts:
    """Makes the parts of one candidate; a call is told when it is whole."""

    def __init__(self, *, kindred: bool) -> None:
        self._kindred = kindred
        self._call: ToolCall | None = None
        self._input: list[str] = []
        self.malformed: str | None = None
        """A call whose input is no JSON object, which Gemini has a finish reason for and no part."""

    def add(self, event: Text | Reasoning | Refusal | ToolCall | ToolInput | Vendor) -> list[Written]:
        """The parts that are whole now."""
        match event:
            case ToolInput():
                self._input.append(event.delta)
                return []
            case ToolCall():
                written = self.close()
                self._call = event
                return written
            case Text(delta) | Refusal(delta):
                return [*self.close(), self._said({"text": delta}, event.extra)]
            case Reasoning(delta):
                return [*self.close(), self._said({"text": delta, "thought": True}, event.extra)]
            case Vendor():
                return [*self.close(), self._said({}, event.extra)] if self._kindred else []

    def close(self) -> list[Written]:
        """The call that was being told, if there is one."""
        call, said = self._call, "".join(self._input)
        self._call, self._input = None, []
        if call is None:
            return []
        args = _object(said) if call.kind == "function" else msgspec.Raw(msgspec.json.encode({"input": said}))
        if args is None:
            self.malformed = f"Malformed function call: {call.name}({said[:1000]})"
            return []
        made = self._said({"functionCall": {"id": call.id, "name": call.name, "args": args}}, None)
        if not self._kindred or call.extra is None:
            return [made]
        told = msgspec.json.decode(call.extra)
        part = told.get("part", {})
        # Its id only where Google gave it one.
        named = {**part.get("functionCall", {}), "name": call.name, "args": args}
        return [Written({**part, "functionCall": named}, told.get("candidate", {}))]

    def _said(self, part: dict[str, Any], extra: Json | None) -> Written:
        if extra is None or not self._kindred:
            return Written(part)
        told = msgspec.json.decode(extra)
        return Written({**part, **told.get("part", {})}, told.get("candidate", {}))


def joined(parts: list[Written]) -> list[dict[str, Any]]:
    """
    A whole answer's parts: words that came in pieces are one part again.

    One with a signature is left alone, as Google wants it.
    """
    made: list[dict[str, Any]] = []
    for written in parts:
        last = made[-1] if made else None
        part = written.part
        if last is not None and last.keys() == part.keys() <= _WORDS:
            made[-1] = {**part, "text": last["text"] + part["text"]}
        else:
            made.append(part)
    return made


_WORDS = frozenset({"text", "thought"})


def _object(said: str) -> msgspec.Raw | None:
    """A call's input, checked and on one line; None when it is no object."""
    try:
        text = msgspec.json.format(said.encode() or b"{}", indent=-1)
    except (msgspec.DecodeError, RecursionError):
        return None
    return msgspec.Raw(text) if text.startswith(b"{") else None

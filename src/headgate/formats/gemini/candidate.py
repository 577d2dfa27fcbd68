"""
One candidate of an answer that is being read: its parts, its calls and its end.

What Google says of a part besides its words (a signature of thought, a call's id) rides on the
part's event as `{"part": {...}}`, what it says of the candidate (citations, ratings) as
`{"candidate": {...}}`; what comes with no words waits for the end.
"""

from typing import Any

import msgspec

from headgate.events import AnyEvent, Reasoning, Text, ToolCall, ToolInput, Vendor
from headgate.formats import logprobs
from headgate.formats.base import Origin
from headgate.formats.gemini import reasons
from headgate.formats.tool_calls import own_id, text

_KNOWN = frozenset({"content", "index", "finishReason"})


class Candidate:
    """What was read of one candidate."""

    def __init__(self, index: int, origin: Origin) -> None:
        self._index, self._origin = index, origin
        self.reason: str | None = None
        """Why it ended, in Google's words."""
        self.goes_on = False
        """Whether something came after its end, which then was none."""
        self.held: dict[str, Any] = {}
        """What is said of the candidate without words that it could ride on."""
        self._ids: set[str] = set()
        self._calls = 0

    @property
    def final_reason(self) -> str:
        """The same in OpenAI's words."""
        return reasons.read(self.reason or "STOP", has_calls=self._calls > 0)

    def read(self, said: dict[str, Any]) -> list[AnyEvent]:
        """Take what a chunk says of it."""
        content = said.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        listed = [parts] if isinstance(parts, dict) else _list(parts)
        events = [event for part in listed if isinstance(part, dict) for event in self._part(part)]
        self.goes_on = self.goes_on or (self.reason is not None and bool(events))
        about = {name: value for name, value in said.items() if name not in _KNOWN and value not in (None, [], {})}
        reason = said.get("finishReason")
        if isinstance(reason, str) and reason not in ("", reasons.UNSPECIFIED):
            self.reason = reason
        if "logprobsResult" in about:
            events = _logged(events, about["logprobsResult"])
        if about and events and self.reason is None:
            return [_with(events[0], {"candidate": about}), *events[1:]]
        self.held |= about
        return events

    def _part(self, part: dict[str, Any]) -> list[AnyEvent]:
        call = part.get("functionCall")
        if isinstance(call, dict) and text(call.get("name")):
            return self._call(part, call)
        words = part.get("text")
        more = {name: value for name, value in part.items() if name not in ("text", "thought") and value is not None}
        extra = msgspec.json.encode({"part": more}) if more else None
        if not isinstance(words, str) or not words:
            # Pictures and the like; a signature comes with no words when all were said before it.
            return [Vendor(msgspec.json.encode({"part": part}), self._index)] if more else []
        if part.get("thought") is True:
            return [Reasoning(words, self._index, "summary", extra)]
        return [Text(words, self._index, None, extra)]

    def _call(self, part: dict[str, Any], call: dict[str, Any]) -> list[AnyEvent]:
        """Calls come whole; the id is ours where Google gave none."""
        number, said = self._calls, text(call.get("id"))
        id = said if said and said not in self._ids else own_id(self._origin.run, self._index, number)
        self._ids.add(id)
        self._calls += 1
        about = {name: value for name, value in call.items() if name not in ("name", "args")}
        extra = msgspec.json.encode({"part": {**part, "functionCall": about}})
        args = call.get("args")
        given = msgspec.json.encode(args if isinstance(args, dict) else {}).decode()
        name = text(call.get("name"))
        return [
            ToolCall(number, id, name, self._index, "function", extra),
            ToolInput(number, given, self._index),
        ]


def _with(event: AnyEvent, more: dict[str, Any]) -> AnyEvent:
    if isinstance(event, Text | Reasoning | ToolCall | Vendor):
        said = {} if event.extra is None else msgspec.json.decode(event.extra)
        return msgspec.structs.replace(event, extra=msgspec.json.encode({**said, **more}))
    return event


def _logged(events: list[AnyEvent], result: object) -> list[AnyEvent]:
    """The probabilities of a chunk's tokens, with its first words."""
    first = next((place for place, event in enumerate(events) if isinstance(event, Text)), None)
    if first is None or not isinstance(result, dict):
        return events
    tops = [_list(top.get("candidates")) for top in _list(result.get("topCandidates")) if isinstance(top, dict)]
    entries = [
        {**_token(token), "top_logprobs": [_token(rival) for rival in (tops[at] if at < len(tops) else ())]}
        for at, token in enumerate(_list(result.get("chosenCandidates")))
    ]
    told, _ = logprobs.read({"content": entries})
    return [*events[:first], msgspec.structs.replace(events[first], logprobs=told), *events[first + 1 :]]


def _list(said: object) -> list[Any]:
    return said if isinstance(said, list) else []


def _token(said: object) -> dict[str, Any]:
    if not isinstance(said, dict):
        return {}
    return {"token": said.get("token"), "logprob": said.get("logProbability")}

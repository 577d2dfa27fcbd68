"""
An upstream's answer, in pieces or whole, as events.

Both go the same way: an item that is done says all it holds, and what was not said in pieces
before is said then. So a whole answer is nothing but items that are done, and a server that
forgets its deltas loses nothing.
"""

from typing import Any, Literal, NamedTuple

import msgspec

from headgate.events import AnyEvent, Reasoning, Refusal, Text, Vendor
from headgate.formats import lenient, logprobs
from headgate.formats.openai_responses import extra
from headgate.formats.openai_responses.calls import Calls
from headgate.formats.openai_responses.extra import Mark, Replay
from headgate.formats.openai_responses.upstream import Item, Items
from headgate.formats.tool_calls import text

NONE = msgspec.Raw(b"[]")

Stream = Literal["text", "refusal", "thought", "summary", "input"]


class Delta(msgspec.Struct, frozen=True, gc=False):
    """The fields that matter of an event that brings a piece of something."""

    type: str = ""
    delta: str | None = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    logprobs: msgspec.Raw = NONE


class Kind(NamedTuple):
    """What a delta event is a piece of."""

    item: str
    stream: Stream


DELTAS = {
    "response.output_text.delta": Kind("message", "text"),
    "response.refusal.delta": Kind("message", "refusal"),
    "response.reasoning_text.delta": Kind("reasoning", "thought"),
    "response.reasoning_summary_text.delta": Kind("reasoning", "summary"),
    "response.function_call_arguments.delta": Kind("function_call", "input"),
    "response.custom_tool_call_input.delta": Kind("custom_tool_call", "input"),
    # Names of 2025's first months, which imitators kept.
    "response.reasoning.delta": Kind("reasoning", "thought"),
    "response.reasoning_summary.delta": Kind("reasoning", "summary"),
}

_NUMBERS = frozenset({"sequence_number", "output_index", "obfuscation"})
_NO_ITEM = -1


class Answer:
    """One answer of an upstream."""

    def __init__(self, run: str) -> None:
        self.calls = Calls(run)
        self._items = Items()
        self._place: tuple[object, ...] = ()
        self._item: Item | None = None
        """The item whose words came last."""
        self._part: tuple[Stream, int] = ("text", 0)
        self._has_thought = False

    def delta(self, delta: Delta) -> list[AnyEvent]:
        """A piece of text, refusal, thought or tool input."""
        logged, words = _filled(delta.logprobs), delta.delta or ""
        if not words and logged is None:
            return []
        place = (delta.type, delta.item_id, delta.output_index, delta.content_index, delta.summary_index)
        # Nearly always the same part of the same item goes on.
        if place == self._place and self._part[0] == "text":
            return [Text(words, 0, logged)]
        kind = DELTAS[delta.type]
        item = self._items.find_or_add(kind.item, delta.item_id, delta.output_index)
        if kind.stream == "input":
            return self._input(item, words)
        part = delta.summary_index if kind.stream == "summary" else delta.content_index
        events = self._say(item, kind.stream, part or 0, words, logged)
        self._place = place
        return events

    def begin(self, said: dict[str, Any], event: dict[str, Any]) -> list[AnyEvent]:
        """
        An item begins.

        A message or a thought is announced by its first word: nothing was said yet, so another
        provider could still take over.
        """
        index = event.get("output_index")
        # What is encrypted by now may be a part of it only.
        item = self._items.add({key: value for key, value in said.items() if key != "encrypted_content"}, index)
        if item.type in ("function_call", "custom_tool_call"):
            return self.calls.begin(item)
        return [_replay(item, event)] if item.is_hosted else []

    def done(self, said: dict[str, Any], event: dict[str, Any]) -> list[AnyEvent]:
        """An item is whole."""
        type, id, index = said.get("type"), said.get("id"), event.get("output_index")
        item = self._items.find(text(type), id, index)
        if item is not None and item.is_done and item is self._items.named(id):
            return []  # Said twice.
        if item is None or item.is_done:
            item = self._items.add(said, index)
        item.is_done, self._place = True, ()
        match item.type:
            case "message":
                return self._message_done(item, said)
            case "reasoning":
                return self._reasoning_done(item, said)
            case "function_call" | "custom_tool_call":
                item.learn(said)
                return self._input_done(item, said.get("arguments", said.get("input")))
            case _:
                return [_replay(item, event)]

    def part_done(self, event: dict[str, Any]) -> list[AnyEvent]:
        """A part of a message is whole; parts of thoughts say so too, and have nothing to add."""
        part, index = event.get("part"), event.get("content_index")
        item = self._items.find("message", event.get("item_id"), event.get("output_index"))
        if item is None or not isinstance(part, dict):
            return []
        return self._part_done(item, index if isinstance(index, int) else 0, part)

    def input_done(self, type: str, event: dict[str, Any]) -> list[AnyEvent]:
        """The input of a tool call is whole."""
        item = self._items.find(type, event.get("item_id"), event.get("output_index"))
        if item is None:
            return []
        return self._input_done(item, event.get("arguments", event.get("input")))

    def other(self, event: dict[str, Any]) -> list[AnyEvent]:
        """
        Any event more: kept when it belongs to something that the client gets to see.

        Keep-alives, our own items' lifecycle and inventions of vendors end here.
        """
        type, id, index = event["type"], event.get("item_id"), event.get("output_index")
        if type == "response.output_text.annotation.added":
            message = self._items.find("message", id, index)
            return self._annotation(message, event.get("content_index"), event.get("annotation"))
        if type.startswith("response.audio."):
            return [Vendor(extra.encode(Replay(_NO_ITEM, _bare(event))))]
        item = self._items.hosted(id, index) if type.startswith("response.") else None
        return [] if item is None or item.is_done else [_replay(item, event)]

    def _say(self, item: Item, stream: Stream, part: int, words: str, logged: bytes | None = None) -> list[AnyEvent]:
        mark = None
        if item is not self._item:
            mark = Mark(item=item.fields)
        elif (stream, part) != self._part:
            mark = Mark(part=True)
        self._item, self._part, self._place = item, (stream, part), ()
        item.sent.add(self._part)
        marked = None if mark is None else extra.encode(mark)
        match stream:
            case "text":
                return [Text(words, 0, logged, marked)]
            case "refusal":
                return [Refusal(words, 0, logged, marked)]
            case _:
                return self._think("summary" if stream == "summary" else "text", words, mark)

    def _think(self, kind: Literal["text", "summary"], words: str, mark: Mark | None) -> list[AnyEvent]:
        """Two thoughts are told apart by a blank line where a client sees no items and parts."""
        if mark is None:
            return [Reasoning(words, 0, kind)]
        if not self._has_thought:
            self._has_thought = True
            return [Reasoning(words, 0, kind, extra.encode(mark))]
        gap = extra.encode(msgspec.structs.replace(mark, gap=True))
        return [Reasoning("\n\n", 0, kind, gap), Reasoning(words, 0, kind)]

    def _input(self, item: Item, words: str) -> list[AnyEvent]:
        return [*self._known_call(item), *self.calls.add(item, words)]

    def _input_done(self, item: Item, input: object) -> list[AnyEvent]:
        whole = input if isinstance(input, str) else "" if input is None else extra.encode(input).decode()
        return [*self._known_call(item), *self.calls.end(item, whole)]

    def _known_call(self, item: Item) -> list[AnyEvent]:
        return [] if item in self.calls else self.calls.begin(item)

    def _message_done(self, item: Item, said: dict[str, Any]) -> list[AnyEvent]:
        if not item.sent:
            item.learn(said)
        events: list[AnyEvent] = []
        for index, part in enumerate(_objects(said.get("content"))):
            events += self._part_done(item, index, part)
        return events

    def _part_done(self, item: Item, index: int, part: dict[str, Any]) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        words, refusal = part.get("text"), part.get("refusal")
        if part.get("type") == "refusal":
            if isinstance(refusal, str) and refusal and ("refusal", index) not in item.sent:
                events += self._say(item, "refusal", index, refusal)
        elif isinstance(words, str) and words and ("text", index) not in item.sent:
            logged = logprobs.tokens(part.get("logprobs"), spelled=False)
            events += self._say(item, "text", index, words, extra.encode(logged) if logged else None)
        for annotation in _objects(part.get("annotations"))[item.annotations.get(index, 0) :]:
            events += self._annotation(item, index, annotation)
        return events

    def _annotation(self, item: Item | None, index: object, annotation: object) -> list[AnyEvent]:
        """One that comes before its text waits for the end of its part, which says it again."""
        part = index if isinstance(index, int) else 0
        if item is None or item is not self._item or self._part != ("text", part) or not isinstance(annotation, dict):
            return []
        item.annotations[part] = item.annotations.get(part, 0) + 1
        event = {"type": "response.output_text.annotation.added", "annotation": annotation}
        return [Vendor(extra.encode(Replay(item.number, event)))]

    def _reasoning_done(self, item: Item, said: dict[str, Any]) -> list[AnyEvent]:
        before = dict(item.fields)
        if not item.sent:
            item.fields = {}
        item.learn(said)
        was_sent, events = bool(item.sent), list[AnyEvent]()
        streams: tuple[tuple[Stream, str], ...] = (("summary", "summary"), ("thought", "content"))
        for stream, field in streams:
            for index, part in enumerate(_objects(said.get(field))):
                words = part.get("text")
                if isinstance(words, str) and words and (stream, index) not in item.sent:
                    events += self._say(item, stream, index, words)
        if not item.sent or (was_sent and item.fields != before):
            whole = {"type": "response.output_item.done", "item": {"type": "reasoning", **item.fields}}
            events.append(Vendor(extra.encode(Replay(item.number, whole))))
        return events


def _replay(item: Item, event: dict[str, Any]) -> AnyEvent:
    return Vendor(extra.encode(Replay(item.number, _bare(event))))


def _bare(event: dict[str, Any]) -> dict[str, Any]:
    """An event without the numbers that will be ours."""
    return {key: value for key, value in event.items() if key not in _NUMBERS}


def _filled(raw: msgspec.Raw) -> bytes | None:
    """A list of log probabilities on one line; None where it is empty."""
    if raw == NONE:
        return None
    try:
        found = logprobs.tokens(lenient.decode(bytes(raw)), spelled=False)
    except ValueError:
        return None
    return extra.encode(found) if found else None


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []

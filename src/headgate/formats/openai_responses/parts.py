"""A part of an item being written: one run of words, from its `added` to its `done`."""

from typing import Any

import msgspec

from headgate.events import Reasoning, Refusal, Text
from headgate.formats.openai_responses.frames import Frames, head


class Form(msgspec.Struct, frozen=True):
    """How one kind of part is told."""

    item: str
    """The type of the item it stands in."""
    type: str
    field: str
    """Where its words stand, in the part and in its `done` event."""
    name: str
    """Its events are called NAME.delta and NAME.done."""
    frame: str
    """The events around them are called FRAME.added and FRAME.done."""
    index: str


TEXT = Form("message", "output_text", "text", "response.output_text", "response.content_part", "content_index")
REFUSAL = Form("message", "refusal", "refusal", "response.refusal", "response.content_part", "content_index")
THOUGHT = Form(
    "reasoning", "reasoning_text", "text", "response.reasoning_text", "response.content_part", "content_index"
)
SUMMARY = Form(
    "reasoning",
    "summary_text",
    "text",
    "response.reasoning_summary_text",
    "response.reasoning_summary_part",
    "summary_index",
)


def form_of(event: Text | Refusal | Reasoning) -> Form:
    """The form in which an event's words are told."""
    match event:
        case Text():
            return TEXT
        case Refusal():
            return REFUSAL
        case Reasoning(kind="summary"):
            return SUMMARY
        case Reasoning():
            return THOUGHT


class Part:
    """One part of a message or of a thought."""

    def __init__(self, form: Form, item_id: str, output_index: int, index: int) -> None:
        self.form = form
        self.pieces: list[str] = []
        self.is_open = True
        self._place = {"item_id": item_id, "output_index": output_index, form.index: index}
        self._annotations: list[Any] = []
        self._logprobs: list[dict[str, Any]] = []
        logprobs: dict[str, Any] = {"logprobs": []} if form is TEXT else {}
        self.head = head(f"{form.name}.delta", {**self._place, **logprobs})

    def open(self, frames: Frames) -> bytes:
        """The part appears, empty."""
        return frames.event(f"{self.form.frame}.added", {**self._place, "part": self.object()})

    def say(self, frames: Frames, words: str, logprobs: bytes | None) -> bytes:
        """A piece of its words."""
        self.pieces.append(words)
        if logprobs is None or self.form is not TEXT:
            return frames.piece(self.head, words)
        logged = msgspec.json.decode(logprobs)
        self._logprobs += logged
        return frames.event(f"{self.form.name}.delta", {**self._place, "logprobs": logged, "delta": words})

    def annotate(self, frames: Frames, annotation: Any) -> bytes:
        """An annotation of its words."""
        fields = {**self._place, "annotation_index": len(self._annotations), "annotation": annotation}
        self._annotations.append(annotation)
        return frames.event("response.output_text.annotation.added", fields)

    def close(self, frames: Frames, status: str) -> bytes:
        """The part is over, with all of its words again."""
        self.is_open = False
        done = {**self._place, self.form.field: "".join(self.pieces)}
        if self.form is TEXT:
            done["logprobs"] = self._logprobs
        closed = {**self._place, "part": self.object()}
        if self.form is SUMMARY and status == "incomplete":
            closed["status"] = status
        return frames.event(f"{self.form.name}.done", done) + frames.event(f"{self.form.frame}.done", closed)

    def object(self) -> dict[str, Any]:
        """The part as it is now."""
        words = {"type": self.form.type, self.form.field: "".join(self.pieces)}
        if self.form is not TEXT:
            return words
        return {**words, "annotations": self._annotations, "logprobs": [_full(entry) for entry in self._logprobs]}


def _full(entry: dict[str, Any]) -> dict[str, Any]:
    """A token's log probability as parts have it: with its bytes, and with alternatives even where there are none."""
    return {**_spelled(entry), "top_logprobs": [_spelled(other) for other in entry.get("top_logprobs") or ()]}


def _spelled(entry: dict[str, Any]) -> dict[str, Any]:
    if entry.get("bytes") is not None:
        return entry
    return {**entry, "bytes": list(str(entry.get("token", "")).encode())}

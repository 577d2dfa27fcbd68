"""
Reads what Bedrock's ConverseStream and Converse send.

Nearly every frame is one piece of text, which is decoded into a strict struct and becomes one `Text`; whatever
that struct refuses is looked at field by field. An answer ends with `metadata`, which comes after the reason in
`messageStop`, or where its body does if that reason was there.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Finished, Started, Text
from headgate.formats import lenient, openai
from headgate.formats.anthropic import extra, usage
from headgate.formats.anthropic.blocks import Blocks
from headgate.formats.anthropic.extra import Ending
from headgate.formats.base import Origin
from headgate.formats.bedrock import failures, terms
from headgate.formats.bedrock.frames import Broken, Frame, Frames
from headgate.formats.openai_chat import reasons
from headgate.formats.tool_calls import text

_MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})


class _Words(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    text: str


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A piece of text, and nothing else."""

    contentBlockIndex: int
    delta: _Words
    p: str = ""
    """Padding, which hides from those who listen on the line how long the words are."""


_decode = msgspec.json.Decoder(_Plain).decode
_NOT_PLAIN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Reader:
    """One streamed answer."""

    def __init__(self, origin: Origin) -> None:
        self.is_over = False
        self.is_answered = False
        self._origin = origin
        self._frames = Frames()
        self._blocks = Blocks(origin.run)
        self._started = False
        self._reason: str | None = None
        self._ending: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._has_metadata = False
        self._is_lost = False
        """Whether what comes can no longer be read."""

    def feed(self, data: bytes) -> Sequence[AnyEvent]:
        """Take whatever arrived and return the events that are now certain."""
        events: list[AnyEvent] = []
        if self._is_lost:
            return events
        try:
            for frame in self._frames.feed(data):
                self._frame(frame, events)
                if self.is_over:
                    break
        except Broken as error:
            self._lose(str(error), events)
        except RecursionError:
            self._lose("it is nested too deep", events)
        except ProviderError as error:
            error.events = events
            raise
        return events

    def close(self) -> Sequence[AnyEvent]:
        """The body ended."""
        events: list[AnyEvent] = []
        if self.is_over:
            return events
        if self._reason is None:
            raise failures.cut(self._origin.provider) if self._has_begun else failures.empty(self._origin.provider)
        self._end(events)
        return events

    def whole(self, body: bytes) -> list[AnyEvent]:
        """An answer that came as one object; a fresh reader reads one."""
        try:
            said = lenient.decode(body)
        except ValueError:
            raise failures.nonsense(self._origin.provider) from None
        match said:
            case {"output": {"message": {"content": list(blocks)}}}:
                pass
            case {"message": str(message)} | {"Message": str(message)}:
                raise failures.exception(text(said.get("__type")), message, self._origin.provider)
            case _:
                raise failures.nonsense(self._origin.provider)
        events: list[AnyEvent] = []
        self._start(events)
        for index, each in enumerate(blocks):
            block = terms.block(each) if isinstance(each, dict) else None
            if block is not None:
                events += self._blocks.whole(index, block)
        try:
            self._stop({"stopReason": "end_turn", **said})
        except ProviderError as error:
            error.events = events
            raise
        self._usage = terms.usage(said.get("usage"))
        self._end(events)
        return events

    @property
    def _has_begun(self) -> bool:
        return self._started or not self._frames.is_between

    def _lose(self, why: str, events: list[AnyEvent]) -> None:
        self._is_lost = True
        if not self.is_answered:
            error = failures.nonsense(self._origin.provider, why)
            error.events = events
            raise error

    def _frame(self, frame: Frame, events: list[AnyEvent]) -> None:
        kind = frame.headers.get(":event-type", "")
        if kind == "contentBlockDelta" and self._started:
            try:
                piece = _decode(frame.payload)
            except _NOT_PLAIN:
                pass
            else:
                if piece.contentBlockIndex == self._blocks.plain and piece.delta.text:
                    events.append(Text(piece.delta.text))
                    return
        self._odd_frame(kind, frame, events)

    def _odd_frame(self, kind: str, frame: Frame, events: list[AnyEvent]) -> None:
        """Anything but a plain piece of text."""
        is_failure = frame.headers.get(":message-type", "event") != "event"
        if not is_failure and kind not in _KNOWN:
            return
        try:
            said = lenient.decode(frame.payload) if frame.payload else {}
        except ValueError:
            said = None
        if is_failure:
            raise failures.in_stream(frame.headers, said, self._origin.provider)
        if not isinstance(said, dict):
            raise failures.nonsense(self._origin.provider)
        self._event(kind, said, events)

    def _event(self, kind: str, said: dict[str, Any], events: list[AnyEvent]) -> None:
        if not self._started:
            self._start(events)
        index = openai.number(said.get("contentBlockIndex"), 0)
        match kind:
            case "contentBlockStart":
                block = terms.started(_object(said.get("start")))
                if block is not None:
                    events += self._blocks.begin(index, block)
            case "contentBlockDelta":
                self._change(index, _object(said.get("delta")), events)
            case "contentBlockStop":
                events += self._blocks.end(index)
            case "messageStop":
                self._stop(said)
            case "metadata":
                self._has_metadata = True
                self._usage = terms.usage(said.get("usage"))
            case _:  # messageStart
                pass
        if self._has_metadata and self._reason is not None:
            self._end(events)

    def _change(self, index: int, delta: dict[str, Any], events: list[AnyEvent]) -> None:
        for change in terms.changes(delta):
            if change["type"] == "redacted_thinking":
                events += self._blocks.begin(index, change)
            else:
                events += self._blocks.delta(index, change)

    def _start(self, events: list[AnyEvent]) -> None:
        self._started = True
        origin = self._origin
        events.append(Started(origin.provider, origin.model, "", origin.created, extra.NAME))

    def _stop(self, said: dict[str, Any]) -> None:
        reason = text(said.get("stopReason")) or "end_turn"
        if reason in _MALFORMED:
            raise failures.malformed(self._origin.provider, reason)
        self._ending = terms.ending(reason, said.get("additionalModelResponseFields"))
        self._reason = "content_filter" if reason == "guardrail_intervened" else reasons.read(reason) or "stop"
        self.is_answered = True

    def _end(self, events: list[AnyEvent]) -> None:
        self.is_over = self.is_answered = True
        events += self._blocks.calls.close()
        counted = usage.read(self._usage)
        if counted is not None:
            events.append(counted)
        reason = reasons.final(self._reason, has_calls=len(self._blocks.calls) > 0)
        events.append(Finished(reason, extra=extra.encode(Ending(delta=self._ending))))


_KNOWN = frozenset(
    {"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}
)


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole answer as events."""
    return Reader(origin).whole(body)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

"""
A run's events taken together: the answer so far, or whole.

Status pages, whole answers and the records of the store all read this. It never fails: half a
log gives half an answer.
"""

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import msgspec

from headgate.events import (
    AnyEvent,
    Attempt,
    Audio,
    Called,
    Calling,
    Continued,
    Failed,
    Finished,
    Last,
    Reasoning,
    Refusal,
    Segment,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Transcript,
    Usage,
    Vendor,
)

Status: TypeAlias = Literal["running", "finished", "failed", "stopped"]


class FoldedCall:
    """One tool call with all of its input."""

    def __init__(self, event: ToolCall) -> None:
        self.id, self.name, self.kind = event.id, event.name, event.kind
        self.extra = event.extra
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        """One more piece of the input."""
        self._pieces.append(piece)

    @property
    def input(self) -> str:
        """The input so far."""
        return "".join(self._pieces)


class Choice:
    """One of the answers that were asked for."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._refusal: list[str] = []
        self.calls: list[FoldedCall] = []
        self.logprobs: list[Any] = []
        self.refusal_logprobs: list[Any] = []
        self._extras: list[bytes] = []
        self.reason: str | None = None

    @property
    def text(self) -> str:
        """The words of the answer."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """What was thought before."""
        return "".join(self._reasoning)

    @property
    def refusal(self) -> str:
        """Why it was refused."""
        return "".join(self._refusal)

    @property
    def extra(self) -> dict[str, Any]:
        """The vendor's fields of all events, merged the way chat's deltas are; other formats have no use for this."""
        merged: dict[str, Any] = {}
        for extra in self._extras:
            merge(merged, msgspec.json.decode(extra))
        return merged

    def say(self, words: str) -> None:
        """More words of the answer."""
        self._text.append(words)

    def add(self, event: Text | Reasoning | Refusal | ToolCall | ToolInput | Vendor) -> None:
        """One more event of this choice."""
        match event:
            case Text():
                self._text.append(event.delta)
                self._log(self.logprobs, event.logprobs)
            case Reasoning():
                self._reasoning.append(event.delta)
            case Refusal():
                self._refusal.append(event.delta)
                self._log(self.refusal_logprobs, event.logprobs)
            case ToolCall():
                self.calls.append(FoldedCall(event))
            case ToolInput():
                if event.index < len(self.calls):
                    self.calls[event.index].add(event.delta)
                return
            case Vendor():
                pass
        if event.extra is not None:
            self._extras.append(event.extra)

    @staticmethod
    def _log(kept: list[Any], more: bytes | None) -> None:
        if more is not None:
            kept += msgspec.json.decode(more)


class Answer:
    """What a run has come to."""

    def __init__(self) -> None:
        self.started: Started | None = None
        self.choices: dict[int, Choice] = {}
        self.usage: Usage | None = None
        self.attempts: list[Attempt] = []
        self.continued: list[Continued] = []
        """Who went on with the answer after it broke."""
        self.called: list[Called] = []
        """What the server was to execute."""
        self.last: Last | None = None
        self.sound = 0
        """How many bytes of sound there are."""
        self.segments: list[Segment] = []

    @property
    def status(self) -> Status:
        """One word for where the run stands."""
        match self.last:
            case None:
                return "running"
            case Finished():
                return "finished"
            case Failed():
                return "failed"
            case Stopped():
                return "stopped"

    def choice(self, index: int) -> Choice:
        """The choice with that index, empty if nothing came for it yet."""
        found = self.choices.get(index)
        if found is None:
            found = self.choices[index] = Choice()
        return found

    def add(self, event: AnyEvent) -> None:
        """One more event."""
        # The common case, kept in a few instructions: most of a long log is words and nothing else.
        if type(event) is Text and event.logprobs is None and event.extra is None:
            self.choice(event.choice).say(event.delta)
            return
        match event:
            case Text() | Reasoning() | Refusal() | ToolCall() | ToolInput() | Vendor():
                self.choice(event.choice).add(event)
            case Transcript():
                self.choice(0).say(event.delta)
            case Audio():
                self.sound += len(event.data)
            case Segment():
                self.segments.append(event)
            case Started():
                self.started = event
            case Usage():
                self.usage = event
            case Attempt():
                self.attempts.append(event)
            case Continued():
                self.continued.append(event)
            case Called():
                self.called.append(event)
            case Calling():
                pass
            case Finished():
                self.last = event
                for index, reason in enumerate((event.reason, *event.rest)):
                    self.choice(index).reason = reason
            case Failed() | Stopped():
                self.last = event


def fold(events: Iterable[AnyEvent]) -> Answer:
    """All of them, in order."""
    answer = Answer()
    for event in events:
        answer.add(event)
    return answer


def merge(whole: dict[str, Any], more: dict[str, Any]) -> None:
    """Add a delta's fields to what came before: text and lists grow, objects merge, the rest is replaced."""
    for key, value in more.items():
        old = whole.get(key)
        if isinstance(old, str) and isinstance(value, str):
            whole[key] = old + value
        elif isinstance(old, list) and isinstance(value, list):
            whole[key] = [*old, *value]
        elif isinstance(old, dict) and isinstance(value, dict):
            merge(old, value)
        elif value is not None or old is None:
            whole[key] = value

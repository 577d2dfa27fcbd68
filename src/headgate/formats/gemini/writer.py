"""
Writes answers as Gemini streams them.

As server-sent events it is `data: {...}` and a blank line and nothing else: Google's own clients
break at comments, names of events and end marks. As an array it is one JSON text. The finish reason
comes with the last chunk, and so does what was used; a stream without one is retried by its client.
"""

from typing import Any

import msgspec
from typing_extensions import override

from headgate.calls import Call
from headgate.events import (
    AnyEvent,
    Attempt,
    Called,
    Calling,
    Continued,
    Failed,
    Finished,
    Reasoning,
    Refusal,
    Sound,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
    Vendor,
)
from headgate.formats import sse
from headgate.formats.gemini import counts, failures, reasons
from headgate.formats.gemini.fields import NAME
from headgate.formats.gemini.parts import EMPTY, Parts, Written

KEEP_ALIVE = b"\n"
"""A blank line, or white space between two values of an array: all else breaks Google's clients."""

_encode = msgspec.json.Encoder().encode


class Writer:
    """One answer as server-sent events."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        self._call, self._run = call, run
        self._kindred = False
        self._parts: dict[int, Parts] = {}
        self._usage: Usage | None = None
        self._about: dict[str, Any] = {}
        """What is said of the whole answer with the next chunk."""
        self._identity: dict[str, Any] = {}
        self._text_end = b""
        """What follows the words of a plain chunk; "" while none may be written."""

    def write(self, event: AnyEvent) -> bytes:
        """Return the frames this event makes."""
        # The common case in a few instructions.
        if type(event) is Text and event.choice == 0 and event.extra is None and self._text_end and event.delta:
            return self._framed(_TEXT + _encode(event.delta) + self._text_end)
        return self._other(event)

    def _framed(self, chunk: bytes) -> bytes:
        return sse.write(chunk)

    def _closed(self, chunk: bytes) -> bytes:
        """The last chunk."""
        return self._framed(chunk)

    def _other(self, event: AnyEvent) -> bytes:
        match event:
            case Started():
                self._start(event)
                return b""
            case Text() | Reasoning() | Refusal() | ToolCall() | ToolInput() | Vendor():
                frames = self._write_parts(event.choice, self._candidate(event.choice).add(event))
                # While a call waits for its input, words would overtake it.
                may_go = not isinstance(event, ToolCall | ToolInput)
                self._text_end = self._plain_end() if may_go else b""
                return frames
            case Usage():
                self._usage = event
                return b""
            case Finished():
                return self._finish(event)
            case Stopped():
                return self._finish(Finished("stop", ("stop",) * (len(self._parts) - 1)))
            case Failed():
                return self._closed(failures.error_body(event))
            case Attempt() | Continued() | Sound() | Calling() | Called():
                return b""

    def _start(self, event: Started) -> None:
        self._kindred = event.format == NAME
        if self._kindred and event.extra is not None:
            self._about = msgspec.json.decode(event.extra)
        self._identity = identity(event, self._run)

    def _plain_end(self) -> bytes:
        return b'}],"role":"model"},"index":0}],' + _encode(self._identity)[1:]

    def _candidate(self, choice: int) -> Parts:
        if not self._identity:
            self._start(Started("", self._call.model, "", 0))
        return self._parts.setdefault(choice, Parts(kindred=self._kindred))

    def _write_parts(self, choice: int, parts: list[Written]) -> bytes:
        return b"".join(self._framed(self._chunk([candidate([each.part], choice, each.about)])) for each in parts)

    def _chunk(self, candidates: list[dict[str, Any]], more: dict[str, Any] | None = None) -> bytes:
        said: dict[str, Any] = {"candidates": candidates} if candidates else {}
        about, self._about = self._about, {}
        return _encode({**said, **(more or {}), **about, **self._identity})

    def _finish(self, event: Finished) -> bytes:
        self._candidate(0)
        told = finished(event, self._kindred)
        self._about |= told.about
        usage = {} if self._usage is None else {"usageMetadata": counts.write(self._usage, self._kindred)}
        candidates = [self._last(choice, about) for choice, about in enumerate(told.candidates)]
        return self._closed(self._chunk(candidates, usage))

    def _last(self, choice: int, about: dict[str, Any]) -> dict[str, Any]:
        """A candidate of the last chunk, with the call that was still held."""
        parts = self._candidate(choice)
        held = parts.close()
        listed = [each.part for each in held] or [EMPTY]
        for each in held:
            about = {**each.about, **about}
        return candidate(listed, choice, _marred(about, parts))


class ArrayWriter(Writer):
    """The same as a JSON array, for those who do not ask for `alt=sse`."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        super().__init__(call, run, created)
        self._before = b"["

    @override
    def _framed(self, chunk: bytes) -> bytes:
        before, self._before = self._before, b",\r\n"
        return before + chunk

    @override
    def _closed(self, chunk: bytes) -> bytes:
        return self._framed(chunk) + b"\r\n]"


_TEXT = b'{"candidates":[{"content":{"parts":[{"text":'


class Told(msgspec.Struct, frozen=True):
    """What the end of an answer says."""

    candidates: list[dict[str, Any]]
    """None of them when the prompt was blocked."""
    about: dict[str, Any] = {}


def finished(event: Finished, kindred: bool) -> Told:
    """The end in Google's words: its own where it said it, or those that mean the same."""
    said = msgspec.json.decode(event.extra) if kindred and event.extra is not None else {}
    about = said.get("about", {})
    if said.get("blocked"):
        return Told([], about)
    written = [{"finishReason": reasons.write(reason)} for reason in (event.reason, *event.rest)]
    own = said.get("candidates", [])
    return Told([{**each, **(own[at] if at < len(own) else {})} for at, each in enumerate(written)], about)


def identity(started: Started, run: str) -> dict[str, Any]:
    """What every chunk says: which model, and which answer."""
    id = started.id if started.format == NAME and started.id else run.removeprefix("run_")
    return {"modelVersion": started.model, "responseId": id}


def candidate(parts: list[dict[str, Any]], choice: int, about: dict[str, Any]) -> dict[str, Any]:
    """A candidate with those parts."""
    return {"content": {"parts": parts, "role": "model"}, "index": choice, **about}


def _marred(about: dict[str, Any], parts: Parts) -> dict[str, Any]:
    return marred(about, parts.malformed)


def marred(about: dict[str, Any], malformed: str | None) -> dict[str, Any]:
    """An end that is not what it seems: one of the calls cannot be told."""
    if malformed is None or about.get("finishReason") != "STOP":
        return about
    return {**about, "finishReason": reasons.MALFORMED_CALL, "finishMessage": malformed}

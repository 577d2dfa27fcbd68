"""
Reads what Gemini upstreams send: server-sent events, a JSON array, or one object.

Nearly every chunk of a stream is one piece of text in a well-known frame, which takes the short
way; any other is looked at field by field. A stream has no end mark: it is whole when every
candidate has said why it ended, or when the prompt was blocked and there will be none.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Finished, Started, Text, Usage
from headgate.formats import lenient, openai, sse, upstream_errors
from headgate.formats.base import Origin
from headgate.formats.gemini import counts, plain
from headgate.formats.gemini.arrays import Objects
from headgate.formats.gemini.candidate import Candidate
from headgate.formats.gemini.fields import NAME
from headgate.formats.tool_calls import text

MAX_CANDIDATES = 128
"""What a request may ask for; an upstream that numbers higher is broken."""

_decode_chunk = plain.chunk.decode

_KNOWN = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId", "error"})


class Reader:
    """One streamed answer."""

    format = NAME

    def __init__(self, origin: Origin) -> None:
        self.is_over = False
        self.is_answered = False
        """Every candidate has ended: what may still come is usage."""
        self._origin = origin
        self._sse = sse.Reader()
        self._objects: Objects | None = None
        """Reads the stream when it is an array."""
        self._begun = False
        self._started = False
        self._candidates: dict[int, Candidate] = {}
        self._usage: Any = None
        self._about: dict[str, Any] = {}
        """What was said of the whole answer."""
        self._held: dict[str, Any] = {}
        """The part of it that came after the beginning."""
        self._is_blocked = False

    @property
    def early_usage(self) -> Usage | None:
        """What was said of it so far, which is something with every chunk."""
        usage = self._usage
        return counts.read(lenient.decode(bytes(usage)) if isinstance(usage, msgspec.Raw) else usage)

    def feed(self, data: bytes) -> Sequence[AnyEvent]:
        """Take whatever arrived and return the events that are now certain."""
        if not self._begun and (start := data.lstrip(b"\xef\xbb\xbf \t\r\n")):
            self._begun = True
            self._objects = Objects() if start[:1] in (b"[", b"{") else None
        if self._objects is not None:
            return self._read(sse.Message("", each) for each in self._objects.feed(data))
        return self._read(self._sse.feed(data))

    def close(self) -> Sequence[AnyEvent]:
        """The body ended."""
        if self.is_over:
            return []
        events = self._read(self._sse.close(), is_last=True)
        try:
            self._end_well(events)
        except ProviderError as error:
            error.events = events
            raise
        return events

    def whole(self, body: bytes) -> list[AnyEvent]:
        """An answer that came at once, as one object or as the array of its pieces; a fresh reader reads one."""
        try:
            said = lenient.decode(body)
        except ValueError:
            if body.startswith(b"["):
                return self._cut(body)
            raise nonsense(self._origin) from None
        events: list[AnyEvent] = []
        for value in said if isinstance(said, list) else (said,):
            self._value(value, "", events)
        if not self._started:
            raise upstream_errors.error_in(said, self._origin.provider) or empty(self._origin)
        self._end(events)
        return events

    def _cut(self, body: bytes) -> list[AnyEvent]:
        """An array that lacks its end: what is whole of it was still said."""
        events = list(self.feed(body))
        try:
            return [*events, *self.close()]
        except ProviderError as error:
            error.events = [*events, *error.events]
            raise

    def _read(self, messages: Iterable[sse.Message], *, is_last: bool = False) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        try:
            for message in messages:
                if self.is_over:
                    break
                self._message(message, events, is_last=is_last)
        except ProviderError as error:
            error.events = events
            raise
        except RecursionError:
            raise nonsense(self._origin) from None
        return events

    def _message(self, message: sse.Message, events: list[AnyEvent], *, is_last: bool) -> None:
        try:
            chunk = _decode_chunk(message.data)
        except plain.ERRORS:
            self._odd_message(message, events, is_last=is_last)
            return
        candidate = chunk.candidates[0]
        known = self._candidates.get(candidate.index)
        words = candidate.content.parts[0].text
        if not words or known is None or known.reason is not None:
            self._odd_message(message, events, is_last=is_last)
            return
        if chunk.usageMetadata != plain.NO_USAGE:
            self._usage = chunk.usageMetadata
        events.append(Text(words, candidate.index))

    def _odd_message(self, message: sse.Message, events: list[AnyEvent], *, is_last: bool) -> None:
        data = message.data.strip()
        if data == b"[DONE]":
            # Not Google's, but servers that speak its language send it.
            self._end_well(events)
            return
        try:
            value = lenient.decode(data)
        except ValueError:
            if not (is_last or self.is_answered):
                raise nonsense(self._origin) from None
            return
        self._value(value, message.name, events)

    def _value(self, value: Any, name: str, events: list[AnyEvent]) -> None:
        error = upstream_errors.error_event(value, self._origin.provider, name)
        if error is not None:
            if isinstance(value, dict) and value.get("candidates"):
                self._object(value, events)
            raise error
        if isinstance(value, dict):
            self._object(value, events)

    def _object(self, chunk: dict[str, Any], events: list[AnyEvent]) -> None:
        self._usage = chunk.get("usageMetadata") or self._usage
        listed = chunk.get("candidates")
        candidates = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        news = {name: value for name, value in chunk.items() if name not in _KNOWN and value not in (None, [], {})}
        news = {name: value for name, value in news.items() if self._about.get(name) != value}
        self._about |= news
        feedback = self._about.get("promptFeedback")
        if not candidates and isinstance(feedback, dict) and feedback.get("blockReason"):
            self._is_blocked = True
        if not self._started and (candidates or self._is_blocked):
            self._start(chunk, events)
        elif self._started:
            self._held |= news
        for place, said in enumerate(candidates):
            events += self._candidate(openai.number(said.get("index"), place)).read(said)
        self._look_for_end()

    def _start(self, chunk: dict[str, Any], events: list[AnyEvent]) -> None:
        self._started = True
        events.append(
            Started(
                provider=self._origin.provider,
                model=text(chunk.get("modelVersion")) or self._origin.model,
                id=text(chunk.get("responseId")),
                created=self._origin.created,
                format=NAME,
                extra=msgspec.json.encode(self._about) if self._about else None,
            )
        )

    def _candidate(self, index: int) -> Candidate:
        found = self._candidates.get(index)
        if found is None:
            if not 0 <= index < MAX_CANDIDATES:
                raise nonsense(self._origin)
            found = self._candidates[index] = Candidate(index, self._origin)
        return found

    def _look_for_end(self) -> None:
        candidates = self._candidates.values()
        ended = sum(candidate.reason is not None for candidate in candidates)
        goes_on = any(candidate.goes_on for candidate in candidates)
        all_here = ended == len(candidates) >= self._origin.choices and not goes_on
        self.is_answered = self._is_blocked or all_here

    def _end_well(self, events: list[AnyEvent]) -> None:
        """End it, if it is whole."""
        if self.is_over:
            return
        if not self._started:
            raise empty(self._origin)
        if not (self._is_blocked or all(each.reason for each in self._candidates.values())):
            raise ProviderError(
                f"The answer of {self._origin.provider} was cut: its stream ended without a finish reason.",
                code="upstream_incomplete",
            )
        self._end(events)

    def _end(self, events: list[AnyEvent]) -> None:
        self.is_over = True
        counted = self.early_usage
        if counted is not None:
            events.append(counted)
        events.append(self._finished())

    def _finished(self) -> Finished:
        said: dict[str, Any] = {"about": self._held} if self._held else {}
        if not self._candidates:
            return Finished("content_filter", extra=msgspec.json.encode({**said, "blocked": True}))
        last = max(self._candidates) + 1
        candidates = [self._candidates.get(index) for index in range(last)]
        said["candidates"] = [
            {} if each is None else {**({"finishReason": each.reason} if each.reason else {}), **each.held}
            for each in candidates
        ]
        reasons = ["stop" if each is None else each.final_reason for each in candidates]
        return Finished(reasons[0], tuple(reasons[1:]), msgspec.json.encode(said))


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole answer as events."""
    return Reader(origin).whole(body)


def nonsense(origin: Origin) -> ProviderError:
    """What came is no answer of Gemini's."""
    return ProviderError(f"{origin.provider} sent something that is no Gemini answer.", code="upstream_invalid")


def empty(origin: Origin) -> ProviderError:
    """Nothing came."""
    return ProviderError(f"{origin.provider} sent an empty answer.", code="upstream_empty")

"""
Reads what chat upstreams send, streamed or whole.

Strategy: nearly every chunk of every vendor is one piece of text in a well-known frame. Such a
chunk is decoded into a strict struct and becomes one `Text`, in about a microsecond. The struct
refuses anything it does not know, and only then is the chunk looked at field by field, by the
rules that the vendors' oddities taught us; fields that stay unknown are kept in `extra` as

    {"chunk": {...}, "choice": {...}, "delta": {...}}

by the place they stood in. A whole answer goes the same way with `message` for `delta`.

An answer ends with its end mark, or where its body does if every choice has said why it ended. What
comes between the last choice's end and the end mark can add usage, or an error, but takes nothing
away: noise there is ignored.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Finished, Reasoning, Started, Text, Usage
from headgate.formats import lenient, openai, sse, upstream_errors
from headgate.formats.base import Origin
from headgate.formats.openai_chat import plain
from headgate.formats.openai_chat.choice import Choice, unknown
from headgate.formats.openai_chat.requests import NAME
from headgate.formats.tool_calls import text

MAX_CHOICES = 128
"""What a request may ask for; an upstream that numbers higher is broken."""


_decode_chunk = plain.chunk.decode

_FRAME = frozenset({"id", "object", "created", "model", "choices", "usage", "obfuscation", "error"})

CONSTANT = ("service_tier", "system_fingerprint")
"""Fields that OpenAI repeats unchanged in every chunk: said once, with `Started`."""

NONSENSE = "upstream_invalid"

_PINGS = frozenset({"ping", "keepalive", "keep-alive", "heartbeat"})
"""Names of events that mean nothing, whatever their data is."""


class Reader:
    """One streamed chat answer; legacy completions differ in a few places and override those."""

    format = NAME
    new_choice = Choice

    def __init__(self, origin: Origin) -> None:
        self.is_over = False
        self.is_answered = False
        """Every choice that was asked for has ended: what may still come is usage and the end mark."""
        self._origin = origin
        self._sse = sse.Reader()
        self._started = False
        self._is_plain = False
        """Whether a plain chunk may go the short way: the answer has begun, and nothing of it waits."""
        self._choices: dict[int, Choice] = {}
        self._halves = lenient.Halves()
        self._usage: Usage | None = None
        self._top: dict[str, Any] = {}
        self._has_deltas = False
        self._has_output = False

    @property
    def early_usage(self) -> Usage | None:
        """What was said of it so far: some say it with every chunk."""
        return self._usage

    def feed(self, data: bytes) -> Sequence[AnyEvent]:
        """Take whatever arrived and return the events that are now certain."""
        events: list[AnyEvent] = []
        try:
            for message in self._sse.feed(data):
                if self.is_over:
                    break
                self._message(message, events)
        except ProviderError as error:
            error.events = events
            raise
        except RecursionError:
            raise nonsense(self._origin) from None
        return events

    def close(self) -> Sequence[AnyEvent]:
        """The body ended."""
        events: list[AnyEvent] = []
        if self.is_over:
            return events
        try:
            for message in self._sse.close():
                self._last_message(message, events)
            if not self.is_over:
                self._check_end()
                self._end(events)
        except ProviderError as error:
            error.events = events
            raise
        return events

    def _message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        try:
            chunk = _decode_chunk(message.data)
        except plain.ERRORS:
            self._odd_message(message, events)
            return
        if not self._is_plain:
            if self._started:
                self._odd_message(message, events)
                return
            self._start(chunk.id, chunk.created, chunk.model, constants(chunk), events)
        choice = chunk.choices[0]
        if choice.index not in self._choices:
            self._choice(choice.index)
        delta = choice.delta
        if delta.reasoning_content:
            self._has_deltas = True
            events.append(Reasoning(delta.reasoning_content, choice.index))
        if delta.content:
            self._has_deltas = True
            events.append(Text(delta.content, choice.index))

    def _choice(self, index: int) -> Choice:
        """The choice with that index; new ones appear in the order of their numbers."""
        found = self._choices.get(index)
        if found is None:
            if not 0 <= index < MAX_CHOICES:
                raise nonsense(self._origin)
            found = self._choices[index] = self.new_choice(index, self._origin)
        return found

    def _odd_message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        """Anything but a plain piece of text."""
        data = message.data.strip()
        if data.strip(b'"').upper() == b"[DONE]":
            self._end(events)
            return
        if message.name in _PINGS or (self._started and self._is_plain_ending(data)):
            return
        try:
            chunk = self._decode(data)
        except ValueError:
            self._no_json(message, events)
            return
        # Some write each chunk as a list of one.
        for value in chunk if isinstance(chunk, list) else (chunk,):
            self._value(value, message.name, events)

    def _is_plain_ending(self, data: bytes) -> bool:
        """Take the ends of choices, or the usage, if they are as regular as can be."""
        try:
            ending = plain.ending.decode(data)
        except plain.ERRORS:
            return False
        usage = None
        if ending.usage != plain.NO_USAGE and (usage := openai.read_regular_usage(ending.usage)) is None:
            return False
        if any(choice.finish_reason not in plain.REASONS for choice in ending.choices):
            return False
        self._usage = usage or self._usage
        for choice in ending.choices:
            self._choice(choice.index).ended(choice.finish_reason)
        self._look_for_end()
        return True

    def _decode(self, data: bytes) -> Any:
        chunk, is_well_formed = lenient.decode_halves(data)
        if is_well_formed and not self._halves:
            return chunk
        if isinstance(chunk, dict):
            self._join_halves(chunk)
        return lenient.well_formed(chunk)

    def _join_halves(self, chunk: dict[str, Any]) -> None:
        """Words that were cut inside a character: keep the half, or join it to what comes."""
        for index, choice in _listed(chunk):
            for place in (choice, choice.get("delta")):
                for key in ("content", "reasoning_content", "reasoning", "text"):
                    if isinstance(place, dict) and isinstance(place.get(key), str):
                        place[key] = self._halves.join((index, key), place[key])
        self._look_for_end()

    def _no_json(self, message: sse.Message, events: list[AnyEvent]) -> None:
        lines = message.data.split(b"\n")
        if len(lines) > 1:
            # Servers that forget the blank line between two events make one of them.
            for line in lines:
                if not self.is_over:
                    self._message(sse.Message(message.name, line), events)
        elif message.name == "error":
            words = message.data.decode("utf-8", "replace")
            raise upstream_errors.error_in(words, self._origin.provider) or nonsense(self._origin)
        elif not self.is_answered:
            raise nonsense(self._origin)

    def _last_message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        """What stood before the end of the body without its own end: whole, or half of something."""
        try:
            self._message(message, events)
        except ProviderError as error:
            if error.code != NONSENSE:
                raise

    def _value(self, value: Any, name: str, events: list[AnyEvent]) -> None:
        error = upstream_errors.error_event(value, self._origin.provider, name)
        if not isinstance(value, dict):
            if error is not None:
                raise error
            return
        try:
            self._object(value, events)
        except ProviderError:
            # What is said of the whole chunk says more than what is said of a part of it.
            if error is None:
                raise
        if error is not None:
            raise error

    def _object(self, chunk: dict[str, Any], events: list[AnyEvent]) -> None:
        self._usage = _usage_in(chunk) or self._usage
        # An object without choices is a vendor's ping; Azure sends its filter's verdict under an
        # empty list, before the answer begins.
        if not isinstance(chunk.get("choices"), list | dict):
            return
        choices, news = _listed(chunk), self._news(chunk)
        if choices and not self._started:
            self._start(chunk.get("id"), chunk.get("created"), chunk.get("model"), self._top, events)
            news = {}
        for index, choice in choices:
            said = self._choice(index).read(choice, news, has_deltas=self._has_deltas)
            self._has_output = self._has_output or bool(said)
            events += said
            news = {}
        if news and self._started:
            next(iter(self._choices.values())).hold("chunk", news)
        for index, choice in choices:
            self._choice(index).end(choice)
        self._look_for_end()

    def _look_for_end(self) -> None:
        ended = sum(choice.reason is not None for choice in self._choices.values())
        # From the first end on every chunk is looked at closely: words may still follow.
        self._is_plain = self._started and not ended and not self._halves
        goes_on = any(choice.goes_on for choice in self._choices.values())
        self.is_answered = ended == len(self._choices) >= self._origin.choices and not goes_on

    def _news(self, chunk: dict[str, Any]) -> dict[str, Any]:
        """The frame's unknown fields that changed: vendors repeat them in every chunk."""
        now = unknown(chunk, _FRAME)
        for key in CONSTANT:
            if not isinstance(now.get(key), str):
                now.pop(key, None)
        news = {key: value for key, value in now.items() if self._top.get(key) != value}
        self._top.update(news)
        return {key: value for key, value in news.items() if key not in CONSTANT}

    def _start(self, id: Any, created: Any, model: Any, extra: dict[str, Any], events: list[AnyEvent]) -> None:
        self._started, self._is_plain = True, not self._halves
        events.append(started(self._origin, self.format, id, created, model, extra))

    def _check_end(self) -> None:
        """Without an end mark an answer is whole only if it said why it ended."""
        if self._started and all(choice.reason for choice in self._choices.values()):
            return
        if not self._started:
            raise empty(self._origin)
        raise ProviderError(
            f"The answer of {self._origin.provider} was cut: its stream ended without a finish reason.",
            code="upstream_incomplete",
        )

    def _end(self, events: list[AnyEvent]) -> None:
        self.is_over = True
        choices = [self._choices[index] for index in sorted(self._choices)]
        if not (self._has_deltas or self._has_output or any(choice.reason for choice in choices)):
            raise empty(self._origin)
        for index, key in self._halves.rest():
            said = Text if key in ("content", "text") else Reasoning
            events.append(said(lenient.REPLACEMENT, index))
        for choice in choices:
            events += choice.close()
        if self._usage is not None:
            events.append(self._usage)
        ends = {choice.index: choice.final_reason for choice in choices}
        reasons = [ends.get(index, "stop") for index in range(max(ends) + 1)]
        events.append(Finished(reasons[0], tuple(reasons[1:])))

    def whole(self, body: bytes) -> list[AnyEvent]:
        """An answer that came as one object; a fresh reader reads one."""
        try:
            answer = lenient.decode(body)
        except ValueError:
            raise nonsense(self._origin) from None
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        error = upstream_errors.error_event(answer, self._origin.provider)
        if error is not None:
            raise error
        if not isinstance(answer, dict) or not _listed(answer):
            raise upstream_errors.error_in(answer, self._origin.provider) or nonsense(self._origin)
        events: list[AnyEvent] = []
        self._object(answer, events)
        self._end(events)
        return events


def started(origin: Origin, format: str, id: Any, created: Any, model: Any, extra: dict[str, Any]) -> Started:
    """The first event of an answer, whatever it says of itself."""
    return Started(
        provider=origin.provider,
        model=text(model) or origin.model,
        id=text(id),
        # Most are what they should be.
        created=(created if type(created) is int and 0 < created < openai.MOST else openai.count(created))
        or origin.created,
        format=format,
        extra=msgspec.json.encode(extra) if extra else None,
    )


def constants(chunk: plain.Chunk | plain.Answer) -> dict[str, Any]:
    """The fields that a plain chunk or answer repeats unchanged."""
    found = {}
    if chunk.service_tier:
        found["service_tier"] = chunk.service_tier
    if chunk.system_fingerprint:
        found["system_fingerprint"] = chunk.system_fingerprint
    return found


def nonsense(origin: Origin) -> ProviderError:
    """What came is no chat."""
    return ProviderError(f"{origin.provider} sent something that is no chat answer.", code=NONSENSE)


def empty(origin: Origin) -> ProviderError:
    """Nothing came."""
    return ProviderError(f"{origin.provider} sent an empty answer.", code="upstream_empty")


def _listed(chunk: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """A chunk's choices with their numbers, which are their places where they have none."""
    choices = chunk.get("choices")
    listed = enumerate(choices if isinstance(choices, list) else (choices,))
    return [(openai.number(each.get("index"), place), each) for place, each in listed if isinstance(each, dict)]


def _usage_in(chunk: dict[str, Any]) -> Usage | None:
    """The usage object; Groq keeps it in a drawer of its own, Moonshot in the choice that ends."""
    drawers = [chunk, chunk.get("x_groq"), *(choice for _, choice in _listed(chunk))]
    said = (openai.read_usage(drawer.get("usage")) for drawer in drawers if isinstance(drawer, dict))
    return next((usage for usage in said if usage is not None), None)

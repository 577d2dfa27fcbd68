"""
Reads what chat upstreams send, streamed or whole.

Strategy: nearly every chunk of every vendor is one piece of text in a well-known frame. Such a
chunk is decoded into a strict struct and becomes one `Text`, in about a microsecond. The struct
refuses anything it does not know, and only then is the chunk looked at field by field, by the
rules that the vendors' oddities taught us; fields that stay unknown are kept in `extra` as

    {"chunk": {...}, "choice": {...}, "delta": {...}}

by the place they stood in. A whole answer goes the same way with `message` for `delta`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Finished, Reasoning, Refusal, Started, Text, Usage, Vendor
from headgate.formats import lenient, openai, sse
from headgate.formats.base import Origin
from headgate.formats.openai_chat.requests import NAME
from headgate.formats.tool_calls import ToolCalls, input_text, text

MAX_CHOICES = 128
"""What a request may ask for; an upstream that numbers higher is broken."""


class _Delta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    refusal: None = None


class _Choice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    delta: _Delta
    index: int = 0
    finish_reason: None = None
    logprobs: None = None


class _Chunk(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    choices: tuple[_Choice]
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    service_tier: str | None = None
    system_fingerprint: str | None = None
    obfuscation: str | None = None
    usage: None = None


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    content: str
    role: str = ""
    refusal: None = None
    annotations: tuple[()] | None = None


class _WholeChoice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    message: _Message
    finish_reason: str
    index: int = 0
    logprobs: None = None


class _Whole(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    choices: tuple[_WholeChoice]
    usage: msgspec.Raw
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    service_tier: str | None = None
    system_fingerprint: str | None = None


_chunk = msgspec.json.Decoder(_Chunk)
_whole = msgspec.json.Decoder(_Whole)

_FRAME = frozenset({"id", "object", "created", "model", "choices", "usage", "obfuscation", "error"})
_CHOICE = frozenset({"index", "delta", "message", "finish_reason", "logprobs", "text"})
_DELTA = frozenset({"role", "content", "reasoning_content", "refusal", "tool_calls"})

_CONSTANT = frozenset({"service_tier", "system_fingerprint"})
"""Fields that OpenAI repeats unchanged in every chunk: said once, with `Started`."""

_REASONS = {
    "eos": "stop",
    "eos_token": "stop",
    "end": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "completed": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "max_length": "length",
    "model_length": "length",
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "safety": "content_filter",
    "content_filtered": "content_filter",
    "recitation": "content_filter",
}
_KNOWN_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})


class Reader:
    """One streamed chat answer; legacy completions differ in a few places and override those."""

    format = NAME
    choice_fields = _CHOICE

    def __init__(self, origin: Origin) -> None:
        self.is_over = False
        self._origin = origin
        self._sse = sse.Reader()
        self._started = False
        self._calls: dict[int, ToolCalls] = {}
        self._reasons: dict[int, str] = {}
        self._seen: set[int] = set()
        self._usage: Usage | None = None
        self._top: dict[str, Any] = {}
        self._has_output = False

    @property
    def is_answered(self) -> bool:
        """Every choice has said why it ended: what is still to come is usage and the end mark."""
        return bool(self._reasons) and self._seen <= self._reasons.keys()

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
        return events

    def close(self) -> Sequence[AnyEvent]:
        """The body ended."""
        events: list[AnyEvent] = []
        if self.is_over:
            return events
        try:
            for message in self._sse.close():
                self._message(message, events)
            if not self.is_over:
                if not self.is_answered:
                    raise ProviderError(
                        f"The answer of {self._origin.provider} was cut: its stream ended without a finish reason.",
                        code="upstream_incomplete",
                    )
                self._end(events)
        except ProviderError as error:
            error.events = events
            raise
        return events

    def _message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        try:
            chunk = _chunk.decode(message.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._odd_message(message, events)
            return
        if not self._started:
            self._start(chunk.id, chunk.created, chunk.model, _constant_fields(chunk), events)
        choice = chunk.choices[0]
        self._see(choice.index)
        delta = choice.delta
        if delta.reasoning_content:
            self._has_output = True
            events.append(Reasoning(delta.reasoning_content, choice.index))
        if delta.content:
            self._has_output = True
            events.append(Text(delta.content, choice.index))

    def _see(self, choice: int) -> None:
        if not 0 <= choice < MAX_CHOICES:
            raise _nonsense(self._origin)
        self._seen.add(choice)

    def _odd_message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        """Anything but a plain piece of text."""
        if message.data.strip() == b"[DONE]":
            self._end(events)
            return
        try:
            chunk = lenient.decode(message.data)
        except ValueError:
            raise _nonsense(self._origin) from None
        self._fail_if_error(chunk, message.name)
        if isinstance(chunk, dict):
            self._object(chunk, events)

    def _object(self, chunk: dict[str, Any], events: list[AnyEvent]) -> None:
        self._usage = _usage_in(chunk) or self._usage
        choices = chunk.get("choices")
        choices = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
        # An object without choices is a vendor's ping; Azure sends its filter's verdict under an
        # empty list, before the answer begins.
        if not isinstance(chunk.get("choices"), list):
            return
        news = self._news(chunk)
        if choices and not self._started:
            self._start(chunk.get("id"), chunk.get("created"), chunk.get("model"), self._top, events)
            news = {}
        for choice in choices:
            self._choice(choice, news, events)
            news = {}
        if news and self._started:
            events.append(Vendor(msgspec.json.encode({"chunk": news})))

    def _fail_if_error(self, chunk: object, name: str) -> None:
        if not isinstance(chunk, dict):
            return
        is_flat = name == "error" or "error" in (chunk.get("object"), chunk.get("type"))
        if is_flat or chunk.get("error") or ("choices" not in chunk and chunk.get("detail")):
            raise openai.error_in(chunk, self._origin.provider) or _nonsense(self._origin)

    def _news(self, chunk: dict[str, Any]) -> dict[str, Any]:
        """The frame's unknown fields that changed: vendors repeat them in every chunk."""
        now = _unknown(chunk, _FRAME)
        news = {key: value for key, value in now.items() if self._top.get(key) != value}
        self._top.update(news)
        return {key: value for key, value in news.items() if key not in _CONSTANT}

    def _start(self, id: Any, created: Any, model: Any, extra: dict[str, Any], events: list[AnyEvent]) -> None:
        self._started = True
        events.append(
            Started(
                provider=self._origin.provider,
                model=text(model) or self._origin.model,
                id=text(id),
                created=openai.count(created) or self._origin.created,
                format=self.format,
                extra=msgspec.json.encode(extra) if extra else None,
            )
        )

    def _choice(self, choice: dict[str, Any], top: dict[str, Any], events: list[AnyEvent]) -> None:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        self._see(index)
        delta = choice.get("delta") or choice.get("message")
        delta = delta if isinstance(delta, dict) else {}
        said = self._said(choice, delta, index)
        left = _extra(top, _unknown(choice, self.choice_fields), _unknown(delta, _DELTA))
        if left is not None:
            said = _with_extra(said, left, index)
        calls = self._tool_calls(delta, index)
        events += [*said, *calls]
        self._has_output = self._has_output or bool(said or calls)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._reasons[index] = reason
            if index in self._calls:
                events += self._calls[index].close()

    def _said(self, choice: dict[str, Any], delta: dict[str, Any], index: int) -> list[AnyEvent]:
        """Reasoning, refusal and text of one choice's delta or message, in this order."""
        events: list[AnyEvent] = []
        logprobs = choice.get("logprobs")
        logprobs = logprobs if isinstance(logprobs, dict) else {}
        thought = delta.get("reasoning_content")
        if not isinstance(thought, str):
            thought = delta.get("reasoning")
        if isinstance(thought, str) and thought:
            events.append(Reasoning(thought, index))
        refusal, refused = delta.get("refusal"), _json_list(logprobs.get("refusal"))
        if isinstance(refusal, str) and (refusal or refused):
            events.append(Refusal(refusal, index, refused))
        content, chosen = delta.get("content"), _json_list(logprobs.get("content"))
        if content is None:
            content = choice.get("text")
        if isinstance(content, list):
            events += [event for part in content if isinstance(part, dict) for event in _part(part, index)]
        elif (isinstance(content, str) and content) or chosen:
            events.append(Text(text(content), index, chosen))
        return events

    def _tool_calls(self, delta: dict[str, Any], index: int) -> list[AnyEvent]:
        pieces = delta.get("tool_calls")
        events: list[AnyEvent] = []
        for piece in pieces if isinstance(pieces, list) else ():
            if not isinstance(piece, dict):
                continue
            function = piece.get("function") or piece.get("custom")
            function = function if isinstance(function, dict) else {}
            calls = self._calls.get(index)
            if calls is None:
                calls = self._calls[index] = ToolCalls(self._origin.run, index)
            key = piece.get("index")
            arguments = input_text(function.get("arguments", function.get("input")))
            events += calls.piece(key, text(piece.get("id")), text(function.get("name")), arguments)
        return events

    def _end(self, events: list[AnyEvent]) -> None:
        self.is_over = True
        if not self._started or not (self._has_output or self._reasons):
            raise ProviderError(f"{self._origin.provider} sent an empty answer.", code="upstream_empty")
        for calls in self._calls.values():
            events += calls.close()
        if self._usage is not None:
            events.append(self._usage)
        last = max(self._seen | self._reasons.keys(), default=0)
        reasons = [_reason(self._reasons.get(index), index in self._calls) for index in range(last + 1)]
        events.append(Finished(reasons[0], tuple(reasons[1:])))

    def plain_whole(self, body: bytes) -> list[AnyEvent] | None:
        """The same for an answer of words and nothing else, the short way; None when it is not one."""
        try:
            answer = _whole.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        choice = answer.choices[0]
        usage = openai.read_regular_usage(answer.usage)
        if usage is None or choice.index != 0 or choice.finish_reason not in _KNOWN_REASONS:
            return None
        events: list[AnyEvent] = []
        self._start(answer.id, answer.created, answer.model, _constant_fields(answer), events)
        if choice.message.content:
            events.append(Text(choice.message.content))
        return [*events, usage, Finished(choice.finish_reason)]

    def whole(self, body: bytes) -> list[AnyEvent]:
        """An answer that came as one object; a fresh reader reads one."""
        try:
            answer = lenient.decode(body)
        except ValueError:
            raise _nonsense(self._origin) from None
        self._fail_if_error(answer, "")
        if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list) or not answer["choices"]:
            raise _nonsense(self._origin)
        events: list[AnyEvent] = []
        self._object(answer, events)
        self._end(events)
        return events


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole chat answer as events."""
    reader = Reader(origin)
    return reader.plain_whole(body) or reader.whole(body)


def _part(part: dict[str, Any], index: int) -> list[AnyEvent]:
    """Mistral's thinking models send lists of parts, thoughts being lists of text parts themselves."""
    thoughts = part.get("thinking")
    if isinstance(thoughts, list):
        words = "".join(text(piece.get("text")) for piece in thoughts if isinstance(piece, dict))
        return [Reasoning(words, index)] if words else []
    words = text(part.get("text"))
    return [Text(words, index)] if words else []


def _with_extra(said: list[AnyEvent], left: bytes, index: int) -> list[AnyEvent]:
    """The unknown fields ride on the first event of their chunk, or go alone."""
    if not said:
        return [Vendor(left, index)]
    return [msgspec.structs.replace(said[0], extra=left), *said[1:]]


def _extra(top: dict[str, Any], choice: dict[str, Any], delta: dict[str, Any]) -> bytes | None:
    places = {"chunk": top, "choice": choice, "delta": delta}
    left = {place: unknown for place, unknown in places.items() if unknown}
    return msgspec.json.encode(left) if left else None


def _unknown(fields: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in known and value is not None}


def _constant_fields(chunk: _Chunk | _Whole) -> dict[str, Any]:
    constant = {"service_tier": chunk.service_tier, "system_fingerprint": chunk.system_fingerprint}
    return {key: value for key, value in constant.items() if value is not None}


def _json_list(value: object) -> bytes | None:
    return msgspec.json.encode(value) if isinstance(value, list) and value else None


def _usage_in(chunk: dict[str, Any]) -> Usage | None:
    """The usage object; Groq keeps it in a drawer of its own."""
    own = chunk.get("x_groq")
    return openai.read_usage(chunk.get("usage") or (own.get("usage") if isinstance(own, dict) else None))


def _reason(reason: str | None, has_calls: bool) -> str:
    """One of OpenAI's words: clients know no others."""
    if reason is None or reason == "stop":
        return "tool_calls" if has_calls else "stop"
    if reason in _KNOWN_REASONS:
        return reason
    return _REASONS.get(reason.lower(), "tool_calls" if has_calls else "stop")


def _nonsense(origin: Origin) -> ProviderError:
    return ProviderError(f"{origin.provider} sent something that is no chat answer.", code="upstream_invalid")

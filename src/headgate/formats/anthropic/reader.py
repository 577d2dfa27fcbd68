"""
Reads what upstreams that speak Anthropic's Messages send, streamed or whole.

Nearly every event is one piece of text in a frame of always the same fields. It is decoded into a
strict struct and becomes one `Text`; whatever that struct refuses is looked at field by field.

An answer ends with `message_stop`, or where its body does if it has said why it stopped. Pings, events
of a kind that we do not know and everything after the end mean nothing.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Finished, Started, Text, Usage
from headgate.formats import lenient, openai, sse, upstream_errors
from headgate.formats.anthropic import extra, failures, usage
from headgate.formats.anthropic.blocks import Blocks
from headgate.formats.anthropic.extra import NAME, Ending
from headgate.formats.base import Origin
from headgate.formats.openai_chat import reasons
from headgate.formats.tool_calls import text

_MESSAGE = frozenset({"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"})
"""The fields of a message that have words of ours, or are told at its end."""

_ENDINGS = ("stop_reason", "stop_sequence", "stop_details", "container")


class _Piece(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    type: Literal["text_delta"]
    text: str


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A piece of text, and nothing else."""

    type: Literal["content_block_delta"]
    index: int
    delta: _Piece


_decode = msgspec.json.Decoder(_Plain).decode
_NOT_PLAIN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Reader:
    """One streamed answer."""

    def __init__(self, origin: Origin) -> None:
        self.is_over = False
        self.is_answered = False
        self._origin = origin
        self._sse = sse.Reader()
        self._blocks = Blocks(origin.run)
        self._started = False
        self._has_said = False
        """Whether anything came, if only noise."""
        self._usage: dict[str, Any] = {}
        self._reason: str | None = None
        self._ending = Ending()

    @property
    def early_usage(self) -> Usage | None:
        """What was said of it so far: what went in stands at the beginning."""
        return usage.read(self._usage)

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
            raise failures.nonsense(self._origin.provider) from None
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

    def whole(self, body: bytes) -> list[AnyEvent]:
        """An answer that came as one object; a fresh reader reads one."""
        message = self._decoded(body)
        error = failures.reported(message, self._origin.provider)
        if error is not None:
            raise error
        if not isinstance(message, dict) or not isinstance(message.get("content"), list):
            raise upstream_errors.error_in(message, self._origin.provider) or failures.nonsense(self._origin.provider)
        rest = {key: value for key, value in message.items() if key not in _ENDINGS}
        events: list[AnyEvent] = []
        self._start(rest, events)
        for index, block in enumerate(message["content"]):
            if isinstance(block, dict):
                events += self._blocks.whole(index, block)
        self._stop({key: message[key] for key in _ENDINGS if key in message})
        self._end(events)
        return events

    def _message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        try:
            piece = _decode(message.data)
        except _NOT_PLAIN:
            self._odd_message(message, events)
            return
        if piece.index == self._blocks.plain and piece.delta.text:
            events.append(Text(piece.delta.text))
        else:
            self._event("content_block_delta", msgspec.to_builtins(piece), events)

    def _odd_message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        """Anything but a plain piece of text."""
        if message.name == "ping" or message.data.strip() == b"[DONE]":
            return
        try:
            said = self._decoded(message.data)
        except ProviderError:
            if message.name == "error":
                words = message.data.decode("utf-8", "replace")
                raise upstream_errors.error_in(words, self._origin.provider) or failures.nonsense(
                    self._origin.provider
                ) from None
            if not self.is_answered:
                raise
            return
        type = text(said.get("type")) if isinstance(said, dict) else ""
        if type in _PASSED_OVER:
            return
        # An answer of another kind has errors too, and some imitators forget the type of theirs.
        if type not in _KNOWN and (error := failures.reported(said, self._origin.provider, message.name)):
            raise error
        if isinstance(said, dict):
            self._event(type or message.name, said, events)

    def _event(self, type: str, said: dict[str, Any], events: list[AnyEvent]) -> None:
        self._has_said = True
        if type == "message_start":
            if not self._started:
                self._start(_object(said.get("message")), events)
        elif type in _KNOWN:
            if not self._started:
                self._start({}, events)
            self._go_on(type, said, events)

    def _go_on(self, type: str, said: dict[str, Any], events: list[AnyEvent]) -> None:
        index = openai.number(said.get("index"), 0)
        match type:
            case "content_block_start":
                events += self._blocks.begin(index, _object(said.get("content_block")))
            case "content_block_delta":
                events += self._blocks.delta(index, _object(said.get("delta")))
            case "content_block_stop":
                events += self._blocks.end(index)
            case "message_delta":
                counted = said.get("usage")
                self._usage = usage.merged(self._usage, counted)
                beside = {key: value for key, value in said.items() if key not in ("type", "delta", "usage")}
                self._stop(_object(said.get("delta")), counted if isinstance(counted, dict) else None, beside)
            case _:  # message_stop
                self._check_end()
                self._end(events)

    def _start(self, message: dict[str, Any], events: list[AnyEvent]) -> None:
        self._started = True
        self._usage = usage.merged({}, message.get("usage"))
        kept = {key: value for key, value in message.items() if key not in _MESSAGE}
        if self._usage:
            kept["usage"] = self._usage
        events.append(
            Started(
                provider=self._origin.provider,
                model=text(message.get("model")) or self._origin.model,
                id=text(message.get("id")),
                created=self._origin.created,
                format=NAME,
                extra=extra.encode(kept) if kept else None,
            )
        )

    def _stop(
        self, delta: dict[str, Any], counted: dict[str, Any] | None = None, beside: dict[str, Any] | None = None
    ) -> None:
        """Take why it stopped; some say it twice, once without a reason."""
        said = delta.get("stop_reason")
        reason = reasons.read(said)
        if reason == reasons.BROKEN:
            raise failures.broken(self._origin.provider, text(said))
        self._ending = Ending({**self._ending.delta, **delta}, counted or self._ending.usage, beside or {})
        if reason is not None:
            self._reason = reason
            self.is_answered = True

    def _check_end(self) -> None:
        """An answer that does not say why it stopped was cut."""
        if not self._started:
            made = failures.nonsense if self._has_said else failures.empty
            raise made(self._origin.provider)
        if self._reason is None:
            raise failures.cut(self._origin.provider)

    def _end(self, events: list[AnyEvent]) -> None:
        self.is_over = self.is_answered = True
        events += self._blocks.calls.close()
        counted = usage.read(self._usage)
        if counted is not None:
            events.append(counted)
        reason = reasons.final(self._reason, has_calls=len(self._blocks.calls) > 0)
        events.append(Finished(reason, extra=extra.encode(self._ending)))

    def _last_message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        """What stood before the end of the body without its own end: whole, or half of something."""
        try:
            self._message(message, events)
        except ProviderError as error:
            if error.code != "upstream_invalid":
                raise

    def _decoded(self, data: bytes) -> Any:
        try:
            return lenient.decode(data)
        except ValueError:
            raise failures.nonsense(self._origin.provider) from None


_KNOWN = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    }
)
_PASSED_OVER = frozenset({"ping", "keepalive", "heartbeat"})


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole answer as events."""
    return Reader(origin).whole(body)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

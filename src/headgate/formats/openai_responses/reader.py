"""
Reads what Responses upstreams send, streamed or whole.

Only a terminal event ends an answer: a body that ends without one was cut, whatever came before.
Nearly every event is one piece of text and takes a short way; the rest is looked at as the JSON
object it is, by its type. Sequence numbers are not looked at, because not all servers send them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Finished, Started, Usage
from headgate.formats import lenient, openai, sse
from headgate.formats.base import Origin
from headgate.formats.openai_responses import extra, failures
from headgate.formats.openai_responses.answer import DELTAS, NONE, Answer, Delta
from headgate.formats.openai_responses.extra import NAME
from headgate.formats.tool_calls import text

_delta = msgspec.json.Decoder(Delta)

_TERMINAL = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done"}
)
_BEGINNING = frozenset({"response.created", "response.queued", "response.in_progress"})
_SILENT = frozenset(
    {
        "response.content_part.added",
        "response.output_text.done",
        "response.refusal.done",
        "response.reasoning_text.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_part.done",
    }
)
"""They repeat what the deltas said; our writer makes its own."""

_NOT_KEPT = frozenset(
    {
        # Ours, or told by events.
        "id", "object", "created_at", "completed_at", "status", "error", "incomplete_details", "model",
        "output", "output_text", "usage",
        # Echoes of the request, which the writer has from the request itself; some are large.
        "instructions", "input", "tools", "text", "metadata", "prompt", "store", "background", "stream",
        "previous_response_id", "conversation", "user", "safety_identifier", "prompt_cache_key",
    }
)  # fmt: skip
"""Fields of an upstream's response object that a writer of ours would not take over."""


class Reader:
    """One streamed answer."""

    def __init__(self, origin: Origin) -> None:
        self.is_over = False
        self.is_answered = False  # The terminal event brings the usage too: nothing is left to wait for.
        self._origin = origin
        self._sse = sse.Reader()
        self._answer = Answer(origin.run)
        self._kept: dict[str, Any] = {}
        self._is_started = False
        self._has_output = False

    def feed(self, data: bytes) -> Sequence[AnyEvent]:
        """Take whatever arrived and return the events that are now certain."""
        if self.is_over:
            return []
        return self._read(lambda: self._sse.feed(data))

    def close(self) -> Sequence[AnyEvent]:
        """The body ended."""
        if self.is_over:
            return []
        return self._read(self._sse.close, is_last=True)

    def _read(self, messages: Callable[[], list[sse.Message]], *, is_last: bool = False) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        try:
            for message in messages():
                self._message(message, events)
                if self.is_over:
                    break
            if is_last and not self.is_over:
                raise failures.cut(self._origin.provider)
        except ProviderError as error:
            error.events = events
            raise
        return events

    def _message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        try:
            delta = _delta.decode(message.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._odd_message(message, events)
            return
        if delta.type in DELTAS:
            self._output(self._answer.delta(delta), events)
        else:
            self._odd_message(message, events)

    def _odd_message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        """Anything but a plain delta."""
        if message.data.strip() == b"[DONE]":
            return
        try:
            event = lenient.decode(message.data)
        except ValueError:
            raise failures.nonsense(self._origin.provider) from None
        if isinstance(event, dict):
            event.setdefault("type", message.name)
            self._event(event, text(event["type"]), events)

    def _event(self, event: dict[str, Any], type: str, events: list[AnyEvent]) -> None:
        response = event.get("response")
        response = response if isinstance(response, dict) else {}
        if type in _TERMINAL:
            self._end(event, response, type, events)
        elif type in _BEGINNING:
            self._start(response, events)
        elif type in ("error", "response.error") or (event.get("error") and not type.startswith("response.")):
            raise failures.read_failure(event.get("error") or _flat(event), self._origin.provider)
        elif type in DELTAS:
            self._output(self._answer.delta(_bent(event, type)), events)
        elif type not in _SILENT:
            self._output(self._item_event(event, type), events)

    def _item_event(self, event: dict[str, Any], type: str) -> list[AnyEvent]:
        item = event.get("item")
        match type:
            case "response.output_item.added" | "response.output_item.done":
                if not isinstance(item, dict) or not text(item.get("type")):
                    return []
                act = self._answer.begin if type.endswith("added") else self._answer.done
                return act(item, event)
            case "response.content_part.done":
                return self._answer.part_done(event)
            case "response.function_call_arguments.done":
                return self._answer.input_done("function_call", event)
            case "response.custom_tool_call_input.done":
                return self._answer.input_done("custom_tool_call", event)
            case _:
                return self._answer.other({**event, "type": type})

    def _output(self, output: list[AnyEvent], events: list[AnyEvent]) -> None:
        if output:
            if not self._is_started:
                self._start({}, events)
            self._has_output = True
            events += output

    def _start(self, response: dict[str, Any], events: list[AnyEvent]) -> None:
        if self._is_started:
            return
        self._is_started = True
        self._kept = _kept(response)
        events.append(
            Started(
                provider=self._origin.provider,
                model=text(response.get("model")) or self._origin.model,
                id=text(response.get("id")),
                created=openai.count(response.get("created_at")) or self._origin.created,
                format=NAME,
                extra=extra.encode(self._kept) if self._kept else None,
            )
        )

    def _end(self, event: dict[str, Any], response: dict[str, Any], type: str, events: list[AnyEvent]) -> None:
        status = response.get("status")
        if type == "response.failed" or status == "failed":
            raise failures.read_failure(response.get("error") or event.get("error"), self._origin.provider)
        if type == "response.cancelled" or status == "cancelled":
            raise failures.cancelled(self._origin.provider)
        self._start(response, events)
        if not self._has_output:
            self._whole_output(response, events)
        events += self._answer.calls.close()
        usage = read_usage(response.get("usage"))
        if usage is not None:
            events.append(usage)
        events.append(self._finished(response, is_cut=type == "response.incomplete" or status == "incomplete"))
        self.is_over = True

    def _whole_output(self, response: dict[str, Any], events: list[AnyEvent]) -> None:
        """The items of a response object that were not streamed."""
        output = response.get("output")
        for index, item in enumerate(output if isinstance(output, list) else ()):
            if isinstance(item, dict) and text(item.get("type")):
                event = {"type": "response.output_item.done", "output_index": index, "item": item}
                self._output(self._answer.done(item, event), events)

    def _finished(self, response: dict[str, Any], *, is_cut: bool) -> Finished:
        news = {key: value for key, value in _kept(response).items() if self._kept.get(key) != value}
        reason = "tool_calls" if len(self._answer.calls) else "stop"
        if is_cut:
            details = response.get("incomplete_details")
            why = details.get("reason") if isinstance(details, dict) else None
            reason = "content_filter" if why == "content_filter" else "length"
            if why not in ("content_filter", "max_output_tokens", None):
                news["incomplete_details"] = details
        return Finished(reason, extra=extra.encode(news) if news else None)

    def whole(self, body: bytes) -> list[AnyEvent]:
        """An answer that came as one object; a fresh reader reads one."""
        try:
            response = lenient.decode(body)
        except ValueError:
            raise failures.nonsense(self._origin.provider) from None
        if isinstance(response, dict) and response.get("error") and "output" not in response:
            raise failures.read_failure(response["error"], self._origin.provider)
        if not isinstance(response, dict) or response.get("status") in ("queued", "in_progress"):
            raise failures.nonsense(self._origin.provider)
        if not isinstance(response.get("output"), list) and response.get("status") != "failed":
            raise failures.nonsense(self._origin.provider)
        events: list[AnyEvent] = []
        try:
            self._end({}, response, "response.done", events)
        except ProviderError as error:
            error.events = events
            raise
        return events


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole response object as events."""
    return Reader(origin).whole(body)


def read_usage(usage: object) -> Usage | None:
    """Responses' usage object, or chat's where a server mixes them up."""
    if not isinstance(usage, dict) or not usage:
        return None
    if "input_tokens" not in usage and "prompt_tokens" in usage:
        return openai.read_usage(usage)
    inputs, outputs = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    input, output = openai.count(usage.get("input_tokens")), openai.count(usage.get("output_tokens"))
    return Usage(
        input=input,
        output=output,
        total=openai.count(usage.get("total_tokens")) or input + output,
        cached=openai.count(inputs.get("cached_tokens")) if isinstance(inputs, dict) else 0,
        reasoning=openai.count(outputs.get("reasoning_tokens")) if isinstance(outputs, dict) else 0,
        extra=extra.encode(usage),
    )


def _kept(response: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in response.items() if key not in _NOT_KEPT and value is not None}


def _flat(event: dict[str, Any]) -> dict[str, Any]:
    """A flat error event's own fields; its type says only that it is one."""
    return {key: value for key, value in event.items() if key != "type"}


def _bent(event: dict[str, Any], type: str) -> Delta:
    """A delta event whose fields are not all of the type they should be."""
    piece = event.get("delta")
    if isinstance(piece, dict):
        piece = piece.get("text")
    logprobs = event.get("logprobs")
    numbers = {
        name: value
        for name in ("output_index", "content_index", "summary_index")
        if isinstance(value := event.get(name), int)
    }
    return Delta(
        type=type,
        delta=text(piece),
        item_id=text(event.get("item_id")) or None,
        logprobs=msgspec.Raw(extra.encode(logprobs)) if isinstance(logprobs, list) else NONE,
        **numbers,
    )

"""Writes text completions in OpenAI's exact shape, streamed or whole."""

from collections.abc import Iterable
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import AnyEvent, Failed, Finished, Refusal, Started, Stopped, Text, Usage, Vendor
from headgate.fold import Choice, fold
from headgate.formats import openai, sse
from headgate.formats.openai_chat.reader import CONSTANT
from headgate.formats.openai_completions import logprobs
from headgate.formats.openai_completions.requests import NAME

_encode = msgspec.json.Encoder().encode


class Writer:
    """One streamed completion."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        self._call, self._run, self._created = call, run, created
        self._frame = b""
        self._end = b',"usage":null}\n\n' if call.include_usage else b"}\n\n"
        self._kindred = False
        self._usage: Usage | None = None
        self._offsets: dict[int, int] = {}
        self._vendor: dict[str, Any] = {}
        """Fields of the provider's that belong to the whole answer, and come with its last chunk."""

    def write(self, event: AnyEvent) -> bytes:
        """Return the frames this event makes; only words have a place in a completion, a refusal's too."""
        match event:
            case Text():
                return self._text(event)
            case Refusal():
                return self._text(Text(event.delta, event.choice))
            case Vendor():
                return self._odd(event) if self._kindred else b""
            case Started():
                self._start(event)
                return b""
            case Usage():
                self._usage = event
                return b""
            case Finished(reason, rest):
                return self._finish((reason, *rest))
            case Stopped():
                return self._finish(("stop",))
            case Failed():
                return sse.write(_encode({"error": openai.error_object(event)}))
            case _:
                return b""

    def _start(self, event: Started) -> None:
        self._kindred = event.format == NAME
        frame, self._vendor = _frame(event, self._run)
        self._frame = b"data: " + _encode(frame)[:-1] + b',"choices":['

    def _text(self, event: Text) -> bytes:
        if event.extra is not None or event.logprobs is not None:
            return self._odd(event)
        # The common case in a few instructions.
        return b"".join(
            (
                self._frame,
                b'{"text":',
                _encode(event.delta),
                b',"index":%d,"logprobs":null,"finish_reason":null}]' % event.choice,
                self._end,
            )
        )

    def _odd(self, event: Text | Vendor) -> bytes:
        choice, offset = Choice(), self._offsets.get(event.choice, 0)
        choice.add(event)
        self._offsets[event.choice] = offset + len(choice.text)
        if self._kindred:
            self._vendor |= choice.extra.get("chunk", {})
        if isinstance(event, Vendor) and "choice" not in choice.extra:
            return b""
        return self._chunk(_choice_object(event.choice, choice, self._kindred, None, offset))

    def _chunk(self, choice: dict[str, Any], end: bytes = b"") -> bytes:
        return self._frame + _encode(choice) + b"]" + (end or self._end)

    def _finish(self, reasons: tuple[str, ...]) -> bytes:
        if not self._frame:
            self._start(Started("", self._call.model, "", self._created))
        usage = b"" if self._usage is None else openai.usage_json(self._usage, self._kindred)
        vendor = b"".join(b",%b:%b" % (_encode(key), _encode(value)) for key, value in self._vendor.items())
        frames = b""
        for index, reason in enumerate(reasons):
            end = self._end
            if index == len(reasons) - 1:
                rides = usage and not self._call.include_usage
                end = vendor + (b',"usage":' + usage + b"}\n\n" if rides else self._end)
            frames += self._chunk(_choice_object(index, Choice(), self._kindred, _reason(reason), 0), end)
        if usage and self._call.include_usage:
            frames += self._frame + b'],"usage":' + usage + b"}\n\n"
        return frames + sse.DONE


def whole(call: Call, run: str, created: int, events: Iterable[AnyEvent]) -> bytes:
    """The whole completion object of a finished or stopped run."""
    answer = fold(events)
    started = answer.started or Started("", call.model, "", created)
    kindred = started.format == NAME
    choices = answer.choices or {0: Choice()}
    written, vendor = _frame(started, run)
    for choice in choices.values():
        vendor |= choice.extra.get("chunk", {}) if kindred else {}
    written["choices"] = [
        _choice_object(index, choices[index], kindred, _reason(choices[index].reason or "stop"), 0)
        for index in sorted(choices)
    ]
    written["usage"] = msgspec.Raw(openai.usage_json(answer.usage or Usage(0, 0, 0), kindred))
    return _encode(written | vendor)


def _frame(started: Started, run: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What every chunk says, and the fields of the provider's that are said once."""
    kindred = started.format == NAME
    extra: dict[str, Any] = msgspec.json.decode(started.extra) if kindred and started.extra else {}
    frame = {
        "id": started.id if kindred and started.id else "cmpl-" + run.removeprefix("run_"),
        "object": "text_completion",
        "created": started.created,
        "model": started.model,
        **{key: extra.pop(key) for key in CONSTANT if key in extra},
    }
    return frame, extra


def _choice_object(index: int, choice: Choice, kindred: bool, reason: str | None, offset: int) -> dict[str, Any]:
    written: dict[str, Any] = {"text": choice.text + choice.refusal, "index": index}
    written["logprobs"] = logprobs.from_chat(choice.logprobs, offset) if choice.logprobs else None
    written["finish_reason"] = reason
    if kindred:
        written |= choice.extra.get("choice", {})
    return written


def _reason(reason: str) -> str:
    return reason if reason in ("length", "content_filter") else "stop"

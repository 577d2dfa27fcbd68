"""
Writes chat answers in OpenAI's exact shape, streamed or whole.

Every chunk of a stream has the same id, created, model and fingerprint; the role comes once for
each choice, before anything else of it. A client that asked for `stream_options.include_usage`
gets OpenAI's usage chunk at the end; for one that did not, usage rides on the finish chunk,
`choices` is never empty and `delta.content` never absent, because hand-written clients index it.

An error after the first byte is an event of its own, and no end mark follows it: a broken answer
must not look like a whole one.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import (
    AnyEvent,
    Attempt,
    Failed,
    Finished,
    Reasoning,
    Refusal,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
    Vendor,
)
from headgate.fold import Choice, FoldedCall, fold
from headgate.formats import openai, sse
from headgate.formats.openai_chat.requests import NAME

_json = msgspec.json.Encoder()
_encode = _json.encode


class Writer:
    """One streamed chat answer."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        self._call, self._run, self._created = call, run, created
        self._frame = b""
        self._heads: dict[int, bytes] = {}
        self._end = b',"usage":null}\n\n' if call.include_usage else b"}\n\n"
        self._text_end = b'},"logprobs":null,"finish_reason":null}]' + self._end
        self._kindred = False
        self._usage: Usage | None = None

    def write(self, event: AnyEvent) -> bytes:
        """Return the frames this event makes."""
        # The common case, kept in a few instructions: words in a frame that was made before.
        if type(event) is Text and event.logprobs is None and event.extra is None:
            head = self._heads.get(event.choice)
            if head is not None:
                return head + _encode(event.delta) + self._text_end
        return self._other(event)

    def _other(self, event: AnyEvent) -> bytes:
        match event:
            case Started():
                self._start(event)
                return self._role(0)
            case Text() | Reasoning() | Refusal() | ToolCall() | ToolInput() | Vendor():
                role = b"" if event.choice in self._heads else self._role(event.choice)
                return role + self._output(event)
            case Usage():
                self._usage = event
                return b""
            case Finished(reason, rest):
                return self._finish(reason, rest)
            case Stopped():
                return self._finish("stop", ())
            case Failed():
                return sse.write(_encode({"error": openai.error_object(event)}))
            case Attempt():
                return b""

    def _start(self, event: Started) -> None:
        self._kindred = event.format == NAME
        extra = msgspec.json.decode(event.extra) if self._kindred and event.extra else {}
        frame = {
            "id": event.id if self._kindred and event.id else "chatcmpl-" + self._run.removeprefix("run_"),
            "object": "chat.completion.chunk",
            "created": event.created,
            "model": event.model,
            "system_fingerprint": None,
            **extra,
        }
        self._frame = b"data: " + _encode(frame)[:-1] + b',"choices":['

    def _role(self, choice: int) -> bytes:
        if not self._frame:
            self._start(Started("", self._call.model, "", self._created))
        self._heads[choice] = self._frame + b'{"index":%d,"delta":{"content":' % choice
        return self._chunk(choice, {"role": "assistant", "content": "", "refusal": None})

    def _chunk(
        self,
        choice: int,
        delta: dict[str, Any],
        *,
        reason: str | None = None,
        logprobs: dict[str, Any] | None = None,
        extra: dict[str, Any] | None = None,
        usage: bytes = b"",
    ) -> bytes:
        extra = extra or {}
        written = {"index": choice, "delta": {**delta, **extra.get("delta", {})}, "logprobs": logprobs}
        written |= {"finish_reason": reason, **extra.get("choice", {})}
        top = b"".join(b",%b:%b" % (_encode(key), _encode(value)) for key, value in extra.get("chunk", {}).items())
        return self._frame + _encode(written) + b"]" + top + (usage or self._end)

    def _output(self, event: Text | Reasoning | Refusal | ToolCall | ToolInput | Vendor) -> bytes:
        logprobs: dict[str, Any] | None = None
        extra: dict[str, Any] | None = None
        # Clients that did not ask for OpenAI's usage chunk are those that index `delta.content`.
        delta: dict[str, Any] = {} if self._call.include_usage else {"content": None}
        match event:
            case Text():
                delta["content"] = event.delta
                logprobs = _logprobs("content", event.logprobs)
            case Reasoning():
                delta["reasoning_content"] = event.delta
            case Refusal():
                delta["refusal"] = event.delta
                logprobs = _logprobs("refusal", event.logprobs)
            case ToolCall():
                delta["tool_calls"] = [{"index": event.index, **_call_object(event, "")}]
            case ToolInput():
                delta["tool_calls"] = [{"index": event.index, "function": {"arguments": event.delta}}]
            case Vendor():
                pass
        if self._kindred and not isinstance(event, ToolInput) and event.extra is not None:
            extra = msgspec.json.decode(event.extra)
        if isinstance(event, Vendor) and not extra:
            return b""
        return self._chunk(event.choice, delta, logprobs=logprobs, extra=extra)

    def _finish(self, reason: str, rest: tuple[str, ...]) -> bytes:
        frames = b"" if self._heads else self._role(0)
        usage = None if self._usage is None else openai.usage_json(self._usage, self._kindred)
        delta = {} if self._call.include_usage else {"content": ""}
        reasons = (reason, *rest)
        for choice, why in enumerate(reasons):
            rides = usage is not None and not self._call.include_usage and choice == len(reasons) - 1
            end = b',"usage":' + usage + b"}\n\n" if usage and rides else b""
            frames += b"" if choice in self._heads else self._role(choice)
            frames += self._chunk(choice, delta, reason=why, usage=end)
        if usage and self._call.include_usage:
            frames += self._frame + b'],"usage":' + usage + b"}\n\n"
        return frames + sse.DONE


def whole(call: Call, run: str, created: int, events: Sequence[AnyEvent]) -> bytes:
    """The whole chat completion object of a finished or stopped run."""
    return _plain_whole(events) or _any_whole(call, run, created, events)


def _plain_whole(events: Sequence[AnyEvent]) -> bytes | None:
    """The common case in a few instructions: words of a kindred provider and nothing else; None for any other."""
    match events:
        case [Started(format="openai.chat") as started, Text(extra=None, logprobs=None) as text, usage, finished]:
            pass
        case _:
            return None
    if not started.id or type(usage) is not Usage or type(finished) is not Finished or finished.rest:
        return None
    return b"".join(
        (
            b'{"id":',
            _encode(started.id),
            b',"object":"chat.completion","created":%d,"model":' % started.created,
            _encode(started.model),
            b',"choices":[{"index":0,"message":{"role":"assistant","content":',
            _encode(text.delta),
            b',"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"',
            finished.reason.encode(),
            b'"}],"usage":',
            openai.usage_json(usage, True),
            b',"system_fingerprint":null}' if started.extra is None else b"," + started.extra[1:],
        )
    )


def _any_whole(call: Call, run: str, created: int, events: Sequence[AnyEvent]) -> bytes:
    answer = fold(events)
    started = answer.started or Started("", call.model, "", created)
    kindred = started.format == NAME
    extra: dict[str, Any] = msgspec.json.decode(started.extra) if kindred and started.extra else {}
    choices = [_choice_object(index, answer.choices[index], kindred, extra) for index in sorted(answer.choices)]
    written: dict[str, Any] = {
        "id": started.id if kindred and started.id else "chatcmpl-" + run.removeprefix("run_"),
        "object": "chat.completion",
        "created": started.created,
        "model": started.model,
        "choices": choices or [_choice_object(0, Choice(), kindred, extra)],
        "usage": msgspec.Raw(openai.usage_json(answer.usage or _NO_USAGE, kindred)),
        "system_fingerprint": None,
        **extra,
    }
    return _encode(written)


_NO_USAGE = Usage(0, 0, 0)


def _choice_object(index: int, choice: Choice, kindred: bool, top: dict[str, Any]) -> dict[str, Any]:
    extra = choice.extra if kindred else {}
    top.update(extra.get("chunk", {}))
    message: dict[str, Any] = {
        "role": "assistant",
        "content": choice.text if choice.text or not (choice.calls or choice.refusal) else None,
        "refusal": choice.refusal or None,
        "annotations": [],
    }
    if choice.reasoning:
        message["reasoning_content"] = choice.reasoning
    if choice.calls:
        message["tool_calls"] = [_call_object(call, call.input) for call in choice.calls]
    message |= extra.get("delta", {})
    logprobs = None
    if choice.logprobs or choice.refusal_logprobs:
        logprobs = {"content": choice.logprobs or None, "refusal": choice.refusal_logprobs or None}
    written: dict[str, Any] = {
        "index": index,
        "message": message,
        "logprobs": logprobs,
        "finish_reason": choice.reason or "stop",
    }
    written |= extra.get("choice", {})
    return written


def _call_object(call: ToolCall | FoldedCall, input: str) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": input}}


def _logprobs(key: str, value: bytes | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {"content": None, "refusal": None, key: msgspec.Raw(value)}

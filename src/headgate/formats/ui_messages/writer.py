"""
Writes the AI SDK's UI message stream, version 1.

Each chunk is one `data:` line of JSON. Text and thoughts are parts that are opened and closed here,
by what comes next; a tool's input is told as it grows and once more as a whole, when the next call
or the end shows that it is one. Every stream ends with `finish` and `[DONE]`, also one that was
stopped or broke: a transport that misses `finish` comes back for it for ever.
"""

from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import (
    AnyEvent,
    Attempt,
    Called,
    Calling,
    Failed,
    Finished,
    Last,
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
from headgate.formats import cost, sse

NAME = "ui"

_REASONS = {"stop": "stop", "length": "length", "content_filter": "content-filter", "tool_calls": "tool-calls"}

_encode = msgspec.json.Encoder().encode


class Writer:
    """One message of the assistant."""

    def __init__(self, call: Call, run: str, created: int, message: str | None = None) -> None:
        self._message = message or "msg_" + run.removeprefix("run_")
        self._is_begun = False
        self._parts = 0
        self._open = ""
        """What kind of part is being written: text, reasoning, or none."""
        self._id = ""
        self._text_head = b""
        """The frame around more of the text that is open."""
        self._call: ToolCall | None = None
        self._input: list[str] = []
        self._usage: Usage | None = None
        self._executed: set[str] = set()
        """Ids of calls that the server executes, and that are told."""
        self._is_between = False
        """Whether functions were executed, and the model has not gone on yet."""

    def write(self, event: AnyEvent) -> bytes:
        """Return the frames this event makes."""
        # The common case in a few instructions.
        if type(event) is Text and self._text_head and event.choice == 0:
            return self._text_head + _encode(event.delta) + b"}\n\n"
        return self._other(event)

    def _other(self, event: AnyEvent) -> bytes:
        match event:
            case Started():
                return self._begin() + _chunk("start-step")
            case Text(delta, 0) | Refusal(delta, 0):
                return self._say("text", delta)
            case Reasoning(delta, 0):
                return self._say("reasoning", delta)
            case ToolCall(choice=0):
                return self._begin_call(event)
            case ToolInput(choice=0):
                return self._go_on(event)
            case Calling():
                return self._execute(event)
            case Called():
                return self._tell_executed(event)
            case Finished() | Failed() | Stopped():
                return self._end(event)
            case Usage():
                self._usage = event
                return b""
            case Attempt() | Vendor() | _:
                return b""

    def _begin(self) -> bytes:
        self._is_begun = True
        return _chunk("start", messageId=self._message)

    def _say(self, kind: str, delta: str) -> bytes:
        if self._is_between and kind == "text" and delta.isspace():
            # The blank line between two rounds, for those who see no parts.
            return b""
        opened = b"" if self._open == kind else self._next_step() + self._close() + self._open_part(kind)
        return opened + _chunk(f"{kind}-delta", id=self._id, delta=delta)

    def _open_part(self, kind: str) -> bytes:
        self._open, self._id = kind, str(self._parts)
        self._parts += 1
        if kind == "text":
            self._text_head = b'data: {"type":"text-delta","id":"%b","delta":' % self._id.encode()
        return _chunk(f"{kind}-start", id=self._id)

    def _close(self) -> bytes:
        kind, self._open, self._text_head = self._open, "", b""
        return _chunk(f"{kind}-end", id=self._id) if kind else b""

    def _begin_call(self, event: ToolCall) -> bytes:
        ended = self._next_step() + self._close() + self._end_call()
        self._call, self._input = event, []
        return ended + _chunk("tool-input-start", toolCallId=event.id, toolName=event.name)

    def _go_on(self, event: ToolInput) -> bytes:
        if self._call is None:
            return b""
        self._input.append(event.delta)
        return _chunk("tool-input-delta", toolCallId=self._call.id, inputTextDelta=event.delta)

    def _end_call(self) -> bytes:
        """The whole of its input; a client can do nothing with what is no JSON, and is told so."""
        call, self._call = self._call, None
        if call is None:
            return b""
        said = "".join(self._input)
        named: dict[str, Any] = {"toolCallId": call.id, "toolName": call.name}
        return _chunk("tool-input-available", **named, input=said) if call.kind == "custom" else _input(named, said)

    def _next_step(self) -> bytes:
        """After functions were executed the model goes on in a step of its own."""
        is_next, self._is_between = self._is_between, False
        return _chunk("finish-step") + _chunk("start-step") if is_next else b""

    def _execute(self, event: Calling | Called) -> bytes:
        """A function that the server executes, and no client knows before."""
        if event.id in self._executed:
            return b""
        self._executed.add(event.id)
        # Those of one round that are not executed at all come after each other.
        step = self._next_step() if isinstance(event, Calling) else b""
        named = {"toolCallId": event.id, "toolName": event.name, "providerExecuted": True, "dynamic": True}
        return step + self._close() + self._end_call() + _input(named, event.arguments)

    def _tell_executed(self, event: Called) -> bytes:
        told = self._execute(event)
        self._is_between = True
        named = {"toolCallId": event.id, "providerExecuted": True, "dynamic": True}
        if event.is_error:
            return told + _chunk("tool-output-error", **named, errorText=event.result)
        return told + _chunk("tool-output-available", **named, output=event.result)

    def _end(self, event: Last) -> bytes:
        frames = (b"" if self._is_begun else self._begin()) + self._close()
        match event:
            case Finished(reason):
                frames += self._end_call() + _chunk("finish-step")
                return frames + self._finish(_REASONS.get(reason, "other"))
            case Stopped(by):
                return frames + _chunk("abort", reason=by) + self._finish("other")
            case Failed():
                return frames + _chunk("error", errorText=event.message) + self._finish("error")

    def _finish(self, reason: str) -> bytes:
        about = {} if self._usage is None else {"messageMetadata": {"usage": _told(self._usage)}}
        return _chunk("finish", finishReason=reason, **about) + sse.DONE


def _chunk(type: str, **fields: Any) -> bytes:
    return sse.write(_encode({"type": type, **fields}))


def _input(named: dict[str, Any], said: str) -> bytes:
    """A tool's whole input."""
    try:
        # Checked, and on one line, with every number as it was written.
        whole = msgspec.Raw(msgspec.json.format(said.encode() or b"{}", indent=-1))
    except (msgspec.DecodeError, RecursionError):
        return _chunk("tool-input-error", **named, input=said, errorText="The input of the tool is not valid JSON.")
    return _chunk("tool-input-available", **named, input=whole)


def _told(usage: Usage) -> dict[str, Any]:
    """In the AI SDK's own words for it, where it has any."""
    said = {
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.total,
        "reasoningTokens": usage.reasoning,
        "cachedInputTokens": usage.cached,
    }
    return cost.with_cost(said, usage)

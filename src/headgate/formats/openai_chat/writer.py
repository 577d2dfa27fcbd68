"""
Writes streamed chat answers in OpenAI's exact shape.

Every chunk of a stream has the same id, created, model and fingerprint; the role comes once for
each choice, before anything else of it. A client that asked for `stream_options.include_usage`
gets OpenAI's usage chunk at the end; for one that did not, usage rides on the finish chunk,
`choices` is never empty and `delta.content` never absent, because hand-written clients index it.

An error after the first byte is an event of its own, and no end mark follows it: a broken answer
must not look like a whole one.
"""

from typing import Any, Literal, TypeAlias

import msgspec

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
from headgate.fold import FoldedCall
from headgate.formats import logprobs, openai, sse
from headgate.formats.openai_chat.choice import CALL, FUNCTION_CALL
from headgate.formats.openai_chat.reader import CONSTANT
from headgate.formats.openai_chat.requests import NAME

_json = msgspec.json.Encoder()
_encode = _json.encode

_CALL = f'{{"{CALL}":'.encode()


class Writer:
    """One streamed chat answer."""

    kind = "chat.completion.chunk"
    """What chunks say they are."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        self._call, self._run, self._created = call, run, created
        self._frame = b""
        self._heads: dict[int, bytes] = {}
        self._set_ends(b',"usage":null' if call.include_usage else b"")
        self._kindred = False
        self._usage: Usage | None = None
        self._vendor: dict[str, Any] = {}
        """Fields of the provider's that belong to the whole answer."""
        self._forms: dict[tuple[int, int], Form] = {}
        """How each call is told, by choice and index."""

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
                return self._roles(0)
            case Text() | Reasoning() | Refusal() | ToolCall() | ToolInput() | Vendor():
                roles = b"" if event.choice in self._heads else self._roles(event.choice)
                return roles + self._output(event)
            case Usage():
                self._usage = event
                return b""
            case Finished(reason, rest):
                return self._finish((reason, *rest))
            case Stopped():
                return self._finish(("stop",) * max(1, len(self._heads)))
            case Failed():
                return sse.write(_encode({"error": openai.error_object(event)}))
            case Attempt() | Continued() | Sound() | Calling() | Called():
                return b""

    def _set_ends(self, usage: bytes, more: bytes = b"") -> None:
        """How chunks end: with a word on usage while there is none, and other fields, each with its comma."""
        self._close = more + b"}\n\n"
        self._end = usage + self._close
        self._text_end = b'},"logprobs":null,"finish_reason":null}]' + self._end

    def _start(self, event: Started) -> None:
        self._kindred = event.format == NAME
        said: dict[str, Any] = msgspec.json.decode(event.extra) if self._kindred and event.extra else {}
        frame = {
            "id": answer_id(event, self._run),
            "object": self.kind,
            "created": event.created,
            "model": event.model,
            **{key: said.pop(key) for key in CONSTANT if key in said},
        }
        self._vendor = said
        self._frame = b"data: " + _encode(frame)[:-1] + b',"choices":['

    def _roles(self, choice: int) -> bytes:
        """The role of a choice, and of those before it: clients count choices as they appear."""
        frames = b""
        if not self._frame:
            self._start(Started("", self._call.model, "", self._created))
        for index in range(len(self._heads), choice + 1):
            self._heads[index] = self._frame + b'{"index":%d,"delta":{"content":' % index
            extra = {"chunk": self._vendor} if index == 0 else {}
            frames += self._chunk(index, {"role": "assistant", "content": "", "refusal": None}, extra=extra)
        return frames

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
        logged: dict[str, Any] | None = None
        # Clients that did not ask for OpenAI's usage chunk are those that index `delta.content`.
        delta: dict[str, Any] = {} if self._call.include_usage else {"content": None}
        match event:
            case Text():
                delta["content"] = event.delta
                logged = logprobs_object("content", event.logprobs, self._kindred)
            case Reasoning():
                delta["reasoning_content"] = event.delta
            case Refusal():
                delta["refusal"] = event.delta
                logged = logprobs_object("refusal", event.logprobs, self._kindred)
            case ToolCall():
                return self._chunk(event.choice, {**delta, **self._call_begins(event)})
            case ToolInput():
                return self._chunk(event.choice, {**delta, **self._call_goes_on(event)})
            case Vendor():
                pass
        extra = msgspec.json.decode(event.extra) if self._kindred and event.extra is not None else {}
        if isinstance(event, Vendor) and not extra:
            return b""
        self._vendor |= extra.get("chunk", {})
        return self._chunk(event.choice, delta, logprobs=logged, extra=extra)

    def _call_begins(self, event: ToolCall) -> dict[str, Any]:
        form = self._forms[event.choice, event.index] = form_of(self._call, event, event.index)
        if form == "function_call":
            return {"function_call": {"name": event.name, "arguments": ""}}
        return {"tool_calls": [{"index": self._number(event), **call_object(event, "")}]}

    def _call_goes_on(self, event: ToolInput) -> dict[str, Any]:
        match self._forms.get((event.choice, event.index)):
            case "function_call":
                return {"function_call": {"arguments": event.delta}}
            case "custom":
                return {"tool_calls": [{"index": self._number(event), "custom": {"input": event.delta}}]}
            case _:
                return {"tool_calls": [{"index": self._number(event), "function": {"arguments": event.delta}}]}

    def _number(self, event: ToolCall | ToolInput) -> int:
        """A call's index among those told as `tool_calls`."""
        return event.index - (self._forms.get((event.choice, 0)) == "function_call")

    def _finish(self, reasons: tuple[str, ...]) -> bytes:
        frames = self._roles(len(reasons) - 1) if len(self._heads) < len(reasons) else b""
        usage = None if self._usage is None else openai.usage_json(self._usage, self._kindred)
        delta = {} if self._call.include_usage else {"content": ""}
        last = len(reasons) - 1
        for choice, reason in enumerate(reasons):
            rides = usage is not None and not self._call.include_usage and choice == last
            end = b',"usage":' + usage + self._close if usage and rides else b""
            if self._forms.get((choice, 0)) == "function_call" and reason == "tool_calls":
                reason = "function_call"
            # Clients look for a vendor's fields in the first chunk, or in the last.
            extra = {"chunk": self._vendor} if choice == last else None
            frames += self._chunk(choice, delta, reason=reason, extra=extra, usage=end)
        if usage and self._call.include_usage:
            frames += self._frame + b'],"usage":' + usage + self._close
        return frames + sse.DONE


def answer_id(started: Started, run: str) -> str:
    """The provider's own id where it spoke this format, or one made from the run's."""
    is_kindred = started.format == NAME
    return started.id if is_kindred and started.id else "chatcmpl-" + run.removeprefix("run_")


Form: TypeAlias = Literal["function", "custom", "function_call"]


def form_of(call: Call, event: ToolCall | FoldedCall, index: int) -> Form:
    """How a call is told: to clients that asked with the deprecated `functions` as they know it."""
    if event.kind == "custom":
        return "custom"
    if "tools" in call.fields or index > 0:
        return "function"
    # A mere name is none of those: it means a function of the server's.
    has_deprecated = b"{" in bytes(call.fields.get("functions", b""))
    return "function_call" if has_deprecated or event.extra == FUNCTION_CALL else "function"


def call_object(call: ToolCall | FoldedCall, input: str) -> dict[str, Any]:
    """A call with its input."""
    more = _vendors(call.extra)
    if call.kind == "custom":
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": input}, **more}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": input}, **more}


def _vendors(extra: bytes | None) -> dict[str, Any]:
    """Its vendor's own fields, where that spoke this format."""
    if extra is None or not extra.startswith(_CALL):
        return {}
    more: dict[str, Any] = msgspec.json.decode(extra)[CALL]
    return more


def logprobs_object(key: str, logged: bytes | None, kindred: bool) -> dict[str, Any] | None:
    """A choice's logprobs with one of their two lists; other formats leave out what chats must have."""
    if logged is None:
        return None
    listed = msgspec.Raw(logged) if kindred else logprobs.tokens(msgspec.json.decode(logged), spelled=True)
    return {"content": None, "refusal": None, key: listed}

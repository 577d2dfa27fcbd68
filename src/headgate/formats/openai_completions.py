"""
OpenAI's legacy text completions: a prompt in, words out.

The answers are chat's in all but a few fields, so the reader is chat's with those few replaced.
A provider without this endpoint is asked through chat, with the prompt as a user's turn.
"""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from typing_extensions import override

from headgate.calls import Call, Message, Prompt, TextPart
from headgate.events import AnyEvent, Failed, Finished, Refusal, Started, Stopped, Text, Usage
from headgate.fold import Choice, fold
from headgate.formats import openai, sse, strict
from headgate.formats.base import Origin
from headgate.formats.openai_chat import choice as chat_choice
from headgate.formats.openai_chat import reader as chat_reader
from headgate.formats.openai_chat.parts import words
from headgate.formats.openai_chat.requests import Count, Penalty, Share, StreamOptions, Warmth, forward

__all__ = ["NAME", "CompletionRequest", "Reader", "Writer", "forward", "prompt", "read", "read_whole", "whole"]

NAME = "openai.completions"

_encode = msgspec.json.Encoder().encode


class CompletionRequest(msgspec.Struct):
    """A text completion request; fields that are not here are the vendor's and travel untouched."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    prompt: str | list[str | int | list[int]]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Warmth | None = None
    top_p: Share | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None
    best_of: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    max_tokens: Count | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    echo: bool | None = None
    suffix: str | None = None
    user: str | None = None
    store: bool | None = None


_request = msgspec.json.Decoder(CompletionRequest)
_KNOWN = frozenset(CompletionRequest.__struct_fields__)


def read(body: bytes) -> Call:
    """A completion request; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    request = strict.decode(_request, body)
    options = request.stream_options
    several = len(request.prompt) if isinstance(request.prompt, list) and _is_several(request.prompt) else 1
    return Call(
        format=NAME,
        model=request.model,
        fields=fields,
        stream=request.stream is True,
        choices=(request.n or 1) * several,
        include_usage=options is not None and options.include_usage is True,
        store=request.store is not False,
    )


def _is_several(prompts: list[Any]) -> bool:
    """Several prompts, and not one prompt as a list of tokens."""
    return bool(prompts) and not isinstance(prompts[0], int)


def prompt(call: Call) -> Prompt:
    """The request as a conversation of one turn, for providers that only chat."""
    request = msgspec.json.decode(_encode(call.fields), type=CompletionRequest)
    why = "is not supported by this provider, which has no completions endpoint of its own."
    for param in ("echo", "suffix"):
        if getattr(request, param):
            raise strict.unsupported(param, why)
    if (request.best_of or 1) > (request.n or 1):
        raise strict.unsupported("best_of", why)
    text = request.prompt[0] if isinstance(request.prompt, list) and len(request.prompt) == 1 else request.prompt
    if not isinstance(text, str):
        raise strict.unsupported("prompt", "must be one text for this provider, which has no completions endpoint.")
    stop = request.stop
    return Prompt(
        messages=(Message("user", (TextPart(text),)),),
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        stop=() if stop is None else (stop,) if isinstance(stop, str) else tuple(stop),
        seed=request.seed,
        choices=request.n,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        logit_bias=request.logit_bias,
        logprobs=request.logprobs,
        user=request.user,
        extra={name: raw for name, raw in call.fields.items() if name not in _KNOWN},
    )


class _Choice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    text: str
    index: int = 0
    logprobs: None = None
    finish_reason: None = None


class _Chunk(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    choices: tuple[_Choice]
    id: str = ""
    object: str = ""
    created: int = 0
    model: str = ""
    system_fingerprint: str | None = None
    usage: None = None


_chunk = msgspec.json.Decoder(_Chunk)


class _Speaker(chat_choice.Choice):
    """Words only; logprobs have a shape of their own here and travel as an unknown field."""

    known = frozenset({"index", "text", "delta", "message", "finish_reason", "usage", "error"})

    @override
    def _said(self, choice: dict[str, Any], delta: dict[str, Any]) -> list[AnyEvent]:
        piece = words(choice.get("text")) or words(delta.get("content"))
        return [Text(piece, self.index)] if piece else []


class Reader(chat_reader.Reader):
    """One streamed completion."""

    format = NAME
    new_choice = _Speaker

    @override
    def _message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        if self._is_plain:
            try:
                choice = _chunk.decode(message.data).choices[0]
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass
            else:
                if choice.index not in self._choices:
                    self._choice(choice.index)
                if choice.text:
                    self._has_deltas = True
                    events.append(Text(choice.text, choice.index))
                return
        self._odd_message(message, events)


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole completion as events."""
    return Reader(origin).whole(body)


class Writer:
    """One streamed completion, in OpenAI's exact shape."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        self._call, self._run, self._created = call, run, created
        self._frame = b""
        self._end = b',"usage":null}\n\n' if call.include_usage else b"}\n\n"
        self._kindred = False
        self._usage: Usage | None = None
        self._offsets: dict[int, int] = {}

    def write(self, event: AnyEvent) -> bytes:
        """Return the frames this event makes; only words have a place in a completion, a refusal's too."""
        match event:
            case Text():
                return self._text(event)
            case Refusal():
                return self._text(Text(event.delta, event.choice))
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
        frame = _frame(event, self._run, self._kindred)
        self._frame = b"data: " + _encode(frame)[:-1] + b',"choices":['

    def _text(self, event: Text) -> bytes:
        if event.extra is not None or event.logprobs is not None:
            choice, offset = Choice(), self._offsets.get(event.choice, 0)
            choice.add(event)
            self._offsets[event.choice] = offset + len(event.delta)
            return self._chunk(_choice_object(event.choice, choice, self._kindred, None, offset))
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

    def _chunk(self, choice: dict[str, Any], end: bytes = b"") -> bytes:
        return self._frame + _encode(choice) + b"]" + (end or self._end)

    def _finish(self, reasons: tuple[str, ...]) -> bytes:
        if not self._frame:
            self._start(Started("", self._call.model, "", self._created))
        usage = b"" if self._usage is None else openai.usage_json(self._usage, self._kindred)
        frames = b""
        for index, reason in enumerate(reasons):
            rides = usage and not self._call.include_usage and index == len(reasons) - 1
            end = b',"usage":' + usage + b"}\n\n" if rides else b""
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
    written = _frame(started, run, kindred)
    written["choices"] = [
        _choice_object(index, choices[index], kindred, _reason(choices[index].reason or "stop"), 0)
        for index in sorted(choices)
    ]
    written["usage"] = msgspec.Raw(openai.usage_json(answer.usage or Usage(0, 0, 0), kindred))
    return _encode(written)


def _frame(started: Started, run: str, kindred: bool) -> dict[str, Any]:
    extra = msgspec.json.decode(started.extra) if kindred and started.extra else {}
    return {
        "id": started.id if kindred and started.id else "cmpl-" + run.removeprefix("run_"),
        "object": "text_completion",
        "created": started.created,
        "model": started.model,
        **extra,
    }


def _choice_object(index: int, choice: Choice, kindred: bool, reason: str | None, offset: int) -> dict[str, Any]:
    written: dict[str, Any] = {"text": choice.text + choice.refusal, "index": index}
    written["logprobs"] = _logprobs(choice.logprobs, offset) if choice.logprobs else None
    written["finish_reason"] = reason
    if kindred:
        written |= choice.extra.get("choice", {})
    return written


def _logprobs(tokens: list[Any], offset: int) -> dict[str, Any]:
    """Chat's list of tokens in the four parallel lists of a completion."""
    written: dict[str, list[Any]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for token in tokens:
        written["tokens"].append(token["token"])
        written["token_logprobs"].append(token["logprob"])
        written["top_logprobs"].append({other["token"]: other["logprob"] for other in token.get("top_logprobs") or ()})
        written["text_offset"].append(offset)
        offset += len(token["token"])
    return written


def _reason(reason: str) -> str:
    return reason if reason in ("length", "content_filter") else "stop"

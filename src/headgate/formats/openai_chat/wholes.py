"""
Whole chat answers, read and written: the plain ones in a few instructions.

Any other is read as the one chunk of a stream, and written from all its events taken together.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import AnyEvent, Finished, Started, Text, Usage
from headgate.fold import Answer, Choice, fold
from headgate.formats import logprobs, openai
from headgate.formats.base import Origin
from headgate.formats.openai_chat import plain
from headgate.formats.openai_chat.reader import Reader, constants, started
from headgate.formats.openai_chat.requests import NAME
from headgate.formats.openai_chat.writer import answer_id, call_object, form_of

_encode = msgspec.json.Encoder().encode


_PLAIN = (
    b'{"id":%b,"object":"chat.completion","created":%d,"model":%b,"choices":[{"index":0,"message":{"role":"assistant",'
    b'"content":%b,"refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"%b"}],"usage":%b%b'
)


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole chat answer as events."""
    return _read_plain(body, origin) or Reader(origin).whole(body)


def _read_plain(body: bytes, origin: Origin) -> list[AnyEvent] | None:
    """An answer of words and nothing else, the short way; None when it is not one."""
    try:
        answer = plain.answer.decode(body)
    except plain.ERRORS:
        return None
    choice = answer.choices[0]
    usage = openai.read_regular_usage(answer.usage)
    if usage is None or choice.index != 0 or choice.finish_reason not in plain.REASONS:
        return None
    start = started(origin, Reader.format, answer.id, answer.created, answer.model, constants(answer))
    said = [Text(choice.message.content)] if choice.message.content else []
    return [start, *said, usage, Finished(choice.finish_reason)]


def whole(call: Call, run: str, created: int, events: Sequence[AnyEvent]) -> bytes:
    """The whole chat completion object of a finished or stopped run."""
    return _plain_whole(events) or _encode(whole_object(call, run, created, fold(events)))


def _plain_whole(events: Sequence[AnyEvent]) -> bytes | None:
    """The common case in a few instructions: words of a kindred provider and nothing else; None for any other."""
    if len(events) != 4:
        return None
    started, text, usage, finished = events
    if not (type(text) is Text and type(finished) is Finished and type(started) is Started and type(usage) is Usage):
        return None
    if started.format != NAME or not started.id or not text.extra is text.logprobs is None or finished.rest:
        return None
    return _PLAIN % (
        _encode(started.id),
        started.created,
        _encode(started.model),
        _encode(text.delta),
        finished.reason.encode(),
        openai.usage_json(usage, True),
        b"}" if started.extra is None else b"," + started.extra[1:],
    )


def whole_object(
    call: Call, run: str, created: int, answer: Answer, *, unfinished: str | None = "stop"
) -> dict[str, Any]:
    """The same of any answer, also of one that is not over; `unfinished` is the finish reason where there is none."""
    started = answer.started or Started("", call.model, "", created)
    kindred = started.format == NAME
    extra: dict[str, Any] = msgspec.json.decode(started.extra) if kindred and started.extra else {}
    choices = answer.choices or {0: Choice()}
    for choice in choices.values():
        extra |= choice.extra.get("chunk", {}) if kindred else {}
    return {
        "id": answer_id(started, run),
        "object": "chat.completion",
        "created": started.created,
        "model": started.model,
        "choices": [_choice_object(call, index, choices[index], kindred, unfinished) for index in sorted(choices)],
        # Clients index it, so an answer whose provider counted nothing says zero.
        "usage": msgspec.Raw(openai.usage_json(answer.usage or Usage(0, 0, 0), kindred)),
        **extra,
    }


def _choice_object(call: Call, index: int, choice: Choice, kindred: bool, unfinished: str | None) -> dict[str, Any]:
    extra = choice.extra if kindred else {}
    has_called_one = bool(choice.calls) and form_of(call, choice.calls[0], 0) == "function_call"
    reason = choice.reason or unfinished
    logged = None
    if choice.logprobs or choice.refusal_logprobs:
        lists = (logprobs.tokens(log, spelled=True) or None for log in (choice.logprobs, choice.refusal_logprobs))
        logged = dict(zip(("content", "refusal"), lists, strict=True))
    return {
        "index": index,
        "message": {**_message_object(call, choice), **extra.get("delta", {})},
        "logprobs": logged,
        "finish_reason": "function_call" if has_called_one and reason == "tool_calls" else reason,
        **extra.get("choice", {}),
    }


def _message_object(call: Call, choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": choice.text if choice.text or not (choice.calls or choice.refusal) else None,
        "refusal": choice.refusal or None,
        "annotations": [],
    }
    if choice.reasoning:
        message["reasoning_content"] = choice.reasoning
    forms = [(form_of(call, made, index), made) for index, made in enumerate(choice.calls)]
    calls = [call_object(made, made.input) for form, made in forms if form != "function_call"]
    if calls:
        message["tool_calls"] = calls
    for form, made in forms:
        if form == "function_call":
            message["function_call"] = {"name": made.name, "arguments": made.input}
    return message

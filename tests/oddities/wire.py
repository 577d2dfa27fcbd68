"""The bytes that upstreams say, and the tables of cases made of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.oddities.upstream import JSON, Play, Step
from tests.oddities.verdict import Choice, Failed, Json, Said, ToolCall

ID, CREATED, MODEL = "chatcmpl-Abc123", 1_700_000_000, "model-1"

WORDS = "Hello, žluťoučký 🐎\u2028!"
USAGE = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}


@dataclass(frozen=True)
class Broken:
    """What a client must be told of an answer that broke."""

    status: int = 502
    """200: in the stream, after what had been said."""
    code: str | None = None
    kind: str | None = None
    message: str = ""
    """A part of it."""
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    """What was said before; it must not be lost."""


Check: TypeAlias = Callable[[Said | Failed], None]
Want: TypeAlias = Said | Broken


@dataclass(frozen=True)
class Case:
    """One oddity: how the upstream plays, and what the client must get."""

    play: Play
    want: Want
    check: Check | None = None
    """Something more that must be true."""
    fields: Json = field(default_factory=dict)
    """More fields of the request."""
    provider: str = "odd"


Cases: TypeAlias = dict[str, Case]


def want(
    text: str = "",
    *,
    usage: tuple[int, int, int] | None = (9, 12, 21),
    finish: str = "stop",
    calls: tuple[tuple[str, str], ...] = (),
    **more: Any,
) -> Said:
    """An answer with one choice; calls are given by name and input."""
    made = tuple(ToolCall(name, input) for name, input in calls)
    return Said((Choice(text, calls=made, finish=finish, **more),), usage)


HELLO = want(WORDS)


def chunk(delta: Any = None, finish: Any = None, index: Any = 0, **more: Any) -> Json:
    """A regular chunk of a chat; more fields are added, or replaced."""
    choice = {"index": index, "delta": {} if delta is None else delta, "logprobs": None, "finish_reason": finish}
    return {
        "id": ID,
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": MODEL,
        "choices": [choice],
    } | more


def without(value: Json, *keys: str) -> Json:
    """An object without some of its keys."""
    return {key: inner for key, inner in value.items() if key not in keys}


ROLE = chunk({"role": "assistant", "content": ""})
PIECES = ["Hello", ", žluť", "oučký 🐎\u2028", "!"]
TEXTS = [chunk({"content": piece}) for piece in PIECES]
STOP = chunk(finish="stop")
COUNT = chunk(choices=[], usage=USAGE)
TALK = [ROLE, *TEXTS, STOP, COUNT]
"""A healthy answer: `HELLO`."""


def dump(value: Any) -> str:
    """JSON as most servers write it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def frame(value: Any) -> bytes:
    """One event."""
    return f"data: {dump(value)}\n\n".encode()


DONE = frame("[DONE]")


def frames(*values: Any, done: bool = True) -> list[bytes]:
    """Events, each sent by itself."""
    return [frame(value) for value in values] + ([DONE] if done else [])


def played(*steps: Step, **how: Any) -> Play:
    """Any steps."""
    return Play(steps, **how)


def streamed(*values: Any, done: bool = True, **how: Any) -> Play:
    """A stream of these chunks."""
    return Play(frames(*values, done=done), **how)


def whole(message: Any = None, finish: Any = "stop", **more: Any) -> Json:
    """A regular answer in one piece."""
    said = {"role": "assistant", "content": WORDS, "refusal": None} if message is None else message
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": finish}
    return {
        "id": ID,
        "object": "chat.completion",
        "created": CREATED,
        "model": MODEL,
        "choices": [choice],
        "usage": USAGE,
    } | more


def body(value: Any, **how: Any) -> Play:
    """An answer in one piece: JSON, or the bytes themselves."""
    data = value if isinstance(value, bytes) else dump(value).encode()
    return Play([data], **({"kind": JSON, "framing": "length"} | how))


def refused(status: str, value: Any, **how: Any) -> Play:
    """An answer with an error status."""
    return body(value, status=status, **how)


def bent(value: Json, *lost: str, **more: Any) -> Json:
    """A chunk whose choices lost some keys, or got some."""
    return {**value, "choices": [{**without(choice, *lost), **more} for choice in value["choices"]]}


def said(*deltas: Any, finish: Any = "stop") -> Play:
    """A stream of these deltas."""
    return streamed(*map(chunk, deltas), chunk(finish=finish), COUNT)


def told(*contents: str) -> Play:
    """A stream of these contents, each given as JSON text."""
    deltas = ('{"choices":[{"index":0,"delta":{"content":' + content + "}}]}" for content in contents)
    return streamed(*deltas, STOP, COUNT)

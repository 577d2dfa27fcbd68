"""Two short runs, which all examples tell of."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from headgate.events import AnyEvent, Finished, Started, Text, ToolCall, ToolInput, Usage
from headgate.formats.base import Writer
from headgate.web.doc import EVENT_STREAM, Answer, Content, Schema

RUN = "run_019a3f6255a1000051c9e0fb7d2a4c8836e1f09b"
CREATED = 1_762_000_000
MODEL = "gpt-4o-mini"

Events: TypeAlias = Sequence[AnyEvent]

_STARTED = Started("openai", MODEL, "", CREATED)

TALK: Events = (
    _STARTED,
    Text("Hello"),
    Text(" there"),
    Text("!"),
    Usage(9, 3, 12, cost=0.00000315),
    Finished("stop"),
)
CALL: Events = (
    _STARTED,
    ToolCall(0, "call_weather", "weather"),
    ToolInput(0, '{"city":'),
    ToolInput(0, '"Brno"}'),
    Usage(52, 14, 66, cost=0.0000162),
    Finished("tool_calls"),
)

HEADERS = {
    "Headgate-Run": "The run that makes this answer. It can be read again at `/v1/runs/{id}`.",
    "X-Request-Id": "The same, for clients that look for it.",
    "Headgate-Provider": "Who answers, as provider/model; not there when the answer began with silence.",
    "Headgate-Attempts": "Who failed before, as `provider/model STATUS CODE`, with `; ` between them.",
    "Headgate-Upstream-Request": "By what name the provider knows the request, where it says one.",
}
"""What every answer of a run carries."""

WEATHER: Mapping[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
"""The parameters of the tool that is called."""


def streamed(writer: Writer, events: Events) -> str:
    """The run as that writer streams it."""
    return b"".join(writer.write(event) for event in events).decode()


def answer(*, whole: Schema, wholes: Mapping[str, bytes], chunk: Schema, streams: Mapping[str, str]) -> Answer:
    """The answer of an endpoint that makes runs, whole or streamed."""
    return Answer(
        meaning="The answer; with `stream: true` as server-sent events, the first as soon as there is one.",
        contents=(
            Content(schema=whole, examples={name: msgspec.json.decode(body) for name, body in wholes.items()}),
            Content(kind=EVENT_STREAM, schema=chunk, examples=streams),
        ),
        headers=HEADERS,
    )

"""One short run, for all examples."""

from collections.abc import Mapping
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import AnyEvent, Finished, Started, Text, Usage
from headgate.formats.base import Writer
from headgate.web.answers import Face
from headgate.web.doc import Answer, Content, EVENT_STREAM, Schema

RUN = "run_019a3f6ee5a1000051c9e0fb7d2a4c8836e1f09b"
CREATED = 1_762_000_000

EVENTS: list[AnyEvent] = [
    Started("openai", "gpt-4o-mini", "", CREATED),
    Text("Hello"),
    Text(" there"),
    Text("!"),
    Usage(9, 3, 12),
    Finished("stop"),
]

QUESTION = [{"role": "user", "content": "Say hello."}]

RUN_HEADERS = {
    "Headgate-Run": "The run that makes this answer; read it again at `/v1/runs/{id}`.",
    "X-Request-Id": "The same.",
}
"""What every answer of a run carries."""

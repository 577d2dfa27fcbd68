"""Writes a speech: the sound itself, or events with pieces of it in base64."""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import AnyEvent, Audio, Failed, Finished, Started, Stopped, Usage
from headgate.formats import cost, openai, sse
from headgate.formats.openai_speech.requests import speech
from headgate.formats.voices import CONTENT_TYPES, SPEECH


class Writer:
    """The sound itself."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        pass

    def write(self, event: AnyEvent) -> bytes:
        """What this event adds to it."""
        return event.data if type(event) is Audio else b""


class EventWriter:
    """Events with pieces of it."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        self._usage: Usage | None = None
        self._kindred = False

    def write(self, event: AnyEvent) -> bytes:
        """The frames this event makes."""
        if type(event) is Audio:
            return b'data: {"type":"speech.audio.delta","audio":"%b"}\n\n' % base64.b64encode(event.data)
        match event:
            case Started():
                self._kindred = event.format == SPEECH
            case Usage():
                self._usage = event
            case Finished() | Stopped():
                done = {"type": "speech.audio.done", "usage": usage_object(self._usage, kindred=self._kindred)}
                return sse.write(msgspec.json.encode(done)) + sse.DONE
            case Failed():
                return sse.write(openai.error_body(event))
            case _:
                pass
        return b""


def whole(call: Call, run: str, created: int, events: Sequence[AnyEvent]) -> bytes:
    """All of the sound."""
    return b"".join([event.data for event in events if type(event) is Audio])


def content_type(call: Call, started: Started | None) -> str:
    """What the sound is: what its provider said, or what was asked for."""
    extra: dict[str, Any] = msgspec.json.decode(started.extra) if started is not None and started.extra else {}
    said = extra.get("content_type")
    return said if isinstance(said, str) and said else CONTENT_TYPES[speech(call).format]


def usage_object(usage: Usage | None, *, kindred: bool) -> dict[str, Any]:
    """Its usage object; `kindred` says that `extra` is in this format's terms."""
    usage = usage or Usage(0, 0, 0)
    said = {"input_tokens": usage.input, "output_tokens": usage.output, "total_tokens": usage.total}
    if kindred and usage.extra is not None:
        said |= msgspec.json.decode(usage.extra)
    return cost.with_cost(said, usage)

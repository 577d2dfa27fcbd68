"""Reads what upstreams answer to a request for speech: the bytes of a sound, or events with pieces of it in base64."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from typing_extensions import override

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Audio, Finished, Started, Usage
from headgate.formats import lenient, openai, spoken_events, sse, upstream_errors
from headgate.formats.base import Origin
from headgate.formats.voices import PIECE, SPEECH

_DELTA, _DONE = "speech.audio.delta", "speech.audio.done"


class Reader:
    """The sound itself, as it comes."""

    is_over = False
    is_answered = False

    def __init__(self, origin: Origin, content_type: str = "") -> None:
        self._origin, self._content_type = origin, content_type
        self._has_begun = False
        self.start = b""
        """How it begins."""
        self.size = 0

    def feed(self, data: bytes) -> Sequence[AnyEvent]:
        """More of it."""
        events: list[AnyEvent] = []
        if not self._has_begun:
            self._has_begun = True
            self.start = data[:PIECE]
            events.append(_started(self._origin, self._content_type))
        self.size += len(data)
        if len(data) <= PIECE:
            events.append(Audio(data))
        else:
            events += _pieces(data)
        return events

    def close(self) -> Sequence[AnyEvent]:
        """That was all."""
        if not self._has_begun:
            raise _empty(self._origin.provider)
        return [Finished("stop")]


class EventReader(spoken_events.EventReader):
    """Events with pieces of the sound."""

    what = "speech"

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._has_sound = False

    @override
    def _message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        provider = self._origin.provider
        if message.data.strip() == b"[DONE]":
            self._finish(events, None)
            return
        said = _object(message.data, provider)
        if (error := upstream_errors.error_event(said, provider, message.name)) is not None:
            raise error
        if not self._has_begun:
            self._has_begun = True
            events.append(_started(self._origin, ""))
        if piece := said.get("audio"):
            self._has_sound = True
            events += _pieces(_decoded(piece, provider))
        if said.get("type") == _DONE:
            self._finish(events, said.get("usage"))

    def _finish(self, events: list[AnyEvent], usage: object) -> None:
        if not self._has_sound:
            raise _empty(self._origin.provider)
        if (counted := read_usage(usage)) is not None:
            events.append(counted)
        events.append(Finished("stop"))
        self.is_over = True


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """What stands in place of a sound: an error, or an object that holds one."""
    said = _object(body, origin.provider)
    if (error := upstream_errors.error_event(said, origin.provider)) is not None:
        raise error
    if not said.get("audio"):
        raise upstream_errors.no_answer(body, origin.provider)
    usage = read_usage(said.get("usage"))
    sound = _pieces(_decoded(said["audio"], origin.provider))
    return [_started(origin, ""), *sound, *([usage] if usage else []), Finished("stop")]


def read_usage(usage: object) -> Usage | None:
    """Its usage object; None when it is absent or counts nothing."""
    if not isinstance(usage, dict) or usage.get("type", "tokens") != "tokens":
        return None
    input, output = openai.count(usage.get("input_tokens")), openai.count(usage.get("output_tokens"))
    total = openai.count(usage.get("total_tokens")) or input + output
    return Usage(input, output, total, extra=msgspec.json.encode(usage)) if total else None


def _started(origin: Origin, content_type: str) -> Started:
    extra = msgspec.json.encode({"content_type": content_type}) if content_type else None
    return Started(origin.provider, origin.model, "", origin.created, SPEECH, extra)


def _pieces(data: bytes) -> Iterator[Audio]:
    return (Audio(data[start : start + PIECE]) for start in range(0, len(data), PIECE))


def _decoded(piece: object, provider: str) -> bytes:
    text = piece if isinstance(piece, str) else "?"
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ProviderError(f"{provider} sent sound that is no base64.", code="upstream_invalid") from None


def _object(data: bytes, provider: str) -> dict[str, Any]:
    try:
        said = lenient.decode(data)
    except ValueError:
        raise upstream_errors.no_answer(data, provider) from None
    if not isinstance(said, dict):
        raise upstream_errors.no_answer(data, provider)
    return said


def _empty(provider: str) -> ProviderError:
    return ProviderError(f"{provider} answered with no sound.", code="upstream_empty")

"""Reads what upstreams answer to a request for transcription: events, an object, or plain text."""

import math
from typing import Any, Literal

import msgspec
from typing_extensions import override

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Finished, Segment, Started, Transcript, Word
from headgate.formats import lenient, sse, upstream_errors
from headgate.formats.base import Origin
from headgate.formats.openai_speech import read_usage
from headgate.formats.spoken_events import EventReader
from headgate.formats.voices import TRANSCRIPTION

VERBATIM = b'{"is_verbatim":true}'
"""Stands where a provider has written the very text that the client is to get, subtitles for instance."""


class Reader(EventReader):
    """One streamed transcription."""

    what = "transcription"

    def __init__(self, origin: Origin) -> None:
        super().__init__(origin)
        self._told_by: Literal["", "deltas", "segments"] = ""
        """What its words come in; who tells segments alone says them with those."""

    @override
    def _message(self, message: sse.Message, events: list[AnyEvent]) -> None:
        if message.data.strip() == b"[DONE]":
            self._finish(events, {})
            return
        said = _object(message.data, self._origin.provider)
        if (error := upstream_errors.error_event(said, self._origin.provider, message.name)) is not None:
            raise error
        self._begin(events)
        match said.get("type"):
            case "transcript.text.segment":
                self._add_segment(_segment(said), events)
            case "transcript.text.done":
                if not self._told_by:
                    events.append(Transcript(_text(said.get("text"))))
                self._finish(events, said)
            case _ if self._told_by != "segments":
                # A gateway's document writes increments as `text`.
                if delta := _text(said.get("delta")) or _text(said.get("text")):
                    self._told_by = "deltas"
                    rest = {key: value for key, value in said.items() if key not in ("type", "delta", "text")}
                    events.append(Transcript(delta, _extra(rest)))
            case _:
                pass

    def _add_segment(self, segment: Segment, events: list[AnyEvent]) -> None:
        if self._told_by != "deltas":
            is_next = self._told_by == "segments" and segment.text[:1].strip() != ""
            self._told_by = "segments"
            events.append(Transcript(f" {segment.text}" if is_next else segment.text))
        events.append(segment)

    def _begin(self, events: list[AnyEvent]) -> None:
        if not self._has_begun:
            self._has_begun = True
            events.append(_started(self._origin))

    def _finish(self, events: list[AnyEvent], said: dict[str, Any]) -> None:
        self._begin(events)
        events += _end({key: value for key, value in said.items() if key not in ("type", "text")})
        self.is_over = True


def read_whole(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole transcription that is an object."""
    said = _object(body, origin.provider)
    if (error := upstream_errors.error_event(said, origin.provider)) is not None:
        raise error
    text = said.pop("text", None)
    if not isinstance(text, str):
        raise ProviderError(f"{origin.provider} sent a transcription without a text.", code="upstream_invalid")
    segments = said.pop("segments", None)
    parts = [_segment(each) for each in segments if isinstance(each, dict)] if isinstance(segments, list) else []
    return [_started(origin), Transcript(text), *parts, *_end(said)]


def read_text(body: bytes, origin: Origin) -> list[AnyEvent]:
    """A whole transcription that is text, in the very form that was asked for."""
    started = msgspec.structs.replace(_started(origin), extra=VERBATIM)
    return [started, Transcript(body.decode("utf-8", "replace")), Finished("stop")]


def _end(said: dict[str, Any]) -> list[AnyEvent]:
    usage = read_usage(said.get("usage"))
    if usage is not None:
        del said["usage"]
    return [*([usage] if usage else []), Finished("stop", extra=_extra(said))]


def _started(origin: Origin) -> Started:
    return Started(origin.provider, origin.model, "", origin.created, TRANSCRIPTION)


def _segment(said: dict[str, Any]) -> Segment:
    words = said.get("words")
    found = [each for each in words if isinstance(each, dict)] if isinstance(words, list) else []
    rest = {key: value for key, value in said.items() if key not in ("type", "start", "end", "text", "words")}
    return Segment(
        _seconds(said.get("start")),
        _seconds(said.get("end")),
        _text(said.get("text")),
        tuple(Word(_text(each.get("word")), _seconds(each.get("start")), _seconds(each.get("end"))) for each in found),
        _extra(rest),
    )


def _extra(rest: dict[str, Any]) -> bytes | None:
    return msgspec.json.encode(rest) if rest else None


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else 0.0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _object(data: bytes, provider: str) -> dict[str, Any]:
    try:
        said = lenient.decode(data)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise upstream_errors.no_answer(data, provider)
    return said

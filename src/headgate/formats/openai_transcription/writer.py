"""Writes a transcription: events as its words come, or whole in any of its forms."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headgate.calls import Call
from headgate.events import AnyEvent, Failed, Finished, Segment, Stopped, Transcript
from headgate.fold import Answer, fold
from headgate.formats import cost, openai, sse
from headgate.formats.openai_speech import usage_object
from headgate.formats.openai_transcription import subtitles
from headgate.formats.openai_transcription.reader import VERBATIM
from headgate.formats.openai_transcription.requests import recording_format, wants_words
from headgate.formats.voices import TRANSCRIPTION, TranscriptFormat

_encode = msgspec.json.Encoder().encode

_PLAIN = b"text/plain; charset=utf-8"
CONTENT_TYPES: Mapping[TranscriptFormat, bytes] = {
    "json": b"application/json",
    "verbose_json": b"application/json",
    "diarized_json": b"application/json",
    "text": _PLAIN,
    "srt": _PLAIN,
    "vtt": b"text/vtt; charset=utf-8",
}


class Writer:
    """A streamed transcription: increments in `delta` and, for clients of a gateway's document, in `text` as well."""

    def __init__(self, call: Call, run: str, created: int) -> None:
        self._tells_segments = recording_format(call) == "diarized_json"
        self._answer = Answer()

    def write(self, event: AnyEvent) -> bytes:
        """The frames this event makes."""
        self._answer.add(event)
        match event:
            case Transcript(delta=""):
                return b""
            case Transcript():
                said = {"type": "transcript.text.delta", "delta": event.delta, "text": event.delta}
                return sse.write(_encode(said | _fields(event.extra)))
            case Segment() if self._tells_segments:
                return sse.write(_encode({"type": "transcript.text.segment"} | _timed(event)))
            case Finished() | Stopped():
                return (
                    sse.write(_encode({"type": "transcript.text.done"} | _object(self._answer, is_streamed=True)))
                    + sse.DONE
                )
            case Failed():
                return sse.write(openai.error_body(event))
            case _:
                return b""


def whole(call: Call, run: str, created: int, events: Sequence[AnyEvent]) -> bytes:
    """All of it, in the form that was asked for."""
    answer, form = fold(events), recording_format(call)
    text = answer.choice(0).text
    if answer.started is not None and answer.started.extra == VERBATIM and CONTENT_TYPES[form].startswith(b"text/"):
        return text.rstrip("\n").encode() + b"\n"
    match form:
        case "text":
            return text.rstrip("\n").encode() + b"\n"
        case "srt":
            return subtitles.srt(_segments(answer)).encode()
        case "vtt":
            return subtitles.vtt(_segments(answer)).encode()
        case "json":
            return _encode(_object(answer))
        case "verbose_json" | "diarized_json":
            return _encode(_verbose(answer, has_words=wants_words(call), is_diarized=form == "diarized_json"))


def _segments(answer: Answer) -> Sequence[Segment]:
    """Where nobody says when anything was said, all of it is one."""
    text = answer.choice(0).text
    if answer.segments or not text:
        return answer.segments
    duration = _end(answer, is_streamed=True).get("duration", 0.0)
    return [Segment(0.0, duration if isinstance(duration, int | float) else 0.0, text)]


def _object(answer: Answer, *, is_streamed: bool = False) -> dict[str, Any]:
    return {"text": answer.choice(0).text} | _end(answer, is_streamed=is_streamed)


def _verbose(answer: Answer, *, has_words: bool, is_diarized: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"task": "transcribe", "language": "", "duration": 0.0} | _object(answer)
    if not said["duration"]:
        said["duration"] = max((each.end for each in answer.segments), default=0.0)
    segments = [_timed(each) for each in answer.segments]
    if is_diarized:
        said["segments"] = [{"type": "transcript.text.segment", "speaker": "A"} | each for each in segments]
        return said
    said["segments"] = [{"id": number} | _UNKNOWN | each for number, each in enumerate(segments)]
    if has_words and "words" not in said:
        words = [word for each in answer.segments for word in each.words]
        said["words"] = [msgspec.structs.asdict(word) for word in words]
    return said


_UNKNOWN: dict[str, Any] = {
    "seek": 0,
    "tokens": [],
    "temperature": 0.0,
    "avg_logprob": 0.0,
    "compression_ratio": 1.0,
    "no_speech_prob": 0.0,
}
"""What only some models say of a segment, and clients want to be there."""


def _timed(segment: Segment) -> dict[str, Any]:
    timed = {"start": segment.start, "end": segment.end, "text": segment.text}
    return _fields(segment.extra) | timed


def _end(answer: Answer, *, is_streamed: bool) -> dict[str, Any]:
    """What is told at the end, the usage among it."""
    last, started = answer.last, answer.started
    said = _fields(last.extra if isinstance(last, Finished) else None)
    if answer.usage is None:
        return said
    if "usage" in said:
        # A length in place of tokens; what we have counted instead is nobody's business.
        if answer.usage.cost is not None and isinstance(said["usage"], dict):
            said["usage"] = {"cost": answer.usage.cost} | said["usage"]
        return said
    if answer.usage.estimated and said.get("duration") and not is_streamed:
        # Nobody counted tokens; how long it was is what is known. Streams have no word for that.
        said["usage"] = cost.with_cost({"type": "duration", "seconds": said["duration"]}, answer.usage)
    else:
        is_kindred = started is not None and started.format == TRANSCRIPTION
        said["usage"] = {"type": "tokens"} | usage_object(answer.usage, kindred=is_kindred)
    return said


def _fields(extra: bytes | None) -> dict[str, Any]:
    return msgspec.json.decode(extra) if extra else {}

"""What speeches and transcriptions are charged by where that is not tokens: characters that are spoken, and time."""

import math
from collections.abc import Sequence

import msgspec

from headgate.calls import Call, Upload
from headgate.events import AnyEvent, Audio, Finished, Segment
from headgate.formats import durations, strict
from headgate.formats.voices import PIECE, SPEECH


class _Usage(msgspec.Struct, gc=False):
    seconds: float | str | None = None


class _Said(msgspec.Struct, gc=False):
    """What the end of a transcription may say of its recording."""

    duration: float | str | None = None
    usage: _Usage | None = None


_said = msgspec.json.Decoder(_Said)


def characters(call: Call) -> int | None:
    """How many are to be spoken; None for what is no speech."""
    text = strict.value(call.fields, "input")
    return len(text) if call.format == SPEECH and isinstance(text, str) else None


def seconds(call: Call, events: Sequence[AnyEvent]) -> float | None:
    """How long the sound is that was made, or that was heard: as its provider says, or about; None if nobody knows."""
    if call.format == SPEECH:
        return _of_sound([event.data for event in events if type(event) is Audio])
    end = events[-1] if events else None
    if isinstance(end, Finished):
        if end.extra is not None and (said := _told(end.extra)) is not None:
            return said
        if (last := max((event.end for event in events if type(event) is Segment), default=0.0)) > 0:
            return last
    return None if call.upload is None else _of_file(call.upload)


def _told(extra: bytes) -> float | None:
    try:
        said = _said.decode(extra)
    except msgspec.MsgspecError:
        return None
    # What is charged may be rounded, so it comes first.
    told = said.duration if said.usage is None or said.usage.seconds is None else said.usage.seconds
    try:
        length = float(told or 0)
    except ValueError:
        return None
    return length if 0 < length < math.inf else None


def _of_sound(pieces: Sequence[bytes]) -> float:
    start = pieces[0] if pieces else b""
    return durations.seconds(durations.format_of(start), start, sum(map(len, pieces)))


def _of_file(upload: Upload) -> float | None:
    try:
        with open(upload.path, "rb") as file:
            start = file.read(PIECE)
    except OSError:
        return None
    return durations.of_file(start, upload.size)

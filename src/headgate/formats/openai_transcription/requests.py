"""Requests for transcription: the fields of a form, read strictly."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import msgspec

from headgate.calls import Call, Upload
from headgate.errors import BadRequest
from headgate.formats import strict
from headgate.formats.voices import TRANSCRIPTION, Recording, TranscriptFormat

FILE = "file"

MAX_PROMPT = 20_000

Granularity = Literal["word", "segment"]

_TIMED = ("srt", "vtt", "verbose_json", "diarized_json")
_NOT_STREAMED = ("srt", "vtt")


class Kept(msgspec.Struct):
    """What a run remembers of its recording, whose bytes it does not keep."""

    id: str
    name: str
    type: str
    size: int


class TranscriptionRequest(msgspec.Struct):
    """A request for transcription; fields that are not here are the vendor's and travel untouched."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    language: Annotated[str, msgspec.Meta(max_length=35)] | None = None
    prompt: Annotated[str, msgspec.Meta(max_length=MAX_PROMPT)] | None = None
    response_format: TranscriptFormat | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    timestamp_granularities: list[Granularity] | None = None
    include: list[str] | None = None
    stream: bool | None = None
    store: bool | None = None
    fallbacks: strict.Fallbacks | None = None


_request = msgspec.json.Decoder(TranscriptionRequest)
_LISTS = frozenset({"timestamp_granularities", "include", "fallbacks", "languages", "keywords"})
_LISTS |= {"known_speaker_names", "known_speaker_references"}
_NUMBERS, _TRUTHS = frozenset({"temperature"}), frozenset({"stream", "store"})
_TRUE, _FALSE = ("true", "1", "True"), ("false", "0", "False", "")


def read(form: Mapping[str, Sequence[str]], upload: Upload | None, kept: str = "") -> Call:
    """A form's request, whose file is kept by that name; raises BadRequest naming the first field that is wrong."""
    said: dict[str, Any] = {}
    for field, values in form.items():
        name = field.removesuffix("[]")
        value = _value(name, values, is_list=name in _LISTS or name != field)
        if value is not None:
            said[name] = value
    if upload is None:
        raise strict.missing(FILE)
    if not upload.size:
        raise BadRequest("Invalid value for 'file': it is empty.", param=FILE, code="empty_file")
    said[FILE] = Kept(kept, upload.name, upload.type, upload.size)
    return _call(msgspec.json.encode(said), upload)


def again(request: bytes, find: Callable[[str], str | None]) -> Call:
    """A kept request with its file, where that can be found; raises BadRequest where it cannot."""
    kept = strict.decode(_kept, request).file
    path = find(kept.id)
    return _call(request, None if path is None else Upload(path, kept.name, kept.type, kept.size))


def file_of(request: bytes) -> str | None:
    """What the recording of a kept request is called; None where that can no longer be read."""
    try:
        return _kept.decode(request).file.id
    except msgspec.MsgspecError:
        return None


class _WithFile(msgspec.Struct):
    file: Kept


_kept = msgspec.json.Decoder(_WithFile)


def _call(body: bytes, upload: Upload | None) -> Call:
    fields, request = strict.fields(body), strict.decode(_request, body)
    if request.stream and request.response_format in _NOT_STREAMED:
        message = f"'{request.response_format}' comes whole: leave out 'stream', or ask for json or text."
        raise BadRequest(message, param="stream", code="unsupported_value")
    return Call(
        format=TRANSCRIPTION,
        model=request.model,
        fields=fields,
        stream=request.stream is True,
        store=request.store is not False,
        fallbacks=tuple(request.fallbacks or ()),
        upload=upload,
    )


def recording(call: Call) -> Recording:
    """The request in everybody's words; only of a call whose file is there."""
    request = _request.decode(msgspec.json.encode(call.fields))
    assert call.upload is not None, "there is something to listen to"
    granularities = request.timestamp_granularities or ()
    return Recording(
        upload=call.upload,
        language=request.language or "",
        prompt=request.prompt or "",
        temperature=request.temperature,
        format=request.response_format or "json",
        has_times=request.response_format in _TIMED,
        has_words="word" in granularities,
    )


def recording_format(call: Call) -> TranscriptFormat:
    """The form that the transcription is to have."""
    return _request.decode(msgspec.json.encode(call.fields)).response_format or "json"


def wants_words(call: Call) -> bool:
    """Whether the time of every word is asked for."""
    return "word" in (strict.value(call.fields, "timestamp_granularities") or ())


def form(call: Call, model: str) -> list[tuple[str, str]]:
    """The fields of the form for a provider of this format, but for its file."""
    fields = [("model", model)]
    for name, raw in call.fields.items():
        if name in (FILE, "model", "store"):
            continue
        value = msgspec.json.decode(raw)
        many = value if isinstance(value, list) else [value]
        fields += [(f"{name}[]" if isinstance(value, list) else name, _text(each)) for each in many]
    return fields


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _value(name: str, values: Sequence[str], *, is_list: bool) -> Any:
    if is_list:
        # Clients that know no other way write a list as JSON.
        if len(values) == 1 and values[0].startswith("["):
            return msgspec.json.decode(values[0]) if _is_json(values[0]) else list(values)
        return list(values)
    if len(values) > 1:
        raise BadRequest(f"Invalid value for '{name}': it is there {len(values)} times.", param=name)
    value = values[0]
    if name in _TRUTHS:
        if value not in (*_TRUE, *_FALSE):
            raise BadRequest(f"Invalid value for '{name}': it must be true or false.", param=name, code="invalid_value")
        return value in _TRUE
    if name in _NUMBERS and value:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise BadRequest(f"Invalid value for '{name}': it must be a number.", param=name, code="invalid_value")
        return number
    if name == "response_format" and value not in get_args(TranscriptFormat):
        message = f"Invalid value for '{name}': it must be one of {', '.join(get_args(TranscriptFormat))}."
        raise BadRequest(message, param=name, code="invalid_value")
    # An empty field of a form is one that was not filled in.
    return value or None


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True

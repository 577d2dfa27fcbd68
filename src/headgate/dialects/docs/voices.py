"""Speech, transcriptions, and the voices that there are."""

import base64
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.calls import Call
from headgate.dialects.docs import asking, errors, sample
from headgate.errors import BadRequest, HeadgateError, NotFound, TooLarge
from headgate.events import Audio, Finished, Segment, Started, Transcript, Usage
from headgate.formats import openai_speech, openai_transcription
from headgate.formats.openai_transcription.requests import Granularity
from headgate.formats.voices import TranscriptFormat
from headgate.web.doc import EVENT_STREAM, MULTIPART, TEXT, Answer, Content, Doc, Parameter

AUDIO = "audio/mpeg"

_File = Annotated[str, msgspec.Meta(extra_json_schema={"format": "binary"})]


class TranscriptionForm(msgspec.Struct):
    """A form with a recording."""

    file: _File
    model: Annotated[str, msgspec.Meta(min_length=1)]
    language: str | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    response_format: TranscriptFormat | UnsetType = UNSET
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] | UnsetType = UNSET
    granularities: list[Granularity] | UnsetType = msgspec.field(default=UNSET, name="timestamp_granularities[]")
    stream: bool | UnsetType = UNSET
    store: bool | UnsetType = UNSET


class TokenUsage(msgspec.Struct):
    """Tokens; estimated where the provider does not count them."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    type: Literal["tokens"] | UnsetType = UNSET
    cost: float | UnsetType = UNSET
    """US dollars, where the price is known."""
    estimated: bool | UnsetType = UNSET


class SpeechDelta(msgspec.Struct, tag_field="type", tag="speech.audio.delta"):
    """A piece of the sound, in base64: all of them, decoded and joined, are the file."""

    audio: str


class SpeechDone(msgspec.Struct, tag_field="type", tag="speech.audio.done"):
    """That was all of it."""

    usage: TokenUsage


class TranscriptDelta(msgspec.Struct, tag_field="type", tag="transcript.text.delta"):
    """More words, under both names that clients know."""

    delta: str
    text: str


class TranscriptDone(msgspec.Struct, tag_field="type", tag="transcript.text.done"):
    """All words, at the end."""

    text: str
    usage: TokenUsage


class TranscriptionObject(msgspec.Struct):
    """A whole transcription; more of it with `verbose_json`."""

    text: str
    usage: TokenUsage


class VoiceObject(msgspec.Struct):
    """A voice, and who has it."""

    id: str
    object: Literal["voice"]
    name: str
    language: str
    gender: str
    provider: str


class VoiceList(msgspec.Struct):
    """Every voice; `voices` are their names alone, as some clients want them."""

    object: Literal["list"]
    data: list[VoiceObject]
    voices: list[str]


SPOKEN: dict[str, dict[str, Any]] = {
    "By this machine, without any key": {
        "model": "local/espeak-ng",
        "input": "Where does the river go?",
        "voice": "alloy",
    },
    "By OpenAI": {"model": "openai/gpt-4o-mini-tts", "input": "Where does the river go?", "voice": "coral"},
    "As events": {"model": "openai/gpt-4o-mini-tts", "input": "Hello", "voice": "alloy", "stream_format": "sse"},
    "Slowly, as WAV": {
        "model": "default",
        "input": "Hello",
        "voice": "alloy",
        "response_format": "wav",
        "speed": 0.75,
        "instructions": "Speak as if you were telling a secret.",
    },
}

_STARTED = Started("openai", "gpt-4o-mini-tts", "", sample.CREATED)
_SOUND = b"\xff\xf3d\xc4" + bytes(5)
_SPEECH = (_STARTED, Audio(_SOUND), Usage(6, 40, 46), Finished("stop"))
_WORDS = (
    _STARTED,
    Transcript("Where does"),
    Transcript(" the river go?"),
    Segment(0.0, 1.6, "Where does the river go?"),
    Usage(16, 6, 22),
    Finished("stop"),
)


def _call(form: str | None = None) -> Call:
    fields: dict[str, Any] = {"model": "m", "file": {"id": "", "name": "a.wav", "type": "", "size": 1}}
    if form is not None:
        fields["response_format"] = form
    return openai_transcription.again(msgspec.json.encode(fields), lambda id: None)


_SPEECH_CALL = openai_speech.read(msgspec.json.encode(SPOKEN["As events"]))


def _heard(form: str) -> bytes:
    return openai_transcription.whole(_call(form), sample.RUN, sample.CREATED, _WORDS)


_UNABLE = NotFound(
    "The provider 'anthropic' does not speak. Here openai, local can.", code="method_not_supported", param="model"
)

SPEECH_ERRORS: tuple[HeadgateError, ...] = (
    *errors.ASKING,
    BadRequest("Invalid value for 'input': there is nothing to say.", param="input", code="invalid_value"),
    _UNABLE,
)

PARAMETERS = (
    *asking.PARAMETERS,
    Parameter(
        name="Headgate-Channels",
        place="header",
        description="Channels, with commas between, on which all pieces are told as well, as the stream of events has "
        "them. The run goes on without its client.",
    ),
)

SPEECH = Doc(
    summary="Have a text spoken",
    description=(
        "The sound comes as it is made, by any provider that speaks; without a key, by the voices of this machine. "
        "It is kept as any run is: `/v1/runs/{id}/audio` has it once more, from any byte on."
    ),
    tag=asking.OPENAI,
    parameters=PARAMETERS,
    request=Content(
        schema=openai_speech.SpeechRequest,
        examples=SPOKEN,
        fields={
            "model": asking.FIELDS["model"],
            "input": "What is to be said.",
            "voice": "Who says it; `/v1/audio/voices` has their names.",
            "response_format": "What the sound is packed in, `mp3` if nothing is said. `pcm` is 16 bits, mono, 24 kHz.",
            "speed": "How fast; 1 is as usual.",
            "instructions": "How it is to be said, for models that can follow such.",
            "stream_format": "`sse` for server-sent events with pieces of the sound in base64.",
            "fallbacks": asking.FIELDS["fallbacks"],
            "store": asking.FIELDS["store"],
        },
    ),
    answers=(
        Answer(
            meaning="The sound, as it is made; with `stream_format: sse` as server-sent events.",
            contents=(
                Content(kind=AUDIO, examples={"The file": base64.b64encode(_SOUND).decode()}),
                Content(
                    kind=EVENT_STREAM,
                    schema=SpeechDelta | SpeechDone,  # type: ignore[arg-type]
                    examples={
                        "Pieces": sample.streamed(
                            openai_speech.EventWriter(_SPEECH_CALL, sample.RUN, sample.CREATED), _SPEECH
                        )
                    },
                ),
            ),
            headers=sample.HEADERS,
        ),
    ),
    errors=SPEECH_ERRORS,
    error=errors.ErrorAnswer,
)

FORMS: dict[str, dict[str, Any]] = {
    "By this machine, without any key": {"file": "(a recording)", "model": "local/pocketsphinx"},
    "As events": {"file": "(a recording)", "model": "openai/gpt-4o-transcribe", "language": "en", "stream": True},
    "With times": {
        "file": "(a recording)",
        "model": "openai/whisper-1",
        "response_format": "verbose_json",
        "timestamp_granularities[]": ["word", "segment"],
    },
}

TRANSCRIPTION = Doc(
    summary="Have a recording transcribed",
    description=(
        "The words come as they are understood, with `stream`, or all together, by any provider that listens; without "
        "a key, by this machine. MP3, WAV, M4A, FLAC, OGG and WEBM are taken by all of them."
    ),
    tag=asking.OPENAI,
    parameters=PARAMETERS,
    request=Content(
        kind=MULTIPART,
        schema=TranscriptionForm,
        examples=FORMS,
        fields={
            "file": "The recording.",
            "model": asking.FIELDS["model"],
            "language": "In which language it is, by its code (ISO 639-1).",
            "prompt": "Words that may be in it, or what came before it.",
            "response_format": "`json` if nothing is said; the subtitles `srt` and `vtt` come whole.",
            "temperature": "How freely words are guessed.",
            "timestamp_granularities[]": "Whether `verbose_json` tells the time of every word.",
            "stream": asking.FIELDS["stream"],
            "store": asking.FIELDS["store"],
        },
    ),
    answers=(
        Answer(
            meaning="What was said, in the form that was asked for; with `stream` as server-sent events.",
            contents=(
                Content(schema=TranscriptionObject, examples={"Plain": msgspec.json.decode(_heard("json"))}),
                Content(kind=TEXT, examples={"Subtitles": _heard("srt").decode()}),
                Content(
                    kind=EVENT_STREAM,
                    schema=TranscriptDelta | TranscriptDone,  # type: ignore[arg-type]
                    examples={
                        "Words": sample.streamed(
                            openai_transcription.Writer(_call(), sample.RUN, sample.CREATED), _WORDS
                        )
                    },
                ),
            ),
            headers=sample.HEADERS,
        ),
    ),
    errors=(
        *errors.ASKING,
        BadRequest("Missing required parameter: 'file'.", param="file", code="missing_required_parameter"),
        BadRequest("The form cannot be read: it has no end.", code="invalid_form"),
        BadRequest("Invalid value for 'file': it is a text, and no recording.", param="file", code="invalid_audio"),
        TooLarge("The file is larger than the 104.9 MB that are taken here.", param="file", code="file_too_large"),
        _UNABLE,
    ),
    error=errors.ErrorAnswer,
)

_VOICE = {
    "id": "alloy",
    "object": "voice",
    "name": "Alloy",
    "language": "en",
    "gender": "female",
    "provider": "local",
}

VOICES = Doc(
    summary="List voices",
    description="Those of every provider that speaks and says which voices it has.",
    tag=asking.OPENAI,
    parameters=(
        Parameter(name="provider", place="query", description="Only this provider's."),
        Parameter(name="language", place="query", description="Only those of this language, as `en` or `pt-BR`."),
    ),
    answers=(
        Answer(
            meaning="The voices.",
            contents=(
                Content(
                    schema=VoiceList,
                    examples={"One": {"object": "list", "data": [_VOICE], "voices": ["alloy"]}},
                ),
            ),
        ),
    ),
    errors=(
        BadRequest("'provider' must be one of openai, local.", param="provider", code="invalid_value"),
        errors.NO_KEY,
    ),
    error=errors.ErrorAnswer,
)

"""Requests for speech, read strictly."""

from typing import Annotated, Any, Literal

import msgspec

from headgate.calls import Call, Message, Prompt, TextPart
from headgate.errors import BadRequest
from headgate.events import Usage
from headgate.formats import counting, durations, strict
from headgate.formats.voices import SPEECH, Speech, SpeechFormat

MAX_INPUT = 20_000
"""Characters of one request: OpenAI takes 4096, others more, and so many are some twenty minutes of speech."""


class CustomVoice(msgspec.Struct):
    """A voice of the customer's own."""

    id: Annotated[str, msgspec.Meta(min_length=1)]


class SpeechRequest(msgspec.Struct):
    """A request for speech; fields that are not here are the vendor's and travel untouched."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    input: str
    voice: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | CustomVoice
    response_format: SpeechFormat | None = None
    speed: Annotated[float, msgspec.Meta(ge=0.25, le=4)] | None = None
    instructions: Annotated[str, msgspec.Meta(max_length=MAX_INPUT)] | None = None
    stream_format: Literal["sse", "audio"] | None = None
    store: bool | None = None
    fallbacks: strict.Fallbacks | None = None


_request = msgspec.json.Decoder(SpeechRequest)

_WITHOUT_EVENTS = "tts-1"


def read(body: bytes) -> Call:
    """A request for speech; raises BadRequest naming the first field that is wrong."""
    fields = strict.fields(body)
    request = strict.decode(_request, body)
    if not request.input.strip():
        raise BadRequest("Invalid value for 'input': there is nothing to say.", param="input", code="invalid_value")
    if len(request.input) > MAX_INPUT:
        message = f"Invalid value for 'input': {len(request.input)} characters are more than {MAX_INPUT} at once."
        raise BadRequest(message, param="input", code="string_above_max_length")
    return Call(
        format=SPEECH,
        model=request.model,
        fields=fields,
        # A sound is sent as it is made, whatever it is sent in.
        stream=True,
        store=request.store is not False,
        fallbacks=tuple(request.fallbacks or ()),
    )


def speech(call: Call) -> Speech:
    """The request in everybody's words."""
    request = _of(call)
    return Speech(
        text=request.input,
        voice=request.voice if isinstance(request.voice, str) else request.voice.id,
        format=request.response_format or "mp3",
        speed=request.speed or 1.0,
        instructions=request.instructions or "",
    )


def is_sse(call: Call) -> bool:
    """Whether the client wants events instead of a file."""
    return bool(strict.value(call.fields, "stream_format") == "sse")


def forward(call: Call, model: str) -> bytes:
    """The request for a provider of this format: every value as its bytes came, under another model name."""
    fields: dict[str, Any] = {**call.fields, "model": model}
    fields.pop("store", None)
    if not is_sse(call) or model.startswith(_WITHOUT_EVENTS):
        # The sound itself costs a third less to carry. Events are asked for where the client gets events, because
        # they tell what it cost; but not of OpenAI's older models, which refuse that.
        fields.pop("stream_format", None)
    return msgspec.json.encode(fields)


def about(call: Call, start: bytes, size: int) -> Usage:
    """About what a sound cost that begins so and has so many bytes, where its provider does not say."""
    request = _of(call)
    texts = [text for text in (request.instructions, request.input) if text]
    asked = counting.estimate(Prompt(messages=tuple(Message("user", (TextPart(text),)) for text in texts)))
    spoken = durations.tokens(request.response_format or "mp3", start, size)
    return Usage(asked, spoken, asked + spoken, estimated=True)


def _of(call: Call) -> SpeechRequest:
    return _request.decode(msgspec.json.encode(call.fields))

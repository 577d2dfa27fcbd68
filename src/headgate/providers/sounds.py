"""Speech and transcription by services that speak OpenAI's HTTP: sounds and words are handed on as they come."""

import secrets
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from typing_extensions import override

from headgate.calls import Call
from headgate.errors import ProviderError
from headgate.events import AnyEvent
from headgate.formats import multipart, openai_speech, openai_transcription
from headgate.net import FileBody, Flow
from headgate.providers.answer import Answer, Readers

Headers: TypeAlias = Sequence[tuple[str, str]]
NO_HEADERS: Headers = ()

SPEECH, TRANSCRIPTIONS = "speech", "transcriptions"
ENDPOINTS: Mapping[str, str] = {openai_speech.NAME: SPEECH, openai_transcription.NAME: TRANSCRIPTIONS}
"""Which endpoint calls of a format are for."""

_NO_SOUND = ("application/json", "application/problem+json", "text/html", "text/event-stream")


def request(call: Call, model: str) -> tuple[bytes | FileBody, Headers]:
    """What is sent, with headers of its own."""
    if call.format == openai_speech.NAME:
        return openai_speech.forward(call, model), ()
    upload = call.upload
    if upload is None:
        raise ProviderError("The recording is gone.", code="recording_gone", status=410, retryable=False)
    boundary = secrets.token_hex(24)
    fields = openai_transcription.form(call, model)
    around = multipart.around(boundary, fields, openai_transcription.FILE, upload.name, upload.type)
    body = FileBody(around[0], upload.path, upload.size, around[1])
    return body, (("content-type", f"multipart/form-data; boundary={boundary}"),)


def lacking(call: Call, provider: str) -> ProviderError:
    """Such a provider cannot be asked that."""
    endpoint = ENDPOINTS[call.format]
    what = "speak" if endpoint == SPEECH else "transcribe"
    return ProviderError(
        f"The provider '{provider}' does not {what}. If it does, name `{endpoint}` among its `endpoints`.",
        code="method_not_supported",
        param="model",
        status=404,
        kind="invalid_request_error",
        retryable=False,
    )


class SpeechAnswer(Answer):
    """A sound as it comes in, in whatever it is packed."""

    @override
    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        super().on_head(status, headers, flow)
        kind = headers.get("content-type", "").strip()
        plain = kind.partition(";")[0].strip().lower()
        if status >= 300 or plain == "text/event-stream":
            return
        if plain not in _NO_SOUND:
            said = kind if plain.startswith("audio/") and kind.isprintable() else ""
            self._reader = openai_speech.Reader(self._origin, said)

    @override
    def _close(self) -> Sequence[AnyEvent]:
        events = super()._close()
        reader = self._reader
        if isinstance(reader, openai_speech.Reader):
            # Bytes of a sound say nothing of what they cost.
            return [openai_speech.about(self._ask.call, reader.start, reader.size), *events]
        return events


class TranscriptionAnswer(Answer):
    """What was heard, in whatever form it was asked for."""

    _is_text = False

    @override
    def on_head(self, status: int, headers: Mapping[str, str], flow: Flow) -> None:
        super().on_head(status, headers, flow)
        plain = headers.get("content-type", "").partition(";")[0].strip().lower()
        if not self._ask.call.stream and not self._says_stream:
            # A transcript may begin with any words, also those of a stream.
            self._is_whole = True
            form = openai_transcription.recording_format(self._ask.call)
            is_json = plain.endswith("json") or form.endswith("json")
            self._is_text = not is_json and plain != "text/html"

    @override
    def _whole(self, body: bytes) -> Sequence[AnyEvent]:
        if self._is_text:
            return openai_transcription.read_text(body, self._origin)
        return super()._whole(body)


def answer_of(endpoint: str) -> type[Answer]:
    """What takes in an answer of that endpoint."""
    return SpeechAnswer if endpoint == SPEECH else TranscriptionAnswer


READERS: dict[str, Readers] = {
    SPEECH: (openai_speech.EventReader, openai_speech.read_whole),
    TRANSCRIPTIONS: (openai_transcription.Reader, openai_transcription.read_whole),
}

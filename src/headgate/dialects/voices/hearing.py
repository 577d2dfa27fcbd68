"""POST /v1/audio/transcriptions: a recording comes in, and its words go out as they are understood."""

from headgate.calls import Call
from headgate.dialects.voices.placing import Placing, hears
from headgate.dialects.voices.telling import Telling
from headgate.errors import BadRequest
from headgate.formats import openai_transcription, recordings
from headgate.formats.voices import TRANSCRIPTION
from headgate.keys import Keys
from headgate.runs import Engine, Run
from headgate.store.base import Head
from headgate.web.answers import Face, answer
from headgate.web.http import Request
from headgate.web.starting import begin
from headgate.web.uploads import Form, Uploads


def _read(body: bytes) -> Call:
    return openai_transcription.again(body, lambda id: None)


def _kind_of(call: Call, run: Run, request: Request) -> bytes:
    return openai_transcription.CONTENT_TYPES[openai_transcription.recording_format(call)]


WHOLE = Face(_read, openai_transcription.Writer, openai_transcription.whole, cuts=True, kind_of=_kind_of)
STREAMED = Face(_read, openai_transcription.Writer, openai_transcription.whole, cuts=True)


class Hearing:
    """The endpoint, and the recordings of runs that are at work."""

    def __init__(self, engine: Engine, keys: Keys, uploads: Uploads, telling: Telling, lack: str) -> None:
        self._engine, self._keys, self._uploads, self._telling = engine, keys, uploads, telling
        self._placing = Placing(engine.catalogue, hears, "transcribe", "pocketsphinx", lack)
        engine.listen(self._on_over)

    async def transcribe(self, request: Request) -> None:
        """Have a recording understood."""
        owner = self._keys.owner(request.headers)
        wishes = self._telling.wishes(owner, request.headers)
        form = await self._uploads.read(request, openai_transcription.FILE)
        is_needed = False
        try:
            call = await self._placing.placed(_call(form), request.scope)
            begun = await begin(self._engine, request, call, owner=owner, body=form.fingerprint, wishes=wishes)
            is_needed = begun is not None and begun.is_new
        finally:
            if not is_needed:
                self._uploads.remove(form.id)
        if begun is not None:
            if begun.is_new:
                await self._telling.begin(begun.run)
            await answer(self._engine, begun.run, call, STREAMED if call.stream else WHOLE, request)

    def _on_over(self, run: Run) -> None:
        if run.head.format == TRANSCRIPTION and (id := openai_transcription.file_of(run.head.request)) is not None:
            self._uploads.remove(id)


def _call(form: Form) -> Call:
    call = openai_transcription.read(form.fields, form.upload, form.id)
    assert form.upload is not None, "it was looked for"
    with open(form.upload.path, "rb") as file:
        other = recordings.other_than_sound(file.read(recordings.ENOUGH))
    if other is not None:
        message = f"Invalid value for 'file': it is {other}, and no recording."
        raise BadRequest(message, param=openai_transcription.FILE, code="invalid_audio")
    return call


def recover(uploads: Uploads, run: Run) -> None:
    """A run that a crash left: what it was to hear must not be thrown away."""
    if run.head.format == TRANSCRIPTION and (id := openai_transcription.file_of(run.head.request)) is not None:
        uploads.keep(id)


def again(uploads: Uploads, head: Head) -> Call | None:
    """The call of a kept request; None where its recording is gone. Raises BadRequest."""
    call = openai_transcription.again(head.request, uploads.find)
    return None if call.upload is None else call

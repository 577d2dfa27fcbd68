"""The voice and ears of this machine as a provider."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import BinaryIO, NamedTuple

import msgspec

from headgate.errors import ProviderError
from headgate.events import Audio, Finished, Segment, Started, Transcript, Word
from headgate.formats import openai_speech, openai_transcription
from headgate.formats.voices import Recording, Voice
from headgate.metrics import Meters
from headgate.providers.base import Ask, Emit, Limits
from headgate.providers.local import confinement, phrases, wire
from headgate.providers.local.tongues import FAMILIAR
from headgate.providers.local.wire import BARE, Done, Hear, Heard, Opened, Speak, Tell, Timed, Tongue, Tongues
from headgate.providers.local.workers import Workers
from headgate.providers.slots import Slots

log = logging.getLogger(__name__)

SPEAKER, LISTENER = "espeak-ng", "pocketsphinx"
"""Its two models."""

_DEATHS = ("worker_died", "worker_limit")

EXTRA = "espeakng-loader, pocketsphinx and av: scripts/extras voice"
"""What to do where they are missing."""

_LIBRARIES = ("av", "espeakng_loader", "pocketsphinx")


class Powers(NamedTuple):
    """What it may take of the machine."""

    speakers: int = 32
    """How many speeches may be made at a time."""
    listeners: int | None = None
    """How many recordings may be heard at a time; None is as many as there are processors."""
    queued: int = 100
    """How many more of each may wait."""
    most_seconds: float = 1800.0
    """Of a recording."""
    phrases: tuple[str, ...] = ()
    """What may be heard, where a request does not say."""
    grammar: str = ""


def is_there() -> bool:
    """Whether what it needs is installed."""
    return all(find_spec(name) is not None for name in _LIBRARIES)


class LocalProvider:
    """Speaks and listens, in processes of its own."""

    speaks = hears = True
    answers = False

    def __init__(self, name: str = "local", powers: Powers = Powers(), meters: Meters | None = None) -> None:  # noqa: B008
        # Where nobody says a word there is nothing to tell for as long as a recording takes. Its worker has an end.
        idle = max(Limits().idle, confinement.HEARING * powers.most_seconds)
        self.name, self.limits = name, Limits(idle=idle)
        self._powers = powers
        # Speech is to begin at once, whenever it is wanted; what hears takes twice as much memory, and its time.
        self._speaking, self._hearing = Workers("speech", idle=None), Workers("hearing")
        listeners = powers.listeners or os.cpu_count() or 1
        self._mouths = Slots(f"{name}/{SPEAKER}", powers.speakers, powers.queued, meters)
        self._ears = Slots(f"{name}/{LISTENER}", listeners, powers.queued, meters)
        self._voices: tuple[Voice, ...] = ()

    async def run(self, ask: Ask, emit: Emit) -> None:
        """Speak, or listen; see Provider."""
        match ask.call.format:
            case openai_speech.NAME if ask.model == SPEAKER:
                await self._speak(ask, emit)
            case openai_transcription.NAME if ask.model == LISTENER:
                await self._listen(ask, emit)
            case _:
                raise _no_model(self.name, ask.model)

    async def models(self) -> Sequence[str]:
        """One that speaks, one that listens."""
        return (SPEAKER, LISTENER)

    async def voices(self) -> Sequence[Voice]:
        """OpenAI's names first, then espeak-ng's own."""
        if not self._voices:
            found: list[Tongue] = []

            def take(said: bytes | wire.Word) -> None:
                if isinstance(said, Tongues):
                    found.extend(said.voices)

            worker = await self._speaking.employ(Tell(), take)
            await worker.over()
            familiar = [Voice(id=name, name=name.capitalize()) for name in FAMILIAR]
            own = [Voice(id=each.id, name=each.name, language=each.language, gender=each.gender) for each in found]
            self._voices = (*familiar, *own)
        return self._voices

    async def warm(self) -> None:
        """Get ready to speak, before somebody waits for it."""
        try:
            await self._speaking.warm()
        except ProviderError as error:
            log.warning("%s", error.message)

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(self._speaking.close(), self._hearing.close())

    async def _speak(self, ask: Ask, emit: Emit) -> None:
        speech = openai_speech.speech(ask.call)

        def take(said: bytes | wire.Word) -> None:
            match said:
                case bytes():
                    emit([Audio(said)])
                case Opened():
                    emit([self._started(ask)])
                case Done():
                    emit([Finished("stop")])
                case _:
                    pass

        job = Speak(speech.text, speech.voice, speech.format, speech.speed)
        async with self._turn(self._mouths, ask):
            worker = await self._speaking.employ(job, take)
            ask.listener.on_flow(worker)
            await worker.over()

    async def _listen(self, ask: Ask, emit: Emit) -> None:
        if ask.call.upload is None:
            raise _refused("The recording is gone.", "recording_gone", "file", status=410)
        recording = openai_transcription.recording(ask.call)
        job, takes = self._hear(recording), _Takes(emit, self._started(ask))
        async with self._turn(self._ears, ask):
            with _opened(recording.upload.path) as file:
                is_open = not job.phrases and not job.grammar
                worker = await self._hearing.employ(job, takes.take, [file.fileno()], prepared=is_open)
            ask.listener.on_flow(worker)
            try:
                await worker.over()
            except ProviderError as error:
                if job.grammar and not takes.has_begun and error.code in _DEATHS:
                    message = f"The grammar is of no use here: {error.message}"
                    raise _refused(message, "invalid_value", "prompt") from None
                raise

    def _hear(self, recording: Recording) -> Hear:
        """What is to be heard; raises ProviderError where that cannot be."""
        language = recording.language.lower()
        if language not in ("", "english") and language.replace("_", "-").split("-")[0] != "en":
            message = f"'{recording.language[:35]}' cannot be heard here: {self.name} knows English only."
            raise _refused(message, "unsupported_language", "language")
        known, grammar = phrases.narrowing(recording.prompt)
        if not known and not grammar:
            known, grammar = self._powers.phrases, self._powers.grammar
        if len(known) > phrases.MOST_PHRASES:
            raise _refused(f"A prompt has at most {phrases.MOST_PHRASES} phrases.", "invalid_value", "prompt")
        is_bare = recording.upload.type.lower().startswith(("audio/pcm", "audio/l16"))
        name = BARE if is_bare else recording.upload.name
        return Hear(name, known, grammar, self._powers.most_seconds)

    def _started(self, ask: Ask) -> Started:
        return Started(self.name, ask.model, "", ask.created, ask.call.format)

    @asynccontextmanager
    async def _turn(self, slots: Slots, ask: Ask) -> AsyncIterator[None]:
        await slots.take(ask.limits.first_event)
        try:
            yield
        finally:
            slots.give_back()


class _Takes:
    """What is heard, as events."""

    def __init__(self, emit: Emit, started: Started) -> None:
        self._emit, self._started = emit, started
        self._is_silent, self.has_begun = True, False

    def take(self, said: bytes | wire.Word) -> None:
        """The next of it."""
        match said:
            case Opened():
                self.has_begun = True
                self._emit([self._started])
            case Heard(delta):
                self._is_silent = False
                self._emit([Transcript(delta)])
            case Timed(start, end, text, words):
                self._emit([Segment(start, end, text, tuple(Word(*word) for word in words))])
            case Done(seconds):
                extra = msgspec.json.encode({"duration": round(seconds, 3), "language": "en"})
                nothing = [Transcript("")] if self._is_silent else []
                self._emit([*nothing, Finished("stop", extra=extra)])
            case _:
                pass


def _opened(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError:
        raise _refused("The recording is gone.", "recording_gone", "file", status=410) from None


def _no_model(name: str, model: str) -> ProviderError:
    message = f"{name} has no model '{model[:100]}' for that: {SPEAKER} speaks and {LISTENER} listens."
    return _refused(message, "model_not_found", "model", status=404)


def _refused(message: str, code: str, param: str, *, status: int = 400) -> ProviderError:
    kind = "invalid_request_error"
    return ProviderError(message, code=code, param=param, status=status, kind=kind, retryable=False)

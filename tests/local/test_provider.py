"""The local provider as the engine knows it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from headgate.calls import Call, Upload
from headgate.errors import ProviderError
from headgate.events import AnyEvent, Audio, Finished, Segment, Started, Transcript
from headgate.formats import openai_chat, openai_speech, openai_transcription
from headgate.formats.voices import SPEECH_FORMATS
from headgate.providers.base import Ask, Limits, Provider, Voiced
from headgate.providers.local import confinement
from headgate.providers.local.provider import LISTENER, SPEAKER, LocalProvider, Powers
from headgate.providers.local.tongues import FAMILIAR
from tests.local.sounds import PHRASES, WHOLE, seconds, spoken
from tests.runs.fakes import run
from tests.waiting import until

pytestmark = pytest.mark.slow

KNOWN = "\n".join(PHRASES)


@asynccontextmanager
async def local(powers: Powers = Powers()) -> AsyncIterator[LocalProvider]:  # noqa: B008 (it is frozen)
    made = LocalProvider(powers=powers)
    assert isinstance(made, Voiced)
    try:
        yield made
    finally:
        await made.close()


def ask(call: Call, model: str, **limits: float) -> Ask:
    return Ask(run="run_1", call=call, model=model, created=1, limits=Limits(**limits))


def speech(text: str, **more: object) -> Ask:
    body = {"model": "tts-1", "voice": "alloy", "input": text, **more}
    return ask(openai_speech.read(msgspec.json.encode(body)), SPEAKER)


def recording(path: Path, *, type: str = "", **form: str) -> Ask:
    upload = Upload(str(path), path.name, type, path.stat().st_size if path.exists() else 1)
    return ask(openai_transcription.read({"model": ["w"], **{k: [v] for k, v in form.items()}}, upload), LISTENER)


async def answer(provider: Provider, asked: Ask) -> list[AnyEvent]:
    events: list[AnyEvent] = []
    await provider.run(asked, events.extend)
    return events


async def refusal(provider: Provider, asked: Ask) -> ProviderError:
    events: list[AnyEvent] = []
    with pytest.raises(ProviderError) as refused:
        await provider.run(asked, events.extend)
    assert events == [], "it was refused before it began"
    return refused.value


def sound(events: list[AnyEvent]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Audio))


def text(events: list[AnyEvent]) -> str:
    return "".join(event.delta for event in events if isinstance(event, Transcript))


def test_who_listens_may_say_nothing_for_as_long_as_its_worker_may_work() -> None:
    """Of noise there is nothing to tell, and it takes longer than speech."""
    assert LocalProvider(powers=Powers(most_seconds=1800)).limits.idle == confinement.HEARING * 1800
    assert LocalProvider(powers=Powers(most_seconds=1)).limits.idle == Limits().idle


def test_what_is_said_is_heard_in_every_format(tmp_path: Path) -> None:
    """Text to speech to text, exactly."""

    async def play() -> None:
        async with local() as provider:
            for format in SPEECH_FORMATS:
                for phrase in PHRASES:
                    said = await answer(provider, speech(phrase, response_format=format))
                    assert said[0] == Started("local", SPEAKER, "", 1, openai_speech.NAME)
                    assert said[-1] == Finished("stop")
                    path = tmp_path / f"a.{format}"
                    path.write_bytes(sound(said))
                    heard = await answer(provider, recording(path, prompt=KNOWN))
                    assert heard[0] == Started("local", LISTENER, "", 1, openai_transcription.NAME)
                    assert text(heard) == phrase, format
                    last = heard[-1]
                    assert isinstance(last, Finished)
                    assert last.extra is not None
                    end = msgspec.json.decode(last.extra)
                    assert end["language"] == "en"
                    assert end["duration"] == pytest.approx(seconds(sound(said), format), abs=0.2)

    run(play())


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.5, 4.0])
def test_speed_is_how_fast_it_is_said(speed: float) -> None:
    async def play() -> None:
        async with local() as provider:
            said = sound(await answer(provider, speech(WHOLE, response_format="wav", speed=speed)))
            assert seconds(said, "wav") == pytest.approx(seconds(spoken(WHOLE, "wav"), "wav") / speed, rel=0.15)

    run(play())


def test_a_long_speech_is_few_events_and_begins_with_a_small_one() -> None:
    async def play() -> None:
        async with local() as provider:
            sizes = [
                len(e.data)
                for e in await answer(provider, speech(WHOLE * 10, response_format="pcm"))
                if isinstance(e, Audio)
            ]
            assert sizes[0] <= 512
            assert sizes[:-1] == sorted(sizes[:-1])
            assert max(sizes) == 32 * 1024

    run(play())


def test_something_can_be_played_whatever_is_said() -> None:
    async def play() -> None:
        async with local() as provider:
            for said in (
                "...",
                "\N{ZERO WIDTH SPACE}x",
                "\0\0",
                "<speak>",
                "[[",
                "\ud83d".encode("utf-8", "replace").decode(),
            ):
                file = sound(await answer(provider, speech(said)))
                assert seconds(file, "mp3") >= 0.1, said

    run(play())


def test_voices_are_openais_and_espeaks() -> None:
    async def play() -> None:
        async with local() as provider:
            voices = await provider.voices()
            assert [voice.id for voice in voices[: len(FAMILIAR)]] == list(FAMILIAR)
            assert {"en-gb", "de", "cmn"} < {voice.id for voice in voices}
            english, german = [sound(await answer(provider, speech("Guten Tag", voice=v))) for v in ("en-us", "de+f3")]
            assert english != german
            error = await refusal(provider, speech("Hello", voice="nobody"))
            assert (error.status, error.code, error.param) == (400, "voice_not_found", "voice")
            assert "alloy" in error.message

    run(play())


def test_who_stops_a_speech_ends_its_worker_and_leaves_its_place() -> None:
    async def play() -> None:
        async with local(Powers(speakers=1)) as provider:
            events: list[AnyEvent] = []
            speaking = asyncio.create_task(provider.run(speech(WHOLE * 100), events.extend))
            await until(lambda: any(isinstance(event, Audio) for event in events))
            speaking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await speaking
            await until(lambda: not provider._speaking.processes)
            assert sound(await answer(provider, speech("Hello")))

    run(play())


def test_too_many_are_refused_and_those_who_wait_have_their_turn() -> None:
    async def play() -> None:
        async with local(Powers(speakers=1, queued=1)) as provider:
            asked = [asyncio.create_task(answer(provider, speech(WHOLE))) for _ in range(3)]
            done = await asyncio.gather(*asked, return_exceptions=True)
            refused = [error for error in done if isinstance(error, ProviderError)]
            assert [(error.status, error.code) for error in refused] == [(429, "queue_full")]

    run(play())


BAD: Mapping[str, tuple[bytes, str, int]] = {
    "a.mp3": (b"Hello, I am a text. " * 100, "invalid_audio", 400),
    "b.mp3": (spoken(WHOLE, "mp3")[:20_001], "truncated_file", 400),
    "c.flac": (spoken(WHOLE * 4, "flac"), "audio_too_long", 413),
    "d.mp3": (b"", "empty_file", 400),
}


def test_a_recording_that_cannot_be_heard_is_refused_with_a_reason(tmp_path: Path) -> None:
    async def play() -> None:
        async with local(Powers(most_seconds=20.0)) as provider:
            for name, (data, code, status) in BAD.items():
                (tmp_path / name).write_bytes(data)
                upload = Upload(str(tmp_path / name), name, "", len(data) or 1)
                call = openai_transcription.read({"model": ["w"]}, upload)
                error = await refusal(provider, ask(call, LISTENER))
                assert (error.code, error.status, error.param, error.retryable) == (code, status, "file", False)
            gone = await refusal(provider, recording(tmp_path / "gone.mp3"))
            assert (gone.code, gone.status) == ("recording_gone", 410)

    run(play())


def test_what_it_cannot_do_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(spoken(PHRASES[0], "mp3"))
    chat = openai_chat.read(b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}')

    async def play() -> None:
        async with local() as provider:
            error = await refusal(provider, recording(path, language="de"))
            assert (error.status, error.code, error.param) == (400, "unsupported_language", "language")
            error = await refusal(provider, recording(path, prompt="#JSGF V1.0;\ngrammar a;\npublic <a> = <b>;"))
            assert (error.status, error.param) == (400, "prompt")
            endless = "".join(f"<r{n}> = <r{n + 1}> <r{n + 1}>;\n" for n in range(20))
            many = f"#JSGF V1.0;\ngrammar a;\npublic <a> = <r0>;\n{endless}<r20> = on;\n"
            error = await refusal(provider, recording(path, prompt=many))
            assert (error.status, error.param) == (400, "prompt")
            assert (await refusal(provider, ask(chat, SPEAKER))).status == 404
            assert (await refusal(provider, ask(speech("x").call, LISTENER))).code == "model_not_found"

    run(play())


def test_what_is_configured_narrows_what_is_heard(tmp_path: Path) -> None:
    """Unless the request says something else; prose says nothing."""
    path = tmp_path / "a.mp3"
    path.write_bytes(spoken(PHRASES[0], "mp3"))

    async def play() -> None:
        async with local(Powers(phrases=PHRASES)) as provider:
            heard = await answer(provider, recording(path, language="en-US"))
            assert text(heard) == PHRASES[0]
            segment = heard[-2]
            assert isinstance(segment, Segment)
            assert (segment.text, [word.word for word in segment.words]) == (PHRASES[0], PHRASES[0].split())
            prose = "This is what was said before that, in a long sentence with many words."
            assert text(await answer(provider, recording(path, prompt=prose))) == PHRASES[0]
            assert text(await answer(provider, recording(path, prompt="good night"))) != PHRASES[0]

    run(play())


def test_silence_is_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(96_000))

    async def play() -> None:
        async with local(Powers(phrases=PHRASES)) as provider:
            heard = await answer(provider, recording(path, type="audio/pcm;rate=24000"))
            assert [type(event) for event in heard] == [Started, Transcript, Finished]
            assert text(heard) == ""

    run(play())

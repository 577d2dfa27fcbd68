"""A fresh machine, no key: what OpenAI's clients and curl get."""

import base64
import io
import json
import os
import signal
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from headgate.formats.voices import SPEECH_FORMATS
from headgate.providers.local.encoding import wav_head
from tests.e2e.watching import wait_for_status, wait_until
from tests.e2e.wire import Wire, frames
from tests.local.sounds import PHRASES, WHOLE, packed, seconds, spoken
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

LONG = WHOLE * 40
"""As WAV some seven minutes, twenty megabytes."""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(f"[voices]\nphrases = {json.dumps(PHRASES)}\n") as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Serving) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0)


def speech(client: OpenAI, text: str, format: Any = "mp3", voice: str = "alloy") -> bytes:
    return client.audio.speech.create(model="tts-1", voice=voice, input=text, response_format=format).content


def heard(client: OpenAI, name: str, data: bytes) -> str:
    return client.audio.transcriptions.create(model="whisper-1", file=(name, data)).text


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_what_is_said_is_heard(client: OpenAI, format: str) -> None:
    said = speech(client, PHRASES[1], format)
    assert heard(client, f"a.{format}", said) == PHRASES[1]


@pytest.mark.parametrize(("container", "codec"), [("ipod", "aac"), ("webm", "libopus"), ("ogg", "libopus")])
def test_what_others_have_recorded_is_read(client: OpenAI, container: str, codec: str) -> None:
    assert heard(client, "a", packed(container, codec)).split()


def test_the_documents_page_is_true(server: Serving, tmp_path: Path) -> None:
    """Save the stream, take the sound out of it, play it."""
    body = {"model": "tts-1", "input": WHOLE, "voice": "alloy", "stream_format": "sse", "response_format": "mp3"}
    command = [
        "curl",
        "-sN",
        f"{server.url}/v1/audio/speech",
        "-d",
        json.dumps(body),
        "-o",
        str(tmp_path / "stream.txt"),
    ]
    subprocess.run(command, check=True)
    *said, done, end = frames((tmp_path / "stream.txt").read_bytes())
    assert end.data == "[DONE]"
    assert json.loads(done.data)["type"] == "speech.audio.done"
    assert len(said) > 3
    sound = b"".join(base64.b64decode(json.loads(each.data)["audio"]) for each in said)
    assert seconds(sound, "mp3") == pytest.approx(seconds(spoken(WHOLE, "wav"), "wav"), rel=0.1)
    answer = ["curl", "-s", f"{server.url}/v1/audio/transcriptions", "-F", f"file=@{tmp_path / 'a.mp3'}"]
    (tmp_path / "a.mp3").write_bytes(spoken(PHRASES[0], "mp3"))
    told = subprocess.run([*answer, "-F", "model=whisper-1", "-F", "stream=true"], check=True, capture_output=True)
    *pieces, done, end = frames(told.stdout)
    assert "".join(json.loads(each.data)["text"] for each in pieces) == PHRASES[0]
    assert json.loads(done.data)["text"] == PHRASES[0]


def test_times_are_told_in_every_form(client: OpenAI) -> None:
    file = ("a.wav", spoken(PHRASES[0], "wav"))
    srt = client.audio.transcriptions.create(model="whisper-1", file=file, response_format="srt")
    assert srt.startswith("1\n00:00:00,")
    assert PHRASES[0] in srt
    told = client.audio.transcriptions.create(
        model="whisper-1", file=file, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert [word.word for word in told.words or ()] == PHRASES[0].split()
    assert told.duration == pytest.approx(seconds(file[1], "wav"), abs=0.1)
    assert [segment.text.strip() for segment in told.segments or ()] == [PHRASES[0]]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"I am a text.", 400, None),
        (bytes(100_000), 400, "invalid_audio"),
        (spoken(WHOLE, "mp3")[:20_001], 400, "truncated_file"),
        (spoken(WHOLE, "flac")[:100_001], 400, "truncated_file"),
    ],
)
def test_what_cannot_be_heard_is_refused_with_a_reason(
    client: OpenAI, data: bytes, status: int, code: str | None
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        heard(client, "a.mp3", data)
    assert refused.value.status_code == status
    assert code in (None, refused.value.code)


def test_a_voice_that_is_not_there_is_refused(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        speech(client, "Hello", voice="nobody")
    assert (refused.value.param, refused.value.code) == ("voice", "voice_not_found")


def nurseries(server: Serving) -> list[int]:
    """Where the workers of a server come from."""
    return children(server.process.pid)


def children(process: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except FileNotFoundError:
        return []


def test_speech_is_ready_before_it_is_wanted_and_only_where_it_may_be() -> None:
    with serving() as server, serving("[voices]\nlocal = false\n") as silent:
        wait_until(lambda: nurseries(server), "speech to be ready")
        with Wire(silent) as wire:
            # Its pages are prepared after that would be.
            wire.get("/openapi.json")
            assert wire.answer().status == 200
        assert nurseries(silent) == []
        assert server.stop() == silent.stop() == 0


def workers(server: Serving) -> list[int]:
    return [worker for nursery in nurseries(server) for worker in children(nursery)]


def begin(server: Serving, wire: Wire) -> str:
    """A long speech that nobody reads further than its head; returns its run."""
    body = {"model": "tts-1", "input": LONG, "voice": "alloy", "response_format": "wav", "speed": 0.25}
    wire.post(json.dumps(body).encode(), "/v1/audio/speech", {"headgate-disconnect": "keep"})
    head = wire.until(b"\r\n\r\n").decode().lower()
    wait_until(lambda: workers(server), "a worker")
    return next(line.split(": ")[1] for line in head.splitlines() if line.startswith("headgate-run: "))


def test_a_speech_that_is_stopped_ends_its_worker(server: Serving, client: OpenAI) -> None:
    with Wire(server) as wire, Wire(server) as other:
        run = begin(server, wire)
        other.post(b"", f"/v1/runs/{run}/stop")
        assert other.answer().status == 200
        wait_until(lambda: not workers(server), "it to be gone")
        wait_for_status(server, run, "stopped")
    assert speech(client, "Hello")


def test_a_worker_that_is_killed_ends_its_run_and_no_other(server: Serving, client: OpenAI) -> None:
    with Wire(server) as wire:
        run = begin(server, wire)
        os.kill(workers(server)[0], signal.SIGKILL)
        failed = wait_for_status(server, run, "failed")
    assert failed["error"]["code"] == "worker_died"
    assert speech(client, "Hello")


def test_a_speech_is_read_on_where_it_was_cut(server: Serving) -> None:
    """What came before and what comes after are the whole file."""
    body = {"model": "tts-1", "input": LONG, "voice": "alloy", "response_format": "wav"}
    with Wire(server) as wire:
        wire.post(json.dumps(body).encode(), "/v1/audio/speech", {"headgate-disconnect": "keep"})
        head = wire.until(b"\r\n\r\n").decode().lower()
        wire.until(b"\r\n")
        before = wire.until(b"WAVEfmt ")
    run = next(line.split(": ")[1] for line in head.splitlines() if line.startswith("headgate-run: "))
    with Wire(server) as wire:
        wire.get(f"/v1/runs/{run}/audio?offset={len(before)}")
        after = wire.answer()
    assert after.status == 200
    sound = before + after.body
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getframerate() == 24_000
    assert seconds(sound, "wav") == pytest.approx(seconds(spoken(WHOLE, "wav"), "wav") * 40, rel=0.1)


def test_large_uploads_are_not_held_in_memory(server: Serving, client: OpenAI) -> None:
    """Nor is anything of them in the server when they are decoded."""
    size = 25 * 1024 * 1024
    silence = wav_head(size) + bytes(size)
    heard(client, "a.mp3", spoken(PHRASES[0], "mp3"))
    before = memory(server)
    assert heard(client, "a.wav", silence) == ""
    assert memory(server) - before < 10 * 1024 * 1024


def memory(server: Serving) -> int:
    """The most it ever had, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

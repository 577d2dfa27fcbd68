"""Speech and transcription by any OpenAI-compatible service: handed on as they come, with all that runs can."""

import io
import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import openai
import pytest
from openai import OpenAI

from tests.e2e.upstream import Peer, Request, Upstream
from tests.e2e.watching import recent, wait_for_status
from tests.e2e.wire import Wire, frames
from tests.node import node
from tests.serving import Serving, serving
from tests.voices.providers import (
    AUDIO,
    EVENTS,
    event,
    form_of,
    saying,
    sounds_of,
    speaking,
    telling,
    whole,
)

pytestmark = pytest.mark.slow

SOUND = bytes(range(256)) * 1200
"""Larger than what one event holds."""

Baton: TypeAlias = tuple[socket.socket, socket.socket]

RECORDING = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def other() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream, other: Upstream) -> Iterator[Serving]:
    mute = '[providers.mute]\nkind = "openai"\nbase_url = "http://127.0.0.1:9/v1"\nendpoints = ["chat"]\n'
    more = '[voices]\nmax_upload = "2MB"\n[aliases]\nanybody = ["mute/x", "up/tts"]\n[server]\nkeep_alive = 0.1\n'
    with serving(upstream.config() + other.config("other") + mute + more) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Serving) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.url + "/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def baton() -> Iterator[Baton]:
    """Two ends: what is said at one lets the other go on."""
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def asked(**more: Any) -> bytes:
    return json.dumps({"model": "up/tts", "input": "Hello", "voice": "alloy", **more}).encode()


def speak(server: Serving, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
    with Wire(server) as wire:
        wire.post(asked(**more), "/v1/audio/speech", headers)
        return wire.answer()


def get(server: Serving, path: str, headers: Mapping[str, str] | None = None) -> Any:
    with Wire(server) as wire:
        wire.get(path, headers)
        return wire.answer()


def form(boundary: str, file: bytes | None, **fields: str) -> bytes:
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    said = "".join(parts).encode()
    return said + (b"" if file is None else head.encode() + file + b"\r\n") + f"--{boundary}--\r\n".encode()


def transcribe(
    server: Serving, file: bytes | None = RECORDING, headers: Mapping[str, str] | None = None, **fields: str
) -> Any:
    kind = {"content-type": "multipart/form-data; boundary=xYz", **(headers or {})}
    with Wire(server) as wire:
        wire.post(form("xYz", file, **{"model": "up/stt", **fields}), "/v1/audio/transcriptions", kind)
        return wire.answer()


# Speech.


def test_a_sound_comes_as_it_was_made(upstream: Upstream, client: OpenAI) -> None:
    upstream.will(speaking(SOUND[:10], SOUND[10:]))
    spoken = client.audio.speech.create(model="up/tts", input="Hello", voice="alloy", instructions="Softly.")
    assert spoken.content == SOUND
    headers = spoken.response.headers
    assert headers["content-type"] == "audio/mpeg"
    assert headers["content-disposition"] == "attachment; filename=speech.mp3"
    assert headers["headgate-provider"] == "up/tts"
    request: Request = upstream.result()
    assert request.line == "POST /v1/audio/speech HTTP/1.1"
    assert json.loads(request.body) == {"model": "tts", "input": "Hello", "voice": "alloy", "instructions": "Softly."}


def test_pieces_come_when_they_are_made(upstream: Upstream, client: OpenAI, baton: Baton) -> None:
    def play(peer: Peer) -> None:
        peer.request()
        peer.send(AUDIO)
        peer.piece(b"first")
        # The rest is not made before somebody has heard the first.
        assert heard.recv(1) == b"!"
        peer.piece(b"second")
        peer.send(b"0\r\n\r\n")

    heard, hears = baton
    upstream.will(play)
    with client.audio.speech.with_streaming_response.create(model="up/tts", input="Hello", voice="alloy") as spoken:
        pieces = spoken.iter_bytes()
        assert next(pieces) == b"first"
        hears.send(b"!")
        assert b"".join(pieces) == b"second"


def test_events_hold_the_same_sound_and_end_as_documented(upstream: Upstream, server: Serving) -> None:
    upstream.will(speaking(SOUND[:10], SOUND[10:]))
    answer = speak(server, stream_format="sse")
    assert answer.headers["content-type"].startswith("text/event-stream")
    sound, events = sounds_of(answer.body)
    assert sound == SOUND
    assert {each["type"] for each in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"
    assert events[-1]["usage"]["input_tokens"] > 0
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert json.loads(upstream.result().body)["stream_format"] == "sse"


def test_a_provider_that_has_events_tells_what_it_cost(upstream: Upstream, server: Serving) -> None:
    usage = {"input_tokens": 3, "output_tokens": 20, "total_tokens": 23}
    done = event({"type": "speech.audio.done", "usage": usage})
    upstream.will(speaking(event({"type": "speech.audio.delta", "audio": "b25l"}), done, head=EVENTS))
    sound, events = sounds_of(speak(server, stream_format="sse").body)
    assert sound == b"one"
    assert events[-1]["usage"] == usage
    upstream.will(speaking(event({"audio": "b25l"}), done, head=EVENTS))
    assert speak(server).body == b"one", "whoever asked for the sound gets it, whatever it came in"


def test_the_content_type_is_the_providers_own(upstream: Upstream, server: Serving) -> None:
    upstream.will(saying(whole(b"RIFFsound", b"audio/x-wav")))
    assert speak(server).headers["content-type"] == "audio/x-wav"
    upstream.will(saying(whole(b"fLaC", b"application/octet-stream")))
    assert speak(server, response_format="flac").headers["content-type"] == "audio/flac"


def test_another_takes_over_before_the_first_byte(upstream: Upstream, other: Upstream, server: Serving) -> None:
    upstream.will(saying(whole({"error": {"message": "full", "code": "overloaded"}}, status=b"503 Busy")))
    other.will(speaking(b"other"))
    answer = speak(server, fallbacks=["other/voice"])
    assert answer.body == b"other"
    assert answer.headers["headgate-provider"] == "other/voice"
    assert "up/tts 503 overloaded" in answer.headers["headgate-attempts"]
    assert json.loads(other.result().body)["model"] == "voice"
    assert "fallbacks" not in json.loads(upstream.result().body)


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (whole({"error": {"message": "no voice 'x'", "code": "bad"}}, status=b"400 Bad"), 400, "bad"),
        (whole({"error": {"message": "no", "code": "overloaded"}}), 503, "overloaded"),
        (whole(b"<html>nothing here</html>", b"text/html"), 502, "upstream_invalid"),
        (whole(b"", b"audio/mpeg"), 502, "upstream_empty"),
    ],
)
def test_an_error_is_told_as_one(upstream: Upstream, server: Serving, answer: bytes, status: int, code: str) -> None:
    upstream.will(saying(answer))
    said = speak(server)
    assert (said.status, said.error["code"]) == (status, code)


def test_a_sound_that_breaks_does_not_look_whole(upstream: Upstream, client: OpenAI, server: Serving) -> None:
    def play(peer: Peer) -> None:
        peer.request()
        peer.send(AUDIO)
        peer.piece(b"first")
        peer.reset()

    upstream.will(play)
    with pytest.raises(openai.APIConnectionError):
        client.audio.speech.create(model="up/tts", input="Hello", voice="alloy")
    upstream.will(play)
    with Wire(server) as wire:
        wire.post(asked(stream_format="sse"), "/v1/audio/speech")
        said = wire.rest_of_answer()
    assert b"speech.audio.delta" in said
    assert b'"error"' in said
    assert b"speech.audio.done" not in said


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": "a" * 30_000}, "input"),
        ({"voice": ""}, "voice"),
        ({"response_format": "midi"}, "response_format"),
        ({"speed": 9}, "speed"),
    ],
)
def test_a_bad_request_is_refused_with_its_field(server: Serving, more: dict[str, Any], param: str) -> None:
    answer = speak(server, **more)
    assert (answer.status, answer.error["param"]) == (400, param)


def test_who_cannot_speak_is_named(server: Serving) -> None:
    answer = speak(server, model="mute/x")
    assert answer.status == 404
    assert answer.error["code"] == "method_not_supported"
    assert "'mute' does not speak" in answer.error["message"]
    assert speak(server, fallbacks=["other/x", "mute/x"]).error["param"] == "fallbacks[1]"
    answer = transcribe(server, model="mute/x")
    assert (answer.status, answer.error["code"]) == (404, "method_not_supported")


def test_who_cannot_speak_is_passed_over_where_another_can(upstream: Upstream, server: Serving) -> None:
    upstream.will(speaking(b"sound"))
    answer = speak(server, model="anybody")
    assert answer.body == b"sound"
    assert answer.headers["headgate-attempts"] == "mute/x 404 method_not_supported"


def test_nothing_is_put_between_the_bytes_of_a_sound(upstream: Upstream, server: Serving, baton: Baton) -> None:
    """Where events would get a sign of life, which another reader of the run gets meanwhile."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(AUDIO)
        peer.piece(SOUND[:100])
        assert heard.recv(1) == b"!"
        peer.piece(SOUND[100:200])
        peer.send(b"0\r\n\r\n")

    heard, hears = baton
    upstream.will(play)
    with Wire(server) as wire, Wire(server) as reader:
        wire.post(asked(), "/v1/audio/speech")
        head = wire.until(b"\r\n\r\n").decode()
        run = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("headgate-run"))
        reader.get(f"/v1/runs/{run}/events")
        reader.until(b": k\n")
        reader.until(b": k\n")
        hears.send(b"!")
        assert wire.until(b"0\r\n\r\n") == b"64\r\n%b\r\n64\r\n%b\r\n0\r\n\r\n" % (SOUND[:100], SOUND[100:200])


@pytest.mark.parametrize("path", ["/openai/v1/audio/speech", "/openai/audio/speech"])
def test_the_same_is_under_openai(upstream: Upstream, server: Serving, path: str) -> None:
    upstream.will(speaking(b"sound"))
    with Wire(server) as wire:
        wire.post(asked(), path)
        assert wire.answer().body == b"sound"


# Runs.


def test_a_speech_is_a_run_that_can_be_heard_again(upstream: Upstream, server: Serving) -> None:
    upstream.will(speaking(SOUND[:100], SOUND[100:]))
    answer = speak(server)
    run = answer.headers["headgate-run"]
    assert answer.body == SOUND
    shown = get(server, f"/v1/runs/{run}").json()
    assert (shown["status"], shown["format"]) == ("finished", "openai.speech")
    assert shown["output"]["audio_bytes"] == len(SOUND)
    again = get(server, f"/v1/runs/{run}/audio")
    assert (again.status, again.body, again.headers["content-type"]) == (200, SOUND, "audio/mpeg")
    assert get(server, f"/v1/runs/{run}/audio?offset=1000").body == SOUND[1000:]
    part = get(server, f"/v1/runs/{run}/audio", {"range": "bytes=50-149"})
    assert (part.status, part.body) == (206, SOUND[50:150])
    assert part.headers["content-range"] == f"bytes 50-149/{len(SOUND)}"
    assert get(server, f"/v1/runs/{run}/audio", {"range": "bytes=-5"}).body == SOUND[-5:]
    assert get(server, f"/v1/runs/{run}/audio", {"range": "bytes=70000-"}).body == SOUND[70000:]
    assert get(server, f"/v1/runs/{run}/audio", {"range": f"bytes={len(SOUND)}-"}).status == 416
    assert get(server, f"/v1/runs/{run}/audio", {"range": "bytes=1-2,5-6"}).body == SOUND
    assert get(server, f"/v1/runs/{run}/audio?offset=x").status == 400
    made = get(server, f"/v1/runs/{run}/events?as=made")
    assert sounds_of(made.body)[0] == SOUND
    log = [json.loads(frame.data) for frame in frames(get(server, f"/v1/runs/{run}/events").body)]
    assert [each["type"] for each in log if each["type"] != "audio"] == ["started", "usage", "finished"]
    assert (
        sounds_of(b"".join(f"data: {json.dumps({'audio': e['data']})}\n".encode() for e in log if "data" in e))[0]
        == SOUND
    )
    assert get(server, f"/v1/runs/{run}/events?as=openai.chat").status == 400


def test_what_is_no_speech_has_no_sound(upstream: Upstream, server: Serving) -> None:
    upstream.will(telling(["Hello"]))
    answer = transcribe(server, stream="true")
    again = get(server, f"/v1/runs/{answer.headers['headgate-run']}/audio")
    assert (again.status, again.error["code"]) == (404, "no_sound")


def test_a_cut_speech_goes_on_where_it_was(upstream: Upstream, server: Serving, baton: Baton) -> None:
    """With `Headgate-Disconnect: keep`: the client goes in the middle, and hears the rest while it is made."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(AUDIO)
        peer.piece(SOUND[:1000])
        assert heard.recv(1) == b"!"
        peer.piece(SOUND[1000:2000])
        assert heard.recv(1) == b"!"
        peer.piece(SOUND[2000:3000])
        peer.send(b"0\r\n\r\n")

    heard, hears = baton
    upstream.will(play)
    wire = Wire(server)
    wire.post(asked(), "/v1/audio/speech", {"headgate-disconnect": "keep"})
    head = wire.until(b"\r\n\r\n").decode()
    assert wire.until(SOUND[:1000]).endswith(SOUND[:1000])
    run = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("headgate-run"))
    wire.reset()
    with Wire(server) as again:
        again.get(f"/v1/runs/{run}/audio?offset=600")
        again.until(b"\r\n\r\n")
        # As one chunk, with its size before it.
        assert again.until(SOUND[600:1000]) == b"190\r\n" + SOUND[600:1000]
        hears.send(b"!")
        again.until(SOUND[1000:2000])
        hears.send(b"!")
        again.until(SOUND[2000:3000])
        again.until(b"0\r\n\r\n")
    assert get(server, f"/v1/runs/{run}/audio").body == SOUND[:3000]


def test_a_client_that_leaves_stops_its_speech(upstream: Upstream, server: Serving) -> None:
    def play(peer: Peer) -> float:
        peer.request()
        peer.send(AUDIO)
        peer.piece(b"first")
        peer.ready.set()
        return peer.left_at()

    upstream.will(play)
    wire = Wire(server)
    wire.post(asked(), "/v1/audio/speech")
    wire.until(b"first")
    left = time.monotonic()
    wire.close()
    assert upstream.result() - left < 5
    assert wait_for_status(server, recent(server)[0]["id"], "stopped")


def test_a_speech_can_be_stopped(upstream: Upstream, server: Serving) -> None:
    def play(peer: Peer) -> float:
        peer.request()
        peer.send(AUDIO)
        peer.piece(b"first")
        return peer.left_at()

    upstream.will(play)
    with Wire(server) as wire:
        wire.post(asked(stream_format="sse"), "/v1/audio/speech")
        head = wire.until(b"\r\n\r\n").decode()
        run = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("headgate-run"))
        with Wire(server) as stopper:
            stopper.post(b"", f"/v1/runs/{run}/stop")
            assert stopper.answer().json()["status"] == "stopped"
        assert b"[DONE]" in wire.until(b"0\r\n\r\n")
    assert upstream.result()


def test_the_same_key_gets_the_same_speech(upstream: Upstream, server: Serving) -> None:
    upstream.will(speaking(b"once"))
    first = speak(server, {"idempotency-key": "speech-1"})
    upstream.will(speaking(b"never"))
    second = speak(server, {"idempotency-key": "speech-1"})
    assert (first.body, first.headers["headgate-run"]) == (second.body, second.headers["headgate-run"])
    assert speak(server, {"idempotency-key": "speech-1"}, input="Other").status == 409


# Transcription.


def test_words_come_as_they_are_understood(upstream: Upstream, client: OpenAI) -> None:
    usage = {"type": "tokens", "input_tokens": 14, "output_tokens": 3, "total_tokens": 17}
    upstream.will(telling(["Hello", " this", " is"], usage))
    stream = client.audio.transcriptions.create(
        model="up/stt", file=("a.wav", RECORDING), stream=True, language="en", prompt="hint", temperature=0.5
    )
    events: list[Any] = list(stream)
    assert [each.type for each in events] == ["transcript.text.delta"] * 3 + ["transcript.text.done"]
    assert [each.delta for each in events[:-1]] == ["Hello", " this", " is"]
    assert [each.model_extra["text"] for each in events[:-1]] == ["Hello", " this", " is"]
    assert events[-1].text == "Hello this is"
    assert events[-1].usage.total_tokens == 17
    fields, file, part = form_of(upstream.result())
    assert file == RECORDING
    assert part.filename == "a.wav"
    assert fields == {
        "model": ["stt"],
        "language": ["en"],
        "prompt": ["hint"],
        "temperature": ["0.5"],
        "stream": ["true"],
    }


def test_the_stream_is_as_documented(upstream: Upstream, server: Serving) -> None:
    upstream.will(telling(["Hello", " this"]))
    answer = transcribe(server, stream="true", response_format="json")
    assert answer.headers["content-type"].startswith("text/event-stream")
    said = [frame.data for frame in frames(answer.body)]
    assert said[-1] == "[DONE]"
    assert [json.loads(each)["text"] for each in said[:2]] == ["Hello", " this"]


@pytest.mark.parametrize(
    ("response_format", "kind", "body"),
    [
        ("text", b"text/plain", b"data: is what was said\n"),
        ("srt", b"text/plain", b"1\n00:00:00,000 --> 00:00:01,000\nHello\n"),
        ("vtt", b"text/plain", b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n"),
    ],
)
def test_texts_come_as_they_were_written(
    upstream: Upstream, client: OpenAI, response_format: Any, kind: bytes, body: bytes
) -> None:
    upstream.will(saying(whole(body, kind)))
    text: Any = client.audio.transcriptions.create(
        model="up/stt", file=("a.wav", RECORDING), response_format=response_format
    )
    assert str(text).strip() == body.decode().strip()


def test_a_whole_object_comes_whole(upstream: Upstream, client: OpenAI) -> None:
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": 1.5,
        "text": " Hello",
        "tokens": [1, 2],
        "temperature": 0.0,
        "avg_logprob": -0.25,
        "compression_ratio": 1.5,
        "no_speech_prob": 0.125,
    }
    said = {
        "task": "transcribe",
        "language": "english",
        "duration": 1.5,
        "text": "Hello",
        "segments": [segment],
        "words": [{"word": "Hello", "start": 0.0, "end": 1.0}],
        "usage": {"type": "duration", "seconds": 2},
    }
    upstream.will(saying(whole(said)))
    heard = client.audio.transcriptions.create(
        model="up/stt",
        file=("a.wav", RECORDING),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert heard.model_dump() == said
    fields, _, _ = form_of(upstream.result())
    assert fields["timestamp_granularities[]"] == ["word", "segment"]


def test_a_length_in_place_of_tokens_is_told_as_it_was(upstream: Upstream, server: Serving) -> None:
    said = {"text": "Hello", "usage": {"type": "duration", "seconds": 2}}
    upstream.will(saying(whole(said)))
    assert transcribe(server).json() == said


@pytest.mark.parametrize(
    ("file", "fields", "status", "param"),
    [
        (None, {}, 400, "file"),
        (b"", {}, 400, "file"),
        (b"Just some words, and no sound at all.\n", {}, 400, "file"),
        (b"%PDF-1.7 " + bytes(100), {}, 400, "file"),
        (bytes(2_200_000), {}, 413, "file"),
        (bytes(3_000_000), {}, 413, "file"),
        (RECORDING, {"model": ""}, 400, "model"),
        (RECORDING, {"temperature": "warm"}, 400, "temperature"),
        (RECORDING, {"temperature": "2"}, 400, "temperature"),
        (RECORDING, {"stream": "maybe"}, 400, "stream"),
        (RECORDING, {"response_format": "docx"}, 400, "response_format"),
        (RECORDING, {"response_format": "srt", "stream": "true"}, 400, "stream"),
        (RECORDING, {"timestamp_granularities[]": "syllable"}, 400, "timestamp_granularities[0]"),
    ],
)
def test_a_bad_form_is_refused_and_leaves_nothing(
    server: Serving, file: bytes | None, fields: dict[str, str], status: int, param: str
) -> None:
    answer = transcribe(server, file, None, **fields)
    assert (answer.status, answer.error["param"]) == (status, param)
    assert left(server) == []


def left(server: Serving) -> list[Path]:
    """What lies in the folder for uploads."""
    return list((server.folder / "headgate.db.uploads").glob("*"))


def test_what_is_no_form_is_refused(server: Serving) -> None:
    for kind, body in (("application/json", b"{}"), ("multipart/form-data; boundary=xYz", b"--xYz\r\n")):
        with Wire(server) as wire:
            wire.post(body, "/v1/audio/transcriptions", {"content-type": kind})
            assert wire.answer().status == 400


def test_a_recording_is_there_until_its_run_is_over(upstream: Upstream, server: Serving) -> None:
    def play(peer: Peer) -> int:
        peer.request()
        found = len(left(server))
        peer.send(whole({"text": "Hello"}))
        return found

    upstream.will(play)
    assert transcribe(server).json()["text"] == "Hello"
    assert upstream.result() == 1
    assert left(server) == []


def test_a_client_that_leaves_in_the_middle_of_its_recording_leaves_nothing(server: Serving) -> None:
    wire = Wire(server)
    body = form("xYz", RECORDING, model="up/stt")
    head = {"content-type": "multipart/form-data; boundary=xYz", "content-length": str(len(body))}
    wire.send(b"POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\n")
    wire.send("".join(f"{name}: {value}\r\n" for name, value in head.items()).encode() + b"\r\n" + body[:100_000])
    until = time.monotonic() + 30
    while not left(server) and time.monotonic() < until:
        time.sleep(0.01)
    assert left(server)
    wire.reset()
    while left(server) and time.monotonic() < until:
        time.sleep(0.01)
    assert left(server) == []


def test_another_listens_when_one_cannot(upstream: Upstream, other: Upstream, server: Serving) -> None:
    upstream.will(saying(whole({"error": {"message": "down"}}, status=b"500 Down")))
    other.will(saying(whole({"text": "Hello"})))
    answer = transcribe(server, fallbacks='["other/ears"]')
    assert answer.json()["text"] == "Hello"
    assert form_of(other.result())[1] == RECORDING == form_of(upstream.result())[1]


def test_the_same_key_gets_the_same_transcription(upstream: Upstream, server: Serving) -> None:
    upstream.will(saying(whole({"text": "once"})))
    first = transcribe(server, headers={"idempotency-key": "stt-1"})
    second = transcribe(server, headers={"idempotency-key": "stt-1"})
    assert first.body == second.body
    assert first.headers["headgate-run"] == second.headers["headgate-run"]
    assert transcribe(server, RECORDING + b"more", {"idempotency-key": "stt-1"}).status == 409
    assert left(server) == []


def test_the_voices_are_listed(upstream: Upstream, other: Upstream, server: Serving) -> None:
    upstream.will(saying(whole({"voices": ["af_bella", {"id": "am_adam", "language": "en-US"}]})))
    other.will(saying(whole({}, status=b"404 None")))
    said = get(server, "/v1/audio/voices").json()
    mine = [each for each in said["data"] if each["provider"] == "up"]
    assert [each["id"] for each in mine] == ["af_bella", "am_adam"]
    assert {"af_bella", "am_adam"} <= set(said["voices"])
    only = get(server, "/v1/audio/voices?provider=up&language=en").json()
    assert only["voices"] == ["am_adam"]
    assert get(server, "/v1/audio/voices?provider=nobody").status == 400


def test_the_sdk_of_node_hears_and_is_heard(upstream: Upstream, server: Serving) -> None:
    upstream.will(speaking(SOUND[:10], SOUND[10:]))
    assert node("voices.mjs", url=server.url, play="speech")["size"] == len(SOUND)
    upstream.will(speaking(SOUND[:10], SOUND[10:]))
    assert node("voices.mjs", url=server.url, play="spoken_events") == {"size": len(SOUND), "last": "speech.audio.done"}
    upstream.will(saying(whole({"text": "Hello"})))
    assert node("voices.mjs", url=server.url, play="transcription")["text"] == "Hello"
    upstream.will(telling(["Hello", " this"]))
    heard = node("voices.mjs", url=server.url, play="transcription_events")
    assert heard == {"deltas": ["Hello", " this"], "text": "Hello this"}


def test_a_status_of_openais_sdk_is_an_error_of_its(server: Serving, client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.transcriptions.create(model="up/stt", file=io.BytesIO(b"words"))
    assert refused.value.param == "file"

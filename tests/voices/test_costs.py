"""What sounds cost, by whatever their providers charge for: characters, time or tokens."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from headgate.providers.local.encoding import wav_head
from tests.e2e.upstream import Peer, Upstream
from tests.e2e.watching import wait_for_status
from tests.e2e.wire import Wire
from tests.serving import Serving, serving
from tests.voices.providers import AUDIO, EVENTS, event, saying, sounds_of, speaking, telling, whole

pytestmark = pytest.mark.slow

PRICES = """
[prices."up/by-character"]
characters = 15

[prices."up/by-minute"]
minute = 0.006

[prices."up/by-token"]
input = 2.5
output = 10
audio_input = 5
"""

TEXT = "Hello, how are you today?"
BY_CHARACTER = len(TEXT) * 15 / 1e6
SECONDS = 30
RECORDING = wav_head(SECONDS * 48_000) + bytes(SECONDS * 48_000)
BY_SECOND = 0.006 / 60
TOKENS = {
    "type": "tokens",
    "input_tokens": 300,
    "input_token_details": {"text_tokens": 10, "audio_tokens": 290},
    "output_tokens": 20,
    "total_tokens": 320,
}
BY_TOKEN = (10 * 2.5 + 290 * 5 + 20 * 10) / 1e6
DURATION = {"type": "duration", "seconds": 20}
SUBTITLES = "1\n00:00:00,000 --> 00:00:02,000\nHello\n"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with serving(upstream.config() + PRICES) as server:
        yield server


def speak(server: Serving, model: str, **more: str) -> Any:
    body = {"model": f"up/{model}", "input": TEXT, "voice": "alloy", **more}
    with Wire(server) as wire:
        wire.post(json.dumps(body).encode(), "/v1/audio/speech")
        return wire.answer()


def transcribe(server: Serving, **fields: str) -> Any:
    parts = [f'--xYz\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = '--xYz\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    body = "".join([*parts, head]).encode() + RECORDING + b"\r\n--xYz--\r\n"
    with Wire(server) as wire:
        wire.post(body, "/v1/audio/transcriptions", {"content-type": "multipart/form-data; boundary=xYz"})
        return wire.answer()


def cost(server: Serving, answer: Any, status: str = "finished") -> Any:
    """What its run's record says."""
    return wait_for_status(server, answer.headers["headgate-run"], status)["usage"]["cost"]


def test_a_speech_costs_its_characters(upstream: Upstream, server: Serving) -> None:
    upstream.will(speaking(b"one", b"two"))
    assert cost(server, speak(server, "by-character")) == pytest.approx(BY_CHARACTER)
    usage = {"input_tokens": 3, "output_tokens": 20, "total_tokens": 23}
    done = event({"type": "speech.audio.done", "usage": usage})
    upstream.will(speaking(event({"type": "speech.audio.delta", "audio": "b25l"}), done, head=EVENTS))
    answer = speak(server, "by-character", stream_format="sse")
    _, events = sounds_of(answer.body)
    assert events[-1]["usage"] == {**usage, "cost": pytest.approx(BY_CHARACTER)}
    assert cost(server, answer) == pytest.approx(BY_CHARACTER)


def test_a_speech_that_breaks_costs_all_of_them(upstream: Upstream, server: Serving) -> None:
    def play(peer: Peer) -> None:
        peer.request()
        peer.send(AUDIO)
        peer.piece(b"one")

    upstream.will(play)
    with Wire(server) as wire:
        wire.post(
            json.dumps({"model": "up/by-character", "input": TEXT, "voice": "alloy"}).encode(), "/v1/audio/speech"
        )
        head = wire.until(b"\r\n\r\n").decode().lower()
    run = next(line.split(": ")[1] for line in head.splitlines() if line.startswith("headgate-run: "))
    assert wait_for_status(server, run, "failed")["usage"]["cost"] == pytest.approx(BY_CHARACTER)


def test_a_speech_may_cost_its_time(upstream: Upstream, server: Serving) -> None:
    upstream.will(saying(whole(RECORDING, b"audio/wav")))
    answer = speak(server, "by-minute", response_format="wav")
    assert cost(server, answer) == pytest.approx(SECONDS * BY_SECOND, rel=0.01)


@pytest.mark.parametrize(
    ("form", "answer", "seconds"),
    [
        ("json", {"text": "Hello", "usage": DURATION}, 20),
        ("verbose_json", {"text": "Hello", "duration": 19.6, "usage": DURATION}, 20),
        ("verbose_json", {"text": "Hello", "duration": 19.6}, 19.6),
        ("verbose_json", {"text": "Hello", "duration": "19.6", "segments": []}, 19.6),
        ("diarized_json", {"text": "Hello", "segments": [{"start": 0, "end": 12.5, "text": "Hello"}]}, 12.5),
        ("json", {"text": "Hello"}, SECONDS),
        ("text", b"Hello\n", SECONDS),
        ("srt", SUBTITLES.encode(), SECONDS),
    ],
)
def test_a_transcription_may_cost_its_time(
    upstream: Upstream, server: Serving, form: str, answer: Any, seconds: float
) -> None:
    """As its provider says, or else about."""
    upstream.will(saying(whole(answer, b"application/json" if isinstance(answer, dict) else b"text/plain")))
    told = transcribe(server, model="up/by-minute", response_format=form)
    assert cost(server, told) == pytest.approx(seconds * BY_SECOND, rel=0.01)
    if form.endswith("json"):
        assert told.json()["usage"]["cost"] == pytest.approx(seconds * BY_SECOND, rel=0.01)


@pytest.mark.parametrize(
    ("play", "is_streamed"),
    [(saying(whole({"text": "Hello", "usage": TOKENS})), False), (telling(["Hello"], TOKENS), True)],
)
def test_a_transcription_may_cost_tokens(
    upstream: Upstream, server: Serving, play: Callable[[Peer], Any], is_streamed: bool
) -> None:
    """Those of the sound at their own price."""
    upstream.will(play)
    told = transcribe(server, model="up/by-token", stream=str(is_streamed).lower())
    assert cost(server, told) == pytest.approx(BY_TOKEN)


def test_what_has_no_price_of_that_kind_has_no_cost(upstream: Upstream, server: Serving) -> None:
    upstream.will(saying(whole({"text": "Hello"})))
    assert cost(server, transcribe(server, model="up/by-character")) is None
    upstream.will(saying(whole({"text": "Hello"})))
    assert cost(server, transcribe(server, model="up/unknown")) is None

"""What runs of voices promise: through crashes, for others to be told of, and in little memory."""

import base64
import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.e2e.test_crash import wait_until_kept
from tests.e2e.upstream import Peer, Upstream
from tests.e2e.watching import recent, wait_for_status
from tests.e2e.wire import PATIENCE, Wire
from tests.serving import Serving, serving
from tests.upstreams.aimock import aimock
from tests.voices.providers import AUDIO, form_of, saying, speaking, telling, whole

pytestmark = pytest.mark.slow

SOUND = bytes(range(256)) * 40
RECORDING = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(256)) * 1000
KEEP = {"headgate-disconnect": "keep"}
FORM = {"content-type": "multipart/form-data; boundary=xYz"}
MEGABYTE = 1 << 20


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


def form(file: bytes, **fields: str) -> bytes:
    parts = [f'--xYz\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = '--xYz\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    return "".join([*parts, head]).encode() + file + b"\r\n--xYz--\r\n"


def get(server: Serving, path: str) -> Any:
    with Wire(server) as wire:
        wire.get(path)
        return wire.answer()


def left(folder: Path) -> list[Path]:
    return list((folder / "headgate.db.uploads").glob("*"))


def config_of(upstream: Upstream) -> str:
    """Beside it somebody who answers at once, so that one can wait for what is kept."""
    return upstream.config() + "[providers.simulator]\n"


def silent(peer: Peer) -> Any:
    request = peer.request()
    peer.ready.set()
    peer.left_at()
    return request


def test_a_transcription_that_nothing_came_of_is_asked_again_with_its_recording(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.will(silent)
    with serving(config_of(upstream), folder=tmp_path) as server, Wire(server) as wire:
        wire.post(form(RECORDING, model="up/stt", language="en"), "/v1/audio/transcriptions", {**FORM, **KEEP})
        upstream.wait_ready()
        wait_until_kept(server)
        server.kill()
    assert len(left(tmp_path)) == 1
    (tmp_path / "headgate.db.uploads" / ("0" * 32)).write_bytes(b"what an upload left that was cut by the crash")
    upstream.will(saying(whole({"text": "Hello"})))
    with serving(config_of(upstream), folder=tmp_path) as server:
        fields, file, _ = form_of(upstream.result())
        assert (fields["language"], file) == (["en"], RECORDING)
        (run,) = [run for run in recent(server) if run["format"] == "openai.transcription"]
        assert wait_for_status(server, run["id"], "finished")["output"]["text"] == "Hello"
        assert left(tmp_path) == []


def test_a_speech_that_was_cut_by_a_crash_keeps_what_was_heard(upstream: Upstream, tmp_path: Path) -> None:
    def play(peer: Peer) -> None:
        peer.request()
        peer.send(AUDIO)
        peer.piece(SOUND[:5000])
        peer.left_at()

    upstream.will(play)
    with serving(config_of(upstream), folder=tmp_path) as server, Wire(server) as wire:
        wire.post(json.dumps({"model": "up/tts", "input": "Hello", "voice": "a"}).encode(), "/v1/audio/speech", KEEP)
        assert wire.until(SOUND[:5000]).endswith(SOUND[:5000])
        server.kill()
    with serving(config_of(upstream), folder=tmp_path) as server:
        (run,) = recent(server)
        assert wait_for_status(server, run["id"], "failed")["output"]["audio_bytes"] == 5000
        assert get(server, f"/v1/runs/{run['id']}/audio").body == SOUND[:5000]


def test_a_recording_of_a_run_that_a_crash_ended_is_thrown_away(upstream: Upstream, tmp_path: Path) -> None:
    upstream.will(silent)
    with serving(config_of(upstream), folder=tmp_path) as server, Wire(server) as wire:
        wire.post(form(RECORDING, model="up/stt"), "/v1/audio/transcriptions", FORM)
        upstream.wait_ready()
        wait_until_kept(server)
        server.kill()
    assert len(left(tmp_path)) == 1
    with serving(config_of(upstream), folder=tmp_path) as server:
        (run,) = [run for run in recent(server) if run["format"] == "openai.transcription"]
        wait_for_status(server, run["id"], "failed")
        assert left(tmp_path) == []


def resident(server: Serving) -> int:
    """The memory that the server holds, in bytes."""
    status = Path(f"/proc/{server.process.pid}/statm").read_text().split()
    return int(status[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_large_recording_is_never_held(upstream: Upstream) -> None:
    """25 MB in and 25 MB out, and not 10 MB more at any moment."""
    size = 25 * MEGABYTE

    def play(peer: Peer) -> int:
        head = peer.head()
        got, wanted = 0, int(head.headers["content-length"])
        while got < wanted:
            got += len(peer.some(MEGABYTE))
        peer.send(whole({"text": "Hello"}))
        return got

    body = form(b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(size), model="up/stt")
    with serving(upstream.config()) as server:
        upstream.will(saying(whole({"text": "Hello"})))
        with Wire(server) as wire:
            # What is loaded and made once is not of a recording's size: the documentation, above all.
            wire.get("/openapi.json")
            assert wire.answer().status == 200
            wire.post(form(RECORDING, model="up/stt"), "/v1/audio/transcriptions", FORM)
            assert wire.answer().status == 200
        before = highest = resident(server)
        upstream.will(play)
        with Wire(server) as wire:
            head = b"POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n" % len(body)
            wire.send(head + b"content-type: %b\r\n\r\n" % FORM["content-type"].encode())
            for start in range(0, len(body), MEGABYTE):
                wire.send(body[start : start + MEGABYTE])
                highest = max(highest, resident(server))
            wire.socket.settimeout(0.01)
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until:
                highest = max(highest, resident(server))
                try:
                    assert wire.socket.recv(12) == b"HTTP/1.1 200"
                    break
                except TimeoutError:
                    pass
        assert upstream.result() > size
        assert highest - before < 10 * MEGABYTE


def test_those_who_asked_are_told_of_a_speech_that_is_over(upstream: Upstream) -> None:
    with Upstream(saying(whole({}))) as hook:
        upstream.will(speaking(SOUND))
        with serving(upstream.config() + '[webhooks]\nallow = ["127.0.0.0/8"]\n') as server:
            headers = {"headgate-webhook": f"http://127.0.0.1:{hook.port}/told"}
            with Wire(server) as wire:
                body = json.dumps({"model": "up/tts", "input": "Hello", "voice": "a"}).encode()
                wire.post(body, "/v1/audio/speech", headers)
                run = wire.answer().headers["headgate-run"]
            told = json.loads(hook.result().body)
            assert (told["type"], told["data"]["id"]) == ("run.finished", run)
            assert told["data"]["output"]["audio_bytes"] == len(SOUND)


def told_on(server: Serving, channel: str, *, until: str) -> list[dict[str, Any]]:
    """What was said on a channel, as far as a message of that type."""
    said: list[dict[str, Any]] = []
    with httpx.stream("GET", f"{server.url}/message/stream?channel={channel}&history=100", timeout=PATIENCE) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: ") and "message" in (told := json.loads(line[6:])):
                said.append(told["message"])
                if said[-1].get("type") == until:
                    break
    return said


def test_all_of_it_is_told_on_channels(upstream: Upstream) -> None:
    channels = {"headgate-channels": "lobby, news"}
    with serving(upstream.config()) as server, Wire(server) as wire:
        upstream.will(speaking(SOUND[:5000], SOUND[5000:]))
        wire.post(b'{"model": "up/tts", "input": "Hello", "voice": "a"}', "/v1/audio/speech", channels)
        assert wire.answer().body == SOUND
        for channel in ("lobby", "news"):
            *pieces, done = told_on(server, channel, until="speech.audio.done")
            assert b"".join(base64.b64decode(piece["audio"]) for piece in pieces) == SOUND
            assert done["usage"]["input_tokens"] > 0
        upstream.will(telling(["Hello", " there"]))
        wire.post(form(RECORDING, model="up/stt", stream="true"), "/v1/audio/transcriptions", FORM | channels)
        wire.rest_of_answer()
        said = told_on(server, "news", until="transcript.text.done")[-3:]
        assert [each.get("delta") or each["text"] for each in said] == ["Hello", " there", "Hello there"]


def test_channels_that_are_none_or_for_others_are_refused(upstream: Upstream) -> None:
    keys = '[keys]\nteam = {key = "a-long-enough-key", channels = ["ours*"]}\n'
    with serving(upstream.config() + keys) as server, Wire(server) as wire:
        for channels, status in (("", 400), ("theirs", 403)):
            headers = {"headgate-channels": channels, "authorization": "Bearer a-long-enough-key"}
            wire.post(b'{"model": "up/tts", "input": "Hello", "voice": "a"}', "/v1/audio/speech", headers)
            assert wire.answer().status == status
    assert not upstream.accepted


def test_a_link_opens_the_sound_of_one_run(upstream: Upstream) -> None:
    upstream.will(speaking(SOUND))
    keys = '[keys]\nteam = "a-long-enough-key"\n'
    with serving(upstream.config() + keys) as server:
        bearer = {"authorization": "Bearer a-long-enough-key"}
        with Wire(server) as wire:
            body = json.dumps({"model": "up/tts", "input": "Hello", "voice": "a"}).encode()
            wire.post(body, "/v1/audio/speech", bearer)
            run = wire.answer().headers["headgate-run"]
        with Wire(server) as wire:
            wire.post(b"{}", f"/v1/runs/{run}/links", bearer)
            token = wire.answer().json()["token"]
        assert get(server, f"/v1/runs/{run}/audio").status == 401
        assert get(server, f"/v1/runs/{run}/audio?token={token}").body == SOUND
        for path in ("/v1/audio/voices", "/v1/audio/speech", "/v1/audio/transcriptions"):
            with Wire(server) as wire:
                if path.endswith("voices"):
                    wire.get(path)
                else:
                    wire.post(b"{}", path)
                assert wire.answer().status == 401


@pytest.fixture(scope="module")
def mocked() -> Iterator[Serving]:
    text = "The river goes to the sea."
    fixtures: list[dict[str, Any]] = [
        {"match": {"endpoint": "speech"}, "response": {"audio": "UklGRgAAAABXQVZF", "format": "wav"}},
        {
            "match": {"endpoint": "transcription"},
            "response": {"transcription": {"text": text, "duration": 2.5}},
            "chunkSize": 7,
        },
    ]
    with (
        aimock(fixtures) as url,
        serving(f'[providers.up]\nkind = "openai"\nbase_url = "{url}/v1"\napi_key = "sk-of-nobody"\n') as server,
    ):
        yield server


@pytest.mark.parametrize("model", ["up/gpt-4o-transcribe", "up/whisper-1"])
def test_what_others_think_that_openai_says(mocked: Serving, model: str) -> None:
    """Of whisper-1 they say that it never streams: a whole answer comes as a stream of one piece."""
    with OpenAI(base_url=mocked.url + "/v1", api_key="any", max_retries=0) as client:
        spoken = client.audio.speech.create(model="up/tts-1", input="Where does it go?", voice="alloy")
        assert spoken.content == b"RIFF\0\0\0\0WAVE"
        assert spoken.response.headers["content-type"] == "audio/wav"
        file = ("a.wav", RECORDING)
        assert client.audio.transcriptions.create(model=model, file=file).text == "The river goes to the sea."
        stream = client.audio.transcriptions.create(model=model, file=file, stream=True)
        said: list[Any] = list(stream)
        *deltas, done = said
        assert "".join(each.delta for each in deltas) == done.text == "The river goes to the sea."
        verbose = client.audio.transcriptions.create(model=model, file=file, response_format="verbose_json")
        assert verbose.duration == 2.5
        srt: Any = client.audio.transcriptions.create(model=model, file=file, response_format="srt")
        assert "The river goes to the sea." in str(srt)


def test_a_chat_may_hear_and_speak(upstream: Upstream) -> None:
    """Parts with sounds go along, and sounds in an answer come back, streamed and whole."""
    part = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    asked: dict[str, Any] = {
        "model": "up/gpt-audio",
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "pcm16"},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, part]}],
    }
    sound = {"id": "audio_1", "data": "QUFB", "transcript": "A bell.", "expires_at": 1_800_000_000}
    message = {"role": "assistant", "content": None, "refusal": None, "audio": sound}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-audio", "choices": [choice]}

    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        said = {"index": 0, "delta": delta, "finish_reason": reason}
        common = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-audio"}
        return f"data: {json.dumps({**common, 'choices': [said]})}\n\n".encode()

    with (
        serving(upstream.config()) as server,
        OpenAI(base_url=server.url + "/v1", api_key="any", max_retries=0) as client,
    ):
        upstream.will(saying(whole(answer)))
        heard = client.chat.completions.create(**asked)
        assert heard.choices[0].message.audio is not None
        assert heard.choices[0].message.audio.model_dump() == sound
        sent = json.loads(upstream.result().body)
        assert sent["messages"] == asked["messages"]
        assert (sent["modalities"], sent["audio"]) == (asked["modalities"], asked["audio"])

        deltas = [{"id": "audio_1"}, {"data": "QUFB"}, {"transcript": "A bell."}, {"data": "QkJC"}]
        pieces = [chunk({"role": "assistant", "content": None})]
        pieces += [chunk({"audio": delta}) for delta in deltas]
        pieces += [chunk({}, "stop"), b"data: [DONE]\n\n"]

        def play(peer: Peer) -> None:
            peer.request()
            peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            for piece in pieces:
                peer.piece(piece)
            peer.send(b"0\r\n\r\n")

        upstream.will(play)
        stream: Any = client.chat.completions.create(**asked, stream=True)
        said = [each.choices[0].delta.model_dump(exclude_unset=True).get("audio") for each in stream if each.choices]
        assert [audio for audio in said if audio] == deltas


LACKING = "import sys; sys.modules['pocketsphinx'] = None"
"""As if the extra were not installed."""


def test_without_a_key_this_machine_stands_in() -> None:
    with serving() as server:
        answer = spoken_by(server, "openai/gpt-4o-mini-tts")
        assert answer.headers["headgate-provider"].startswith("local/")
        assert answer.body
        assert spoken_by(server, "simulator/demo").error["code"] == "method_not_supported"


def test_a_machine_that_lacks_the_extra_says_what_it_lacks(upstream: Upstream) -> None:
    """Whoever has no provider that speaks is not told that there is no such model."""
    with serving(before=LACKING) as server:
        for model in ("openai/gpt-4o-mini-tts", "default", "local/espeak-ng"):
            answer = spoken_by(server, model)
            assert (answer.status, answer.error["code"]) == (404, "extra_not_installed")
            assert answer.error["message"].endswith(
                "itself without espeakng-loader, pocketsphinx and av: scripts/extras voice"
            )
        assert spoken_by(server, "simulator/demo").error["code"] == "method_not_supported"
        with Wire(server) as wire:
            wire.post(form(RECORDING, model="whisper-1"), "/v1/audio/transcriptions", FORM)
            assert wire.answer().error["code"] == "extra_not_installed"
    with serving(upstream.config(), before=LACKING) as server:
        assert spoken_by(server, "local/espeak-ng").error["code"] == "extra_not_installed"
        assert spoken_by(server, "nobody/x").error["code"] == "model_not_found"
    with serving("[voices]\nlocal = false\n", before=LACKING) as server:
        assert spoken_by(server, "local/espeak-ng").error["code"] == "model_not_found"


def spoken_by(server: Serving, model: str) -> Any:
    with Wire(server) as wire:
        body = {"model": model, "input": "Hello", "voice": "alloy"}
        wire.post(json.dumps(body).encode(), "/v1/audio/speech")
        return wire.answer()


def test_a_speech_and_a_transcription_can_be_followed_as_they_were_told(upstream: Upstream) -> None:
    with serving(upstream.config()) as server:
        upstream.will(telling(["Hello", " there"]))
        with Wire(server) as wire:
            wire.post(form(RECORDING, model="up/stt", stream="true"), "/v1/audio/transcriptions", FORM)
            told = wire.answer()
        run = told.headers["headgate-run"]
        assert get(server, f"/v1/runs/{run}/events?as=made").body == told.body
        assert get(server, f"/v1/runs/{run}/events?as=openai.transcription").body == told.body
        assert get(server, f"/v1/runs/{run}/events?as=openai.speech").status == 400
        assert get(server, "/v1/runs?format=openai.transcription").json()["data"][0]["id"] == run
        assert get(server, f"/v1/runs/{run}").json()["output"]["text"] == "Hello there"


def test_slow_readers_of_a_long_sound_take_no_memory(upstream: Upstream) -> None:
    """Of the sound of a run that is over, whole or a part of it."""
    size, readers = 20 * MEGABYTE, 10
    with serving(upstream.config()) as server, ExitStack() as open_wires:
        upstream.will(saying(whole(bytes(size), b"audio/mpeg")))
        with Wire(server) as wire:
            wire.post(json.dumps({"model": "up/tts", "input": "Hello", "voice": "alloy"}).encode(), "/v1/audio/speech")
            run = wire.answer().headers["headgate-run"]
        assert len(get(server, f"/v1/runs/{run}/audio").body) == size
        before = resident(server)
        for number in range(readers):
            wire = open_wires.enter_context(Wire(server))
            wire.get(f"/v1/runs/{run}/audio", {"range": "bytes=1000-"} if number % 2 else None)
            assert b"content-length: " in wire.until(b"\r\n\r\n").lower()
        assert resident(server) - before < size
        assert len(get(server, f"/v1/runs/{run}/audio").body) == size


def test_a_long_sound_is_a_stream_of_small_pieces(upstream: Upstream) -> None:
    with serving(upstream.config()) as server:
        upstream.will(saying(whole(bytes(5 * MEGABYTE), b"audio/mpeg")))
        with Wire(server) as wire:
            wire.post(json.dumps({"model": "up/tts", "input": "Hello", "voice": "alloy"}).encode(), "/v1/audio/speech")
            run = wire.answer().headers["headgate-run"]
        offset, sound = "-1", 0
        while True:
            piece = get(server, f"/v1/stream/runs/{run}?offset={offset}")
            assert len(piece.body) < 2 * MEGABYTE
            said = piece.json()
            sound += sum(len(base64.b64decode(each["data"])) for each in said if each["type"] == "audio")
            offset = piece.headers["stream-next-offset"]
            if piece.headers.get("stream-closed") == "true":
                break
        assert sound == 5 * MEGABYTE

"""OpenAI's speech: requests, what upstreams answer, and what clients get."""

import base64
import json
from typing import Any

import pytest

from headgate.errors import BadRequest, ProviderError
from headgate.events import AnyEvent, Audio, Failed, Finished, Started, Stopped, Usage
from headgate.formats import openai_speech
from headgate.formats.base import Origin, Reader
from headgate.formats.voices import PIECE, SPEECH, Speech

ORIGIN = Origin("run_1", "up", "tts", 7)
ASKED = {"model": "up/tts", "input": "Hello", "voice": "alloy"}
STARTED = Started("up", "tts", "", 7, SPEECH)


def asked(**more: Any) -> bytes:
    return json.dumps({**ASKED, **more}).encode()


def test_a_request_is_read() -> None:
    call = openai_speech.read(asked(response_format="opus", speed=1.5, instructions="Whisper.", fallbacks=["b/c"]))
    assert (call.format, call.model, call.fallbacks, call.stream) == (SPEECH, "up/tts", ("b/c",), True)
    assert openai_speech.speech(call) == Speech(
        text="Hello", voice="alloy", format="opus", speed=1.5, instructions="Whisper."
    )
    assert openai_speech.speech(openai_speech.read(asked(voice={"id": "voice_1"}))).voice == "voice_1"
    assert openai_speech.speech(openai_speech.read(asked())) == Speech(text="Hello", voice="alloy")


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": " \n"}, "input"),
        ({"input": "a" * 20_001}, "input"),
        ({"input": 5}, "input"),
        ({"voice": ""}, "voice"),
        ({"voice": {}}, "voice.id"),
        ({"model": ""}, "model"),
        ({"response_format": "midi"}, "response_format"),
        ({"speed": 0.1}, "speed"),
        ({"speed": 4.1}, "speed"),
        ({"stream_format": "xml"}, "stream_format"),
    ],
)
def test_what_is_wrong_is_named(more: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        openai_speech.read(asked(**more))
    assert refused.value.param == param


@pytest.mark.parametrize("field", ASKED)
def test_what_is_missing_is_named(field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        openai_speech.read(json.dumps({name: value for name, value in ASKED.items() if name != field}).encode())
    assert refused.value.param == field


def test_a_providers_own_fields_go_along_and_ours_stay_here() -> None:
    call = openai_speech.read(asked(seed=5, store=False, stream_format="sse"))
    assert json.loads(openai_speech.forward(call, "tts")) == {
        **ASKED,
        "model": "tts",
        "seed": 5,
        "stream_format": "sse",
    }
    old = json.loads(openai_speech.forward(call, "tts-1-hd"))
    assert "stream_format" not in old


def read(reader: Reader, *pieces: bytes) -> list[AnyEvent]:
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.close()] if not reader.is_over else events


def test_a_sound_is_handed_on_as_it_comes() -> None:
    reader = openai_speech.Reader(ORIGIN, "audio/mpeg")
    assert reader.feed(b"one") == [
        Started("up", "tts", "", 7, SPEECH, b'{"content_type":"audio/mpeg"}'),
        Audio(b"one"),
    ]
    assert reader.feed(b"two") == [Audio(b"two")]
    assert [len(event.data) for event in reader.feed(bytes(2 * PIECE + 1)) if isinstance(event, Audio)] == [
        PIECE,
        PIECE,
        1,
    ]
    assert reader.close() == [Finished("stop")]


def test_no_sound_is_no_answer() -> None:
    with pytest.raises(ProviderError) as broken:
        openai_speech.Reader(ORIGIN).close()
    assert broken.value.code == "upstream_empty"


def events(*said: dict[str, Any] | str) -> bytes:
    return b"".join(f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n".encode() for each in said)


def delta(data: bytes) -> dict[str, Any]:
    return {"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()}


USAGE = {"input_tokens": 3, "output_tokens": 20, "total_tokens": 23}
DONE = {"type": "speech.audio.done", "usage": USAGE}


@pytest.mark.parametrize(
    "ending", [(DONE,), (DONE, "[DONE]"), ({"type": "speech.audio.done", "audio": "", "usage": USAGE}, "[DONE]")]
)
def test_events_are_read_however_they_are_cut(ending: tuple[Any, ...]) -> None:
    stream = events(delta(b"one"), {"audio": base64.b64encode(b"two").decode()}, *ending)
    wanted = [
        STARTED,
        Audio(b"one"),
        Audio(b"two"),
        Usage(3, 20, 23, extra=json.dumps(USAGE, separators=(",", ":")).encode()),
        Finished("stop"),
    ]
    for cut in range(len(stream) + 1):
        assert read(openai_speech.EventReader(ORIGIN), stream[:cut], stream[cut:]) == wanted


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (events(delta(b"one")), "upstream_incomplete"),
        (events("[DONE]"), "upstream_empty"),
        (events(DONE), "upstream_empty"),
        (events({"type": "speech.audio.delta", "audio": "*"}), "upstream_invalid"),
        (events({"type": "speech.audio.delta", "audio": 5}), "upstream_invalid"),
        (events("no JSON"), "upstream_invalid"),
        (events({"error": {"message": "full", "code": "overloaded"}}), "overloaded"),
    ],
)
def test_what_is_no_speech_is_told(stream: bytes, code: str) -> None:
    with pytest.raises(ProviderError) as broken:
        read(openai_speech.EventReader(ORIGIN), stream)
    assert broken.value.code == code


def test_an_object_in_place_of_a_sound_is_an_error_or_holds_one() -> None:
    with pytest.raises(ProviderError) as broken:
        openai_speech.read_whole(b'{"error":{"message":"no","code":"overloaded"}}', ORIGIN)
    assert broken.value.code == "overloaded"
    with pytest.raises(ProviderError):
        openai_speech.read_whole(b'{"hello":1}', ORIGIN)
    whole = json.dumps({"audio": base64.b64encode(b"sound").decode()}).encode()
    assert openai_speech.read_whole(whole, ORIGIN) == [STARTED, Audio(b"sound"), Finished("stop")]


LOG: tuple[AnyEvent, ...] = (STARTED, Audio(b"one"), Audio(b"two"), Usage(3, 20, 23, cost=0.5), Finished("stop"))


def test_clients_get_the_sound_itself_or_events() -> None:
    call = openai_speech.read(asked())
    writer = openai_speech.Writer(call, "run_1", 7)
    assert b"".join(writer.write(event) for event in LOG) == b"onetwo"
    assert openai_speech.whole(call, "run_1", 7, LOG) == b"onetwo"
    events_writer = openai_speech.EventWriter(call, "run_1", 7)
    written = b"".join(events_writer.write(event) for event in LOG).decode().split("\n\n")
    assert written[-2:] == ["data: [DONE]", ""]
    first, second, done = (json.loads(frame.removeprefix("data: ")) for frame in written[:-2])
    assert first == {"type": "speech.audio.delta", "audio": base64.b64encode(b"one").decode()}
    assert base64.b64decode(second["audio"]) == b"two"
    assert done == {"type": "speech.audio.done", "usage": {**USAGE, "cost": 0.5}}


def test_what_clients_get_is_read_again() -> None:
    writer = openai_speech.EventWriter(openai_speech.read(asked()), "run_1", 7)
    log = (*LOG[:3], Usage(3, 20, 23), LOG[-1])
    again = read(openai_speech.EventReader(ORIGIN), b"".join(writer.write(event) for event in log))
    assert again[:3] == [*LOG[:3]]


def test_a_broken_stream_says_so_and_a_stopped_one_ends() -> None:
    call = openai_speech.read(asked())
    writer = openai_speech.EventWriter(call, "run_1", 7)
    said = writer.write(Failed("upstream_error", "it broke"))
    assert json.loads(said.decode().removeprefix("data: "))["error"]["message"] == "it broke"
    assert writer.write(Stopped("user")).endswith(b"data: [DONE]\n\n")
    assert openai_speech.Writer(call, "run_1", 7).write(Failed("a", "b")) == b""


def test_the_content_type_is_what_came_or_what_was_asked_for() -> None:
    call = openai_speech.read(asked(response_format="flac"))
    assert openai_speech.content_type(call, None) == "audio/flac"
    assert openai_speech.content_type(call, STARTED) == "audio/flac"
    told = Started("up", "tts", "", 7, SPEECH, b'{"content_type":"audio/x-wav"}')
    assert openai_speech.content_type(call, told) == "audio/x-wav"

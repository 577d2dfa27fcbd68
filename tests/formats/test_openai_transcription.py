"""OpenAI's transcription: forms, what upstreams answer, and what clients get."""

import json
from typing import Any

import pytest

from headgate.calls import Call, Upload
from headgate.errors import BadRequest, ProviderError
from headgate.events import AnyEvent, Failed, Finished, Segment, Started, Stopped, Transcript, Usage, Word
from headgate.formats import openai_transcription
from headgate.formats.base import Origin
from headgate.formats.recordings import ENOUGH, other_than_sound
from headgate.formats.voices import TRANSCRIPTION, Recording

ORIGIN = Origin("run_1", "up", "stt", 7)
UPLOAD = Upload("/there/0f", "a.wav", "audio/wav", 5)
STARTED = Started("up", "stt", "", 7, TRANSCRIPTION)


def asked(**fields: str | list[str]) -> Call:
    form = {"model": ["up/stt"]} | {k: v if isinstance(v, list) else [v] for k, v in fields.items()}
    return openai_transcription.read(form, UPLOAD, "0f")


def test_a_form_is_read() -> None:
    more: dict[str, Any] = {"timestamp_granularities[]": ["word", "segment"]}
    call = asked(
        language="en", prompt="hint", temperature="0.5", response_format="verbose_json", stream="False", **more
    )
    assert (call.format, call.model, call.stream, call.upload) == (TRANSCRIPTION, "up/stt", False, UPLOAD)
    assert openai_transcription.recording(call) == Recording(
        upload=UPLOAD,
        language="en",
        prompt="hint",
        temperature=0.5,
        format="verbose_json",
        has_times=True,
        has_words=True,
    )
    assert asked(stream="true").stream
    assert "language" not in asked(language="").fields, "an empty field was not filled in"
    assert openai_transcription.recording(asked(temperature="")).temperature is None


@pytest.mark.parametrize("number", ["nan", "inf", "warm"])
def test_a_number_has_to_be_one(number: str) -> None:
    with pytest.raises(BadRequest) as refused:
        asked(temperature=number)
    assert refused.value.param == "temperature"


def test_a_kept_request_is_read_again() -> None:
    call = asked(language="en", fallbacks='["b/c"]')
    kept = json.dumps({name: json.loads(bytes(raw)) for name, raw in call.fields.items()}).encode()
    assert openai_transcription.file_of(kept) == "0f"
    again = openai_transcription.again(kept, lambda id: f"/there/{id}")
    assert openai_transcription.recording(again) == openai_transcription.recording(call)
    assert (again.model, again.fallbacks) == ("up/stt", ("b/c",))
    assert openai_transcription.again(kept, lambda id: None).upload is None
    assert openai_transcription.file_of(b"{}") is None


def test_a_form_for_a_provider_says_what_the_client_said() -> None:
    more: dict[str, Any] = {"include[]": ["logprobs"], "hotwords": "own"}
    call = asked(temperature="0.5", stream="true", store="false", **more)
    assert openai_transcription.form(call, "stt") == [
        ("model", "stt"),
        ("temperature", "0.5"),
        ("stream", "true"),
        ("include[]", "logprobs"),
        ("hotwords", "own"),
    ]


def events(*said: dict[str, Any] | str) -> bytes:
    return b"".join(f"data: {each if isinstance(each, str) else json.dumps(each)}\n\n".encode() for each in said)


def delta(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "transcript.text.delta", "delta": text, **more}


def read(*pieces: bytes) -> list[AnyEvent]:
    reader = openai_transcription.Reader(ORIGIN)
    found = [event for piece in pieces for event in reader.feed(piece)]
    return found if reader.is_over else [*found, *reader.close()]


USAGE = {"type": "tokens", "input_tokens": 14, "output_tokens": 3, "total_tokens": 17}


def test_a_stream_is_read_however_it_is_cut() -> None:
    stream = events(
        delta("Hello"), delta(" there", logprobs=[]), {"type": "transcript.text.done", "text": "x", "usage": USAGE}
    )
    wanted = [
        STARTED,
        Transcript("Hello"),
        Transcript(" there", b'{"logprobs":[]}'),
        Usage(14, 3, 17, extra=json.dumps(USAGE, separators=(",", ":")).encode()),
        Finished("stop"),
    ]
    for cut in range(len(stream) + 1):
        assert read(stream[:cut], stream[cut:]) == wanted


@pytest.mark.parametrize(
    ("stream", "texts"),
    [
        (events({"text": "Hello"}, {"text": " there"}, "[DONE]"), ["Hello", " there"]),
        (events({"type": "transcript.text.done", "text": "All"}), ["All"]),
        (events({"type": "transcript.text.done", "text": ""}), [""]),
        (
            events(
                {"type": "transcript.text.segment", "start": 0, "end": 1, "text": "One.", "speaker": "A"},
                {"type": "transcript.text.segment", "start": 1, "end": 2, "text": "Two.", "speaker": "B"},
                {"type": "transcript.text.done", "text": "One. Two."},
            ),
            ["One.", " Two."],
        ),
        (
            events(
                delta("One."),
                {"type": "transcript.text.segment", "start": 0, "end": 1, "text": "One."},
                {"type": "transcript.text.done", "text": "One."},
            ),
            ["One."],
        ),
    ],
)
def test_words_are_told_once_whatever_they_come_in(stream: bytes, texts: list[str]) -> None:
    found = read(stream)
    assert [event.delta for event in found if isinstance(event, Transcript)] == texts
    assert isinstance(found[-1], Finished)


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (events(delta("Hello")), "upstream_incomplete"),
        (b"", "upstream_incomplete"),
        (events("no JSON"), "upstream_invalid"),
        (events({"error": {"message": "full", "code": "overloaded"}}), "overloaded"),
    ],
)
def test_what_is_no_transcription_is_told(stream: bytes, code: str) -> None:
    with pytest.raises(ProviderError) as broken:
        read(stream)
    assert broken.value.code == code


LOG: tuple[AnyEvent, ...] = (
    STARTED,
    Transcript("Hello there."),
    Segment(0.0, 1.25, "Hello there.", (Word("Hello", 0.0, 0.5), Word("there.", 0.75, 1.25))),
    Transcript(" Go --> on."),
    Segment(61.5, 3723.0, " Go -->\n\non."),
    Finished("stop", extra=b'{"duration":3724.5,"language":"english"}'),
)


def written(form: str, log: tuple[AnyEvent, ...] = LOG, **more: Any) -> str:
    call = asked(response_format=form, **more)
    return openai_transcription.whole(call, "run_1", 7, log).decode()


def test_the_forms_of_a_whole_transcription() -> None:
    assert written("text") == "Hello there. Go --> on.\n"
    assert written("srt") == (
        "1\n00:00:00,000 --> 00:00:01,250\nHello there.\n\n2\n00:01:01,500 --> 01:02:03,000\nGo -> on.\n\n"
    )
    assert written("vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.250\nHello there.\n\n00:01:01.500 --> 01:02:03.000\nGo -> on.\n\n"
    )
    assert json.loads(written("json"))["text"] == "Hello there. Go --> on."
    verbose = json.loads(written("verbose_json"))
    assert (verbose["duration"], verbose["language"]) == (3724.5, "english")
    assert [(each["id"], each["start"], each["end"]) for each in verbose["segments"]] == [
        (0, 0.0, 1.25),
        (1, 61.5, 3723.0),
    ]
    assert "words" not in verbose
    more: dict[str, Any] = {"timestamp_granularities[]": ["word"]}
    timed = json.loads(written("verbose_json", **more))
    assert timed["words"] == [
        {"word": "Hello", "start": 0.0, "end": 0.5},
        {"word": "there.", "start": 0.75, "end": 1.25},
    ]


def test_silence_is_nothing_in_every_form() -> None:
    silence = (STARTED, Transcript(""), Finished("stop"))
    assert written("text", silence) == "\n"
    assert written("srt", silence) == "\n"
    assert written("vtt", silence) == "WEBVTT\n\n"
    assert json.loads(written("verbose_json", silence))["segments"] == []


def test_subtitles_that_a_provider_wrote_are_its_own_and_others_are_made() -> None:
    own = tuple(openai_transcription.read_text(b"1\n00:00:00,000 --> 00:00:01,000\nHi\n", ORIGIN))
    assert written("srt", own) == "1\n00:00:00,000 --> 00:00:01,000\nHi\n"
    plain = (STARTED, Transcript("Hi"), Finished("stop", extra=b'{"duration":2.5}'))
    assert written("srt", plain) == "1\n00:00:00,000 --> 00:00:02,500\nHi\n\n"


def test_what_only_its_length_is_known_of_says_so() -> None:
    log = (*LOG[:-1], Usage(50, 2, 52, estimated=True), LOG[-1])
    assert json.loads(written("json", log))["usage"] == {"type": "duration", "seconds": 3724.5, "estimated": True}
    writer = openai_transcription.Writer(asked(stream="true"), "run_1", 7)
    done = [writer.write(event) for event in log][-1].decode()
    assert '"type":"tokens"' in done, "streams have no other"


def test_a_stream_tells_increments_under_both_names() -> None:
    writer = openai_transcription.Writer(asked(stream="true"), "run_1", 7)
    first, second, done, end, _ = b"".join(writer.write(event) for event in LOG).decode().split("\n\n")
    assert json.loads(first[6:]) == {
        "type": "transcript.text.delta",
        "delta": "Hello there.",
        "text": "Hello there.",
    }
    assert json.loads(second[6:])["delta"] == " Go --> on."
    assert json.loads(done[6:])["text"] == "Hello there. Go --> on."
    assert end == "data: [DONE]"
    diarized = openai_transcription.Writer(asked(stream="true", response_format="diarized_json"), "run_1", 7)
    assert b"".join(diarized.write(event) for event in LOG).count(b"transcript.text.segment") == 2


def test_a_broken_stream_says_so_and_a_stopped_one_ends() -> None:
    writer = openai_transcription.Writer(asked(stream="true"), "run_1", 7)
    assert b'"it broke"' in writer.write(Failed("upstream_error", "it broke"))
    assert writer.write(Stopped("user")).endswith(b"data: [DONE]\n\n")


def test_a_whole_object_is_written_as_it_was_read() -> None:
    segment = {"id": 0, "start": 0.0, "end": 1.0, "text": "Hi", "seek": 5, "tokens": [1], "avg_logprob": -0.5}
    said = {"text": "Hi", "language": "en", "duration": 1.0, "segments": [segment], "usage": USAGE, "x_own": 1}
    log = tuple(openai_transcription.read_whole(json.dumps(said).encode(), ORIGIN))
    again = json.loads(written("verbose_json", log))
    assert again == {**said, "task": "transcribe", "segments": [{**again["segments"][0], **segment}]}
    with pytest.raises(ProviderError):
        openai_transcription.read_whole(b'{"hello":1}', ORIGIN)


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"just words\n", "a text"),
        (b'{"json": true}', "a text"),
        ("čeština".encode(), "a text"),
        (("č" * ENOUGH).encode()[1 : ENOUGH + 1][: ENOUGH - 1], None),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a picture"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"ID3\x04\x00\x00\x00\x00\x00\x00", None),
        (b"OggS\x00\x02", None),
        (b"\x1aE\xdf\xa3", None),
        (b"\x00\x00\x00\x20ftypM4A ", None),
        (bytes(range(128, 256)), None),
    ],
)
def test_what_is_no_recording_is_known(start: bytes, what: str | None) -> None:
    assert other_than_sound(start) == what


def test_a_form_without_a_file_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        openai_transcription.read({"model": ["m"]}, None)
    assert refused.value.param == "file"
    with pytest.raises(BadRequest):
        openai_transcription.read({"model": ["m", "n"]}, UPLOAD)

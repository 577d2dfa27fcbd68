"""Files of strangers, read or refused with a reason."""

import io
import random
from contextlib import suppress
from pathlib import Path

import pytest

from headgate.providers.local.decoding import Recording, Unreadable
from headgate.providers.local.encoding import wav_head
from tests.local.sounds import WHOLE, packed, seconds, spoken

MOST = 60.0

OURS = {f"{format}": spoken(WHOLE, format) for format in ("mp3", "opus", "aac", "flac", "wav", "pcm")}
OTHERS = {
    "m4a": packed("ipod", "aac"),
    "m4a_in_fragments": packed("mp4", "aac", movflags="frag_keyframe+empty_moov"),
    "webm": packed("webm", "libopus"),
    "webm_live": packed("webm", "libopus", live="1"),
    "ogg": packed("ogg", "libopus"),
    "flac_in_ogg": packed("ogg", "flac"),
    "wav_with_length": packed("wav", "pcm_s16le"),
    "wav_as_telephones_have_it": packed("wav", "pcm_mulaw"),
    "mp3_with_length": packed("mp3", "libmp3lame"),
}
GOOD = OURS | OTHERS

UNKNOWN_LENGTH = {"pcm", "wav", "webm_live"}
"""They do not say how long they will be, and nothing in them tells where the last piece ends."""

BAD = {
    "text": b"Hello, this is no sound at all. " * 100,
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(5000),
    "archive": b"PK\x03\x04" + bytes(3000),
    "zeros": bytes(100_000),
    "noise": random.Random(1).randbytes(100_000),
    "list_of_other_files": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n",
    "other_files_joined": b"ffconcat version 1.0\nfile '/etc/hostname'\n",
    "description_of_a_session": b"v=0\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n",
    "head_without_sound": wav_head(),
}


def recording(data: bytes, name: str = "", most: float = MOST) -> Recording:
    return Recording(io.BytesIO(data), ".pcm" if name == "pcm" else f"a.{name}", most)


def refusal(data: bytes, name: str = "", most: float = MOST) -> Unreadable:
    """How such a file is refused."""
    with pytest.raises(Unreadable) as refused:
        for _ in recording(data, name, most).samples():
            pass
    assert refused.value.trouble.param == "file"
    return refused.value


@pytest.mark.parametrize("name", GOOD)
def test_what_is_good_is_read_to_its_end(name: str) -> None:
    file = recording(GOOD[name], name)
    heard = sum(map(len, file.samples())) / 32_000
    assert heard == pytest.approx(file.seconds) == pytest.approx(seconds(OURS["pcm"], "pcm"), abs=0.2)


def test_what_it_is_called_does_not_matter() -> None:
    assert sum(map(len, recording(GOOD["flac"], "mp3").samples()))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", [name for name in GOOD if name not in UNKNOWN_LENGTH])
def test_a_file_that_was_cut_off_is_told_from_a_whole_one(name: str, share: float) -> None:
    data = GOOD[name]
    error = refusal(data[: int(len(data) * share) + 1], name).trouble
    assert (error.code, error.status) == ("truncated_file", 400)


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_sound_is_refused(name: str) -> None:
    """And nothing that it names is looked at."""
    error = refusal(BAD[name], "mp3").trouble
    assert (error.code, error.status) == ("invalid_audio", 400)


def test_a_film_without_sound_is_refused() -> None:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as made:
        stream = made.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 16
        for _ in range(5):
            made.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        made.mux(stream.encode(None))
    assert refusal(file.getvalue()).trouble.message == "There is no sound in the file."


def test_nothing_is_refused() -> None:
    assert refusal(b"").trouble.code == "empty_file"


@pytest.mark.parametrize("name", GOOD)
def test_what_is_too_long_is_refused_before_it_is_decoded(name: str) -> None:
    with pytest.raises(Unreadable) as refused:
        recording(GOOD[name], name, 3.0)
    assert (refused.value.trouble.code, refused.value.trouble.status) == ("audio_too_long", 413)


@pytest.mark.slow
def test_hours_of_silence_in_a_small_file_are_too_long() -> None:
    """What decodes to a thousand times its size is found out by its packets."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="flac") as made:
        stream = made.add_stream("flac", rate=8000, layout="mono")
        for at in range(0, 8000 * 3600, 4096 * 100):
            frame = av.AudioFrame("s16", "mono", 4096 * 100)
            frame.sample_rate, frame.pts = 8000, at
            frame.planes[0].update(bytes(frame.planes[0].buffer_size))
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    assert len(file.getvalue()) < 1_000_000
    assert refusal(file.getvalue(), most=1800.0).trouble.code == "audio_too_long"


@pytest.mark.parametrize("name", GOOD)
def test_whatever_is_wrong_in_it_there_is_an_answer(name: str) -> None:
    """Read as far as it goes, or refused: nothing else comes of bytes that were changed on the way."""
    chance = random.Random(name)
    for _ in range(8):
        data = bytearray(GOOD[name])
        for _ in range(chance.choice((1, 10, 100, 1000))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with suppress(Unreadable):
            for _ in recording(bytes(data), name).samples():
                pass


def test_two_recordings_of_which_only_the_first_can_be_read_are_none() -> None:
    one, two = packed("ogg", "libopus"), packed("ogg", "flac")
    assert refusal(one + two).trouble.code == "broken_file"


def test_a_file_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(GOOD["webm"])
    with path.open("rb") as file:
        assert sum(map(len, Recording(file, "a", MOST).samples()))

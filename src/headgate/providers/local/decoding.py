"""
A file that a stranger sent, into samples for ears: 16 bits, one channel, 16,000 a second.

What is read is known beforehand: these containers, these codecs, from this one file. FFmpeg knows many more, some of
which open other files, or addresses in the network.
"""

import io
import wave
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO

import av
from av.error import FFmpegError

from headgate.providers.local.wholeness import MP3_HEAD, is_cut, is_sure, mp3_frame
from headgate.providers.local.wire import BARE, Trouble

RATE = 16_000

_CONTAINERS = "mp3,wav,w64,flac,ogg,matroska,mov,aac"
_CODECS = (
    *("mp3", "mp3float", "mp2", "mp2float", "aac", "alac", "flac", "opus", "vorbis"),
    *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s32le", "pcm_u8", "pcm_f32le", "pcm_f64le"),
    *("pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav"),
)
_READ = "MP3, WAV, M4A, FLAC, OGG, WEBM and AAC"
_MOST_CHANNELS = 32
_SLACK = 0.5
"""Seconds that may lack at the end before it is one: the last packet's, and what encoders add."""

_BAD_PACKETS = 0.1
"""How many of the packets may be broken; a few are what a bad line does."""


class Unreadable(Exception):
    """There is nothing to hear in it; says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


def warm_up() -> None:
    """Read a file once, so that nothing is left to be loaded: a worker that reads one may open no others."""
    with wave.open(file := io.BytesIO(), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.writeframes(bytes(RATE))
    file.seek(0)
    for _ in Recording(file, "", 1.0).samples():
        pass


class _Resampler:
    """To what ears take, from whatever comes: a file may change its rate or its channels on the way."""

    def __init__(self) -> None:
        self._resampler: av.AudioResampler | None = None

    def take(self, frame: av.AudioFrame) -> list[av.AudioFrame]:
        before: list[av.AudioFrame] = []
        for _ in range(2):
            if self._resampler is None:
                self._resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            try:
                return before + self._resampler.resample(frame)
            except ValueError:
                before = self.rest()
        return before

    def rest(self) -> list[av.AudioFrame]:
        resampler, self._resampler = self._resampler, None
        return [] if resampler is None else resampler.resample(None)


class Recording:
    """A file of sound. It was read once to its end, without being decoded, so what is wrong with it is known."""

    def __init__(self, file: BinaryIO, name: str, most_seconds: float) -> None:
        self._file, self._name, self._most = file, name, most_seconds
        self._is_bare = name.lower().endswith(BARE)
        self.seconds = 0.0
        """How long it is, as far as was decoded."""
        self.length = 0.0
        """How long all of it is, going by its packets."""
        if not file.read(1):
            raise _unreadable("The file is empty.", "empty_file")
        self._survey()

    def samples(self) -> Iterator[bytes]:
        """All of it, in pieces; raises Unreadable where it turns out to be broken, or too long."""
        with self._opened() as container:
            stream = self._stream(container)
            ears = _Resampler()
            good = bad = 0
            for packet in _packets(container, stream):
                try:
                    frames = packet.decode()
                    good += bool(frames)
                except (FFmpegError, ValueError):
                    bad += 1
                    continue
                for frame in frames:
                    yield from self._heard(ears.take(frame))
            yield from self._heard(ears.rest())
        if not good or bad > _BAD_PACKETS * (good + bad):
            raise _broken()

    def _heard(self, frames: list[Any]) -> Iterator[bytes]:
        for frame in frames:
            self.seconds += frame.samples / RATE
            if self.seconds > self._most:
                raise self._too_long()
            yield bytes(frame.planes[0])[: 2 * frame.samples]

    def _survey(self) -> None:
        """Look at all packets."""
        with self._opened() as container:
            stream = self._stream(container)
            said = _seconds(stream, container)
            if said is not None and said > self._most:
                raise self._too_long()
            first, last, there, latest = None, Fraction(0), Fraction(0), None
            for packet in _packets(container, stream):
                latest = packet if packet.size else latest
                base = packet.time_base or Fraction(0)
                there += (packet.duration or 0) * base
                if packet.pts is not None:
                    first = packet.pts * base if first is None else first
                    last = max(last, (packet.pts + (packet.duration or 0)) * base - first)
                if max(there, last) > self._most:
                    raise self._too_long()
            self.length = has = float(max(there, last))
            lacks = said is not None and has + _SLACK < said and is_sure(self._file, container.format.name)
            if lacks or is_cut(self._file, container.format.name) or (latest is not None and not _is_whole(latest)):
                raise _cut(has, said if lacks else None)
            if latest is None:
                raise _soundless()

    def _opened(self) -> Any:
        self._file.seek(0)
        try:
            if self._is_bare:
                return av.open(self._file, format="s16le", options={"sample_rate": "24000", "ch_layout": "mono"})
            return av.open(self._file, options={"format_whitelist": _CONTAINERS, "codec_whitelist": ",".join(_CODECS)})
        except (FFmpegError, ValueError):
            if _is_beginning(self._file):
                raise _cut(0, None) from None
            raise _unreadable(f"The file is no audio that can be read here. {_READ} are.", "invalid_audio") from None

    def _stream(self, container: Any) -> Any:
        if not container.streams.audio:
            raise _soundless()
        stream = container.streams.audio[0]
        context = stream.codec_context
        if context is None or context.name not in _CODECS:
            named = "" if context is None else f" ({context.name})"
            raise _unreadable(f"The sound in the file has a codec that is not read here{named}.", "invalid_audio")
        if not 0 < (context.sample_rate or 0) <= 768_000 or not 0 < (context.channels or 0) <= _MOST_CHANNELS:
            raise _broken()
        context.thread_count = 1
        return stream

    def _too_long(self) -> Unreadable:
        return _unreadable(f"The recording is longer than {self._most:g} seconds.", "audio_too_long", 413)


def _seconds(stream: Any, container: Any) -> float | None:
    """How long it says that it is."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / 1e6


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """All of a stream, as far as they can be told apart."""
    try:
        yield from container.demux(stream)
    except FFmpegError:
        raise _broken() from None


def _is_whole(last: Any) -> bool:
    """Whether the last packet of a file is, for codecs whose packets say so."""
    try:
        match last.stream.codec_context.name:
            case "flac":
                last.decode()
            case "mp3" | "mp3float":
                return len(bytes(last)) >= max(mp3_frame(bytes(last)[:4]), MP3_HEAD)
            case _:
                pass
    except FFmpegError:
        return False
    return True


def _is_beginning(file: BinaryIO) -> bool:
    """Whether it begins as the containers do that cannot be opened without their end."""
    file.seek(4)
    return file.read(4) in (b"ftyp", b"moov", b"mdat")


def _cut(has: float, said: float | None) -> Unreadable:
    end = "" if said is None else f" after {has:.1f} of {said:.1f} seconds"
    return _unreadable(f"The file is truncated: it ends{end} in the middle.", "truncated_file")


def _soundless() -> Unreadable:
    return _unreadable("There is no sound in the file.", "invalid_audio")


def _broken() -> Unreadable:
    return _unreadable("The sound in the file is broken: it cannot be decoded.", "broken_file")


def _unreadable(message: str, code: str, status: int = 400) -> Unreadable:
    return Unreadable(Trouble(message, code, status, "file"))

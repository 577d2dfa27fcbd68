"""Sound as it is made, into a file as it is made: whatever is whole comes out at once."""

import struct
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import av
from av.filter import Graph

RATE = 24_000
"""Samples a second of everything that is made: what OpenAI's have, which clients rely on where there is no head."""

_UNKNOWN = 0xFFFFFFFF
"""The length in the head of a WAV file that is not at its end yet."""


class _Format(NamedTuple):
    container: str
    codec: str
    options: Mapping[str, str]
    bit_rate: int | None = None


_FORMATS: Mapping[str, _Format] = {
    # Their own index would have to be written at the beginning when the end is there.
    "mp3": _Format("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}, 64_000),
    # A page holds a second unless told otherwise: as long would one wait for the first.
    "opus": _Format("ogg", "libopus", {"page_duration": "100000"}, 32_000),
    "aac": _Format("adts", "aac", {}, 64_000),
    "flac": _Format("flac", "flac", {}),
}


class Encoder:
    """
    Makes a file of samples: 16 bits, one channel.

    `tempo` says how much faster it is to be, at the same pitch.
    """

    def __init__(self, format: str, rate: int, tempo: float = 1.0) -> None:
        self._rate, self._given = rate, 0
        self._path = _Path(rate, tempo)
        self._file = _Plain(wav_head() if format == "wav" else b"") if format in ("wav", "pcm") else _Packed(format)

    @property
    def seconds(self) -> float:
        """How long what it was given is."""
        return self._given / self._rate

    def feed(self, samples: bytes) -> bytes:
        """More samples; what of the file is ready now."""
        frame = av.AudioFrame("s16", "mono", len(samples) // 2)
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._given, Fraction(1, self._rate)
        frame.planes[0].update(samples)
        self._given += frame.samples
        return b"".join([self._file.feed(each) for each in self._path.through(frame)])

    def finish(self) -> bytes:
        """The rest of the file."""
        return b"".join([*(self._file.feed(each) for each in self._path.through(None)), self._file.finish()])


class _Path:
    """From espeak-ng's samples to those of the file: another rate, perhaps another tempo."""

    def __init__(self, rate: int, tempo: float) -> None:
        self._graph = graph = Graph()
        source = graph.add_abuffer(sample_rate=rate, format="s16", layout="mono", time_base=Fraction(1, rate))
        steps = [source, *([graph.add("atempo", f"{tempo:.4f}")] if tempo != 1 else [])]
        steps += [graph.add("aresample", str(RATE)), graph.add("aformat", "sample_fmts=s16"), graph.add("abuffersink")]
        graph.link_nodes(*steps).configure()

    def through(self, frame: av.AudioFrame | None) -> list[av.AudioFrame]:
        """What has come out at the end."""
        self._graph.push(frame)
        came: list[av.AudioFrame] = []
        while True:
            try:
                out = self._graph.pull()
            except (BlockingIOError, EOFError):
                return came
            if isinstance(out, av.AudioFrame):
                came.append(out)


class _Plain:
    """Nothing but the samples, after a head."""

    def __init__(self, head: bytes) -> None:
        self._head = head

    def feed(self, frame: av.AudioFrame) -> bytes:
        head, self._head = self._head, b""
        return head + bytes(frame.planes[0])[: 2 * frame.samples]

    def finish(self) -> bytes:
        return self._head


class _Packed:
    """A codec's packets in a container."""

    def __init__(self, format: str) -> None:
        made = _FORMATS[format]
        self._out = _Out()
        options = {**made.options, "flush_packets": "1"}
        self._container: Any = av.open(self._out, "w", format=made.container, options=options)
        stream: Any = self._container.add_stream(made.codec, rate=RATE, layout="mono")
        if made.bit_rate is not None:
            stream.bit_rate = made.bit_rate
        self._stream = stream

    def feed(self, frame: av.AudioFrame | None) -> bytes:
        self._container.mux(self._stream.encode(frame))
        return self._out.take()

    def finish(self) -> bytes:
        last = self.feed(None)
        self._container.close()
        return last + self._out.take()


class _Out:
    """Where a container writes; it cannot go back there."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def wav_head(length: int = _UNKNOWN) -> bytes:
    """The head of a WAV file of that many bytes of samples; by default as many as come."""
    whole = min(length + 36, _UNKNOWN)
    form = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", whole)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", length)
    )

"""Real speech in real files, made once."""

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import av

from headgate.providers.local.encoding import Encoder
from headgate.providers.local.voicebox import Voicebox

PHRASES = ("turn on the kitchen light", "open the front door", "what is the weather tomorrow", "play some music")

WHOLE = "The quick brown fox jumps over the lazy dog. " * 4


@cache
def voicebox() -> Voicebox:
    """The one of this process: there cannot be two."""
    return Voicebox()


@cache
def spoken(text: str, format: str, voice: str = "en-us", tempo: float = 1.0) -> bytes:
    """A file in which that is said."""
    return b"".join(pieces(text, format, voice, tempo))


def pieces(text: str, format: str, voice: str = "en-us", tempo: float = 1.0) -> Iterator[bytes]:
    """The same as it is made."""
    box = voicebox()
    box.choose(voice)
    encoder, made = Encoder(format, box.rate, tempo), list[bytes]()
    box.say(text, lambda samples: made.append(encoder.feed(samples)))
    yield from made
    yield encoder.finish()


@cache
def packed(container: str, codec: str, **options: str) -> bytes:
    """Speech in a container that we do not write ourselves, as others do."""
    source, file = av.open(io.BytesIO(spoken(WHOLE, "flac")), "r"), io.BytesIO()
    with av.open(file, "w", format=container, options=options) as made:
        stream: Any = made.add_stream(codec, rate=48_000, layout="mono")
        for frame in source.decode(audio=0):
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return file.getvalue()


def seconds(data: bytes, format: str) -> float:
    """How long a file is when it is played."""
    if format == "pcm":
        return len(data) / 48_000
    with av.open(io.BytesIO(data), "r") as file:
        stream = file.streams.audio[0]
        return sum(frame.samples for frame in file.decode(stream)) / (stream.rate or 1)

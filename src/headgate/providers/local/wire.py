"""What the server tells a worker, once, and what the worker tells it: frames of a kind, a length and a content."""

import struct
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from headgate.errors import ProviderError

_HEAD = struct.Struct(">BI")
SOUND, WORDS = 0, 1

LONGEST = 8 << 20
"""Bytes of a frame: more than the longest job, and than anything a sound worker says."""


BARE = ".pcm"
"""How the name of a file ends that is samples without a head, as speech may be: nothing in it could tell."""


class Speak(msgspec.Struct, frozen=True, tag="speak"):
    """Say this."""

    text: str
    voice: str
    format: str
    speed: float


class Hear(msgspec.Struct, frozen=True, tag="hear"):
    """Say what is heard in the file that comes along."""

    name: str
    phrases: tuple[str, ...] = ()
    """What may be heard, where that is known; otherwise anything."""
    grammar: str = ""
    """The same as a grammar, in JSGF."""
    most_seconds: float = 3600.0


class Tell(msgspec.Struct, frozen=True, tag="tell"):
    """Say which voices there are."""


Job: TypeAlias = Speak | Hear | Tell


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """The job is understood, and what came with it can be read."""


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """A piece of what is said; it stays as it is."""

    delta: str


class Timed(msgspec.Struct, frozen=True, tag="timed"):
    """When a part of it was said, in seconds, and when each of its words."""

    start: float
    end: float
    text: str
    words: tuple[tuple[str, float, float], ...] = ()


class Tongue(msgspec.Struct, frozen=True):
    """A voice."""

    id: str
    name: str
    language: str
    gender: str


class Tongues(msgspec.Struct, frozen=True, tag="tongues"):
    """All voices."""

    voices: tuple[Tongue, ...]


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """It cannot be done, and why."""

    message: str
    code: str
    status: int = 400
    param: str | None = None


class Done(msgspec.Struct, frozen=True, tag="done"):
    """It is done; of a recording, how long that was."""

    seconds: float = 0.0


Word: TypeAlias = Opened | Heard | Timed | Tongues | Trouble | Done

_encode = msgspec.json.Encoder().encode
_words: msgspec.json.Decoder[Word] = msgspec.json.Decoder(Word)
_jobs: msgspec.json.Decoder[Job] = msgspec.json.Decoder(Job)


def sound(data: bytes) -> bytes:
    """A frame of sound."""
    return _HEAD.pack(SOUND, len(data)) + data


def words(said: Word | Job) -> bytes:
    """A frame of anything else."""
    data = _encode(said)
    return _HEAD.pack(WORDS, len(data)) + data


def read_job(data: bytes) -> Job:
    """The job of a frame."""
    return _jobs.decode(data)


class Reader:
    """Finds the frames of a worker."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes | Word]:
        """Sound and words that are whole now; raises ProviderError for what no worker says."""
        buffer = self._buffer
        buffer += data
        while len(buffer) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(buffer)
            if kind not in (SOUND, WORDS) or length > LONGEST:
                raise _nonsense()
            end = _HEAD.size + length
            if len(buffer) < end:
                return
            content = bytes(buffer[_HEAD.size : end])
            del buffer[:end]
            yield content if kind == SOUND else _word(content)


def head(data: bytes) -> int:
    """How long the content is, of a frame of words."""
    _, length = _HEAD.unpack(data)
    return int(length)


HEAD = _HEAD.size


def _word(content: bytes) -> Word:
    try:
        return _words.decode(content)
    except msgspec.DecodeError:
        raise _nonsense() from None


def _nonsense() -> ProviderError:
    return ProviderError("A local worker said what cannot be understood.", code="worker_died", status=500)

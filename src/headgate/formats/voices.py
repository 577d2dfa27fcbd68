"""
What is asked of voices and ears, in words that every provider of them has: text to sound, and sound to text.

A speech is answered with `Audio` events, the bytes of one file in the format that was asked for. A transcription is
answered with `Transcript` events, each a piece that is not taken back, and `Segment` events where its times are known.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

import msgspec

from headgate.calls import Upload

SPEECH, TRANSCRIPTION = "openai.speech", "openai.transcription"
SOUNDS = frozenset((SPEECH, TRANSCRIPTION))
"""The formats of both kinds of calls, which OpenAI's API has made everybody's."""

SpeechFormat: TypeAlias = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
TranscriptFormat: TypeAlias = Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]

SPEECH_FORMATS: tuple[SpeechFormat, ...] = get_args(SpeechFormat)
TRANSCRIPT_FORMATS: tuple[TranscriptFormat, ...] = get_args(TranscriptFormat)

CONTENT_TYPES: Mapping[SpeechFormat, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg; codecs=opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm;rate=24000;channels=1",
}

PIECE = 64 * 1024
"""The most bytes of one `Audio` event: what a reader gets in one turn is counted in events."""


class Speech(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said, and how."""

    text: str
    voice: str
    format: SpeechFormat = "mp3"
    """pcm is 16 bits, little-endian, mono, 24000 a second, and has no head."""
    speed: float = 1.0
    """From 0.25 to 4."""
    instructions: str = ""


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be heard, and how."""

    upload: Upload
    language: str = ""
    """ISO 639-1, or longer; "" where nobody says."""
    prompt: str = ""
    """Words that may be in it, for those who listen for such."""
    temperature: float | None = None
    format: TranscriptFormat = "json"
    has_times: bool = False
    """Whether the answer needs segments."""
    has_words: bool = False
    """Whether they need their words."""


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice that a provider has."""

    id: str
    """What `voice` of a request names."""
    name: str = ""
    language: str = ""
    """A BCP 47 tag; "" for one that speaks several, or where nobody knows."""
    gender: str = ""

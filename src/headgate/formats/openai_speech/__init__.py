"""OpenAI's speech: a text goes in, the bytes of a sound come out."""

from headgate.formats.openai_speech.requests import SpeechRequest, forward, is_sse, read, speech
from headgate.formats.voices import SPEECH as NAME

__all__ = ["NAME", "SpeechRequest", "forward", "is_sse", "read", "speech"]

"""OpenAI's speech: a text goes in, the bytes of a sound come out."""

from headgate.formats.openai_speech.reader import EventReader, Reader, read_usage, read_whole
from headgate.formats.openai_speech.requests import SpeechRequest, about, forward, is_sse, read, speech
from headgate.formats.openai_speech.writer import EventWriter, Writer, content_type, usage_object, whole
from headgate.formats.voices import SPEECH as NAME

__all__ = [
    "NAME",
    "EventReader",
    "EventWriter",
    "Reader",
    "SpeechRequest",
    "Writer",
    "about",
    "content_type",
    "forward",
    "is_sse",
    "read",
    "read_usage",
    "read_whole",
    "speech",
    "usage_object",
    "whole",
]

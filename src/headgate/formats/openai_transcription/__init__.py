"""OpenAI's transcription: a recording goes in, as a file of a form, and its words come out."""

from headgate.formats.openai_transcription.reader import Reader, read_text, read_whole
from headgate.formats.openai_transcription.requests import (
    FILE,
    Kept,
    TranscriptionRequest,
    again,
    file_of,
    form,
    read,
    recording,
    recording_format,
    wants_words,
)
from headgate.formats.openai_transcription.writer import CONTENT_TYPES, Writer, whole
from headgate.formats.voices import TRANSCRIPTION as NAME

__all__ = [
    "CONTENT_TYPES",
    "FILE",
    "NAME",
    "Kept",
    "Reader",
    "TranscriptionRequest",
    "Writer",
    "again",
    "file_of",
    "form",
    "read",
    "read_text",
    "read_whole",
    "recording",
    "recording_format",
    "wants_words",
    "whole",
]

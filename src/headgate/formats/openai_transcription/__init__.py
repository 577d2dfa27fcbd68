"""OpenAI's transcription: a recording goes in, as a file of a form, and its words come out."""

from headgate.formats.openai_transcription.requests import TranscriptionRequest, again, form, read, recording
from headgate.formats.voices import TRANSCRIPTION as NAME

__all__ = ["NAME", "TranscriptionRequest", "again", "form", "read", "recording"]

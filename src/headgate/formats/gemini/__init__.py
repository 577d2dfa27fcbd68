"""Google's Gemini: generateContent and streamGenerateContent."""

from headgate.formats.gemini.asking import request
from headgate.formats.gemini.besides import CountRequest, EmbedManyRequest, EmbedRequest, check_embedding, counted
from headgate.formats.gemini.failures import error_body
from headgate.formats.gemini.fields import NAME, GeminiRequest, asked, forward, read
from headgate.formats.gemini.prompts import prompt
from headgate.formats.gemini.reader import Reader, read_whole
from headgate.formats.gemini.wholes import whole
from headgate.formats.gemini.writer import KEEP_ALIVE, ArrayWriter, Writer

__all__ = [
    "KEEP_ALIVE",
    "NAME",
    "ArrayWriter",
    "CountRequest",
    "EmbedManyRequest",
    "EmbedRequest",
    "GeminiRequest",
    "Reader",
    "Writer",
    "asked",
    "check_embedding",
    "counted",
    "error_body",
    "forward",
    "prompt",
    "read",
    "read_whole",
    "request",
    "whole",
]

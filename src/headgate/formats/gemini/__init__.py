"""Google's Gemini: generateContent and streamGenerateContent."""

from headgate.formats.gemini.asking import request
from headgate.formats.gemini.besides import CountRequest, counted
from headgate.formats.gemini.embedding import (
    EMBED_NAME,
    EmbedManyRequest,
    EmbedRequest,
    embed_inputs,
    embed_pieces,
    embed_request,
    forward_embed,
    read_embed,
    read_embedded,
)
from headgate.formats.gemini.failures import error_body
from headgate.formats.gemini.fields import NAME, GeminiRequest, asked, forward, read
from headgate.formats.gemini.prompts import prompt
from headgate.formats.gemini.reader import Reader, read_whole
from headgate.formats.gemini.wholes import whole
from headgate.formats.gemini.writer import KEEP_ALIVE, ArrayWriter, Writer

__all__ = [
    "EMBED_NAME",
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
    "counted",
    "embed_inputs",
    "embed_pieces",
    "embed_request",
    "error_body",
    "forward",
    "forward_embed",
    "prompt",
    "read",
    "read_embed",
    "read_embedded",
    "read_whole",
    "request",
    "whole",
]

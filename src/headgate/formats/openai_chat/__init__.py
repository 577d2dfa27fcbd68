"""OpenAI's chat completions, the language most of the field speaks."""

from headgate.formats.openai_chat.prompts import prompt, request
from headgate.formats.openai_chat.reader import Reader
from headgate.formats.openai_chat.requests import NAME, ChatRequest, forward, read
from headgate.formats.openai_chat.wholes import read_whole, whole, whole_object
from headgate.formats.openai_chat.writer import Writer

__all__ = [
    "NAME",
    "ChatRequest",
    "Reader",
    "Writer",
    "forward",
    "prompt",
    "read",
    "read_whole",
    "request",
    "whole",
    "whole_object",
]

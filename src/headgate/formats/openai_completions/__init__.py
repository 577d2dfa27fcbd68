"""
OpenAI's legacy text completions: a prompt in, words out.

The answers are chat's in all but a few fields, so the reader is chat's with those few replaced.
A provider without this endpoint is asked through chat, with the prompt as a user's turn.
"""

from headgate.formats.openai_chat.requests import forward
from headgate.formats.openai_completions.reader import Reader, read_whole
from headgate.formats.openai_completions.requests import NAME, CompletionRequest, prompt, read
from headgate.formats.openai_completions.writer import Writer, whole

__all__ = ["NAME", "CompletionRequest", "Reader", "Writer", "forward", "prompt", "read", "read_whole", "whole"]

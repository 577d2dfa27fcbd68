"""
Anthropic's Messages: an answer as a list of content blocks.

Reading order: inputs and requests (what is asked), reader and blocks (an upstream's answer becomes events),
writer and content (events become blocks again), extra (what travels between the two).
"""

from headgate.formats.anthropic.asking import count_request, request
from headgate.formats.anthropic.extra import NAME
from headgate.formats.anthropic.failures import error_body
from headgate.formats.anthropic.prompts import prompt
from headgate.formats.anthropic.reader import Reader, read_whole
from headgate.formats.anthropic.requests import CountRequest, MessagesRequest, forward, read, read_count
from headgate.formats.anthropic.writer import Writer, whole

__all__ = [
    "NAME",
    "CountRequest",
    "MessagesRequest",
    "Reader",
    "Writer",
    "count_request",
    "error_body",
    "forward",
    "prompt",
    "read",
    "read_count",
    "read_whole",
    "request",
    "whole",
]

"""
OpenAI's Responses: an answer as a list of items, told by a lifecycle of events.

Reading order: fields and inputs (requests), answer (an upstream's items become events), writer
(events become items again), extra (what travels between the two).
"""

from headgate.formats.openai_responses.asking import request
from headgate.formats.openai_responses.extra import NAME
from headgate.formats.openai_responses.fields import ResponsesRequest, forward, read
from headgate.formats.openai_responses.prompts import prompt
from headgate.formats.openai_responses.reader import Reader, read_whole
from headgate.formats.openai_responses.writer import Writer, whole

__all__ = [
    "NAME",
    "Reader",
    "ResponsesRequest",
    "Writer",
    "forward",
    "prompt",
    "read",
    "read_whole",
    "request",
    "whole",
]

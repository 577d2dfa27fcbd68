"""
OpenAI's Responses: an answer as a list of items, told by a lifecycle of events.

Reading order: fields and inputs (requests), answer (an upstream's items become events), writer
(events become items again), extra (what travels between the two), chaining (conversations that go on).
"""

from headgate.formats.openai_responses.asking import request
from headgate.formats.openai_responses.chaining import Before, continued, previous
from headgate.formats.openai_responses.extra import NAME
from headgate.formats.openai_responses.fields import ResponsesRequest, forward, not_found, read
from headgate.formats.openai_responses.ids import response_id, run_of
from headgate.formats.openai_responses.listing import input_items
from headgate.formats.openai_responses.prompts import prompt
from headgate.formats.openai_responses.reader import Reader, read_whole
from headgate.formats.openai_responses.writer import Writer, whole

__all__ = [
    "NAME",
    "Before",
    "Reader",
    "ResponsesRequest",
    "Writer",
    "continued",
    "forward",
    "input_items",
    "not_found",
    "previous",
    "prompt",
    "read",
    "read_whole",
    "request",
    "response_id",
    "run_of",
    "whole",
]

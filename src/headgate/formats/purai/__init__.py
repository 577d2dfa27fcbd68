"""PurAI's chat: OpenAI's, with a say in who answers, and a word on who did."""

from headgate.formats.purai.failures import ALL_FAILED, SOME_FAILED, Record, error_object, records, short
from headgate.formats.purai.plan import Plan
from headgate.formats.purai.requests import Asked, Force, Personality, PurAIRequest, call, force, read
from headgate.formats.purai.writer import NAME, Writer, whole

__all__ = [
    "ALL_FAILED",
    "NAME",
    "SOME_FAILED",
    "Asked",
    "Force",
    "Personality",
    "Plan",
    "PurAIRequest",
    "Record",
    "Writer",
    "call",
    "error_object",
    "force",
    "read",
    "records",
    "short",
    "whole",
]

"""
In whose format an answer is, told by how it begins: for the message when it is not the one that was asked for.

Only a hint for people. What an answer says is found out by reading it as what it should be.
"""

import re
from collections.abc import Mapping

from headgate.formats import anthropic, gemini, openai_chat, openai_completions, openai_responses

ENOUGH = 4096
"""Bytes that show it, where anything does."""

_SIGNS = (
    (openai_chat.NAME, re.compile(rb'"object"\s*:\s*"chat\.completion')),
    (openai_completions.NAME, re.compile(rb'"object"\s*:\s*"text_completion"')),
    (openai_responses.NAME, re.compile(rb'"object"\s*:\s*"response"|"type"\s*:\s*"response\.')),
    (anthropic.NAME, re.compile(rb'"type"\s*:\s*"message_start"|"type"\s*:\s*"message"\s*,\s*"role"|"stop_reason"')),
    (gemini.NAME, re.compile(rb'"candidates"\s*:|"promptFeedback"\s*:')),
)

_TITLES = {
    openai_chat.NAME: "OpenAI's chat completions",
    openai_completions.NAME: "OpenAI's completions",
    openai_responses.NAME: "OpenAI's Responses",
    anthropic.NAME: "Anthropic's Messages",
    gemini.NAME: "Gemini's generateContent",
}

_READERS: Mapping[object, str] = {
    openai_chat.Reader: openai_chat.NAME,
    openai_completions.Reader: openai_completions.NAME,
    openai_responses.Reader: openai_responses.NAME,
    anthropic.Reader: anthropic.NAME,
    gemini.Reader: gemini.NAME,
}


def spoken(start: bytes) -> str | None:
    """The format of an answer that begins so, as calls name it; None where nobody can tell."""
    start = start[:ENOUGH]
    return next((name for name, sign in _SIGNS if sign.search(start)), None)


def mistake(start: bytes, reader: object, provider: str) -> str | None:
    """A sentence that says who this sounds like, if not like what that reader reads."""
    heard, expected = spoken(start), _READERS.get(reader)
    if heard is None or expected is None or heard == expected:
        return None
    return (
        f"{provider} was asked in the format of {_TITLES[expected]} and answered in that of {_TITLES[heard]}: "
        "its kind, its endpoints or its address may be wrong."
    )

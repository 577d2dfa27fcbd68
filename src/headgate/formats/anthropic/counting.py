"""How many tokens a request has, where no provider can be asked."""

import math

import msgspec

from headgate.calls import AudioPart, FilePart, ImagePart, Prompt, RefusalPart, TextPart

BYTES_PER_TOKEN = 4
PER_MESSAGE = 4
"""Tokens that stand around a turn."""
PER_PICTURE = 1600
"""What the largest picture takes that is not made smaller."""


def estimate(prompt: Prompt) -> int:
    """About as many tokens as the prompt has: a guess by its length, good enough to know when it gets too long."""
    size, tokens = 0, 0
    for message in prompt.messages:
        tokens += PER_MESSAGE
        size += sum(len(call.name) + len(call.input.encode()) for call in message.calls)
        for part in message.parts:
            match part:
                case TextPart(text) | RefusalPart(text):
                    size += len(text.encode())
                case ImagePart():
                    tokens += PER_PICTURE
                case AudioPart(data):
                    size += len(data)
                case FilePart():
                    size += len(part.data or "")
    size += sum(len(msgspec.json.encode(tool)) for tool in prompt.tools)
    return tokens + math.ceil(size / BYTES_PER_TOKEN)

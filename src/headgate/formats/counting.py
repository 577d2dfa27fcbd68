"""
How many tokens there are, where nobody says.

Everything here counts in steps: a generator that yields after each small piece and returns the sum, so that
whoever cannot spare the time may rest in between. `take` takes all steps at once.
"""

import math
from collections.abc import Generator, Iterable
from typing import NamedTuple, TypeAlias, TypeVar

import msgspec

from headgate.calls import AudioPart, FilePart, ImagePart, Message, Part, Prompt, RefusalPart, TextPart
from headgate.events import AnyEvent, Reasoning, Refusal, Text, ToolCall, ToolInput
from headgate.formats import tokens
from headgate.formats.tokens import MORE, is_of_more

T = TypeVar("T")

Steps: TypeAlias = Generator[None, None, T]

SLICE = 4096
"""Characters that are counted in one step: some tenths of a millisecond."""

SAMPLE = 256 * 1024
"""Of a longer text so many characters are counted, from all of its parts, and the rest is like them."""

PER_MESSAGE = 4
"""Tokens that stand around a turn."""
PER_CALL = 8
"""Tokens that stand around a call of a tool."""
PER_TOOL = 10


class Count(NamedTuple):
    """Tokens of a request and its answer."""

    input: int
    output: int
    reasoning: int = 0
    """How much of the output was thought."""


def take(steps: Steps[T]) -> T:
    """Take them all."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def estimate(prompt: Prompt) -> int:
    """About as many tokens as the prompt has."""
    return take(of_prompt(prompt))


def as_counted_by(model: str, tokens: int) -> int:
    """What such a model makes of so many."""
    return math.ceil(tokens * MORE) if is_of_more(model) else tokens


def of_prompt(prompt: Prompt) -> Steps[int]:
    """Those of a whole request."""
    total = 0.0
    for message in prompt.messages:
        total += yield from _of_message(message)
    for tool in prompt.tools:
        total += PER_TOOL + (yield from of_text(msgspec.json.encode(tool.schema or {}).decode()))
        total += yield from of_text(f"{tool.name} {tool.description or ''}")
    if prompt.response_schema:
        total += yield from of_text(msgspec.json.encode(prompt.response_schema).decode())
    return math.ceil(total)


def of_answer(events: Iterable[AnyEvent]) -> Steps[Count]:
    """Those of what came, which nobody need have finished."""
    words, thoughts, inputs = list[str](), list[str](), list[str]()
    calls = 0
    for event in events:
        match event:
            case Text() | Refusal():
                words.append(event.delta)
            case Reasoning():
                thoughts.append(event.delta)
            case ToolCall():
                calls += 1
                inputs.append(event.name)
            case ToolInput():
                inputs.append(event.delta)
            case _:
                pass
    yield
    thought = math.ceil((yield from of_text("".join(thoughts))))
    said = (yield from of_text("".join(words))) + (yield from of_text("".join(inputs)))
    return Count(0, thought + math.ceil(said + calls * PER_CALL), thought)


def of_json(text: str) -> Steps[int]:
    """Those of a request that nobody can take apart; what is no language does not count."""
    return math.ceil((yield from of_text(tokens.without_data(text))))


def of_text(text: str) -> Steps[float]:
    """Those of a text, however long."""
    if not text:
        return 0.0
    size = len(text)
    every = SLICE if size <= SAMPLE else SLICE * size // SAMPLE
    total, counted = 0.0, 0
    for start in range(0, size, every):
        piece = text[start : start + SLICE]
        total += tokens.count(piece)
        counted += len(piece)
        yield
    return total * size / counted


def _of_message(message: Message) -> Steps[float]:
    total = float(PER_MESSAGE)
    for call in message.calls:
        total += PER_CALL + (yield from of_text(f"{call.name} {call.input}"))
    for part in message.parts:
        total += yield from _of_part(part)
    return total


def _of_part(part: Part) -> Steps[float]:
    match part:
        case TextPart(text) | RefusalPart(text):
            return (yield from of_text(text))
        case ImagePart():
            return tokens.of_image(part.url, part.detail)
        case AudioPart():
            return tokens.of_sound(len(part.data), part.format)
        case FilePart():
            return tokens.of_file(part.data)

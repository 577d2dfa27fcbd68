"""
How many tokens there are, where nobody says.

Everything here counts in steps: a generator that yields after each small piece and returns the sum, so that
whoever cannot spare the time may rest in between. `take` takes all steps at once.
"""

import math
from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

import msgspec

from headgate.calls import AudioPart, FilePart, ImagePart, Prompt, RefusalPart, TextPart
from headgate.events import AnyEvent, Audio, Reasoning, Refusal, Text, ToolCall, ToolInput, Transcript
from headgate.formats import durations, tokens
from headgate.formats.tokens import LONGEST_PART, MORE, is_of_more

T = TypeVar("T")

Steps: TypeAlias = Generator[None, None, T]

EVENTS = 2000
"""Events that are looked at in one step."""

SLICE = 4096
"""Characters that are counted in one step: some tenths of a millisecond."""

SAMPLE = 256 * 1024
"""Of more than these only so many characters are counted, from all of the texts, and the rest is like them."""

GLANCES = 32

LETTERS = 4
"""Characters of a token, roughly."""

MANY, MOST = 32, 0.5
"""Parts from which on a text is not put together to be counted, where so many of them begin a word. Slices of any
other kind would cut words, and each piece of one counts."""

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
    around, texts = 0.0, list[str]()
    for message in prompt.messages:
        around += PER_MESSAGE + PER_CALL * len(message.calls)
        texts += (f"{call.name} {call.input}" for call in message.calls)
        for part in message.parts:
            if isinstance(part, TextPart | RefusalPart):
                texts.append(part.text)
            else:
                around += _of_no_text(part)
    for tool in prompt.tools:
        around += PER_TOOL
        texts += (f"{tool.name} {tool.description or ''}", msgspec.json.encode(tool.schema or {}).decode())
    if prompt.response_schema:
        texts.append(msgspec.json.encode(prompt.response_schema).decode())
    return math.ceil(around + (yield from of_texts(texts)))


def of_answer(events: Sequence[AnyEvent]) -> Steps[Count]:
    """Those of what came, which nobody need have finished."""
    words, thoughts, inputs = list[str](), list[str](), list[str]()
    calls = sound = 0
    begins = b""
    for start in range(0, len(events), EVENTS):
        for event in events[start : start + EVENTS]:
            # The common case first: most of a long log is words and nothing else.
            if type(event) is Text or type(event) is Refusal:
                words.append(event.delta)
            elif type(event) is Reasoning:
                thoughts.append(event.delta)
            elif type(event) is ToolInput:
                inputs.append(event.delta)
            elif type(event) is ToolCall:
                calls += 1
                inputs.append(event.name)
            elif type(event) is Transcript:
                words.append(event.delta)
            elif type(event) is Audio:
                begins, sound = begins or event.data, sound + len(event.data)
        yield
    thought = math.ceil((yield from _of_parts(thoughts)))
    said = (yield from _of_parts(words)) + (yield from _of_parts(inputs))
    spoken = durations.tokens(durations.format_of(begins), begins, sound) if sound else 0
    return Count(0, thought + math.ceil(said + calls * PER_CALL) + spoken, thought)


def _of_parts(parts: Sequence[str]) -> Steps[float]:
    """Those of a text that came in parts: where most of these are words, by what is known of each."""
    if MANY <= len(parts) <= EVENTS and max(map(len, parts)) <= LONGEST_PART:
        begun = sum([part[:1] == " " for part in parts])
        if begun >= len(parts) * MOST:
            return tokens.count_parts(parts)
    return (yield from of_text("".join(parts)))


def of_json(text: str) -> Steps[int]:
    """Those of a request that nobody can take apart; what is no language does not count."""
    return math.ceil((yield from of_texts((text,), tokens.without_data)))


def roughly(text: str) -> int:
    """Those of a text, at some glances: however long it is, that takes less than a millisecond."""
    parts = [text[start : start + SLICE] for start in range(0, len(text), max(SLICE, len(text) // GLANCES))]
    seen, words = sum(map(len, parts)), sum(len(tokens.without_data(part)) for part in parts)
    return math.ceil(len(text) * words / seen / LETTERS) if seen else 0


def of_text(text: str) -> Steps[float]:
    """Those of a text, however long."""
    return (yield from of_texts((text,)))


def of_texts(texts: Sequence[str], cleaned: Callable[[str], str] = str) -> Steps[float]:
    """Those of several, however long together: of very many characters a part stands for all."""
    size = sum(map(len, texts))
    every = SLICE if size <= SAMPLE else SLICE * size // SAMPLE
    total, counted, rested, start = 0.0, 0, 0, 0
    for text in texts:
        while start < len(text):
            piece = text[start : start + SLICE]
            total += tokens.count(cleaned(piece))
            counted += len(piece)
            start += every
            if counted - rested >= SLICE:
                rested = counted
                yield
        # Where a step is longer than what is left, it goes on in the next.
        start = start - len(text) if every > SLICE else 0
    return total * size / counted if counted else 0.0


def _of_no_text(part: ImagePart | AudioPart | FilePart) -> float:
    match part:
        case ImagePart():
            return tokens.of_image(part.url, part.detail)
        case AudioPart():
            return tokens.of_sound(len(part.data), part.format)
        case FilePart():
            return tokens.of_file(part.data)

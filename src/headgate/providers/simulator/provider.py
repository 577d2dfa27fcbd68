"""The simulator as a provider: what comes when, and how it breaks."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import msgspec

from headgate.calls import Call, Prompt
from headgate.errors import BadRequest, ProviderError
from headgate.events import AnyEvent, Finished, Started, Usage
from headgate.formats import upstream_errors
from headgate.formats.embedding import EmbedCall, Vectors
from headgate.formats.inputs import INPUTS
from headgate.formats.prompts import PROMPTS
from headgate.formats.vectors import Vector
from headgate.providers.base import Ask, Emit, Limits
from headgate.providers.simulator import plan, vectors
from headgate.providers.simulator.script import BASE, MODELS, Fail, Script, Tokens, layered, read
from headgate.providers.simulator.voice import Voice

MAX_CHOICES = 16
MAX_STOPS = 16
MAX_STOP = 1_000
"""Characters of one stop word: what could be the beginning of one is held back and searched."""

EMBEDDING = "embedding"
"""The model that makes vectors and says nothing; the others make vectors too."""

YIELDS_EVERY = 16
"""Pieces without a pause between them, after which others get a turn."""

_HOUR = 3600.0


class Simulator:
    """Answers without a model, in the way a script says."""

    def __init__(self, name: str = "simulator", limits: Limits = Limits(), defaults: Script = Script()) -> None:  # noqa: B008 (both are frozen)
        self.name, self.limits = name, limits
        self._defaults = defaults
        self._turns: Counter[str] = Counter()
        """How many requests each model had that fail only now and then."""

    async def run(self, ask: Ask, emit: Emit) -> None:
        """Answer as told; see Provider."""
        script = self._script(ask.model, read(ask.call))
        prompt = _prompt(ask.call)
        voices = _voices(ask, prompt, script)
        await asyncio.sleep((script.first_ms or 0) / 1000)
        if script.silent_start:
            await _silence()
        if script.fail is not None and script.fail.at == "start":
            raise self._failure(script.fail)
        emit([Started(self.name, ask.model, "", ask.created)])
        await _say(voices, script, emit)
        if script.breaks_after is not None:
            await self._break(script)
        emit(_end(voices, prompt, script))

    @property
    def embeds(self) -> bool:
        """It makes vectors."""
        return True

    async def embed(self, call: EmbedCall, model: str, connect: float) -> Vectors:
        """Vectors of texts, late or never where the script says so."""
        script = self._script(model, read(call), embeds=True)
        inputs = INPUTS[call.format](call)
        size = inputs.dimensions or vectors.SIZE
        if size > vectors.MAX_SIZE:
            raise _over("dimensions", f"at most {vectors.MAX_SIZE}")
        await asyncio.sleep((script.first_ms or 0) / 1000)
        if script.silent_start:
            await _silence()
        if script.fail is not None:
            raise self._failure(script.fail)
        made: list[Vector] = []
        tokens = 0
        for text in inputs.texts:
            words = text if isinstance(text, str) else " ".join(map(str, text))
            made.append(vectors.of(words, size))
            tokens += len(words.split())
            await asyncio.sleep(0)
        return Vectors(vectors=made, model=model, tokens=tokens)

    async def models(self) -> Sequence[str]:
        """Its models, each of which has a way of its own."""
        return (*MODELS, EMBEDDING)

    async def close(self) -> None:
        """It holds nothing."""

    def _script(self, model: str, said: Script, *, embeds: bool = False) -> Script:
        preset = Script() if embeds and model == EMBEDDING else MODELS.get(model)
        if preset is None:
            raise ProviderError(
                f"{self.name} has no model '{model[:100]}' for that; its models are {', '.join(MODELS)}.",
                code="model_not_found",
                param="model",
                status=404,
                kind="invalid_request_error",
                retryable=False,
            )
        script = layered(said, preset, self._defaults, BASE)
        if script.fail is not None and script.fail.every > 1:
            self._turns[model] += 1
            if (self._turns[model] - 1) % script.fail.every:
                return msgspec.structs.replace(script, fail=None)
        return script

    def _failure(self, fail: Fail) -> ProviderError:
        """The error as it would be read from an upstream's answer."""
        body = msgspec.json.encode({"error": {"message": fail.message, "code": fail.code}})
        error = upstream_errors.read_error(fail.status, body, self.name)
        error.retry_after = fail.retry_after
        return error

    async def _break(self, script: Script) -> None:
        if script.fail is not None:
            raise self._failure(script.fail)
        if script.stall_after is not None:
            await _silence()
        raise ProviderError(f"{self.name} broke off in the middle of its answer.", code="upstream_incomplete")


def _prompt(call: Call) -> Prompt:
    """The request in words of our own, within the bounds of what is simulated."""
    prompt = PROMPTS[call.format](call)
    if call.choices > MAX_CHOICES:
        raise _over("n", f"at most {MAX_CHOICES} choices")
    if len(prompt.stop) > MAX_STOPS or any(len(stop) > MAX_STOP for stop in prompt.stop):
        raise _over("stop", f"at most {MAX_STOPS} stop words of at most {MAX_STOP} characters")
    return prompt


def _over(param: str, bound: str) -> BadRequest:
    return BadRequest(f"Invalid value for '{param}': the simulator takes {bound}.", param=param, code="invalid_value")


def _voices(ask: Ask, prompt: Prompt, script: Script) -> list[Voice]:
    """One for each choice that was asked for, with words of its own."""
    seed, run = plan.seed(prompt, script), ask.run.removeprefix("run_")
    voices = []
    for choice in range(ask.call.choices):
        own = f"{seed}/{choice}"
        decided = plan.decide(prompt, script, own, ask.call.format, ask.created)
        voices.append(Voice(decided, prompt, script, run=run, seed=own, choice=choice))
    return voices


async def _say(voices: Sequence[Voice], script: Script, emit: Emit) -> None:
    """Say it in time, as far as the script lets it go: a step is a piece of every choice."""
    pace = _Pace((script.gap_ms or 0) / 1000)
    for number, step in enumerate(_steps(voices)):
        if number:
            await pace.wait()
        if number == script.breaks_after:
            return
        emit(step)


def _steps(voices: Sequence[Voice]) -> Iterator[list[AnyEvent]]:
    for events in zip_longest(*(voice.events() for voice in voices)):
        yield [event for event in events if event is not None]


class _Pace:
    """
    Waits between pieces, by a timetable rather than by a pause after each.

    Pauses that come a little late would add up, and fifty pieces a second become forty-five.
    """

    def __init__(self, gap: float) -> None:
        self._gap, self._waits = gap, 0
        self._clock = asyncio.get_running_loop().time
        self._due = self._clock()

    async def wait(self) -> None:
        """Until the next piece is due."""
        self._waits += 1
        self._due += self._gap
        delay = self._due - self._clock()
        if delay > 0 or not self._waits % YIELDS_EVERY:
            await asyncio.sleep(max(delay, 0))


async def _silence() -> None:
    """For ever; somebody's limit has to end it."""
    while True:
        await asyncio.sleep(_HOUR)


def _end(voices: Sequence[Voice], prompt: Prompt, script: Script) -> list[AnyEvent]:
    first, *rest = (voice.reason for voice in voices)
    end = Finished(first, tuple(rest))
    return [end] if script.usage is False else [_usage(voices, prompt, script), end]


def _usage(voices: Sequence[Voice], prompt: Prompt, script: Script) -> Usage:
    """What was counted, under what the script says."""
    said = script.usage if isinstance(script.usage, Tokens) else Tokens()
    input = said.input if said.input is not None else plan.words_of(prompt)
    output = said.output if said.output is not None else sum(voice.spent for voice in voices)
    return Usage(
        input=input,
        output=output,
        total=said.total if said.total is not None else input + output,
        cached=said.cached,
        reasoning=said.reasoning if said.reasoning is not None else sum(voice.thought for voice in voices),
    )

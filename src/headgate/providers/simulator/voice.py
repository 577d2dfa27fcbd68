"""
An answer as the events it is made of, each made when it is asked for.

A token is a word with the space before it, and a word of more than 32 characters is several. Limits,
stop words, pieces and log probabilities all speak of these tokens.
"""

import math
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from random import Random
from typing import Any

import msgspec

from headgate.calls import Prompt
from headgate.events import AnyEvent, Json, Reasoning, Refusal, Text, ToolCall, ToolInput
from headgate.providers.simulator import prose
from headgate.providers.simulator.plan import Plan
from headgate.providers.simulator.script import Script

_TOKEN = re.compile(r"\s{0,32}\S{1,32}|\s{1,32}")


class Voice:
    """One choice of an answer."""

    def __init__(self, plan: Plan, prompt: Prompt, script: Script, *, run: str, seed: str, choice: int) -> None:
        self._plan, self._script, self._run, self._choice = plan, script, run, choice
        self._stop = tuple(filter(None, prompt.stop))
        self._most = math.inf if prompt.max_tokens is None else prompt.max_tokens
        self._earlier = sum(len(message.calls) for message in prompt.messages)
        """Calls of the conversation so far: in one run a model may be asked several times."""
        logs = prompt.logprobs
        self._probabilities = None if logs is None else _Probabilities(Random(f"{seed}/logprobs"), logs)
        self._reason = "tool_calls" if plan.calls else "stop"
        self._is_cut = False
        self.spent = 0
        """Tokens so far, thoughts included."""
        self.thought = 0
        """Tokens of thought."""

    @property
    def reason(self) -> str:
        """Why it ended, once it has."""
        return self._script.finish_reason or self._reason

    def events(self) -> Iterator[AnyEvent]:
        """All that is said, in order."""
        plan, choice = self._plan, self._choice
        for piece in self._pieces(self._spend(plan.thoughts)):
            self.thought = self.spent
            yield Reasoning(piece, choice)
        for piece in self._pieces(self._spend((plan.refusal,))):
            yield Refusal(piece, choice, self._log(piece))
        for piece in self._pieces(self._until_stop(self._spend(plan.text))):
            yield Text(piece, choice, self._log(piece))
        if not self._is_cut:
            yield from self._calls()

    def _calls(self) -> Iterator[AnyEvent]:
        for number, (name, input) in enumerate(self._plan.calls):
            yield ToolCall(number, f"call_{self._run}_{self._choice}_{self._earlier + number}", name, self._choice)
            size = self._script.chunk_chars or max(1, math.ceil(len(input) / 3))
            for start in range(0, len(input), size):
                yield ToolInput(number, input[start : start + size], self._choice)
            self.spent += len(input.split())

    def _spend(self, fragments: Iterable[str]) -> Iterator[str]:
        """The tokens of a text, as far as the request's limit goes."""
        for fragment in fragments:
            for token in _TOKEN.finditer(fragment):
                if self._is_cut or self.spent >= self._most:
                    self._cut("length")
                    return
                self.spent += 1
                yield token[0]

    def _cut(self, reason: str) -> None:
        if not self._is_cut:
            self._is_cut, self._reason = True, reason

    def _until_stop(self, tokens: Iterator[str]) -> Iterator[str]:
        """The tokens before the first stop word, which may lie across several of them."""
        if not self._stop:
            yield from tokens
            return
        reach = max(map(len, self._stop)) - 1
        held: list[str] = []
        for token in tokens:
            held.append(token)
            text = "".join(held)
            found = [at for stop in self._stop if (at := text.find(stop)) >= 0]
            if found:
                self._cut("stop")
                yield from _TOKEN.findall(text[: min(found)])
                return
            # What could still be the beginning of a stop word is held back.
            length = len(text)
            while held and length - len(held[0]) >= reach:
                length -= len(held[0])
                yield held.pop(0)
        yield from held

    def _pieces(self, tokens: Iterator[str]) -> Iterator[str]:
        """The tokens in pieces of the script's size."""
        size = self._script.chunk_chars
        if size is None:
            words = self._script.chunk_words or 1
            while piece := "".join(islice(tokens, words)):
                yield piece
            return
        rest = ""
        for token in tokens:
            rest += token
            while len(rest) >= size:
                yield rest[:size]
                rest = rest[size:]
        if rest:
            yield rest

    def _log(self, piece: str) -> Json | None:
        return None if self._probabilities is None else self._probabilities.of(piece)


class _Probabilities:
    """Log probabilities that look like a model's, in the shape of OpenAI's list."""

    def __init__(self, rng: Random, alternatives: int) -> None:
        self._rng, self._alternatives = rng, alternatives

    def of(self, piece: str) -> Json:
        """Those of a piece's tokens."""
        return msgspec.json.encode([self._token(token) for token in _TOKEN.findall(piece)])

    def _token(self, token: str) -> dict[str, Any]:
        probability = self._rng.uniform(0.5, 1)
        chosen = _entry(token, probability)
        top = [chosen] if self._alternatives else []
        for _ in range(self._alternatives - 1):
            # Each takes a part of what is left, so that they fall and never add up to more than one.
            probability = (1 - probability) * self._rng.uniform(0.1, 0.5) if len(top) == 1 else probability * 0.6
            top.append(_entry(" " + prose.word(self._rng), probability))
        return {**chosen, "top_logprobs": top}


def _entry(token: str, probability: float) -> dict[str, Any]:
    return {"token": token, "logprob": round(math.log(probability), 6), "bytes": list(token.encode())}

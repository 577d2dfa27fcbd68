"""What a client makes of an answer, and what every judge checks alike."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tests.formats.responses.schema import faults
from tests.oddities.client import Answer

Json = dict[str, Any]


@dataclass(frozen=True)
class ToolCall:
    """A call as a client would make it."""

    name: str
    input: str
    id: str = field(compare=False, default="")
    kind: str = "function"


@dataclass(frozen=True)
class Choice:
    """One of the answers."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: str | None = "stop"
    tokens: tuple[str, ...] = ()
    """The tokens that log probabilities were given for."""


@dataclass(frozen=True)
class Said:
    """A whole answer."""

    choices: tuple[Choice, ...]
    usage: tuple[int, int, int] | None
    raw: Any = field(compare=False, default=None)
    """The chunks, or the object."""


@dataclass(frozen=True)
class Failed:
    """An error, and what came before it."""

    status: int
    """The HTTP status; 200 for an error in a stream."""
    error: Json
    headers: dict[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()


class Unfit(AssertionError):
    """The answer is not in the shape it must have."""


def strict_json(text: str) -> Any:
    """JSON by the letter: no NaN, no key twice, no half of a character."""
    value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
    text.encode()
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse(constant: str) -> NoReturn:
    raise Unfit(f"{constant} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Unfit(f"a key comes twice: {[key for key, _ in pairs]}")
    return made


def fit(value: Any, schema: str) -> None:
    """The value is of OpenAI's schema."""
    found = faults(value, schema)
    if found:
        raise Unfit(f"{schema}: {found} in {json.dumps(value)[:500]}")


def need(condition: object, message: str) -> None:
    """Otherwise the answer is unfit."""
    if not condition:
        raise Unfit(message)


def frames(answer: Answer) -> list[str]:
    """
    The data of every event, by the plainest rules: `data: `, one line, a blank line, LF only.

    A comment may stand between two events; nothing else may.
    """
    need(answer.headers.get("content-type", "").startswith("text/event-stream"), "no event stream")
    need(b"\r" not in answer.body, "a CR")
    rest, found = answer.body.decode(), list[str]()
    while rest:
        line, end, rest = rest.partition("\n")
        need(end, "a line without an end")
        if line.startswith(": "):
            continue
        need(line.startswith("data: ") and rest.startswith("\n"), f"no plain event: {line[:200]!r}")
        found.append(line.removeprefix("data: "))
        rest = rest[1:]
    return found


def failure(answer: Answer) -> Failed:
    """An error with an HTTP status of its own."""
    need(answer.status >= 400, f"a status {answer.status}")
    need(answer.is_whole, "an error that was cut")
    need(answer.headers.get("content-type", "").startswith("application/json"), "an error that is no JSON")
    said = strict_json(answer.body.decode())
    need(said.keys() <= {"error", "detail"}, f"an error with {said.keys()}")
    return Failed(answer.status, checked_error(said["error"]), answer.headers)


def checked_error(error: Json) -> Json:
    """OpenAI's error object: all four keys, each of its type, and a sentence to read."""
    need(error.keys() == {"message", "type", "param", "code"}, f"an error object with {sorted(error)}")
    fit(error, "Error")
    need(error["message"].strip() and error["type"], "an error that says nothing")
    return error


ESTIMATED = (-1, -1, -1)
"""Stands for the numbers of a usage that is marked as estimated: they only have to be likely."""


def usage_of(usage: Json | None) -> tuple[int, int, int] | None:
    """The three numbers that matter."""
    if usage is None:
        return None
    fit(usage, "CompletionUsage")
    return checked(usage, usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"])


def checked(usage: Json, *numbers: int) -> tuple[int, int, int]:
    """What goes in, what comes out and the sum, as they may be."""
    input, output, total = numbers
    need(min(numbers) >= 0, f"negative usage {numbers}")
    if usage.get("estimated") is not True:
        return input, output, total
    need(0 < input < 50 and 0 < output < 50 and total == input + output, f"an unlikely estimate {numbers}")
    return ESTIMATED


def same_everywhere(chunks: Iterable[Json], *keys: str) -> None:
    """All chunks of a stream say the same of these."""
    for key in keys:
        values = {json.dumps(chunk.get(key, "(absent)")) for chunk in chunks}
        need(len(values) <= 1, f"{key} changes: {values}")

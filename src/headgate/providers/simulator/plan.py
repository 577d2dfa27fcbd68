"""What is to be said, decided before the first event, so that a bad request can still be refused."""

import json
import zlib
from collections.abc import Iterable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from headgate.calls import Prompt, RefusalPart, TextPart, Tool
from headgate.errors import BadRequest
from headgate.formats import openai_responses
from headgate.providers.simulator import prose
from headgate.providers.simulator.inventing import invent
from headgate.providers.simulator.script import Script, ScriptedCall

REFUSAL = "I'm sorry, but I would rather leave that gate closed."

if TYPE_CHECKING:
    from headgate.providers.simulator.assistant import Turn

_NO_TEXT: Iterable[str] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, not yet in pieces; each part of it may be empty."""

    thoughts: Iterable[str] = _NO_TEXT
    refusal: str = ""
    text: Iterable[str] = _NO_TEXT
    """In fragments that may be made as they are read: an answer can be long."""
    calls: tuple[tuple[str, str], ...] = ()
    """Names and inputs of the tools to call."""


def seed(prompt: Prompt, script: Script) -> int:
    """What chooses the words: the script's seed, the request's, or one made from the conversation."""
    if script.seed is not None:
        return script.seed
    return prompt.seed if prompt.seed is not None else zlib.crc32(msgspec.json.encode(prompt.messages))


def decide(prompt: Prompt, script: Script, seed: str, format: str, now: int) -> Plan:
    """What to answer; raises BadRequest for what cannot be answered. `now` is in Unix seconds."""
    thoughts = prose.sentences(Random(f"{seed}/reasoning"), script.reasoning or 0, prose.THOUGHT)
    if script.refusal:
        return Plan(thoughts=thoughts, refusal=REFUSAL if script.refusal is True else script.refusal)
    rng = Random(seed)
    if (turn := _assist(prompt, script, rng, now)) is not None:
        return Plan(thoughts=thoughts, calls=turn.calls, text=(turn.text,) if turn.text else _NO_TEXT)
    calls = tuple(_calls(prompt, script, rng))
    if calls and script.text is None:
        return Plan(thoughts=thoughts, calls=calls)
    return Plan(thoughts=thoughts, text=_text(prompt, script, rng, format), calls=calls)


def _assist(prompt: Prompt, script: Script, rng: Random, now: int) -> "Turn | None":
    """What the assistant does, where no script says what to say, and no schema how."""
    script_speaks = script.text is not None or script.words is not None or script.echo or script.tool_calls is not None
    if script_speaks or _forced(prompt) or _response_schema(prompt) is not None:
        return None
    if not prompt.tools and all(message.role != "tool" for message in prompt.messages[-1:]):
        return None
    # Not cheap to import, and needed only where there are tools.
    from headgate.providers.simulator import assistant

    return assistant.turn(prompt, now, lambda tool: _made_up(tool, rng)[1])


def _text(prompt: Prompt, script: Script, rng: Random, format: str) -> Iterable[str]:
    if script.text is not None:
        return (script.text,)
    if script.echo:
        return (_last_said(prompt),)
    if (schema := _response_schema(prompt)) is not None:
        param = "text.format" if format == openai_responses.NAME else "response_format"
        return (_json(invent(schema, rng, param)),)
    words = script.words if script.words is not None else rng.randint(32, 48)
    return prose.sentences(rng, words)


def _last_said(prompt: Prompt) -> str:
    """The words of the user's last message."""
    for message in reversed(prompt.messages):
        if message.role == "user":
            return "".join(part.text for part in message.parts if isinstance(part, TextPart))
    return ""


def _response_schema(prompt: Prompt) -> dict[str, Any] | None:
    """What the answer has to look like, where it has to be JSON."""
    match prompt.response_schema:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_object" | "json_schema"}:
            return _ANY_OBJECT
        case _:
            return None


_ANY_OBJECT: dict[str, Any] = {
    "properties": {"answer": {"type": "string"}, "certainty": {"type": "number", "maximum": 1, "minimum": 0}}
}


def _calls(prompt: Prompt, script: Script, rng: Random) -> Iterator[tuple[str, str]]:
    """
    The tools to call.

    A script's own list comes before everything, even before tools that the request has; but no script
    calls again once it has its results, or a client that runs tools in a loop would never come out of it.
    """
    has_results = bool(prompt.messages) and prompt.messages[-1].role == "tool"
    match script.tool_calls:
        case list(calls):
            if not has_results:
                yield from map(_scripted, calls)
        case False:
            return
        case wanted:
            if tool := _forced(prompt):
                yield _made_up(tool, rng)
            elif wanted and prompt.tools and prompt.tool_choice != "none" and not has_results:
                yield _made_up(prompt.tools[0], rng)


def _forced(prompt: Prompt) -> Tool | None:
    """The tool that the request says must be called."""
    choice = prompt.tool_choice or "auto"
    if choice != "required" and not choice.startswith("="):
        return None
    for tool in prompt.tools:
        if choice in ("required", f"={tool.name}"):
            return tool
    raise BadRequest("'tool_choice' asks for a tool that is not in 'tools'.", param="tool_choice", code="invalid_value")


def _scripted(call: ScriptedCall) -> tuple[str, str]:
    return call.name, call.arguments if isinstance(call.arguments, str) else _json(call.arguments)


def _made_up(tool: Tool, rng: Random) -> tuple[str, str]:
    return tool.name, _json(invent({"type": "object", **(tool.schema or {})}, rng, "tools"))


def _json(value: object) -> str:
    # Not msgspec: a schema's numbers may be longer than the 64 bits it writes.
    return json.dumps(value, ensure_ascii=False)


def words_of(prompt: Prompt) -> int:
    """How many words the conversation has."""
    return sum(
        len(part.text.split())
        for message in prompt.messages
        for part in message.parts
        if isinstance(part, (TextPart, RefusalPart))
    )

"""What tools were called since the user last spoke, and what they gave, as far as a conversation tells it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from headgate.calls import Message, Prompt, TextPart, ToolUse


class Given(NamedTuple):
    """One call, and its result."""

    name: str
    arguments: Any
    result: str
    is_error: bool


class Todo(NamedTuple):
    """A todo, as a tool tells of it."""

    id: Any
    title: str
    done: bool
    due: str | None


def record(prompt: Prompt) -> tuple[Given, ...]:
    """Every call that has its result, in their order."""
    spoke = max((place for place, message in enumerate(prompt.messages) if message.role == "user"), default=-1)
    asked: dict[str | None, ToolUse] = {}
    found = []
    for message in prompt.messages[spoke + 1 :]:
        # Some count their calls from the beginning in every turn, so an id means the call it was last given to.
        asked |= {call.id: call for call in message.calls}
        if message.role == "tool" and (call := asked.pop(message.call_id, None)) is not None:
            found.append(Given(call.name, _read(call.input), _text(message), message.is_error))
    return tuple(found)


def todos_in(result: str) -> tuple[Todo, ...]:
    """The todos that a result tells of, however it is wrapped: one, a list, or either in a field of an object."""
    found = _read(result)
    if isinstance(found, dict) and "title" not in found:
        found = next((value for value in found.values() if isinstance(value, dict | list)), None)
    several = found if isinstance(found, list) else [found]
    return tuple(_todo(one) for one in several if isinstance(one, dict) and isinstance(one.get("title"), str))


def error_in(given: Given) -> str | None:
    """What went wrong, where something did: clients have no other way to say it than in the result."""
    found = _read(given.result)
    said = found.get("error") if isinstance(found, dict) else None
    if isinstance(said, dict):
        said = said.get("message")
    if isinstance(said, str):
        return said
    return given.result if given.is_error else None


def _todo(said: Mapping[str, Any]) -> Todo:
    due = _first(said, ("dueDate", "due_date", "due"))
    done = _first(said, ("completed", "done", "is_done"))
    return Todo(said.get("id"), said["title"], done is True, due if isinstance(due, str) else None)


def _first(said: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((said[name] for name in names if said.get(name) is not None), None)


def _text(message: Message) -> str:
    return "".join(part.text for part in message.parts if isinstance(part, TextPart))


def _read(text: str) -> Any:
    """JSON, or None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

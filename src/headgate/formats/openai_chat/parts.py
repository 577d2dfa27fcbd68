"""Words that come in other forms than one piece of text."""

from typing import Any

import msgspec


def words(content: object) -> str:
    """
    The words of a content: text, a list of parts, one part, or a number.

    Numbers come from servers that take a digit between two words for one.
    """
    match content:
        case str():
            return content
        case list():
            return "".join(map(_part, content))
        case dict():
            return _part(content)
        case bool() | None:
            return ""
        case int() | float():
            return msgspec.json.encode(content).decode()
        case _:
            return ""


def thoughts(said: object) -> str:
    """What was thought: in a delta's fields, or in the parts of a content."""
    match said:
        case {"reasoning_content": str(thought)} if thought:
            return thought
        case {"reasoning": str(thought)}:
            return thought
        case {"reasoning": {"content": str(thought)}} | {"reasoning": {"text": str(thought)}}:
            return thought
        case list():
            return "".join(_thinking(part) for part in said)
        case dict():
            return _thinking(said)
        case _:
            return ""


def _part(part: Any) -> str:
    match part:
        case str(text):
            return text
        case {"type": "thinking" | "reasoning"}:
            return ""
        case {"text": str(text)} | {"text": {"value": str(text)}}:
            return text
        case _:
            return ""


def _thinking(part: Any) -> str:
    """Mistral's thinking models send thoughts as parts, which are lists of text parts themselves."""
    match part:
        case {"type": "thinking" | "reasoning"}:
            thought = part.get("thinking") or part.get("reasoning") or part.get("text")
            return words(thought)
        case _:
            return ""

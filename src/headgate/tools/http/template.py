"""
Addresses with places for arguments: `https://example.com/cities/{city}?days={days}`.

An argument fills its place and nothing beside it: it is escaped, and one that would lead out of its part of the path
even so is refused. Scheme, host and port have no places.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from headgate.tools.base import ToolError

PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")

_URL = re.compile(r"(?P<origin>https?://[^/?#{}]+)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_STEPS = re.compile(r"[/\\]")


class UrlTemplate:
    """One of those; raises ValueError for what is none."""

    def __init__(self, text: str) -> None:
        parts = _URL.fullmatch(text)
        if parts is None:
            raise ValueError("it must begin with http:// or https:// and a host, and have no `{...}` before its path")
        self._origin = parts["origin"]
        self._segments = (parts["path"] or "/").split("/")
        self._query = [_pair(text) for text in (parts["query"] or "").split("&") if text]
        self.in_path = frozenset(PLACE.findall(parts["path"] or ""))
        self.names = self.in_path | {name for _, value in self._query for name in PLACE.findall(value)}
        """The arguments that have a place."""
        if any("{" in rest or "}" in rest for rest in (PLACE.sub("", text), *(name for name, _ in self._query))):
            raise ValueError("`{...}` may hold the name of an argument, and stand in the path or a value of the query")

    def fill(self, arguments: Mapping[str, Any], more: Mapping[str, Any]) -> str:
        """The address for these arguments, with `more` in its query; raises ToolError for what leads elsewhere."""
        path = "/".join(_segment(segment, arguments) for segment in self._segments)
        own = (f"{name}={value}" for name, text in self._query for value in _values(text, arguments))
        rest = (f"{_escaped(name)}={_escaped(text)}" for name, value in more.items() for text in values_of(value))
        query = "&".join((*own, *rest))
        return f"{self._origin}{path}{'?' if query else ''}{query}"


def text_of(value: Any) -> str:
    """A value as it stands in an address or a form: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def values_of(value: Any) -> list[str]:
    """The same where a name may come several times, or not at all."""
    if value is None:
        return []
    return [text_of(each) for each in value] if isinstance(value, list) else [text_of(value)]


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _segment(template: str, arguments: Mapping[str, Any]) -> str:
    names = PLACE.findall(template)
    if not names:
        return template
    filled = _filled(template, arguments)
    if not all(_stays(decoded) for decoded in _decoded(filled)):
        raise ToolError(f"`{names[0]}` must not be empty, and not hold `.` or `..` as a part of a path.")
    return filled


def _decoded(text: str) -> Iterator[str]:
    """The text as servers see it: most decode it once, and some once too often."""
    for _ in range(3):
        text = unquote(text)
        yield text


def _stays(segment: str) -> bool:
    """Whether it is one part of a path, also for servers that take an escaped slash for a slash."""
    return segment != "" and not _CONTROL.search(segment) and not {".", ".."} & set(_STEPS.split(segment))


def _values(template: str, arguments: Mapping[str, Any]) -> list[str]:
    """What the template of a query's value comes to: one value, several for a list, none where an argument is none."""
    whole = PLACE.fullmatch(template)
    if whole is not None:
        return [_escaped(value) for value in values_of(arguments.get(whole[1]))]
    if any(arguments.get(name) is None for name in PLACE.findall(template)):
        return []
    return [_filled(template, arguments)]


def _filled(template: str, arguments: Mapping[str, Any]) -> str:
    return PLACE.sub(lambda match: _escaped(text_of(arguments[match[1]])), template)


def _escaped(text: str) -> str:
    return quote(text, safe="")

"""
Functions that a request only names, because the server has them: strings in `functions`, and tools that are a name.

Which of those the server has is for others to say; here they are found, and taken out of the request.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from headgate.calls import Fields
from headgate.formats import strict

_DECLARATIONS = ("functionDeclarations", "function_declarations")
_LISTS = ("functions", "tools")


def strings_in(fields: Fields) -> frozenset[str]:
    """Those that can be nothing but functions of the server's."""
    return frozenset(each for each in _listed(fields, "functions") if isinstance(each, str))


def names_in(fields: Fields) -> set[str]:
    """The names of all tools of the client's."""
    listed = [_inner(each) for where in _LISTS for each in _flat(_listed(fields, where))]
    return {each["name"] for each in listed if isinstance(each.get("name"), str)}


def place_of(name: str, fields: Fields) -> int:
    """Where among the tools it stands."""
    tools = _listed(fields, "tools")
    return next((at for at, each in enumerate(tools) if isinstance(each, dict) and each.get("name") == name), 0)


def without(fields: Fields, names: Collection[str]) -> Fields:
    """The request without those, and without strings; a list that is empty then is gone."""
    left = dict(fields)
    for where in _LISTS:
        if where in fields:
            kept = [each for tool in _listed(fields, where) for each in _without(tool, names)]
            if kept:
                left[where] = msgspec.Raw(msgspec.json.encode(kept))
            else:
                del left[where]
    return left


def _without(tool: object, names: Collection[str]) -> Iterator[object]:
    if not isinstance(tool, dict):
        if not isinstance(tool, str):
            yield tool
        return
    place = next((each for each in _DECLARATIONS if each in tool), None)
    if place is not None:
        listed = tool[place] if isinstance(tool[place], list) else [tool[place]]
        kept = [each for each in listed if not _is_bare(each, names)]
        if kept or len(tool) > 1:
            yield {**tool, place: kept} if kept else {key: value for key, value in tool.items() if key != place}
    elif not _is_bare(tool, names):
        yield tool


def _is_bare(tool: Mapping[str, Any], names: Collection[str]) -> bool:
    inner = _inner(tool)
    said = {key for key, value in inner.items() if value is not None}
    return inner.get("name") in names and said <= {"name", "type"}


def _inner(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    function = tool.get("function")
    return function if isinstance(function, dict) else tool


def _flat(tools: list[Any]) -> Iterator[dict[str, Any]]:
    for tool in tools:
        if isinstance(tool, dict):
            declared = next((tool[each] for each in _DECLARATIONS if each in tool), tool)
            yield from declared if isinstance(declared, list) else [declared]


def _listed(fields: Fields, name: str) -> list[Any]:
    said = strict.value(fields, name)
    # Google takes one for a list of one.
    return said if isinstance(said, list) else [] if said is None else [said]

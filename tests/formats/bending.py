"""Bends regular JSON in every way that vendors do, and more: keys lost, values replaced."""

import copy
from typing import Any

from hypothesis import strategies as st

ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 7, 2**70, 1.5, -0.0, 1e300, float("nan"), float("inf")),
    *("", "0", "x", "null", "error", "stop", "length", "\ud83d", "\udc0e", "a\n\nb\r"),
    *([], [None], [[]], ["x"], [{}]),
    *({}, {"a": 1}, {"message": "m"}, {"type": "text", "text": "t"}, {"error": {"message": "e"}}),
]

MISSING = object()

Path = tuple[str | int, ...]


def paths(value: Any, here: Path = ()) -> list[Path]:
    """Where something stands in a JSON value."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [here, *(path for key, each in inner for path in paths(each, (*here, key)))]


def replaced(value: Any, path: Path, new: Any) -> Any:
    """A copy with something else at that place, or nothing."""
    if not path:
        return new if new is not MISSING else None
    made = copy.deepcopy(value)
    place = made
    for key in path[:-1]:
        place = place[key]
    if new is MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = copy.deepcopy(new)
    return made


@st.composite
def bent(draw: st.DrawFn, values: list[Any], most: int = 3) -> list[Any]:
    """The same values with a few places bent."""
    made = list(values)
    for _ in range(draw(st.integers(0, most))):
        number = draw(st.integers(0, len(made) - 1))
        path = draw(st.sampled_from(paths(made[number])))
        made[number] = replaced(made[number], path, draw(st.sampled_from([*ODD, MISSING])))
    return made

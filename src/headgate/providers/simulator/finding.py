"""Which todos somebody means who speaks of them."""

import re
from collections.abc import Sequence

from headgate.providers.simulator.record import Todo

_ALL = re.compile(
    r"(?:all|every|everything|both|them)(?: (?:of them|the|my|that (?:is|are)|which (?:is|are)))*"
    r"(?: (?P<done>done|completed|finished|closed)| (?P<open>open|unfinished|undone|left|remaining))?"
    r"(?: (?:todos|tasks|items|ones))?",
    re.IGNORECASE,
)
_ENDS = {"first": 0, "first one": 0, "last": -1, "last one": -1}


def named(what: str, todos: Sequence[Todo]) -> Sequence[Todo] | str:
    """Those that are meant, or what to say where that cannot be told."""
    words = what.casefold()
    if every := _ALL.fullmatch(words):
        wanted = (True,) if every["done"] else (False,) if every["open"] else (True, False)
        found = [todo for todo in todos if todo.done in wanted]
        return found or "There are no such todos."
    if words in _ENDS and todos:
        return [todos[_ENDS[words]]]
    for fits in (_is, _holds, _shares):
        found = [todo for todo in todos if fits(words, todo.title.casefold())]
        # Of several with one name, those that are open are meant.
        found = [todo for todo in found if not todo.done] or found
        if len(found) == 1:
            return found
        if found:
            several = ", ".join(f'"{todo.title}" ({todo.id})' for todo in found[:10])
            return f'I do not know which one you mean by "{what}": {several}.'
    return f'I found no todo "{what}".'


def _is(words: str, title: str) -> bool:
    return words == title


def _holds(words: str, title: str) -> bool:
    return words in title or (len(title) > 2 and title in words)


def _shares(words: str, title: str) -> bool:
    return bool(set(re.findall(r"\w{4,}", words)) & set(re.findall(r"\w{4,}", title)))

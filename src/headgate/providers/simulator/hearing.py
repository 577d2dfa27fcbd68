"""
Hears what somebody wants, as far as that can be told from the words without a model.

A message is taken apart into clauses, and the first pattern that a clause fits says what it wants. Most of
what people say fits none of them, and wants nothing that is known here.
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias

from headgate.providers.simulator.days import parted
from headgate.providers.simulator.wants import Add, Change, Drop, Help, Mark, Show, Use, Want

MAX_TEXT = 4_000
"""Letters of a message that are looked at."""
MAX_CLAUSE = 300
"""Letters of a clause: patterns that begin with anything take time with the square of it."""
MAX_WANTS = 20

ALL = "all"
"""What somebody speaks of who speaks of the whole list."""

_Found: TypeAlias = "re.Match[str]"
_Make: TypeAlias = Callable[[_Found, int], Iterator[Want]]


def _pattern(text: str) -> "re.Pattern[str]":
    return re.compile(text, re.IGNORECASE | re.DOTALL)


LIST = r"(?:to-?dos?(?: list| items?)?|to do list|tasks?(?: list)?|(?:shopping )?list|things to do)"
"""How people call what todos are on, and todos."""
_MY = r"(?:my|the|our|your|a|this|that)"
_COUNT = r"(?:(?:a|an|the|some|these|those|two|three|four|five|[0-9]{1,2}|new|another)\s+)*"
_DONE = r"(?:done|completed?|finished)"
_OPEN = r"(?:not\s+(?:yet\s+)?(?:done|completed?|finished)|undone|open|incomplete|unfinished)"
_HERE = rf"(?P<here>\s+(?:to|on|onto|in|into|from|off|of|as)\s+(?:{_MY}\s+)?(?:new\s+)?{LIST})?"

_POLITE = _pattern(
    r"(?:(?:please|hey|hi|hello|ok|okay|now|also|then|and|just|kindly|let's|(?:can|could|would|will) you|"
    r"i(?: want|'d like| would like) you to)[,!]*\s+)+"
)
_THANKS = _pattern(r"[\s,]*(?:\b(?:please|thanks|thank you|for me|too|as well)\b)?[\s.!?]*$")
_VERB = (
    r"(?:please\s+)?(?:add|put|create|make\s+a|note|remind\s+me|list|show|what|which|complete|finish|check|tick|mark|"
    r"toggle|reopen|uncheck|untick|delete|remove|drop|rename|change|update|edit|move|postpone|reschedule|set)\b"
)
_BETWEEN = _pattern(rf"\s*(?:[;\n]|[.!?](?=\s|$))\s*|,?\s+(?:and then|and also|then|and)\s+(?={_VERB})|,\s*(?={_VERB})")
_BEFORE = _pattern(rf"(?:{_MY}\s+)?(?:(?:{LIST}|item)\s+)?(?:number\s+|no\.?\s+|#\s*)?(?=\S)")
_AFTER = _pattern(rf"(?:\s+(?:{LIST}|items?))?(?:\s+(?:from|off|on|in|of)\s+(?:{_MY}\s+)?{LIST})?$")
_QUOTED = _pattern(r"""["'“‘«](.+)["'”’»]""")
_WHOLE_LIST = _pattern(rf"(?:{_MY}\s+)?{LIST}|{_MY}")
_NEXT_QUOTE = _pattern(r"""["'”’»],? (?:and )?["'“‘«]""")
_AND = _pattern(r"\s*,\s*(?:and\s+)?|\s+and\s+")


def hear(text: str, now: int, tools: Collection[str]) -> tuple[Want, ...]:
    """Everything that is wanted, in the order it is said; `now` is in Unix seconds."""
    text = text.strip()[:MAX_TEXT]
    used = _USE.fullmatch(text)
    if used is not None and used["name"] in tools:
        # What a tool is given may hold anything, also what looks like the end of a clause.
        return (Use(used["name"], used["arguments"]),)
    found: list[Want] = []
    # No two spaces together: the patterns would try them in every combination.
    lines = (" ".join(line.split()) for line in text.splitlines())
    for clause in _BETWEEN.split("\n".join(filter(None, lines))):
        words = _THANKS.sub("", clause.strip())
        polite = _POLITE.match(words)
        found += _wanted(words[polite.end() if polite else 0 :], now)
    return tuple(found[:MAX_WANTS])


def _wanted(clause: str, now: int) -> list[Want]:
    for pattern, make in _PATTERNS if 0 < len(clause) <= MAX_CLAUSE else ():
        found = pattern.fullmatch(clause)
        if found is not None and (wants := list(make(found, now))):
            return wants
    return []


def _help(found: _Found, now: int) -> Iterator[Want]:
    yield Help()


def _remind(found: _Found, now: int) -> Iterator[Want]:
    text, due = _dated(found["what"], now)
    yield Add(_unquoted(text), due)


def _add(found: _Found, now: int) -> Iterator[Want]:
    if found["verb"].lower() not in ("add", "note") and found["list"] is None and found["here"] is None:
        # One who puts something elsewhere, or makes something else.
        return
    whole, for_all = _dated(found["what"], now)
    for part in _parts(whole):
        text, due = _dated(part, now)
        if not text.isdigit():
            yield Add(_unquoted(text), due or for_all)


def _dated(text: str, now: int) -> tuple[str, str | None]:
    """A text without the day it ends with, and the day; a day alone is a text like any other."""
    found = parted(text.strip(), now)
    if found is None or not found.text.strip(" ,"):
        return text.strip(), None
    return found.text.strip(" ,"), found.due


def _show(found: _Found, now: int) -> Iterator[Want]:
    said = found[0].lower()
    if re.search(rf"\b(?:{_OPEN}|left|pending|remaining|outstanding|still)\b", said):
        yield Show("open")
    else:
        yield Show("done") if re.search(rf"\b{_DONE}\b", said) else Show()


def _mark(done: bool | None) -> _Make:
    def make(found: _Found, now: int) -> Iterator[Want]:
        yield from (Mark(thing, done) for thing in _things(found["what"]))

    return make


def _drop(found: _Found, now: int) -> Iterator[Want]:
    yield from map(Drop, _things(found["what"]))


def _later(found: _Found, now: int) -> Iterator[Want]:
    day = parted(found["new"].strip(), now)
    if day is not None and not day.text.strip():
        yield from (Change(thing, due=day.due) for thing in _things(found["what"]))


def _rename(found: _Found, now: int) -> Iterator[Want]:
    for thing in _things(found["what"])[:1]:
        yield Change(thing, title=_unquoted(found["new"]))


def _things(text: str) -> list[str]:
    """Todos as they are spoken of, without what only says that they are some."""
    things = []
    for part in _parts(text):
        core = _AFTER.sub("", part)
        before = _BEFORE.match(core)
        thing = _unquoted(core[before.end() if before else 0 :])
        things.append(ALL if _WHOLE_LIST.fullmatch(thing) else thing)
    return [thing for thing in things if thing]


def _parts(text: str) -> list[str]:
    """Several that are named in one breath; what is in quotes is one."""
    text = text.strip()
    if _QUOTED.fullmatch(text) and not _NEXT_QUOTE.search(text):
        return [text]
    return [part for part in _AND.split(text) if part]


def _unquoted(text: str) -> str:
    found = _QUOTED.fullmatch(text.strip())
    return (found[1] if found else text).strip()


_USE = _pattern(
    r"(?:please\s{1,8})?(?:call|use|run)(?:\s{1,8}the)?(?:\s{1,8}(?:tool|function))?\s{1,8}"
    r"[`'\"]?(?P<name>[\w.-]{1,128}?)[`'\"]?(?:(?:\s{1,8}with)?\s{0,8}(?P<arguments>\{.*\}))?[\s.!]{0,8}"
)

_PATTERNS: tuple[tuple["re.Pattern[str]", _Make], ...] = (
    (_pattern(r"help(?: me)?|what (?:else )?can you do|what can i (?:ask|say)(?: you)?"), _help),
    (_pattern(r"(?:remind me|don'?t let me forget|remember)\s+to\s+(?P<what>.+)"), _remind),
    (
        _pattern(
            rf"(?:list|show|tell|give|get|read|view|see|display|what|which|how many|do i have|is there)\b.*\b{LIST}\b.*"
            rf"|check (?:{_MY} )?{LIST}|(?:{_MY}\s+)?{LIST}"
            r"|what (?:do i have|have i(?: got)?|is there|is left) (?:left )?to do\b.*"
            rf"|what(?:'s| is| are| have i)? (?:{_DONE}|{_OPEN}|left|pending|remaining)(?: to do)?"
        ),
        _show,
    ),
    (_pattern(rf"(?:mark|set)\s+(?P<what>.+?)\s+(?:as\s+|to\s+)?{_OPEN}"), _mark(False)),
    (_pattern(r"(?:reopen|uncheck|untick|unmark)\s+(?P<what>.+)"), _mark(False)),
    (_pattern(rf"(?:mark|set)\s+(?P<what>.+?)\s+(?:as\s+|to\s+)?{_DONE}"), _mark(True)),
    (_pattern(r"(?:complete|finish|(?:check|tick)(?:\s+off)?|close)\s+(?P<what>.+)"), _mark(True)),
    (_pattern(rf"i(?:'ve| have|'m| am)?\s+(?:just\s+)?(?:{_DONE}|did|bought)(?:\s+with)?\s+(?P<what>.+)"), _mark(True)),
    (_pattern(rf"(?P<what>.+?)\s+(?:is|are)\s+{_DONE}"), _mark(True)),
    (_pattern(r"toggle\s+(?P<what>.+)"), _mark(None)),
    (_pattern(r"(?:delete|remove|drop|erase|clear|get rid of|cross off)\s+(?P<what>.+)"), _drop),
    (
        _pattern(
            r"(?:(?:move|postpone|reschedule|set|change|put off)\s+(?:the\s+)?(?:due date\s+(?:of|for)\s+)?"
            r"(?P<what>.+?)\s+(?:to|for|until|till|by|on|due))\s+(?P<new>.+)"
        ),
        _later,
    ),
    (_pattern(r"(?P<what>.+?)\s+is\s+due\s+(?P<new>.+)"), _later),
    (
        _pattern(
            r"(?:rename|change|edit|update)\s+(?:the\s+(?:title|name)\s+of\s+)?(?P<what>.+?)\s+(?:to|into)\s+(?P<new>.+)"
        ),
        _rename,
    ),
    (_pattern(rf"(?P<verb>add)\s+(?P<list>to\s+(?:{_MY}\s+)?{LIST})\s*:?\s+(?P<what>.+)(?P<here>)"), _add),
    (_pattern(rf"(?P<verb>new|add)\s+(?P<list>{LIST})\s*:\s*(?P<what>.+)(?P<here>)"), _add),
    (
        _pattern(
            r"(?P<verb>add|put|create|note|write|make)(?:\s+down)?\s+(?:(?:a|an|the|some|another)\s+)?"
            rf"(?P<list>{_COUNT}{LIST}(?:\s*:\s*|\s+(?:to|called|named|titled|for|saying|that says)\s+|\s+))?"
            rf"(?P<what>(?!{_COUNT}(?:{_MY}\s+)?{LIST}$).+?){_HERE}"
        ),
        _add,
    ),
)

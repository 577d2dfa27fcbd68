"""What a docstring says of a function and of its arguments, in the styles that people write."""

import inspect
import re
from collections.abc import Iterator
from itertools import takewhile

import msgspec

_ARGUMENTS = ("args", "arguments", "parameters", "params", "keyword args", "keyword arguments", "other parameters")
_SECTIONS = (
    *_ARGUMENTS,
    *("returns", "return", "yields", "raises", "examples", "example", "notes", "note", "see also", "warnings", "todo"),
)
_FIELD = re.compile(r"[:@](?P<kind>[a-z]+)(?:\s+(?P<rest>[^:]+))?:\s*(?P<words>.*)")
_FIELD_ARGUMENTS = ("param", "parameter", "arg", "argument", "key", "keyword")
_GOOGLE = re.compile(r"(?P<name>\*{0,2}\w+)\s*(?:\([^)]*\))?\s*:\s*(?P<words>.*)")
_NUMPY = re.compile(r"(?P<names>\*{0,2}\w+(?:\s*,\s*\w+)*)\s*(?::.*)?")


class Docstring(msgspec.Struct, frozen=True):
    """What it comes to."""

    summary: str = ""
    """All before its first section."""
    arguments: dict[str, str] = {}


def read_docstring(text: str | None) -> Docstring:
    """Read one of Google's, NumPy's or Sphinx's style."""
    lines = inspect.cleandoc(text or "").splitlines()
    summary = list(takewhile(lambda number: not _begins(lines, number), range(len(lines))))
    arguments: dict[str, str] = {}
    for number in range(len(summary), len(lines)):
        title = _title(lines, number)
        if title in _ARGUMENTS:
            arguments.update(_of_section(lines, number))
        elif title is None and lines[number][:1] in (":", "@"):
            arguments.update(_of_field(lines, number))
    return Docstring("\n".join(lines[: len(summary)]).strip(), arguments)


def _begins(lines: list[str], number: int) -> bool:
    """Whether it is where a section or the fields begin."""
    field = _FIELD.match(lines[number])
    return _title(lines, number) is not None or (field is not None and not lines[number].startswith("::"))


def _title(lines: list[str], number: int) -> str | None:
    """The name of the section that begins there, in small letters."""
    line = lines[number]
    name = line.strip().removesuffix(":").lower()
    if name not in _SECTIONS or line[:1].isspace():
        return None
    return name if line.rstrip().endswith(":") or _is_ruled(lines, number) else None


def _is_ruled(lines: list[str], number: int) -> bool:
    """Whether a line of hyphens is under it."""
    return number + 1 < len(lines) and re.fullmatch(r"-{3,}\s*", lines[number + 1]) is not None


def _of_section(lines: list[str], number: int) -> Iterator[tuple[str, str]]:
    is_numpy = _is_ruled(lines, number)
    begin = number + (2 if is_numpy else 1)
    for at, line in _items(lines, begin, is_numpy):
        match = (_NUMPY if is_numpy else _GOOGLE).fullmatch(line.strip())
        if match is None:
            continue
        words = _more(lines, at, "" if is_numpy else match["words"])
        for name in re.split(r"\s*,\s*", match["names"]) if is_numpy else [match["name"]]:
            yield name.lstrip("*"), words


def _items(lines: list[str], begin: int, is_numpy: bool) -> Iterator[tuple[int, str]]:
    """The lines of a section with which its items begin: those that are indented as its first one is."""
    depth: int | None = None
    for number in range(begin, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        if _title(lines, number) is not None or (not is_numpy and _depth(line) == 0):
            return
        depth = _depth(line) if depth is None else depth
        if _depth(line) == depth:
            yield number, line


def _of_field(lines: list[str], number: int) -> Iterator[tuple[str, str]]:
    match = _FIELD.fullmatch(lines[number])
    if match is not None and match["kind"] in _FIELD_ARGUMENTS and match["rest"]:
        # Before the name there may be its type.
        yield match["rest"].split()[-1].lstrip("*"), _more(lines, number, match["words"])


def _more(lines: list[str], number: int, words: str) -> str:
    """The words with those of the lines under them that are indented deeper."""
    depth = _depth(lines[number])
    rest = takewhile(lambda line: line.strip() and _depth(line) > depth, lines[number + 1 :])
    return " ".join([words, *(line.strip() for line in rest)]).strip()


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())

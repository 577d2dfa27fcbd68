"""What of an answer survives on its way from a provider to a client of another dialect, as a table."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.pairs.columns import COLUMNS
from tests.pairs.heard import Heard
from tests.pairs.rows import ROWS
from tests.pairs.said import Said


def _ended(reason: str) -> Callable[[Said], Any]:
    return lambda said: reason if reason in said.ends else None


FACTS: dict[str, Callable[[Said], Any]] = {
    "The words": lambda said: said.texts[0] if said.texts and said.texts[0] else None,
    "A second answer": lambda said: said.texts[1:] or None,
    "Thoughts": lambda said: said.thoughts or None,
    "What signs them": lambda said: said.signatures or None,
    "A refusal": lambda said: said.refusal or None,
    "Tool calls": lambda said: [(call.name, call.input) for call in said.calls] or None,
    "Their ids": lambda said: [call.id for call in said.calls if call.id] or None,
    "End: tools are called": _ended("calls"),
    "End: too long": _ended("length"),
    "End: filtered": _ended("filter"),
    "End: a stop sequence, and which": lambda said: said.stopped_by,
    "Tokens": lambda said: (said.used.input, said.used.output) if said.used else None,
    "Tokens from a cache": lambda said: (said.used.cached if said.used else None) or None,
    "Tokens of thought": lambda said: (said.used.reasoning if said.used else None) or None,
    "An error's message": lambda said: said.broke.message if said.broke else None,
}

AS_WORDS = "as words"


def outcome(fact: str, each: Heard) -> str | None:
    """Whether that is heard: yes, no, or as something else; None where it was not said."""
    read = FACTS[fact]
    wanted, got = read(each.truth), read(each.said)
    breaks_whole = not each.golden.streamed and each.truth.broke is not None
    if wanted is None or (breaks_whole and fact == "The words"):
        # Of a whole answer that broke nothing is told but that.
        return None
    if got == wanted:
        return "yes"
    if fact == "A refusal" and each.said.texts == (wanted,):
        return AS_WORDS
    return "no"


def cell(fact: str, row: str, all_heard: Iterable[Heard]) -> str:
    """What becomes of a fact in one dialect."""
    by_column: dict[str, set[str]] = {}
    for each in all_heard:
        if each.golden.row == row and (found := outcome(fact, each)) is not None:
            by_column.setdefault(each.column, set()).add(found)
    outcomes = {column: found.pop() if len(found) == 1 else "no" for column, found in by_column.items()}
    kinds = set(outcomes.values())
    if not kinds:
        return "–"
    if len(kinds) == 1:
        return kinds.pop()
    assert kinds == {"yes", "no"}, (fact, row, outcomes)
    return "from " + ", ".join(COLUMNS[column].title for column, found in outcomes.items() if found == "yes")


def table(all_heard: Sequence[Heard]) -> str:
    """The whole of it, as the documentation has it."""
    lines = ["| | " + " | ".join(row.title for row in ROWS.values()) + " |", "|---" * (len(ROWS) + 1) + "|"]
    for fact in FACTS:
        lines.append(f"| {fact} | " + " | ".join(cell(fact, row, all_heard) for row in ROWS) + " |")
    return "\n".join(lines) + "\n"

"""Tables of figures, as Markdown that is also good to read in a terminal."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """One measurement's figures, a row for each server."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What must be known beside the figures: broken answers, loads that were cut short."""

    def add(self, name: str, *figures: str) -> None:
        """A row."""
        self.rows.append([name, *figures])

    def remark(self, sentence: str) -> None:
        """Said once, however often it happens."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    def text(self) -> str:
        """The whole table."""
        lines = [["", *self.columns], *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        body = [_line(lines[0], widths), _line(ruler, widths), *(_line(row, widths) for row in self.rows)]
        return "\n".join([f"### {self.title}", "", *body, *(f"\n{remark}" for remark in self.remarks), ""])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"| {' | '.join([first.strip().ljust(widths[0]), *rest])} |"


def middle(values: Iterable[float]) -> float:
    """The median; one noisy round does not move it."""
    return statistics.median(values)


def ratio(values: Sequence[float], to: Sequence[float]) -> str:
    """How many times as much, by the median of the rounds: what disturbs a round disturbs both."""
    pairs = [(value, other) for value, other in zip(values, to, strict=True) if other]
    return f"{middle(value / other for value, other in pairs):.1f}x" if pairs else "-"

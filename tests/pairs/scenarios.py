"""What happens in the answers of the table, and where the golden files of each are."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from headgate.events import AnyEvent, Usage
from tests.pairs.columns import COLUMNS, Column, Exchange, pretty
from tests.pairs.rows import ROWS, Row

FOLDER = Path(__file__).parent / "answers"

SCENARIOS = (
    "text",
    "reasoning",
    "tool",
    "tools",
    "text_then_tool",
    "refusal",
    "filtered",
    "length",
    "stop_sequence",
    "usage",
    "choices",
    "refused_by_status",
    "breaks_by_error",
    "is_cut",
)

CHOICES = "choices"
"""The one in which two answers are asked for, where that can be."""

USAGE = "usage"
"""The one that costs something."""

COST = 0.001875
"""US dollars."""


class Recording(NamedTuple):
    """An upstream's answer in one of its two forms."""

    scenario: str
    column: str
    streamed: bool
    path: Path

    def exchange(self) -> Exchange:
        """As it comes from the socket."""
        column, said = COLUMNS[self.column], self.path.read_bytes()
        if self.path.suffix == ".http":
            return _with_head(said)
        if self.streamed:
            return Exchange(200, {"content-type": column.kind}, column.dress(said))
        return Exchange(200, {"content-type": "application/json"}, said)


def _with_head(said: bytes) -> Exchange:
    head, _, body = said.partition(b"\n\n")
    line, *fields = head.decode().splitlines()
    headers = dict(field.split(": ", 1) for field in fields)
    return Exchange(int(line.split()[1]), headers, body)


def recording(scenario: str, column: str, *, streamed: bool) -> Recording | None:
    """What was recorded; None where an upstream of this kind cannot answer so."""
    folder = FOLDER / scenario / "recorded"
    ends = (COLUMNS[column].suffix if streamed else ".json", ".http")
    for end in ends:
        path = folder / (column + end)
        if path.exists():
            return Recording(scenario, column, streamed, path)
    return None


class Golden(NamedTuple):
    """What clients of one dialect get in one scenario, from every provider in turn."""

    scenario: str
    row: str
    streamed: bool

    @property
    def path(self) -> Path:
        """Where it is."""
        return FOLDER / self.scenario / f"{self.row}.{'streamed' if self.streamed else 'whole'}"

    def made(self) -> dict[str, bytes]:
        """What the code makes now, by provider."""
        return {column: said for column in COLUMNS if (said := self._of(column)) is not None}

    def _of(self, name: str) -> bytes | None:
        row, column = ROWS[self.row], COLUMNS[name]
        asks_in_pieces = self.streamed or column.always_streams
        recorded = recording(self.scenario, name, streamed=asks_in_pieces)
        if recorded is None or (self.scenario == CHOICES and row.asks_two is None):
            return None
        events = happened(row, column, recorded, stream=self.streamed)
        call = row.call(stream=self.streamed, choices=2 if self.scenario == CHOICES else 1)
        if self.streamed:
            return row.streamed(call, events)
        return _readable(row.answered(call, events))


def happened(row: Row, column: Column, recorded: Recording, *, stream: bool) -> list[AnyEvent]:
    """The log of a run that a client of that dialect began, and that provider answered."""
    call = row.call(stream=stream, choices=2 if recorded.scenario == CHOICES else 1)
    events = column.ask(call, recorded.exchange())[1]
    return [_priced(event) for event in events] if recorded.scenario == USAGE else events


def _priced(event: AnyEvent) -> AnyEvent:
    """As the engine hands it on, where it knows the model's price."""
    return msgspec.structs.replace(event, cost=COST) if isinstance(event, Usage) else event


def _readable(answer: bytes) -> bytes:
    if answer.startswith(b"HTTP"):
        line, _, body = answer.partition(b"\n")
        return line + b"\n" + pretty(body)
    return pretty(answer)


GOLDENS = tuple(
    Golden(scenario, name, streamed)
    for scenario in SCENARIOS
    for name, row in ROWS.items()
    for streamed in (True, False)
    if (streamed or row.has_whole) and not (scenario == CHOICES and row.asks_two is None)
)

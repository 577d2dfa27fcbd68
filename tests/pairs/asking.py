"""What is asked in the table, and what every provider is asked then."""

from pathlib import Path
from typing import NamedTuple

from headgate.errors import BadRequest
from tests.pairs.columns import COLUMNS, Asked, Exchange, pretty
from tests.pairs.rows import ROWS

FOLDER = Path(__file__).parent / "requests"

NOTHING = Exchange(200, {}, b"")

_EVERYWHERE = ("host", "accept-encoding", "content-type", "user-agent")
"""Headers that say nothing about a request."""


class Request(NamedTuple):
    """What a client of one dialect asks in one scenario."""

    scenario: str
    row: str

    @property
    def path(self) -> Path:
        """The client's request."""
        return FOLDER / self.scenario / f"{self.row}.json"

    @property
    def golden(self) -> Path:
        """What each provider is asked for it."""
        return self.path.with_suffix(".asked")

    def made(self) -> dict[str, bytes]:
        """What the code makes of it now, by provider."""
        return {column: self._of(column) for column in COLUMNS}

    def asked(self, column: str) -> Asked:
        """What a provider is asked; raises BadRequest where it cannot be."""
        call = ROWS[self.row].read(self.path.read_bytes(), True)
        return COLUMNS[column].ask(call, NOTHING)[0]

    def _of(self, column: str) -> bytes:
        try:
            asked = self.asked(column)
        except BadRequest as refused:
            return f"HTTP {refused.status} {refused.param}: {refused.message}\n".encode()
        line, *fields = asked.head.split("\r\n")[:-1]
        said = [line, *(field for field in fields if not field.startswith(_EVERYWHERE))]
        return "\n".join(said).encode() + b"\n\n" + pretty(asked.body)


REQUESTS = tuple(
    Request(folder.name, row)
    for folder in sorted(FOLDER.iterdir())
    for row in ROWS
    if (folder / f"{row}.json").exists()
)

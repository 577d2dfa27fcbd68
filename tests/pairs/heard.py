"""What was said, as the vendors' SDKs understand it: by the upstream in its own words, and by us in every dialect's."""

from functools import cache
from typing import NamedTuple

from tests.pairs import judges
from tests.pairs.columns import COLUMNS
from tests.pairs.playing import MANY, ONE, Wire, wire
from tests.pairs.rows import ROWS
from tests.pairs.said import Said
from tests.pairs.scenarios import GOLDENS, Golden, Recording, recording
from tests.pairs.sections import apart

CUT = "is_cut"
"""The scenario whose recordings no SDK can judge: they end in the middle."""


class Heard(NamedTuple):
    """One answer of one provider, and what a client of a dialect heard of it."""

    golden: Golden
    column: str
    truth: Said
    said: Said


def truth(recorded: Recording) -> Said:
    """What the upstream said, by its own vendor's SDK."""
    came, table = recorded.exchange(), judges.STREAMED if recorded.streamed else judges.WHOLE
    kind = MANY if recorded.streamed and came.status == 200 else ONE
    return table[judges.VENDORS[recorded.column]](Wire(came.body, kind, came.status, headers=came.headers))


def heard(golden: Golden) -> list[Heard]:
    """What clients of the dialect hear from every provider, by the golden file."""
    found = []
    for column, section in apart(golden.path.read_bytes()).items():
        recorded = recording(golden.scenario, column, streamed=golden.streamed or COLUMNS[column].always_streams)
        assert recorded is not None
        found.append(Heard(golden, column, _truth(recorded), said(golden, section)))
    return found


def said(golden: Golden, section: bytes) -> Said:
    """What the dialect's own SDK understands of a section."""
    table = judges.STREAMED if golden.streamed else judges.WHOLE
    breaks = b'"error"' in section and not section.startswith(b"HTTP")
    cuts = ROWS[golden.row].face.cuts and golden.streamed and breaks
    return table[golden.row](wire(section, streamed=golden.streamed, cuts=cuts))


@cache
def _truth(recorded: Recording) -> Said:
    return Said() if recorded.scenario == CUT else truth(recorded)


@cache
def everything() -> list[Heard]:
    """All of the table."""
    return [each for golden in GOLDENS for each in heard(golden)]

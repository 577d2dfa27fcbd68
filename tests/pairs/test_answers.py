"""Every provider's answers for clients of every dialect, byte for byte as they were reviewed."""

import pytest

from headgate.events import LAST
from tests.pairs.columns import COLUMNS
from tests.pairs.rows import ROWS
from tests.pairs.scenarios import FOLDER, GOLDENS, SCENARIOS, Golden, happened, recording
from tests.pairs.sections import apart, joined

RECORDED = [
    (scenario, column) for scenario in SCENARIOS for column in COLUMNS if recording(scenario, column, streamed=True)
]


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.path.relative_to(FOLDER).as_posix())
def test_an_answer_is_what_it_was(golden: Golden) -> None:
    """Where it was meant to change, `scripts/goldens` writes it anew, and the difference is to be read."""
    kept = apart(golden.path.read_bytes())
    made = golden.made()
    assert list(made) == list(kept)
    for column, said in made.items():
        assert said.decode() == kept[column].decode(), column


def test_nothing_lies_about() -> None:
    """Every file is a golden file of the table or one of its recordings."""
    known = {golden.path for golden in GOLDENS}
    recorded = {
        found.path
        for scenario in SCENARIOS
        for column in COLUMNS
        for streamed in (True, False)
        if (found := recording(scenario, column, streamed=streamed))
    }
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == known | recorded


@pytest.mark.parametrize(("scenario", "column"), RECORDED, ids=lambda name: name)
def test_a_log_has_one_end(scenario: str, column: str) -> None:
    """Whatever the upstream did, and whoever asked."""
    for row in ROWS.values():
        for streamed in (True, False):
            found = recording(scenario, column, streamed=streamed or COLUMNS[column].always_streams)
            if found is None or (scenario == "choices" and row.asks_two is None):
                continue
            events = happened(row, COLUMNS[column], found, stream=streamed)
            assert [isinstance(event, LAST) for event in events].index(True) == len(events) - 1


def test_sections_come_apart_as_they_were_joined() -> None:
    said = {"one": b'data: {"a":"==== b"}\n\n', "two": b"[1]", "three": b"\r\n"}
    assert apart(joined(said)) == said

"""The golden files, judged by the official SDKs: they read them, find their types right, and hear what was said."""

import pytest

from tests.pairs.pages import PAGE

pytestmark = pytest.mark.slow


def test_what_survives_is_documented() -> None:
    """docs/pairs.md has the table that the SDKs make of all golden files; where it is not so, `scripts/goldens`."""
    from tests.pairs.heard import everything
    from tests.pairs.surviving import table

    assert table(everything()) in PAGE.read_text()


def test_every_answer_is_heard() -> None:
    """With its words and why it ended; a broken one with the words before the break, and as broken."""
    from tests.pairs.heard import CUT, everything

    for each in everything():
        golden, truth, said = each.golden, each.truth, each.said
        where = (golden.scenario, golden.row, each.column, golden.streamed)
        if golden.scenario == CUT:
            assert said.broke is not None, where
            assert "was cut" in said.broke.message, where
            assert said.texts == (("One two",) if golden.streamed else ()), where
        elif truth.broke is not None:
            assert said.broke is not None, where
            assert said.broke.message == truth.broke.message, where
            assert not said.ends, where
        else:
            assert said.broke is None, where
            assert len(said.ends) == max(1, len(truth.ends)), where


def test_streams_and_whole_answers_say_the_same() -> None:
    """To each dialect's clients, from each provider."""
    from tests.pairs.heard import everything

    heard = {(each.golden, each.column): each.said for each in everything()}
    for (golden, column), whole in heard.items():
        if not golden.streamed and whole.broke is None:
            assert heard[golden._replace(streamed=True), column] == whole, (golden, column)

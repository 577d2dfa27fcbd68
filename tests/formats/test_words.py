"""Several texts as one."""

import pytest

from headgate.formats.words import together


@pytest.mark.parametrize(
    ("texts", "whole"),
    [
        ([], ""),
        (["One."], "One."),
        (["One.", "Two."], "One.\nTwo."),
        (["One ", "two"], "One two"),
        (["One", "\n\ntwo"], "One\n\ntwo"),
        (["", "One", "", "two"], "One\ntwo"),
    ],
)
def test_texts_that_were_not_made_to_follow_each_other_get_lines_of_their_own(texts: list[str], whole: str) -> None:
    assert together(texts) == whole

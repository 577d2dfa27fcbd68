"""Answers that came word by word are counted by what is known of each word."""

import re

import pytest

from headgate.events import Text
from headgate.formats import counting

ENGLISH = "The quick brown fox jumps over the lazy dog and then it goes home, to sleep for a while. All is well. " * 5
GERMAN = "Der schnelle braune Fuchs springt über den faulen Hund, und danach geht er nach Hause, um zu schlafen. " * 5


@pytest.mark.parametrize("text", [ENGLISH, GERMAN], ids=["english", "german"])
def test_parts_count_as_they_do_together(text: str) -> None:
    """However they were cut: only where most are words is each looked at by itself."""
    whole = counting.take(counting.of_answer([Text(text)])).output
    for cut in (r"\s*\S+", r".{1,4}", r".", r"\S+\s*"):
        parts = counting.take(counting.of_answer([Text(part) for part in re.findall(cut, text)])).output
        assert abs(parts - whole) <= whole * 0.02, cut

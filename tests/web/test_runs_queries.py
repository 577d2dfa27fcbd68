"""What the native endpoints take as query."""

import pytest

from headgate.dialects.runs import MAX_PAGE, _limit
from headgate.errors import BadRequest


@pytest.mark.parametrize("text", ["0", "-1", "101", "1e2", "", "٣", "0000019999999", "00000199999999999999999999"])
def test_a_limit_is_a_small_number(text: str) -> None:
    """However it is written."""
    with pytest.raises(BadRequest) as caught:
        _limit(text)
    assert caught.value.param == "limit"


@pytest.mark.parametrize("text", ["1", "20", "100", "007"])
def test_a_good_limit_is_taken(text: str) -> None:
    """Also with zeros before it."""
    assert 1 <= _limit(text) <= MAX_PAGE

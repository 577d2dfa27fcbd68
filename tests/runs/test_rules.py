"""What is tried again, and where."""

import pytest

from headgate.errors import BadRequest, ProviderError
from headgate.runs import rules


def failed(status: int, retry_after: float | None = None) -> ProviderError:
    return ProviderError("It failed.", status=status, retry_after=retry_after)


@pytest.mark.parametrize(
    ("status", "key", "moment", "provider"),
    [
        (400, False, False, False),
        (413, False, False, False),
        (422, False, False, False),
        (401, True, False, True),
        (402, True, False, True),
        (403, True, False, True),
        (404, False, False, True),
        (408, False, True, True),
        (409, False, True, True),
        (425, False, True, True),
        (429, True, True, True),
        (500, False, True, True),
        (504, False, True, True),
        (529, False, True, True),
    ],
)
def test_who_may_be_spared_a_failure(status: int, key: bool, moment: bool, provider: bool) -> None:
    """The table of docs/routing.md."""
    error = failed(status)
    said = (rules.is_of_a_key(error), rules.is_of_the_moment(error), rules.is_of_the_provider(error))
    assert said == (key, moment, provider)


def test_what_one_api_has_no_words_for_another_may_have() -> None:
    refusal = BadRequest("No.", code=rules.UNSAYABLE)
    for error in (refusal, rules.Unasked(refusal)):
        assert rules.is_of_the_provider(error)
    assert not rules.is_of_the_provider(BadRequest("No."))


@pytest.mark.parametrize("retries", [0, 1, 2, 5])
def test_waits_are_doubled_and_spread(retries: int) -> None:
    longest = rules.BACKOFF * 2**retries
    waits = [rules.wait_before(failed(500), retries) for _ in range(100)]
    assert all(wait is not None and longest / 2 <= wait <= longest for wait in waits)
    assert len(set(waits)) > 1


def test_a_provider_that_says_when_is_believed_unless_it_is_too_long() -> None:
    assert rules.wait_before(failed(429, 3.0), 0) == 3.0
    assert rules.wait_before(failed(503, rules.LONGEST_WAIT), 0) == rules.LONGEST_WAIT
    assert rules.wait_before(failed(503, rules.LONGEST_WAIT + 0.1), 0) is None
    assert (rules.wait_before(failed(429, 0.0), 0) or 0) >= rules.BACKOFF / 2


def test_what_another_moment_does_not_spare_is_not_waited_for() -> None:
    assert rules.wait_before(failed(401, 1.0), 0) is None
    assert rules.wait_before(failed(404), 0) is None

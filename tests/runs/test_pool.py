"""Which key of a provider is asked, and when one is left alone."""

import pytest

from headgate.errors import ProviderError
from headgate.net import ClientClosed, OutOfSockets
from headgate.runs.pool import FAILURES, KEY_REST, LONGEST_REST, REST, Member, Pool
from tests.runs.fakes import Fake


def error(status: int, retry_after: float | None = None) -> ProviderError:
    """What a provider said."""
    return ProviderError("no", status=status, retry_after=retry_after)


def members(*weights: float) -> list[Member]:
    """Keys of one provider."""
    fake = Fake()
    return [Member(fake, f"key {number}", weight) for number, weight in enumerate(weights, 1)]


@pytest.mark.parametrize(("chance", "place"), [(0.0, 0), (0.74, 0), (0.76, 1), (0.999, 1)])
def test_keys_are_used_by_weight(chance: float, place: int) -> None:
    both = members(3, 1)
    assert Pool("fake", both, chance=lambda: chance).pick(0.0) is both[place]


def test_a_key_that_was_tried_is_not_picked_again() -> None:
    both = members(1, 1)
    pool = Pool("fake", both, chance=lambda: 0.0)
    assert pool.pick(0.0, [both[0]]) is both[1]
    assert pool.pick(0.0, both) is None


@pytest.mark.parametrize(
    ("status", "retry_after", "rest"),
    [(401, None, KEY_REST), (402, None, KEY_REST), (403, 1.0, KEY_REST), (429, 7.0, 7.0), (429, None, 2.0)],
)
def test_a_refused_key_rests_at_once(status: int, retry_after: float | None, rest: float) -> None:
    both = members(1, 1)
    pool = Pool("fake", both, chance=lambda: 0.0)
    both[0].fail(error(status, retry_after), 100.0)
    assert pool.pick(100.0) is both[1]
    assert pool.pick(100.0 + rest - 0.01) is both[1]
    assert pool.pick(100.0 + rest) is both[0]


def test_what_we_cannot_do_is_not_the_keys_fault() -> None:
    (member,) = members(1)
    for _ in range(10):
        member.fail(OutOfSockets("none left"), 0.0)
        member.fail(ClientClosed("closed"), 0.0)
    assert member.is_ready(0.0)


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_wrong_request_is_not_the_keys_fault(status: int) -> None:
    (member,) = members(1)
    for _ in range(10):
        member.fail(error(status), 0.0)
    assert member.is_ready(0.0)


def test_failures_in_a_row_make_a_rest_and_a_success_between_them_none() -> None:
    (member,) = members(1)
    for _ in range(FAILURES - 1):
        member.fail(error(503), 0.0)
    member.succeed()
    for _ in range(FAILURES - 1):
        member.fail(error(503), 0.0)
    assert member.is_ready(0.0)
    member.fail(error(503), 0.0)
    assert not member.is_ready(REST - 0.01)
    assert member.is_ready(REST)


def test_after_a_rest_one_request_finds_out() -> None:
    """Everybody else stays away until it has; each failure makes the rest longer, up to a bound."""
    (member,) = members(1)
    for _ in range(FAILURES):
        member.fail(error(500), 0.0)
    now, rests = 0.0, []
    for _ in range(8):
        rests.append(member.rested - now)
        now = member.rested
        assert member.is_ready(now)
        member.begin(now)
        assert not member.is_ready(now)
        member.fail(error(500), now)
    assert rests == sorted(rests)
    assert rests[:3] == [REST, 2 * REST, 4 * REST]
    assert rests[-1] == LONGEST_REST
    now = member.rested
    member.begin(now)
    member.succeed()
    member.begin(now)
    assert member.is_ready(now)


def test_a_crowd_that_fails_together_makes_one_rest() -> None:
    (member,) = members(1)
    for _ in range(100):
        member.begin(0.0)
    for _ in range(100):
        member.fail(error(503), 0.5)
    assert member.is_ready(0.5 + REST)


def test_a_member_may_fail_for_years() -> None:
    (member,) = members(1)
    now = 0.0
    for _ in range(3000):
        member.begin(now)
        member.fail(error(503), now)
        now = max(now, member.rested)
    assert member.rested - now <= LONGEST_REST


def test_a_probe_that_went_away_lets_another_one_find_out() -> None:
    (member,) = members(1)
    member.fail(error(429, 1.0), 0.0)
    member.begin(1.0)
    assert not member.is_ready(1.0)
    member.give_up()
    assert member.is_ready(1.0)


def test_when_all_rest_the_one_that_has_rested_longest_is_asked() -> None:
    """An answer that may come is better than an error that does."""
    both = members(1, 1)
    both[0].fail(error(429, 9.0), 0.0)
    both[1].fail(error(429, 5.0), 0.0)
    pool = Pool("fake", both)
    assert pool.pick(1.0) is both[1]
    assert not pool.is_ready(1.0)

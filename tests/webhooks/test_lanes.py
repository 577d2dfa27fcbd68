"""Who may be tried now."""

import pytest

from headgate.store.base import Delivery
from headgate.webhooks.lanes import AT_ONCE, GUESS, MAX_HELD, MAX_LINE, PER_HOST, PER_SLOW_HOST, Lanes, host_of


def delivery(id: int) -> Delivery:
    return Delivery(id=id, run="run_1", owner="a", url="", kind="run", created=0.0, due=0.0)


def filled(count: int, host: str, lanes: Lanes, first: int = 0) -> int:
    """So many for one receiver; returns how many were taken."""
    return sum(lanes.take(delivery(first + number), host) for number in range(count))


def test_one_receiver_gets_few_tries_at_a_time() -> None:
    lanes = Lanes()
    filled(20, "slow", lanes)
    assert [each.id for _, each in lanes.ready()] == list(range(PER_HOST))
    assert lanes.ready() == []
    lanes.done(3, "slow", 0.1)
    assert [each.id for _, each in lanes.ready()] == [PER_HOST]


def test_a_receiver_that_hangs_is_in_nobodys_way() -> None:
    lanes = Lanes()
    filled(MAX_LINE, "hanging", lanes)
    assert len(lanes.ready()) == PER_HOST
    lanes.take(delivery(1000), "quick")
    assert [(host, each.id) for host, each in lanes.ready()] == [("quick", 1000)]


def test_receivers_take_turns() -> None:
    lanes = Lanes()
    filled(3, "one", lanes)
    filled(3, "two", lanes, 10)
    assert [each.id for _, each in lanes.ready()] == [0, 10, 1, 11, 2, 12]


def test_there_is_a_bound_on_all_tries() -> None:
    lanes = Lanes()
    for host in range(40):
        filled(PER_HOST, f"{host}", lanes, host * 100)
    assert len(lanes.ready()) == AT_ONCE


def test_a_long_line_takes_no_more() -> None:
    lanes = Lanes()
    assert filled(MAX_LINE + 50, "slow", lanes) == MAX_LINE
    assert lanes.take(delivery(5000), "other")
    assert len(lanes) == MAX_LINE + 1


def test_who_is_not_taken_gets_a_turn_as_fast_as_the_line_moves() -> None:
    lanes = Lanes()
    filled(MAX_LINE, "one", lanes)
    first, second = lanes.turn("one", 100.0), lanes.turn("one", 100.0)
    assert first == pytest.approx(100 + (MAX_LINE + 1) * GUESS / PER_HOST)
    assert second - first == pytest.approx(GUESS / PER_HOST)
    for number in range(50):
        lanes.ready()
        lanes.done(number, "one", 1.5)
    slow = lanes.turn("one", 1000.0)
    assert lanes.turn("one", 1000.0) - slow == pytest.approx(1.5 / PER_HOST, rel=0.01)


def test_a_slow_receiver_gets_fewer_tries() -> None:
    lanes = Lanes()
    filled(20, "slow", lanes)
    for _, each in lanes.ready():
        lanes.done(each.id, "slow", 15.0)
    trying = lanes.ready()
    assert len(trying) == PER_SLOW_HOST
    filled(40, "slow", lanes, 100)
    for _ in range(10):
        # Quick again: more and more is known of that.
        lanes.done(trying.pop(0)[1].id, "slow", 0.0)
        trying += lanes.ready()
    assert len(trying) == PER_HOST


def test_what_is_held_is_known_until_it_is_done() -> None:
    lanes = Lanes()
    filled(1, "one", lanes)
    assert 0 in lanes
    lanes.ready()
    assert 0 in lanes
    lanes.done(0, "one", 0.1)
    assert 0 not in lanes
    assert len(lanes) == 0


def test_memory_is_bounded() -> None:
    lanes = Lanes()
    for host in range(MAX_HELD // MAX_LINE):
        filled(MAX_LINE, f"{host}", lanes, host * 1000)
    assert lanes.is_full


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://One.test/a?b", "one.test"), ("http://one.test:81/", "one.test:81"), ("http://[::1]:8/", "[::1]:8")],
)
def test_a_receiver_is_its_host_and_port(url: str, host: str) -> None:
    assert host_of(url) == host

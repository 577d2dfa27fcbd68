"""When a message is tried again."""

import pytest

from headgate.store.base import Delivery
from headgate.webhooks import schedule
from headgate.webhooks.schedule import Outcome

from .office import START, changed

NEW = Delivery(
    id=1, run="run_1", owner="alice", url="https://one.test/", kind="run", created=START, due=0.0, tries=0, note=""
)
REFUSED = Outcome(500, "answered 500", 0.1)
HOUR = 3600.0


def pauses(chance: float) -> list[float]:
    """Between the tries of a message that is never taken."""
    found, now, delivery = list[float](), START, NEW
    while delivery.status == "waiting":
        delivery = schedule.after(delivery, REFUSED, now, chance)
        if delivery.due is not None:
            found.append(delivery.due - now)
            now = delivery.due
    return found


def test_pauses_grow_up_to_an_hour_and_take_half_a_day() -> None:
    found = pauses(0.5)
    assert found[:6] == [5, 20, 80, 320, 1280, HOUR]
    assert found[5:] == [HOUR] * 11
    assert 11 * HOUR < sum(found) < 13 * HOUR


def test_pauses_are_spread() -> None:
    short, long = pauses(0.0), pauses(1.0)
    assert len(short) == len(long) == 16
    assert [pytest.approx(each * 1.5) for each in short] == long
    assert 9 * HOUR < sum(short) < sum(long) < 15 * HOUR


def test_the_end_of_the_schedule_is_the_end() -> None:
    last = schedule.after(changed(NEW, tries=16), REFUSED, START, 0.5)
    assert (last.status, last.due, last.tries, last.note) == ("given_up", None, 17, "answered 500")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_a_success(status: int) -> None:
    done = schedule.after(NEW, Outcome(status, "", 0.1), START, 0.5)
    assert (done.status, done.due, done.tries, done.note) == ("delivered", None, 1, f"answered {status}")


def test_a_receiver_that_is_gone_is_not_asked_again() -> None:
    gone = schedule.after(NEW, Outcome(410, "answered 410", 0.1), START, 0.5)
    assert (gone.status, gone.due) == ("given_up", None)


@pytest.mark.parametrize("status", [0, 199, 300, 301, 307, 400, 401, 404, 408, 409, 429, 500, 503])
def test_anything_else_is_tried_again(status: int) -> None:
    again = schedule.after(NEW, Outcome(status, "no", 0.1), START, 0.5)
    assert (again.status, again.due) == ("waiting", START + 5)


@pytest.mark.parametrize(("asked", "pause"), [(1.0, 5.0), (60.0, 60.0), (1e9, HOUR)])
def test_a_receiver_may_ask_for_more_time_and_not_for_less(asked: float, pause: float) -> None:
    again = schedule.after(NEW, Outcome(429, "answered 429", 0.1, asked), START, 0.5)
    assert again.due == START + pause


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("9" * 40, 999999999999),
        ("Fri, 15 Jan 2027 08:01:40 GMT", 100),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("Fri, 15 Jan 2027 08:01:40", 100),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("Fri, 99 Jan 2027 08:01:40 GMT", None),
        ("Fri, 15 Jan 99999 08:01:40 GMT", None),
    ],
)
def test_retry_after_is_read(text: str, seconds: float | None) -> None:
    assert schedule.read_retry_after(text, START) == seconds


def test_a_delivery_behind_a_long_line_waits_for_its_turn() -> None:
    assert schedule.later(NEW, START, START + 7).due == START + 7
    assert schedule.later(NEW, START, START + 9999).due == START + HOUR
    ancient = schedule.later(NEW, START + 73 * HOUR, START + 74 * HOUR)
    assert (ancient.status, ancient.due) == ("given_up", None)


def test_a_redelivery_begins_again() -> None:
    again = schedule.again(changed(NEW, status="given_up", due=None, tries=17), START)
    assert (again.status, again.due, again.tries) == ("waiting", START, 0)

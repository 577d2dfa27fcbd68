"""Responses in the background: what is said before anything has happened, and that it is said once."""

import json

import pytest

from headgate.events import AnyEvent, Failed, Finished, Started, Stopped
from headgate.formats.openai_responses import Writer, whole

from .logs import LOGS, STARTED
from .wire import call, frames, written

BACKGROUND = call(background=True)


def writer() -> Writer:
    return Writer(BACKGROUND, "run_7", 9)


def test_it_is_queued_until_somebody_answers() -> None:
    opening = frames(writer().opening())
    assert [event["type"] for event in opening] == ["response.created", "response.queued"]
    assert {event["response"]["status"] for event in opening} == {"queued"}
    assert {event["response"]["model"] for event in opening} == {"m"}
    assert all(event["response"]["background"] for event in opening)
    begun = frames(written([STARTED], BACKGROUND))
    assert [event["type"] for event in begun] == ["response.created", "response.queued", "response.in_progress"]
    assert begun[-1]["response"]["status"] == "in_progress"
    assert begun[-1]["response"]["model"] == STARTED.model


@pytest.mark.parametrize("name", LOGS)
def test_an_opening_that_was_asked_for_is_the_one_that_comes_by_itself(name: str) -> None:
    """So a stream that says it at once and one that is written from the log later are the same to the byte."""
    made = writer()
    at_once = made.opening() + b"".join(made.write(event) for event in LOGS[name])
    assert at_once == written(LOGS[name], BACKGROUND)
    assert made.opening() == b""


@pytest.mark.parametrize("name", LOGS)
def test_every_event_has_the_number_of_its_place(name: str) -> None:
    events = frames(written(LOGS[name], BACKGROUND))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events].count("response.created") == 1


def test_others_have_no_opening() -> None:
    assert Writer(call(), "run_7", 9).opening() == b""
    assert Writer(call(background=False), "run_7", 9).opening() == b""


@pytest.mark.parametrize(
    ("log", "status"),
    [
        ([], "queued"),
        ([STARTED], "in_progress"),
        ([STARTED, Finished("stop")], "completed"),
        ([STARTED, Finished("length")], "incomplete"),
        ([Stopped("user")], "cancelled"),
        ([STARTED, Stopped("user")], "cancelled"),
        ([Failed("server_error", "No.")], "failed"),
    ],
)
def test_the_object_says_where_it_stands(log: list[AnyEvent], status: str) -> None:
    answer = json.loads(whole(BACKGROUND, "run_7", 9, log))
    assert (answer["status"], answer["background"]) == (status, True)


def test_where_nothing_was_to_be_said_there_is_no_message() -> None:
    log: list[AnyEvent] = [Started("p", "m", "", 1), Finished("stop")]
    assert json.loads(whole(call(generate=False), "run_7", 9, log))["output"] == []
    assert len(json.loads(whole(call(), "run_7", 9, log))["output"]) == 1

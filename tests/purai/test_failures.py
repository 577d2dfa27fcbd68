"""What failed providers said, and the status it comes to."""

import json
from typing import Any

import pytest

from headgate.dialects.purai import errors
from headgate.errors import BadRequest, HeadgateError, Tried
from headgate.formats.purai import ALL_FAILED, short


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("It is on fire.", "It is on fire."),
        ("<html><head><title>502</title></head>\n<body>Bad\r\n\tGateway</body></html>", "502 Bad Gateway"),
        ("a &lt; b &amp; c", "a < b & c"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("", ""),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 197 + "..."),
    ],
)
def test_a_message_in_short(message: str, line: str) -> None:
    assert short(message) == line


def failure(*statuses: int, **more: Any) -> HeadgateError:
    """How a run ends when these were the statuses of all that were asked."""
    error = HeadgateError("The first said this.", status=statuses[0], code="first", **more)
    error.attempts = tuple(Tried(f"p{status}", "m", status, "c", f"<b>{status}</b>") for status in statuses)
    return error


@pytest.mark.parametrize(
    ("statuses", "status", "code"),
    [
        ((503,), 500, "providers_failed"),
        ((401, 502), 500, "providers_failed"),
        ((429, 429), 500, "providers_failed"),
        ((404, 504), 500, "providers_failed"),
        ((404, 404), 404, "model_not_found"),
        ((503, 400), 400, "c"),
        ((422,), 422, "c"),
    ],
)
def test_the_status_that_failures_come_to(statuses: tuple[int, ...], status: int, code: str) -> None:
    """Their own mistake is nobody else's, and neither is the client's."""
    error = errors.told(failure(*statuses), is_raw=False)
    said = json.loads(errors.error_body(error))
    assert (error.status, said["status"], said["error"]["code"]) == (status, status, code)
    assert [one["response"]["status"] for one in said["error"]["records"]] == list(statuses)
    assert said["error"]["records"][0]["response"]["data"]["error"]["message"] == str(statuses[0])
    assert (said["error"]["message"] == ALL_FAILED) == (status in (500, 404))


@pytest.mark.parametrize(
    ("tried", "status"),
    [
        (((400, "unsupported_parameter"),), 400),
        (((400, "unsupported_parameter"), (400, "unsupported_parameter")), 400),
        (((503, "c"), (400, "unsupported_parameter")), 500),
        (((400, "unsupported_parameter"), (503, "c")), 500),
    ],
)
def test_what_nobody_has_words_for_is_the_clients_mistake(tried: tuple[tuple[int, str], ...], status: int) -> None:
    error = HeadgateError("The first said this.", status=tried[0][0], code=tried[0][1], param="n")
    error.attempts = tuple(Tried("p", "m", status, code, "No.") for status, code in tried)
    told = errors.told(error, is_raw=False)
    assert told.status == status
    assert (told.code == "unsupported_parameter") == (status == 400)


def test_the_time_to_come_again_is_passed_on() -> None:
    assert errors.told(failure(429, retry_after=7), is_raw=False).retry_after == 7


def test_messages_in_full() -> None:
    said = json.loads(errors.error_body(errors.told(failure(503), is_raw=True)))
    assert said["error"]["records"][0]["response"]["data"]["error"]["message"] == "<b>503</b>"


def test_errors_of_our_own_are_what_they_are() -> None:
    error = BadRequest("No.", param="n", code="c")
    assert errors.told(error, is_raw=False) is error
    said = {"message": "No.", "type": "invalid_request_error", "param": "n", "code": "c"}
    assert json.loads(errors.error_body(error)) == {"status": 400, "error": said}

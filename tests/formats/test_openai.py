"""What the formats of OpenAI share: usage, numbers, and errors of any shape."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import BadRequest, ProviderError
from headgate.events import Failed, Usage
from headgate.formats import openai, upstream_errors
from tests.formats.responses.schema import faults

COUNTS = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}
NO_COUNTS: list[Any] = [None, {}, [], "x", 7, {"prompt_tokens": None}, {"cost": 1}]


def usage(said: dict[str, Any]) -> tuple[tuple[int, int, int, int, int], dict[str, Any]]:
    found = openai.read_usage(said)
    assert found is not None
    written = json.loads(openai.usage_json(found, True))
    assert faults(written, "CompletionUsage") == []
    return (found.input, found.output, found.total, found.cached, found.reasoning), written


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (COUNTS, (9, 12, 21, 0, 0)),
        ({"prompt_tokens": 9, "completion_tokens": 12}, (9, 12, 21, 0, 0)),
        ({"prompt_tokens": 9}, (9, 0, 9, 0, 0)),
        ({"input_tokens": 9, "output_tokens": 12}, (9, 12, 21, 0, 0)),
        ({key: str(value) for key, value in COUNTS.items()}, (9, 12, 21, 0, 0)),
        ({key: value + 0.0 for key, value in COUNTS.items()}, (9, 12, 21, 0, 0)),
        ({**COUNTS, "completion_tokens": -1}, (9, 0, 21, 0, 0)),
        ({**COUNTS, "prompt_tokens": 2**80}, (0, 12, 21, 0, 0)),
        ({**COUNTS, "prompt_tokens_details": None}, (9, 12, 21, 0, 0)),
        ({**COUNTS, "prompt_tokens_details": {"cached_tokens": None, "audio_tokens": "3"}}, (9, 12, 21, 0, 0)),
        ({**COUNTS, "prompt_tokens_details": {"cached_tokens": 4.0}}, (9, 12, 21, 4, 0)),
        ({**COUNTS, "completion_tokens_details": {"reasoning_tokens": 5}}, (9, 12, 21, 0, 5)),
        ({**COUNTS, "completion_tokens_details": [5]}, (9, 12, 21, 0, 0)),
        ({**COUNTS, "prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 5}, (9, 12, 21, 4, 0)),
        ({**COUNTS, "cached_tokens": 4}, (9, 12, 21, 4, 0)),
        ({**COUNTS, "reasoning_tokens": 5}, (9, 12, 21, 0, 5)),
    ],
)
def test_usage_is_read_whatever_its_shape(said: dict[str, Any], counts: tuple[int, ...]) -> None:
    assert usage(said)[0] == counts


def test_a_vendors_own_counts_are_kept() -> None:
    said = {**COUNTS, "queue_time": 0.2, "prompt_tokens_details": {"video_tokens": 3, "x": None}, "y": None}
    assert usage(said)[1] == {**COUNTS, "queue_time": 0.2, "prompt_tokens_details": {"video_tokens": 3}}


@pytest.mark.parametrize("said", NO_COUNTS)
def test_usage_that_counts_nothing_is_none(said: Any) -> None:
    assert openai.read_usage(said) is None


DETAILED = {
    **COUNTS,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 5},
}


@pytest.mark.parametrize("said", [COUNTS, DETAILED])
def test_regular_usage_goes_on_as_its_bytes_came(said: dict[str, Any]) -> None:
    raw = msgspec.Raw(json.dumps(said).encode())
    found, odd = openai.read_regular_usage(raw), openai.read_usage(said)
    assert found is not None
    assert odd is not None
    assert found.extra == bytes(raw)
    assert msgspec.structs.replace(found, extra=None) == msgspec.structs.replace(odd, extra=None)


@pytest.mark.parametrize(
    "said",
    [
        {**COUNTS, "prompt_tokens_details": None},
        {**COUNTS, "prompt_tokens": -1},
        # The store could not keep these, nor whatever is to be kept together with them.
        {**COUNTS, "prompt_tokens": 10**30},
        {**COUNTS, "total_tokens": 2**63},
        {**COUNTS, "prompt_tokens_details": {"cached_tokens": 2**63}},
        {**COUNTS, "completion_tokens_details": {"reasoning_tokens": -1}},
        {**COUNTS, "prompt_tokens": 1.5},
        {**COUNTS, "cost": 1},
        {**COUNTS, "prompt_tokens_details": {"cached_tokens": "4"}},
        {"prompt_tokens": 1},
        [],
        None,
    ],
)
def test_any_other_usage_is_not_regular(said: Any) -> None:
    assert openai.read_regular_usage(msgspec.Raw(json.dumps(said).encode())) is None


def test_regular_usage_stands_on_one_line() -> None:
    """Its bytes go into streams, where a line end would end the event."""
    assert openai.read_regular_usage(msgspec.Raw(json.dumps(COUNTS, indent=1).encode())) is None


def test_usage_of_another_format_is_written_anew() -> None:
    written = json.loads(openai.usage_json(Usage(9, 12, 21, 4, 5, b'{"input_tokens":9}'), False))
    assert faults(written, "CompletionUsage") == []
    assert (written["prompt_tokens_details"], written["total_tokens"]) == ({"cached_tokens": 4}, 21)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.integers()))
def test_numbers_are_numbers_whatever_was_said(said: Any) -> None:
    assert 0 <= openai.count(said) < 2**53
    assert type(openai.count(said)) is int
    assert type(openai.number(said, 3)) is int


@pytest.mark.parametrize(
    ("said", "number"), [(2, 2), ("2", 2), (2.0, 2), (None, 7), (2.5, 7), ("x", 7), (True, 7), ([], 7), (-1, -1)]
)
def test_a_choice_is_numbered_in_any_spelling(said: Any, number: int) -> None:
    assert openai.number(said, 7) == number


def error(said: Any, status: int = 400) -> ProviderError:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    found = upstream_errors.read_error(status, body, "acme")
    assert faults(openai.error_object(found), "Error") == []
    return found


NAMED = {"message": "No.", "type": "t", "param": "p", "code": "c"}


@pytest.mark.parametrize(
    ("said", "message", "code"),
    [
        ({"error": NAMED}, "No.", "c"),
        ({"error": {**NAMED, "code": 7}}, "No.", "7"),
        ({"error": {**NAMED, "code": None}}, "No.", "upstream_error"),
        ({"error": {**NAMED, "code": ["x"]}}, "No.", "upstream_error"),
        ({"error": "No."}, "No.", "upstream_error"),
        ({"error": ["No."]}, "No.", "upstream_error"),
        ({"error": [NAMED]}, "No.", "c"),
        ({"error": {"error": {"message": "No."}}}, "No.", "upstream_error"),
        ({"error": True}, "true", "upstream_error"),
        ({"error": None, "message": "No."}, "No.", "upstream_error"),
        ({"detail": "No."}, "No.", "upstream_error"),
        ({"detail": [{"loc": ["body"], "msg": "No.", "type": "t"}]}, "No.", "upstream_error"),
        ({"detail": {"message": "No."}}, "No.", "upstream_error"),
        ({"errors": [{"message": "No.", "code": 1}]}, "No.", "1"),
        ({"message": "No.", "code": "c"}, "No.", "c"),
        ({"msg": "No."}, "No.", "upstream_error"),
        ({"error_msg": "No.", "error_code": 17}, "No.", "upstream_error"),
        ([{"error": NAMED}], "No.", "c"),
        ("No.", "No.", "upstream_error"),
        (b"No.", "No.", "upstream_error"),
        (
            b"<html><head><style>a{}</style><title>T</title></head><body><p>No.</p></body></html>",
            "No.",
            "upstream_error",
        ),
        (b"<html><head><title>No &amp; no</title></head></html>", "No & no", "upstream_error"),
        (b'data: {"error":{"message":"No."}}\n\n', "No.", "upstream_error"),
        (b'event: error\ndata: {"message":"No."}', "No.", "upstream_error"),
        (b'\xef\xbb\xbf{"error":"No."}', "No.", "upstream_error"),
        (b'{"error":{"message":"No \\ud83d"}}', "No \ufffd", "upstream_error"),
        ({"error": {"message": "x" * 9000}}, "x" * 2000, "upstream_error"),
    ],
)
def test_an_error_is_understood_whatever_its_shape(said: Any, message: str, code: str) -> None:
    found = error(said)
    assert (found.message, found.code, found.status) == (message, code, 400)


@pytest.mark.parametrize(
    "said", [b"", b"  \n", {}, [], None, 7, {"error": {}}, {"error": {"code": "x"}}, b"\x00\x00", {"message": {}}]
)
def test_an_error_that_says_nothing_tells_at_least_its_status(said: Any) -> None:
    assert error(said, 418).message == "acme answered with status 418."


@pytest.mark.parametrize(
    ("status", "told", "retryable", "kind"),
    [
        (400, 400, False, "invalid_request_error"),
        (408, 408, True, "invalid_request_error"),
        (429, 429, True, "rate_limit_error"),
        (500, 500, True, "server_error"),
        (529, 529, True, "server_error"),
        (501, 501, False, "server_error"),
        (600, 502, True, "server_error"),
        (999, 502, True, "server_error"),
    ],
)
def test_a_status_is_passed_on(status: int, told: int, retryable: bool, kind: str) -> None:
    found = error({"error": "No."}, status)
    assert (found.status, found.retryable, found.kind) == (told, retryable, kind)


@pytest.mark.parametrize("status", [300, 301, 304, 307])
def test_a_redirect_is_told_as_one(status: int) -> None:
    found = error({"error": "Moved."}, status)
    assert (found.status, found.retryable) == (502, False)
    assert f"redirect (status {status})" in found.message


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"code": 503}, 503),
        ({"code": "429"}, 429),
        ({"status": 404}, 404),
        ({"status_code": 401}, 401),
        ({"code": 200}, 502),
        ({"code": "rate_limit_exceeded"}, 429),
        ({"type": "overloaded_error"}, 503),
        ({"type": "invalid_request_error", "code": "model_not_found"}, 404),
        ({"status": "RESOURCE_EXHAUSTED"}, 429),
        ({"type": "Server_Error"}, 500),
        ({"code": "something"}, 502),
        ({}, 502),
    ],
)
def test_in_a_stream_the_status_is_found_in_the_words(said: dict[str, Any], status: int) -> None:
    found = upstream_errors.error_event({"error": {"message": "No.", **said}}, "acme")
    assert found is not None
    assert found.status == status


NO_ERRORS: list[Any] = [
    {}, [], None, 7, "ping", {"type": "ping"}, {"error": None}, {"error": {}}, {"error": ""}, {"message": "hi"},
    {"message": "hi", "code": 200}, {"message": "hi", "code": "ok"}, {"message": "hi", "code": "0"}, {"detail": ""},
    {"choices": [{}], "code": 500, "message": "m"}, {"status": "ok", "message": "m"},
]  # fmt: skip
ERRORS: list[Any] = [
    {"error": "No."}, [{"error": "No."}], {"error": {"code": 1}}, {"type": "error", "message": "m"}, {"detail": "No."},
    {"object": "error", "message": "No."}, {"message": "No.", "code": "x"}, {"message": "No.", "code": 500},
    {"status": "error", "message": "No."}, {"errors": ["No."]}, {"type": "error"},
]  # fmt: skip


@pytest.mark.parametrize("said", NO_ERRORS)
def test_what_reports_no_error_is_none(said: Any) -> None:
    assert upstream_errors.error_event(said, "acme") is None


@pytest.mark.parametrize("said", ERRORS)
def test_what_reports_an_error_is_one(said: Any) -> None:
    assert upstream_errors.error_event(said, "acme") is not None


@pytest.mark.parametrize("said", [*NO_ERRORS, *ERRORS])
def test_an_event_called_error_is_one_whatever_it_says(said: Any) -> None:
    found = upstream_errors.error_event(said, "acme", "error")
    assert found is not None
    assert found.message


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"", "upstream_empty", "acme sent an empty answer."),
        (b"Try later", "upstream_invalid", "acme sent something that is no answer: Try later"),
        (b"<h1>Hi</h1>", "upstream_invalid", "acme sent something that is no answer: Hi"),
        (b"\xff\x00\x01", "upstream_invalid", "acme sent something that is no answer."),
        (b"<br>", "upstream_invalid", "acme sent something that is no answer."),
    ],
)
def test_a_body_that_is_no_answer_is_told_by_its_words(body: bytes, code: str, message: str) -> None:
    found = upstream_errors.no_answer(body, "acme")
    assert (found.code, found.message, found.status) == (code, message, 502)


def test_our_own_error_bodies_have_all_keys() -> None:
    for failure in (BadRequest("No.", param="n"), Failed("c", "No."), ProviderError("No.")):
        body = json.loads(openai.error_body(failure))
        assert faults(body, "ErrorResponse") == []
        assert body["detail"] == "No."


def test_a_format_with_one_answer_refuses_several() -> None:
    openai.no_choices_over_one(1, "it")
    with pytest.raises(BadRequest, match="'n' must be 1 for it"):
        openai.no_choices_over_one(2, "it")

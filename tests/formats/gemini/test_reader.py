"""What Google and servers like it send, cut anywhere, and what it means."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given

from headgate.errors import ProviderError
from headgate.events import Finished, Started, Text, ToolCall, Usage
from headgate.fold import fold
from headgate.formats import gemini
from headgate.formats.sse import MAX_EVENT
from tests.formats.bending import bent
from tests.formats.cutting import ORIGIN, SIZES, events_in
from tests.formats.gemini.streams import CASES, USAGE, Case, array, chunk, sse, text

FORMS = {"sse": sse, "sse_lf": lambda *chunks: sse(*chunks, end="\n\n"), "array": array}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CASES)
def test_a_stream_means_the_same_however_it_is_cut(name: str, form: str, size: int) -> None:
    case = CASES[name]
    answer = fold(events_in(gemini.Reader(ORIGIN), FORMS[form](*case.chunks), size))
    _check(case, answer)


@pytest.mark.parametrize("name", CASES)
def test_pieces_that_come_at_once_are_the_same_answer(name: str) -> None:
    case = CASES[name]
    streamed = events_in(gemini.Reader(ORIGIN), sse(*case.chunks))
    assert gemini.read_whole(array(*case.chunks), ORIGIN) == streamed


def _check(case: Case, answer: Any) -> None:
    choice = answer.choice(0)
    assert choice.text == case.text
    assert choice.reasoning == case.reasoning
    assert tuple((call.name, call.input) for call in choice.calls) == case.calls
    assert isinstance(answer.last, Finished)
    assert answer.last.reason == case.reason
    assert (answer.usage.total if answer.usage else None) == case.total


def test_it_says_who_answered() -> None:
    started, *_ = events_in(gemini.Reader(ORIGIN), sse(text("Hi", finishReason="STOP", createTime="now")))
    assert started == Started("acme", "gemini-3-flash", "r1", 1, "gemini.generate", b'{"createTime":"now"}')


def test_words_are_told_as_soon_as_they_are_there() -> None:
    for form in (sse, array):
        reader = gemini.Reader(ORIGIN)
        first, *_ = form(text("Hi"), text(" there")).split(b" there")
        assert Text("Hi") in list(reader.feed(first))


def test_thoughts_count_as_output_as_they_do_elsewhere() -> None:
    said = {"promptTokenCount": 5, "candidatesTokenCount": 2, "thoughtsTokenCount": 7, "totalTokenCount": 14}
    said |= {"cachedContentTokenCount": 3}
    *_, usage, _ = events_in(gemini.Reader(ORIGIN), sse(text("Hi", finishReason="STOP", usageMetadata=said)))
    assert isinstance(usage, Usage)
    assert (usage.input, usage.output, usage.total, usage.cached, usage.reasoning) == (5, 9, 14, 3, 7)


def test_calls_without_ids_get_some_and_repeated_ids_are_told_apart() -> None:
    call = {"functionCall": {"name": "f", "id": "same"}}
    nameless = {"functionCall": {"name": "f"}}
    events = events_in(gemini.Reader(ORIGIN), sse(chunk(call, call, nameless, finishReason="STOP")))
    ids = [event.id for event in events if isinstance(event, ToolCall)]
    assert ids == ["same", "call_run_upstream_0_1", "call_run_upstream_0_2"]


def test_candidates_are_told_apart() -> None:
    origin = msgspec.structs.replace(ORIGIN, choices=2)
    one = chunk({"text": "a"}, finishReason="STOP")
    other = chunk({"text": "b"}, finishReason="MAX_TOKENS", index=1)
    reader = gemini.Reader(origin)
    events = list(reader.feed(sse(one)))
    first = reader.is_answered
    events += reader.feed(sse(other))
    assert (first, reader.is_answered) == (False, True)
    answer = fold([*events, *reader.close()])
    assert [answer.choice(index).text for index in (0, 1)] == ["a", "b"]
    assert [answer.choice(index).reason for index in (0, 1)] == ["stop", "length"]


def test_words_after_an_end_take_it_back() -> None:
    reader = gemini.Reader(ORIGIN)
    reader.feed(sse(text("Hi", finishReason="STOP")))
    first = reader.is_answered
    assert Text(" there") in list(reader.feed(sse(text(" there"))))
    assert (first, reader.is_answered) == (True, False)


def test_what_is_cut_after_the_end_takes_nothing_away() -> None:
    """A gateway in between may lose the last bytes; all that was asked for is there."""
    for whole in (
        sse(text("Hi", finishReason="STOP"), {"usageMetadata": USAGE}),
        array(text("Hi", finishReason="STOP"), {"usageMetadata": USAGE}),
    ):
        events = events_in(gemini.Reader(ORIGIN), whole[:-25])
        assert Text("Hi") in events
        assert isinstance(events[-1], Finished)


def test_an_object_without_an_end_is_not_held_for_ever() -> None:
    reader = gemini.Reader(ORIGIN)
    reader.feed(b'[{"candidates": "' + b"x" * (MAX_EVENT - 20))
    with pytest.raises(ProviderError) as caught:
        reader.feed(b"x" * 20)
    assert caught.value.code == "upstream_event_too_large"


def test_probabilities_of_tokens_are_told_in_chats_words() -> None:
    result = {
        "chosenCandidates": [{"token": "Hi", "tokenId": 1, "logProbability": -0.25}],
        "topCandidates": [{"candidates": [{"token": "Ho", "logProbability": -2}]}],
    }
    events = events_in(gemini.Reader(ORIGIN), sse(text("Hi", logprobsResult=result, finishReason="STOP")))
    (logged,) = [event.logprobs for event in events if isinstance(event, Text)]
    assert json.loads(logged or b"") == [
        {"token": "Hi", "logprob": -0.25, "bytes": None,
         "top_logprobs": [{"token": "Ho", "logprob": -2, "bytes": None}]}
    ]  # fmt: skip


BROKEN: dict[str, tuple[bytes, str, int, float | None]] = {
    # bytes, code, status, retry_after
    "nothing": (b"", "upstream_empty", 502, None),
    "only_usage": (sse({"usageMetadata": USAGE, "modelVersion": "m"}), "upstream_empty", 502, None),
    "cut_after_words": (sse(text("Hi")), "upstream_incomplete", 502, None),
    "an_end_that_is_none": (
        sse(text("Hi", finishReason="FINISH_REASON_UNSPECIFIED")), "upstream_incomplete", 502, None,
    ),
    "cut_in_an_object": (array(text("Hi"), text("!", finishReason="STOP"))[:-20], "upstream_incomplete", 502, None),
    "a_number_of_a_candidate": (sse(text("Hi"), text("!", index=10**9)), "upstream_invalid", 502, None),
    "a_page": (b"data: <html>no</html>\n\n", "upstream_invalid", 502, None),
    "error_event": (
        sse({"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}),
        "unavailable", 503, None,
    ),
    "error_in_an_array": (
        array({"error": {"code": 500, "message": "Internal error", "status": "INTERNAL"}}), "internal", 500, None,
    ),
    "error_after_words": (
        sse(text("Hi"), {"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED", "details": [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"}]}}),
        "rate_limit_exceeded", 429, 7.5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_never_looks_whole(name: str, size: int) -> None:
    data, code, status, retry_after = BROKEN[name]
    with pytest.raises(ProviderError) as caught:
        events_in(gemini.Reader(ORIGIN), data, size)
    assert (caught.value.code, caught.value.status, caught.value.retry_after) == (code, status, retry_after)
    assert not any(isinstance(event, Finished) for event in caught.value.events)
    assert any(event == Text("Hi") for event in caught.value.events) == (b"Hi" in data and size != 0)


WHOLE_ERRORS: dict[str, tuple[Any, str]] = {
    "an_error": ({"error": {"code": 400, "message": "Bad", "status": "INVALID_ARGUMENT"}}, "invalid_argument"),
    "a_list_of_one": ([{"error": {"code": 404, "message": "Gone", "status": "NOT_FOUND"}}], "not_found"),
    "nothing": ({}, "upstream_empty"),
    "an_empty_list": ([], "upstream_empty"),
    "no_object": (7, "upstream_empty"),
}


@pytest.mark.parametrize("name", WHOLE_ERRORS)
def test_a_whole_answer_that_is_none_is_an_error(name: str) -> None:
    value, code = WHOLE_ERRORS[name]
    with pytest.raises(ProviderError) as caught:
        gemini.read_whole(json.dumps(value).encode(), ORIGIN)
    assert caught.value.code == code


@given(bent([each for case in CASES.values() for each in case.chunks][:12]))
def test_bent_streams_are_read_or_refused(chunks: list[Any]) -> None:
    """Whatever is in them: events in order with one end, or a ProviderError; and the writers can write it."""
    for form in (sse, array):
        data = form(*chunks)
        try:
            events = events_in(gemini.Reader(ORIGIN), data)
        except ProviderError:
            continue
        assert isinstance(events[-1], Finished)
        call = gemini.asked(b'{"contents":[{"parts":[{"text":"hi"}]}]}', "m", stream=True)
        writer = gemini.Writer(call, "run_1", 1)
        assert b"".join(writer.write(event) for event in events)
        assert json.loads(gemini.whole(call, "run_1", 1, events))

"""What Bedrock streams and sends, and what it means; to Amazon's own library too."""

import json
from typing import Any

import pytest
from botocore import session
from botocore.eventstream import EventStreamBuffer
from botocore.parsers import EventStreamJSONParser
from hypothesis import given

from headgate.errors import ProviderError
from headgate.events import Finished, Started, Text, Usage
from headgate.fold import fold
from headgate.formats import anthropic, bedrock
from tests.formats.bedrock.streams import (
    CASES,
    METADATA,
    START,
    USAGE,
    WHOLES,
    Case,
    call,
    delta,
    event,
    failure,
    frame,
    stop,
    stop_block,
    stream,
    text,
    whole,
)
from tests.formats.bending import bent
from tests.formats.cutting import ORIGIN, SIZES, events_in

ASKED = anthropic.read(b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}')


def events_of(*events: Any) -> list[Any]:
    """What a stream of these means."""
    return events_in(bedrock.Reader(ORIGIN), stream(*events))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CASES)
def test_a_stream_means_the_same_however_it_is_cut(name: str, size: int) -> None:
    case = CASES[name]
    _check(case, fold(events_in(bedrock.Reader(ORIGIN), stream(*case.events), size)))


@pytest.mark.parametrize("name", WHOLES)
def test_an_answer_at_once_is_the_same_answer(name: str) -> None:
    said, streamed = WHOLES[name]
    case = CASES[streamed]
    compact = tuple((id, name, json.dumps(json.loads(input), separators=(",", ":"))) for id, name, input in case.calls)
    _check(case._replace(calls=compact), fold(bedrock.read_whole(json.dumps(said).encode(), ORIGIN)))


def _check(case: Case, answer: Any) -> None:
    choice = answer.choice(0)
    assert choice.text == case.text
    assert choice.reasoning == case.reasoning
    assert tuple((call.id, call.name, call.input) for call in choice.calls) == case.calls
    assert isinstance(answer.last, Finished)
    assert answer.last.reason == case.reason
    assert (answer.usage.total if answer.usage else None) == case.total


@pytest.mark.parametrize("name", CASES)
def test_amazons_library_reads_the_same(name: str) -> None:
    """Our streams are what its model of the service says, and mean to it what they mean to us."""
    shape = session.Session().get_service_model("bedrock-runtime").operation_model("ConverseStream")
    parser, buffer = EventStreamJSONParser(), EventStreamBuffer()
    buffer.add_data(stream(*CASES[name].events))
    stream_shape = shape.output_shape.members["stream"]
    said = [parser.parse(each.to_response_dict(), stream_shape) for each in buffer]
    deltas = [each["contentBlockDelta"]["delta"] for each in said if "contentBlockDelta" in each]
    assert "".join(each.get("text", "") for each in deltas) == CASES[name].text
    thoughts = [each["reasoningContent"].get("text", "") for each in deltas if "reasoningContent" in each]
    assert "".join(thoughts) == CASES[name].reasoning


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.blocks])
def test_clients_of_messages_get_signatures_and_redacted_thoughts(name: str) -> None:
    """Streamed and whole: what they must send back as it came."""
    case = CASES[name]
    events = events_of(*case.events)
    assert json.loads(anthropic.whole(ASKED, "run_1", 1, events))["content"] == case.blocks
    writer = anthropic.Writer(ASKED, "run_1", 1)
    said = b"".join(writer.write(event) for event in events).decode()
    assert ('"signature":"c2ln"' in said) == ("thoughts" in name or "signed" in name)


def test_clients_of_messages_are_told_the_stop_sequence_and_what_was_cached() -> None:
    counted = {**USAGE, "cacheReadInputTokens": 100, "cacheWriteInputTokens": 20, "totalTokens": 131}
    counted["cacheDetails"] = [{"ttl": "1h", "inputTokens": 20}]  # type: ignore[assignment]
    stopped = stop("stop_sequence", additionalModelResponseFields={"delta": {"stop_sequence": "END"}})
    events = events_of(START, text("Hi"), stopped, ("metadata", {"usage": counted}))
    message = json.loads(anthropic.whole(ASKED, "run_1", 1, events))
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", "END")
    assert message["usage"] == {
        "input_tokens": 9,
        "output_tokens": 2,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20,
        "cache_creation": {"ephemeral_1h_input_tokens": 20},
    }
    usage = next(event for event in events if isinstance(event, Usage))
    assert (usage.input, usage.output, usage.total, usage.cached) == (129, 2, 131, 100)


def test_what_was_filtered_is_a_refusal_to_clients_of_messages() -> None:
    message = json.loads(anthropic.whole(ASKED, "run_1", 1, events_of(*CASES["guardrail"].events)))
    assert message["stop_reason"] == "refusal"


def test_it_says_who_answered() -> None:
    started, *_ = events_of(*CASES["words"].events)
    assert started == Started("acme", "asked-for", "", 1, "anthropic.messages")


def test_words_are_told_as_soon_as_they_are_there() -> None:
    reader = bedrock.Reader(ORIGIN)
    reader.feed(stream(START))
    assert list(reader.feed(stream(text("Hi")))) == [Text("Hi")]
    assert list(reader.feed(stream(text(" there")))) == [Text(" there")]


def test_it_is_answered_before_the_metadata_and_over_with_it() -> None:
    reader, states = bedrock.Reader(ORIGIN), []
    for each in (START, text("Hi"), stop(), METADATA):
        reader.feed(stream(each))
        states.append((reader.is_answered, reader.is_over))
    assert states == [(False, False), (False, False), (True, False), (True, True)]
    reader = bedrock.Reader(ORIGIN)
    reader.feed(stream(START, text("Hi"), METADATA, stop()))
    assert reader.is_over


def test_two_calls_with_one_id_are_told_apart() -> None:
    events = events_of(START, *call("a", "f", 0, "{}"), *call("a", "g", 1, "{}"), stop("tool_use"), METADATA)
    assert [call.id for call in fold(events).choice(0).calls] == ["a", "call_run_upstream_0_1"]


def test_what_is_damaged_after_the_end_takes_nothing_away() -> None:
    data = stream(START, text("Hi"), stop(), METADATA)
    for end in (data[:-30], data[:-4] + b"\0\0\0\0", data[: -len(stream(METADATA))] + b"\xff" * 40):
        events = events_in(bedrock.Reader(ORIGIN), end)
        assert Text("Hi") in events
        assert isinstance(events[-1], Finished)


def test_nothing_is_believed_after_what_was_damaged() -> None:
    reader = bedrock.Reader(ORIGIN)
    reader.feed(stream(START, text("Hi"), stop()))
    reader.feed(b"\xff" * 40)
    assert not reader.feed(stream(text(" there"), METADATA))
    assert [type(event) for event in reader.close()] == [Finished]


SAID = stream(START, text("Hi"))

BROKEN: dict[str, tuple[bytes, str, int]] = {
    # bytes, code, status
    "nothing": (b"", "upstream_empty", 502),
    "cut_after_words": (SAID, "upstream_incomplete", 502),
    "cut_in_a_frame": (SAID + stream(text("more"))[:50], "upstream_incomplete", 502),
    "cut_in_the_first_frame": (stream(START)[:50], "upstream_incomplete", 502),
    "a_wrong_checksum": (SAID + stream(stop())[:-1] + b"\0", "upstream_invalid", 502),
    "no_json": (SAID + frame(b"{oops", event_type="messageStop", message_type="event"), "upstream_invalid", 502),
    "a_list": (SAID + event("messageStop", [1]), "upstream_invalid", 502),
    "throttling": (SAID + failure("throttlingException", {"message": "Slow"}), "ThrottlingException", 429),
    "throttling_first": (failure("throttlingException", {"message": "Slow"}), "ThrottlingException", 429),
    "model_stream_error": (
        SAID + failure("modelStreamErrorException", {"message": "Oh", "originalStatusCode": 500}),
        "ModelStreamErrorException", 502,
    ),
    "internal": (SAID + failure("internalServerException", {"message": "Oh"}), "InternalServerException", 500),
    "unavailable": (
        SAID + failure("serviceUnavailableException", {"message": "Oh"}), "ServiceUnavailableException", 503,
    ),
    "validation": (SAID + failure("validationException", {"message": "Bad"}), "ValidationException", 400),
    "of_tomorrow": (SAID + failure("tiredException", {}), "TiredException", 502),
    "no_reason": (
        SAID + frame(b"", exception_type="throttlingException", message_type="exception"), "ThrottlingException", 429,
    ),
    "an_error_in_headers": (
        SAID + frame(b"", message_type="error", error_code="InternalFailure", error_message="Oh"),
        "InternalFailure", 500,
    ),
    "malformed": (SAID + stream(stop("malformed_model_output")), "malformed_model_output", 502),
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_never_looks_whole(name: str, size: int) -> None:
    data, code, status = BROKEN[name]
    with pytest.raises(ProviderError) as caught:
        events_in(bedrock.Reader(ORIGIN), data, size)
    assert (caught.value.code, caught.value.status) == (code, status)
    assert not any(isinstance(event, Finished) for event in caught.value.events)
    assert any(event == Text("Hi") for event in caught.value.events) == data.startswith(SAID)


def test_an_exceptions_words_are_told() -> None:
    with pytest.raises(ProviderError) as caught:
        events_in(bedrock.Reader(ORIGIN), failure("throttlingException", {"message": "Too many tokens."}))
    assert caught.value.message == "Too many tokens."
    with pytest.raises(ProviderError) as caught:
        events_in(bedrock.Reader(ORIGIN), failure("throttlingException", {}))
    assert caught.value.message == "acme reported ThrottlingException and no reason."


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"7", "upstream_invalid"),
        (b"{", "upstream_invalid"),
        (b"{}", "upstream_invalid"),
        (b'{"output":{"message":{"content":"x"}}}', "upstream_invalid"),
        (b'{"message":"The security token is expired","__type":"a#ExpiredTokenException"}', "ExpiredTokenException"),
        (json.dumps(whole({"text": "x"}, reason="malformed_tool_use")).encode(), "malformed_tool_use"),
    ],
)
def test_a_whole_answer_that_is_none_is_an_error(body: bytes, code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        bedrock.read_whole(body, ORIGIN)
    assert caught.value.code == code


PLACE = "http://internal.amazon.com/coral/com.amazon.bedrock/"
UNSIGNED = b'{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"No"}'

ERRORS: dict[str, tuple[int, bytes, str, str, int, str]] = {
    # What came: status, body, header; what it means: code, status, message
    "with_a_place": (400, b'{"message":"B"}', f"ValidationException:{PLACE}", "ValidationException", 400, "B"),
    "throttling": (429, b'{"message":"Slow"}', "ThrottlingException", "ThrottlingException", 429, "Slow"),
    "model": (424, b'{"message":"Oh"}', "ModelErrorException", "ModelErrorException", 502, "Oh"),
    "model_timeout": (408, b'{"message":"Oh"}', "ModelTimeoutException", "ModelTimeoutException", 504, "Oh"),
    "capital": (403, b'{"Message":"No"}', "", "upstream_error", 403, "No"),
    "named_in_the_body": (403, UNSIGNED, "", "UnrecognizedClientException", 403, "No"),
    "quota": (400, b'{"message":"Q"}', "ServiceQuotaExceededException", "ServiceQuotaExceededException", 429, "Q"),
    "page": (503, b"<html>Busy</html>", "", "upstream_error", 503, "Busy"),
    "mute": (503, b"", "Unavailable", "Unavailable", 503, "acme answered with status 503."),
    "no_reason": (400, b"{}", "ModelError", "ModelError", 400, "acme reported ModelError and no reason."),
    "redirect": (
        307, b"{}", "", "upstream_error", 502, "acme answered with a redirect (status 307): its address may be wrong.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_told_by_their_names(name: str) -> None:
    status, body, header, *expected = ERRORS[name]
    error = bedrock.read_error(status, body, header, "acme")
    assert [error.code, error.status, error.message] == expected


@given(bent([each for case in CASES.values() for each in case.events][:20]))
def test_bent_streams_are_read_or_refused(events: list[Any]) -> None:
    """Whatever is in them: events in order with one end, or a ProviderError; and writers can write it."""
    pairs = [each for each in events if isinstance(each, list | tuple) and len(each) == 2 and isinstance(each[0], str)]
    data = b"".join(event(kind.encode("ascii", "replace").decode()[:200], said) for kind, said in pairs)
    try:
        read = events_in(bedrock.Reader(ORIGIN), data)
    except ProviderError:
        return
    assert isinstance(read[-1], Finished)
    writer = anthropic.Writer(ASKED, "run_1", 1)
    assert b"".join(writer.write(event) for event in read)
    assert json.loads(anthropic.whole(ASKED, "run_1", 1, read))


@given(bent([each[0] for each in WHOLES.values()]))
def test_bent_wholes_are_read_or_refused(answers: list[Any]) -> None:
    for answer in answers:
        try:
            events = bedrock.read_whole(json.dumps(answer).encode("utf-8", "surrogatepass"), ORIGIN)
        except ProviderError:
            continue
        assert isinstance(events[-1], Finished)
        assert json.loads(anthropic.whole(ASKED, "run_1", 1, events))


def test_a_stop_of_a_block_that_never_began_means_nothing() -> None:
    answer = fold(events_of(START, stop_block(7), text("Hi"), delta({}), delta({"text": 7}), stop(), METADATA))
    assert answer.choice(0).text == "Hi"

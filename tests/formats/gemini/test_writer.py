"""What Gemini's clients get: its own answers as they were, and those of others in its words."""

import json
from typing import Any

import pytest

from headgate.calls import Call
from headgate.events import (
    AnyEvent,
    Attempt,
    Failed,
    Finished,
    Reasoning,
    Refusal,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
    Vendor,
)
from headgate.formats import gemini, sse
from tests.formats.cutting import ORIGIN, events_in
from tests.formats.gemini.streams import CASES, USAGE, chunk, text
from tests.formats.gemini.streams import sse as sent

CALL = gemini.asked(b'{"contents":[{"parts":[{"text":"hi"}]}]}', "openai/gpt", stream=True)
STARTED = Started("openai", "gpt", "chatcmpl-1", 7, "openai.chat", b'{"system_fingerprint":"fp"}')
IDENTITY = {"modelVersion": "gpt", "responseId": "1"}


def chunks(events: list[AnyEvent], call: Call = CALL) -> list[Any]:
    """What is streamed, as events and as an array, which must say the same."""
    writer, array = gemini.Writer(call, "run_1", 1), gemini.ArrayWriter(call, "run_1", 1)
    said = b"".join(writer.write(event) for event in events)
    reader = sse.Reader()
    found = [json.loads(message.data) for message in reader.feed(said)]
    # Google's clients take nothing else.
    assert said == b"".join(b"data: %b\n\n" % line[6:] for line in said.split(b"\n\n") if line)
    keep_alive = gemini.KEEP_ALIVE
    listed = keep_alive + b"".join(array.write(event) + keep_alive for event in events)
    assert json.loads(listed) == found
    return found


def whole(events: list[AnyEvent]) -> Any:
    """The whole answer."""
    return json.loads(gemini.whole(CALL, "run_1", 1, events))


def candidate(*parts: Any, index: int = 0, **more: Any) -> dict[str, Any]:
    """A candidate."""
    return {"content": {"parts": list(parts), "role": "model"}, "index": index, **more}


def test_words_of_another_provider() -> None:
    events: list[AnyEvent] = [
        Attempt("acme", 503, "c", "m"),
        STARTED,
        Reasoning("Hm"),
        Text("Hi"),
        Text(' "there"\n', logprobs=b"[]", extra=b'{"part":{"x":1}}'),
        Vendor(b'{"delta":{"audio":1}}'),
        Usage(9, 5, 14, 3, 2),
        Finished("length"),
    ]
    usage = {
        "promptTokenCount": 9, "candidatesTokenCount": 3, "totalTokenCount": 14, "thoughtsTokenCount": 2,
        "cachedContentTokenCount": 3,
    }  # fmt: skip
    end = {"usageMetadata": usage, **IDENTITY}
    assert chunks(events) == [
        {"candidates": [candidate({"text": "Hm", "thought": True})], **IDENTITY},
        {"candidates": [candidate({"text": "Hi"})], **IDENTITY},
        {"candidates": [candidate({"text": ' "there"\n'})], **IDENTITY},
        {"candidates": [candidate({"text": ""}, finishReason="MAX_TOKENS")], **end},
    ]
    parts = [{"text": "Hm", "thought": True}, {"text": 'Hi "there"\n'}]
    assert whole(events) == {"candidates": [candidate(*parts, finishReason="MAX_TOKENS")], **end}


def test_calls_are_told_whole_the_last_with_the_end() -> None:
    events: list[AnyEvent] = [
        STARTED,
        Text("Let me see."),
        ToolCall(0, "c1", "weather"),
        ToolInput(0, '{"city":'),
        ToolInput(0, ' "Brno", "n": 12345678901234567890}'),
        ToolCall(1, "c2", "now"),
        ToolInput(1, "{}"),
        ToolCall(2, "c3", "note", kind="custom"),
        ToolInput(2, "any text"),
        Finished("tool_calls"),
    ]
    first = {"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Brno", "n": 12345678901234567890}}}
    second = {"functionCall": {"id": "c2", "name": "now", "args": {}}}
    third = {"functionCall": {"id": "c3", "name": "note", "args": {"input": "any text"}}}
    assert [each["candidates"] for each in chunks(events)] == [
        [candidate({"text": "Let me see."})],
        [candidate(first)],
        [candidate(second)],
        [candidate(third, finishReason="STOP")],
    ]
    said = candidate({"text": "Let me see."}, first, second, third, finishReason="STOP")
    assert whole(events)["candidates"] == [said]


def test_words_do_not_overtake_a_call() -> None:
    events: list[AnyEvent] = [
        STARTED,
        Text("a"),
        ToolCall(0, "c", "f"),
        ToolInput(0, "{}"),
        Text("b"),
        Finished("stop"),
    ]
    call = {"functionCall": {"id": "c", "name": "f", "args": {}}}
    told = [part for each in chunks(events) for part in each["candidates"][0]["content"]["parts"]]
    assert told == [{"text": "a"}, call, {"text": "b"}, {"text": ""}]


@pytest.mark.parametrize("input", ["[1]", '{"city":', "seven", "{} {}"])
def test_a_call_whose_input_is_no_object_ends_as_google_says_it(input: str) -> None:
    events: list[AnyEvent] = [STARTED, ToolCall(0, "c1", "f"), ToolInput(0, input), Finished("tool_calls")]
    message = f"Malformed function call: f({input})"
    expected = [candidate({"text": ""}, finishReason="MALFORMED_FUNCTION_CALL", finishMessage=message)]
    assert chunks(events)[-1]["candidates"] == expected
    assert whole(events)["candidates"] == expected


def test_a_call_that_was_cut_by_the_limit_is_left_out() -> None:
    events: list[AnyEvent] = [STARTED, ToolCall(0, "c1", "f"), ToolInput(0, '{"a'), Finished("length")]
    assert whole(events)["candidates"] == [candidate({"text": ""}, finishReason="MAX_TOKENS")]


def test_several_answers_end_together() -> None:
    events: list[AnyEvent] = [
        STARTED,
        Text("a"),
        Text("b", 1),
        Refusal("No.", 1),
        Finished("stop", ("content_filter",)),
    ]
    assert [each["candidates"] for each in chunks(events)] == [
        [candidate({"text": "a"})],
        [candidate({"text": "b"}, index=1)],
        [candidate({"text": "No."}, index=1)],
        [candidate({"text": ""}, finishReason="STOP"), candidate({"text": ""}, index=1, finishReason="SAFETY")],
    ]
    assert whole(events)["candidates"] == [
        candidate({"text": "a"}, finishReason="STOP"),
        candidate({"text": "bNo."}, index=1, finishReason="SAFETY"),
    ]


ENDS: dict[str, tuple[AnyEvent, str]] = {
    "stop": (Finished("stop"), "STOP"),
    "length": (Finished("length"), "MAX_TOKENS"),
    "tools": (Finished("tool_calls"), "STOP"),
    "filter": (Finished("content_filter"), "SAFETY"),
    "unknown": (Finished("eos"), "OTHER"),
    "stopped": (Stopped("user"), "STOP"),
}


@pytest.mark.parametrize("name", ENDS)
def test_every_end_is_told(name: str) -> None:
    event, reason = ENDS[name]
    said: list[list[AnyEvent]] = [[STARTED, Text("Hi"), event], [STARTED, event]]
    for events in said:
        last = chunks(events)[-1]
        assert last["candidates"][0]["finishReason"] == reason
        assert last["candidates"][0]["content"]["parts"] == [{"text": ""}]
        assert whole(events)["candidates"][0]["finishReason"] == reason


def test_a_broken_answer_ends_with_its_error() -> None:
    failed = Failed("rate_limit_exceeded", "Slow down.", 429, "rate_limit_error", None, 1.5)
    *said, last = chunks([STARTED, Text("Hi"), failed])
    assert said == [{"candidates": [candidate({"text": "Hi"})], **IDENTITY}]
    assert last == {
        "error": {
            "code": 429,
            "message": "Slow down.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "RATE_LIMIT_EXCEEDED",
                    "domain": "headgate",
                },
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"},
            ],
        }
    }
    assert chunks([failed])[-1] == last


@pytest.mark.parametrize("name", CASES)
def test_googles_own_answers_lose_nothing(name: str) -> None:
    """Parts, signatures, ratings, reasons and usage: what a client puts together from the stream is what was sent."""
    sources = CASES[name].chunks
    events = events_in(gemini.Reader(ORIGIN), sent(*sources))
    assert _together(chunks(events)) == _together(sources)
    said = _together([whole(events)])
    assert said == _together(sources)


def _together(listed: list[Any]) -> Any:
    """A stream as a client puts it together."""
    parts: list[Any] = []
    about: dict[str, Any] = {}
    top: dict[str, Any] = {}
    for each in listed:
        top |= {name: value for name, value in each.items() if name not in ("candidates", "responseId", "modelVersion")}
        for found in each.get("candidates", []):
            about |= {name: value for name, value in found.items() if name not in ("content", "index")}
            for part in found.get("content", {}).get("parts", []):
                if "functionCall" in part:
                    part = {**part, "functionCall": {"args": {}, **part["functionCall"]}}
                if set(part) == {"text"} and parts and set(parts[-1]) == {"text"}:
                    parts[-1] = {"text": parts[-1]["text"] + part["text"]}
                elif part != {"text": ""}:
                    parts.append(part)
    return parts, about, top


def test_a_whole_answer_of_googles_is_the_same_again() -> None:
    sent = text("Hi", finishReason="STOP", avgLogprobs=-0.1, usageMetadata={**USAGE, "promptTokensDetails": []})
    events = gemini.read_whole(json.dumps(sent).encode(), ORIGIN)
    assert whole(events) == sent


def test_signed_calls_come_back_signed_and_without_ids_that_google_did_not_give() -> None:
    part = {"functionCall": {"name": "f", "args": {"a": [1]}}, "thoughtSignature": "c2ln"}
    events = events_in(gemini.Reader(ORIGIN), sent(chunk(part, part, finishReason="STOP")))
    assert whole(events)["candidates"][0]["content"]["parts"] == [part, part]


def test_an_answer_that_never_began_is_still_written() -> None:
    assert chunks([Stopped("user")])[-1]["candidates"] == [candidate({"text": ""}, finishReason="STOP")]
    assert whole([])["candidates"] == [candidate({"text": ""}, finishReason="STOP")]

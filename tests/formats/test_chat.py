"""Chat answers to events and back, to the last field."""

import json
from typing import Any

import pytest

from headgate.errors import ProviderError
from headgate.events import (
    AnyEvent,
    Finished,
    Reasoning,
    Refusal,
    Started,
    Text,
    ToolCall,
    ToolInput,
    Usage,
    Vendor,
)
from headgate.formats.base import Origin
from headgate.formats.openai_chat import Reader, read_whole
from tests.formats.cutting import ORIGIN, SIZES, events_in
from tests.oddities.wire import CREATED, ID, MODEL, ROLE, STOP, bent, chunk, frame
from tests.oddities.wire import whole as answer

START = Started("acme", MODEL, ID, CREATED, "openai.chat")
COUNTS = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}


def raw(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


USAGE = Usage(9, 12, 21, 0, 0, json.dumps(COUNTS).encode())
TOKENS = [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}]
FILTER = {"hate": {"filtered": False}}
CALL = [{"index": 0, "id": "x", "type": "function", "function": {"name": "f", "arguments": ""}}]
MORE = [{"index": 0, "function": {"arguments": "{}"}}]

READ: dict[str, tuple[list[Any], list[AnyEvent]]] = {
    "words": (
        [ROLE, chunk({"content": "a"}), chunk({"content": "b"}), STOP],
        [START, Text("a"), Text("b"), Finished("stop")],
    ),
    "usage": ([chunk({"content": "a"}, "stop", usage=COUNTS)], [START, Text("a"), USAGE, Finished("stop")]),
    "nothing_said": ([ROLE, STOP], [START, Finished("stop")]),
    "thought_before_words": (
        [chunk({"content": "b", "reasoning_content": "a"}), STOP],
        [START, Reasoning("a"), Text("b"), Finished("stop")],
    ),
    "refusal": ([chunk({"refusal": "No."}), STOP], [START, Refusal("No."), Finished("stop")]),
    "call": (
        [ROLE, chunk({"tool_calls": CALL}), chunk({"tool_calls": MORE}), chunk(finish="tool_calls")],
        [START, ToolCall(0, "x", "f"), ToolInput(0, "{}"), Finished("tool_calls")],
    ),
    "old_call": (
        [chunk({"function_call": {"name": "f", "arguments": "{}"}}), chunk(finish="function_call")],
        [
            START,
            ToolCall(0, "call_run_upstream_0_0", "f", extra=b'{"function_call":true}'),
            ToolInput(0, "{}"),
            Finished("tool_calls"),
        ],
    ),
    "two": (
        [chunk({"content": "a"}), chunk({"content": "b"}, index=1), chunk(finish="length", index=1), STOP],
        [START, Text("a"), Text("b", 1), Finished("stop", ("length",))],
    ),
    "logprobs": (
        [bent(chunk({"content": "Hi"}), logprobs={"content": TOKENS}), STOP],
        [START, Text("Hi", 0, raw(TOKENS)), Finished("stop")],
    ),
    "constants": (
        [chunk({"content": "a"}, service_tier="default", system_fingerprint="fp"), STOP],
        [
            Started(
                "acme", MODEL, ID, CREATED, "openai.chat", raw({"service_tier": "default", "system_fingerprint": "fp"})
            ),
            Text("a"),
            Finished("stop"),
        ],
    ),
    "vendor_frame": (
        [chunk({"content": "a"}, provider="X"), chunk({"content": "b"}, provider="X", step=1), STOP],
        [
            Started("acme", MODEL, ID, CREATED, "openai.chat", raw({"provider": "X"})),
            Text("a"),
            Text("b", extra=raw({"chunk": {"step": 1}})),
            Finished("stop"),
        ],
    ),
    "vendor_choice_waits_for_words": (
        [bent(ROLE, filters=FILTER), chunk({"content": "a"}), bent(chunk({"content": "b"}), x=1), STOP],
        [START, Text("a"), Text("b", extra=raw({"choice": {"filters": FILTER, "x": 1}})), Finished("stop")],
    ),
    "vendor_choice_at_the_end": (
        [chunk({"content": "a"}), bent(STOP, native="eos")],
        [START, Text("a"), Vendor(raw({"choice": {"native": "eos"}})), Finished("stop")],
    ),
    "vendor_delta": (
        [chunk({"audio": {"data": "AA"}}), STOP],
        [START, Vendor(raw({"delta": {"audio": {"data": "AA"}}})), Finished("stop")],
    ),
    "vendor_nothing": (
        [bent(chunk({"content": "a", "x": None, "y": [], "z": {}}), w=""), STOP],
        [START, Text("a"), Finished("stop")],
    ),
    "end_mark_only": ([chunk({"content": "a"})], [START, Text("a"), Finished("stop")]),
}


def gists(events: list[AnyEvent]) -> list[Any]:
    """Usage by its numbers: its bytes depend on the way they took."""
    return [(event.input, event.output, event.total) if isinstance(event, Usage) else event for event in events]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", READ)
def test_a_stream_is_read(name: str, size: int) -> None:
    chunks, events = READ[name]
    assert gists(events_in(Reader(ORIGIN), b"".join(map(frame, [*chunks, "[DONE]"])), size)) == gists(events)


@pytest.mark.parametrize("name", READ)
def test_the_end_of_the_body_ends_an_answer_that_said_why(name: str) -> None:
    chunks, events = READ[name]
    data = b"".join(map(frame, chunks))
    if name == "end_mark_only":
        with pytest.raises(ProviderError) as caught:
            events_in(Reader(ORIGIN), data)
        assert caught.value.code == "upstream_incomplete"
        assert caught.value.events == events[:-1]
    else:
        assert gists(events_in(Reader(ORIGIN), data)) == gists(events)


def answered(*chunks: Any, choices: int = 1) -> bool:
    reader = Reader(Origin("r", "acme", "m", 1, choices))
    reader.feed(b"".join(map(frame, chunks)))
    return reader.is_answered


HI = chunk({"content": "Hi"})


@pytest.mark.parametrize(
    ("chunks", "choices", "is_answered"),
    [
        ([HI], 1, False),
        ([HI, STOP], 1, True),
        ([HI, chunk(finish="tool_calls")], 1, True),
        ([HI, bent(STOP, x=1)], 1, True),
        ([HI, STOP], 2, False),
        ([HI, STOP, chunk({"content": "b"}, index=1)], 2, False),
        ([HI, STOP, chunk(finish="stop", index=1)], 2, True),
        ([bent(HI, finish_reason="stop"), HI], 1, False),
        ([bent(HI, finish_reason="stop"), bent(HI, finish_reason="stop")], 1, False),
        ([HI, STOP, chunk({"content": ""})], 1, True),
    ],
)
def test_it_knows_when_nothing_more_is_to_come(chunks: list[Any], choices: int, is_answered: bool) -> None:
    """After that the provider waits no longer than a moment: ended too soon, words would be lost."""
    assert answered(*chunks, choices=choices) == is_answered


def test_after_the_end_mark_everything_is_noise() -> None:
    reader = Reader(ORIGIN)
    reader.feed(b"".join(map(frame, [HI, STOP, "[DONE]", {"error": "late"}, HI])))
    assert reader.is_over
    assert [*reader.feed(frame({"error": "late"})), *reader.close()] == []


def test_what_was_said_before_an_error_is_not_lost() -> None:
    with pytest.raises(ProviderError) as caught:
        events_in(Reader(ORIGIN), frame(HI) + frame({"error": {"message": "No.", "code": 503}}))
    assert (caught.value.message, caught.value.status, caught.value.events) == ("No.", 503, [START, Text("Hi")])


WHOLE: dict[str, tuple[Any, list[AnyEvent]]] = {
    "words": (answer(), [START, Text(answer()["choices"][0]["message"]["content"]), USAGE, Finished("stop")]),
    "no_words": (answer({"role": "assistant", "content": ""}), [START, USAGE, Finished("stop")]),
    "long": (
        answer(finish="length"),
        [START, Text(answer()["choices"][0]["message"]["content"]), USAGE, Finished("length")],
    ),
    "call": (
        answer(
            {"content": None, "tool_calls": [{"id": "x", "function": {"name": "f", "arguments": "{}"}}]}, "tool_calls"
        ),
        [START, ToolCall(0, "x", "f"), ToolInput(0, "{}"), USAGE, Finished("tool_calls")],
    ),
    "vendor": (
        answer({"content": "a", "x": 1}, citations=["c"]),
        [
            Started("acme", MODEL, ID, CREATED, "openai.chat", raw({"citations": ["c"]})),
            Text("a", extra=raw({"delta": {"x": 1}})),
            USAGE,
            Finished("stop"),
        ],
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_is_read(name: str) -> None:
    said, events = WHOLE[name]
    assert gists(read_whole(json.dumps(said).encode(), ORIGIN)) == gists(events)

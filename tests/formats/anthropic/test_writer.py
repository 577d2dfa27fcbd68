"""What clients of Anthropic get, from providers of its own format and of others."""

import json
from typing import Any

import pytest

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
from headgate.formats.anthropic import Reader, read_whole, whole
from tests.formats.cutting import ORIGIN, events_in

from .streams import CITATION, CITED, EVENTS, RESULT, SERVED, STREAMS
from .wire import Json, call, frames, stream, written

STARTED = Started("openai", "gpt-4o-mini", "chatcmpl-1", 5, "openai.chat")


def kinds(log: list[AnyEvent]) -> list[Any]:
    """A stream in short."""
    found: list[Any] = []
    for frame in frames(written(log)):
        match frame:
            case {"type": "content_block_start", "index": index, "content_block": block}:
                found.append(("start", index, block["type"]))
            case {"type": "content_block_delta", "index": index, "delta": delta}:
                found.append((index, delta.get("text", delta.get("thinking", delta.get("partial_json")))))
            case {"type": "content_block_stop", "index": index}:
                found.append(("stop", index))
            case {"type": "message_delta", "delta": delta}:
                found.append(delta["stop_reason"])
            case {"type": type}:
                found.append(type)
            case _:
                raise AssertionError(frame)
    return found


@pytest.mark.parametrize("name", STREAMS)
def test_a_provider_of_this_format_is_told_again_as_it_was(name: str) -> None:
    """But for pings and for pieces without a word."""
    said = [event for event in STREAMS[name] if event["type"] != "ping" and not _is_empty(event)]
    got = frames(written(EVENTS[name]))
    if name == "tools":
        # An input without a piece has none to tell, and gets the shortest there is.
        assert got.pop(11)["delta"] == {"type": "input_json_delta", "partial_json": "{}"}
    if name == "search":
        assert got.pop(-3) == {"type": "content_block_stop", "index": 4}
        assert said.pop(-3) == {"type": "content_block_stop", "index": 4}
    assert got == said


def _is_empty(event: Json) -> bool:
    return bool(event["type"] == "content_block_delta" and event["delta"].get("partial_json") == "")


def test_a_stream_from_another_format() -> None:
    log: list[AnyEvent] = [
        STARTED,
        Reasoning("Hm"),
        Reasoning("."),
        Text("Let me "),
        Text("see."),
        ToolCall(0, "call_1", "weather"),
        ToolInput(0, '{"city":'),
        ToolInput(0, '"Brno"}'),
        ToolCall(1, "call_2", "now"),
        ToolInput(1, "{}"),
        Usage(10, 5, 15, cached=4, reasoning=2),
        Finished("tool_calls"),
    ]
    assert kinds(log) == [
        "message_start",
        ("start", 0, "thinking"),
        (0, "Hm"),
        (0, "."),
        ("stop", 0),
        ("start", 1, "text"),
        (1, "Let me "),
        (1, "see."),
        ("stop", 1),
        ("start", 2, "tool_use"),
        (2, '{"city":'),
        (2, '"Brno"}'),
        ("stop", 2),
        ("start", 3, "tool_use"),
        (3, "{}"),
        ("stop", 3),
        "tool_use",
        "message_stop",
    ]
    first, *_, last, _ = frames(written(log))
    assert first["message"] == {
        "id": "msg_7",
        "type": "message",
        "role": "assistant",
        "model": "gpt-4o-mini",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 0,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 0,
        },
    }
    assert last == {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {
            "input_tokens": 6,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 4,
            "output_tokens": 5,
            "output_tokens_details": {"thinking_tokens": 2},
        },
    }
    assert json.loads(whole(call(), "run_7", 9, log)) == {
        **first["message"],
        "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": ""},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Brno"}},
            {"type": "tool_use", "id": "call_2", "name": "now", "input": {}},
        ],
        **last["delta"],
        "usage": last["usage"],
    }


def test_the_frame_of_a_piece_of_text_is_exact() -> None:
    data = written([STARTED, Text("a"), Text('\n"ž')])
    assert data.endswith(
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"\\n\\"ž"}}\n\n'.encode()
    )


def test_words_wait_for_a_call_that_is_not_whole() -> None:
    log: list[AnyEvent] = [
        STARTED,
        ToolCall(0, "a", "f"),
        Text("and "),
        ToolInput(0, '{"x":'),
        Text("so"),
        ToolInput(0, "1}"),
        Text(" on"),
        ToolCall(1, "b", "g"),
        Text("late"),
        Finished("tool_calls"),
    ]
    assert kinds(log)[1:-2] == [
        ("start", 0, "tool_use"),
        (0, '{"x":'),
        (0, "1}"),
        ("stop", 0),
        ("start", 1, "text"),
        (1, "and "),
        (1, "so"),
        (1, " on"),
        ("stop", 1),
        ("start", 2, "tool_use"),
        ("stop", 2),
        ("start", 3, "text"),
        (3, "late"),
        ("stop", 3),
    ]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (Finished("stop"), "end_turn"),
        (Finished("length"), "max_tokens"),
        (Finished("tool_calls"), "tool_use"),
        (Finished("content_filter"), "refusal"),
        (Finished("a word of nobody's"), "end_turn"),
        (Stopped("user"), "end_turn"),
    ],
)
def test_every_end_has_a_reason_that_clients_know(end: AnyEvent, reason: str) -> None:
    assert kinds([STARTED, Text("x"), end])[-2:] == [reason, "message_stop"]
    assert json.loads(whole(call(), "run_7", 9, [STARTED, Text("x"), end]))["stop_reason"] == reason


@pytest.mark.parametrize(
    ("said", "told"), [("stop", "end_turn"), ("length", "max_tokens"), (None, "end_turn"), (5, "end_turn")]
)
def test_an_imitators_reason_is_told_in_words_that_clients_know(said: object, told: str) -> None:
    body = json.dumps({"type": "message", "content": [{"type": "text", "text": "x"}], "stop_reason": said}).encode()
    assert json.loads(whole(call(), "run_7", 9, read_whole(body, ORIGIN)))["stop_reason"] == told


def test_a_refusal_is_text_with_a_reason() -> None:
    log: list[AnyEvent] = [STARTED, Refusal("I would "), Refusal("rather not."), Finished("stop")]
    said = json.loads(whole(call(), "run_7", 9, log))
    assert said["content"] == [{"type": "text", "text": "I would rather not."}]
    assert said["stop_reason"] == "refusal"


def test_an_answer_without_a_word_is_an_empty_text() -> None:
    assert kinds([STARTED, Finished("stop")]) == [
        "message_start",
        ("start", 0, "text"),
        ("stop", 0),
        "end_turn",
        "message_stop",
    ]
    assert json.loads(whole(call(), "run_7", 9, [STARTED, Finished("stop")]))["content"] == [
        {"type": "text", "text": ""}
    ]


def test_a_failure_is_an_event_of_its_own_and_the_last() -> None:
    log: list[AnyEvent] = [STARTED, Text("x"), Failed("upstream_error", "Overloaded", 529, "overloaded_error")]
    assert frames(written(log))[-1] == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Overloaded"},
        "request_id": "run_7",
    }
    assert [frame["type"] for frame in frames(written(log))] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "error",
    ]
    assert [frame["type"] for frame in frames(written([Attempt("a", 500, "x", "y"), log[-1]]))] == ["error"]


def test_other_choices_and_other_formats_fields_are_left_out() -> None:
    log: list[AnyEvent] = [
        STARTED,
        Vendor(b'{"x":1}'),
        Text("a", extra=b'{"delta":{"x":1}}'),
        Text("b", 1),
        Finished("stop", ("stop",)),
    ]
    assert kinds(log)[1:4] == [("start", 0, "text"), (0, "a"), ("stop", 0)]


def test_an_input_that_is_no_object_stands_in_one() -> None:
    log: list[AnyEvent] = [STARTED, ToolCall(0, "a", "f"), ToolInput(0, '{"x": tr'), Finished("length")]
    (block,) = json.loads(whole(call(), "run_7", 9, log))["content"]
    assert block["input"] == {"INVALID_JSON": '{"x": tr'}


WHOLES: dict[str, list[Json]] = {
    "text": [{"type": "text", "text": "Hello"}],
    "null_citations": [{"type": "text", "text": "Hello", "citations": None}],
    "nothing": [],
    "all": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "thinking", "thinking": "", "signature": "aGlkZGVu"},
        {"type": "redacted_thinking", "data": "abc"},
        {"type": "text", "text": "I'll look."},
        {**SERVED, "input": {"query": "weather"}},
        RESULT,
        {"type": "text", "text": "It is "},
        {**CITED, "text": "20 °C", "citations": [CITATION, {**CITATION, "cited_text": "20"}]},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1]}, "caller": {"type": "direct"}},
        {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
        {"type": "a_block_of_tomorrow", "x": {"y": 1}},
    ],
}


@pytest.mark.parametrize("name", WHOLES)
def test_a_whole_answer_comes_back_as_it_was(name: str) -> None:
    answer: Json = {
        "id": "msg_01Whole",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-8",
        "content": WHOLES[name],
        "stop_reason": "pause_turn",
        "stop_sequence": None,
        "stop_details": None,
        "container": {"id": "c_1"},
        "context_management": {"applied_edits": []},
        "usage": {"input_tokens": 10, "output_tokens": 4, "service_tier": "standard", "inference_geo": None},
    }
    log = read_whole(json.dumps(answer).encode(), ORIGIN)
    assert json.loads(whole(call(), "run_7", 9, log)) == answer


def test_citations_of_an_imitator_that_are_none_give_way_to_real_ones() -> None:
    events: list[Json] = [
        {"type": "message_start", "message": {"content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {**CITED, "citations": 5}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": CITATION}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]
    got = json.loads(whole(call(), "run_7", 9, events_in(Reader(ORIGIN), stream(events))))
    assert got["content"] == [{"type": "text", "text": "", "citations": [CITATION]}]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_and_the_whole_say_the_same(name: str) -> None:
    """What a client puts together from the pieces is what it would have got at once."""
    message: Json = {}
    for event in STREAMS[name]:
        _accumulate(message, event)
    got = json.loads(whole(call(), "run_7", 9, EVENTS[name]))
    assert got["content"] == message["content"]
    assert {key: got[key] for key in message if key != "usage"} == {
        key: value for key, value in message.items() if key != "usage"
    }


def _accumulate(message: Json, event: Json) -> None:
    match event:
        case {"type": "message_start", "message": said}:
            message |= {**said, "content": []}
        case {"type": "content_block_start", "content_block": block}:
            message["content"].append(dict(block))
        case {"type": "content_block_delta", "index": index, "delta": delta}:
            _change(message["content"][index], delta)
        case {"type": "content_block_stop", "index": index}:
            block = message["content"][index]
            block |= {"input": json.loads(block.pop("json"))} if "json" in block else {}
        case {"type": "message_delta", "delta": delta}:
            message |= delta
        case _:
            pass


def _change(block: Json, delta: Json) -> None:
    match delta:
        case {"text": text}:
            block["text"] += text
        case {"thinking": text}:
            block["thinking"] += text
        case {"signature": signature}:
            block["signature"] = signature
        case {"citation": citation}:
            block["citations"] = [*block["citations"], citation]
        case {"partial_json": str(piece)} if piece:
            block["json"] = block.get("json", "") + piece
        case _:
            pass

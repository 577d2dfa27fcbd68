"""What a reader makes of Anthropic's streams, and of those who imitate them."""

import json
from typing import Any

import pytest

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Finished, Reasoning, Started, Text, ToolCall, ToolInput, Usage
from headgate.formats.anthropic import Reader, read_whole
from tests.formats.cutting import ORIGIN, SIZES, events_in

from .streams import EVENTS, PING, STOP, STREAMS, begin, delta, end, message, stopped, words
from .wire import Json, stream


def read(data: bytes, size: int = 1_000_000) -> list[AnyEvent]:
    return events_in(Reader(ORIGIN), data, size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_read_wherever_it_is_cut(name: str, size: int) -> None:
    assert read(stream(STREAMS[name]), size) == EVENTS[name]


@pytest.mark.parametrize("name", STREAMS)
def test_two_pieces_say_the_same_wherever_the_cut_is(name: str) -> None:
    data = stream(STREAMS[name])
    for at in range(len(data)):
        reader = Reader(ORIGIN)
        assert [*reader.feed(data[:at]), *reader.feed(data[at:]), *reader.close()] == EVENTS[name], at


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize(
    "manners",
    [
        {"names": False},
        {"end": "data: [DONE]\n\n"},
        {"newline": "\r\n"},
        {"end": 'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"more"}}\n\n'},
        {"end": "data: nonsense\n\n"},
    ],
    ids=["no_names", "done", "crlf", "more_output", "noise"],
)
def test_a_stream_is_read_whatever_its_manners(name: str, manners: Any) -> None:
    """Nothing after the end counts."""
    assert read(stream(STREAMS[name], **manners)) == EVENTS[name]


@pytest.mark.parametrize("name", STREAMS)
def test_what_means_nothing_is_passed_over(name: str) -> None:
    noise: list[Json] = [PING, {"type": "ping", "error": None}, {"type": "message_unheard_of", "delta": {"text": "x"}}]
    woven = [event for real in STREAMS[name] for event in (real, *noise)]
    comments = stream(woven).replace(b"event: ping\n", b": k\nevent: ping\n")
    assert read(b": hello\n\ndata: [1]\n\n" + comments) == EVENTS[name]


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_is_cut_is_never_a_whole_answer(name: str) -> None:
    for tail in ("", "data: [DONE]\n\n"):
        with pytest.raises(ProviderError, match="was cut") as caught:
            read(stream(STREAMS[name][:-2], end=tail))
        assert caught.value.code == "upstream_incomplete"
        said = list(caught.value.events)
        assert said == EVENTS[name][: len(said)]


@pytest.mark.parametrize("name", STREAMS)
def test_the_stop_reason_makes_an_answer_whole(name: str) -> None:
    """Some forget the last event."""
    reader = Reader(ORIGIN)
    events = list(reader.feed(stream(STREAMS[name][:-1])))
    assert (reader.is_answered, reader.is_over) == (True, False)
    assert [*events, *reader.close()] == EVENTS[name]


def test_the_last_event_may_lack_its_blank_line() -> None:
    assert read(stream(STREAMS["text"])[:-2]) == EVENTS["text"]


def test_a_reader_says_when_an_answer_is_over() -> None:
    reader, data = Reader(ORIGIN), stream(STREAMS["text"])
    told = []
    for piece in (data[:-1], data[-1:]):
        reader.feed(piece)
        told.append(reader.is_over)
    assert told == [False, True]
    assert list(reader.feed(stream([words(0, "more")]))) == list(reader.close()) == []


@pytest.mark.parametrize(
    ("said", "status", "code", "kind"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, 529, "upstream_error", "overloaded_error"),
        ({"type": "api_error", "message": "Internal"}, 500, "upstream_error", "api_error"),
        ({"type": "rate_limit_error", "message": "Slow"}, 429, "upstream_error", "rate_limit_error"),
    ],
)
@pytest.mark.parametrize("names", [True, False])
def test_an_error_within_a_stream_is_an_error(said: Json, status: int, code: str, kind: str, names: bool) -> None:
    events = [*STREAMS["text"][:4], {"type": "error", "error": said}, *STREAMS["text"][4:]]
    with pytest.raises(ProviderError, match=said["message"]) as caught:
        read(stream(events, names=names))
    assert (caught.value.status, caught.value.code, caught.value.kind) == (status, code, kind)
    assert list(caught.value.events) == EVENTS["text"][:2]


def test_an_error_may_be_nothing_but_words() -> None:
    with pytest.raises(ProviderError, match="upstream is gone"):
        read(b"event: error\ndata: upstream is gone\n\n")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "upstream_empty"),
        (b": only a comment\n\n", "upstream_empty"),
        (stream([PING, PING]), "upstream_empty"),
        (b"data: nonsense\n\n", "upstream_invalid"),
        (b'data: {"id":"x","object":"chat.completion.chunk","choices":[]}\n\ndata: [DONE]\n\n', "upstream_invalid"),
        (b'event: response.created\ndata: {"type":"response.created","response":{}}\n\n', "upstream_invalid"),
        (stream([STOP]), "upstream_incomplete"),
        (stream([STREAMS["text"][0], STOP]), "upstream_incomplete"),
        (stream([STREAMS["text"][0], stopped("error", 1)]), "upstream_error"),
    ],
)
def test_what_is_no_answer_is_an_error(data: bytes, code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        read(data)
    assert caught.value.code == code


def test_imitators_leave_out_what_can_be_done_without() -> None:
    """No first event, no starts and stops, no numbers, no usage."""
    events: list[Json] = [
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "content_block_start", "content_block": {"type": "tool_use", "id": None, "name": "f", "input": None}},
        {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": '{"a":1}'}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        STOP,
    ]
    assert [event for event in read(stream(events)) if not isinstance(event, Finished)] == [
        Started("acme", "asked-for", "", 1, "anthropic.messages"),
        Reasoning("Hm.", kind="summary"),
        Text("Hel"),
        Text("lo"),
        ToolCall(0, "call_run_upstream_0_0", "f"),
        ToolInput(0, '{"a":1}'),
    ]


def test_a_count_of_nothing_is_a_count() -> None:
    """Mocks send it, and clients that asked for usage wait for it."""
    events = [message("msg_1", 0, 0), stopped("end_turn", 0), STOP]
    assert any(isinstance(event, Usage) for event in read(stream(events)))
    del events[0]["message"]["usage"], events[1]["usage"]
    assert not any(isinstance(event, Usage) for event in read(stream(events)))


def test_two_calls_under_one_number_are_two() -> None:
    events = [
        message("msg_1", 1),
        begin(0, type="tool_use", id="a", name="f", input={"x": 1}),
        end(0),
        begin(0, type="tool_use", id="b", name="g", input={}),
        delta(0, "input_json_delta", partial_json='{"y":2}'),
        stopped("tool_use", 5),
        STOP,
    ]
    said = read(stream(events))
    assert said[1:5] == [ToolCall(0, "a", "f"), ToolInput(0, '{"x":1}'), ToolCall(1, "b", "g"), ToolInput(1, '{"y":2}')]
    assert isinstance(said[-1], Finished)
    assert said[-1].reason == "tool_calls"


def whole(*content: Json, reason: str | None = "end_turn", **more: Any) -> bytes:
    said = {"id": "msg_01Whole", "type": "message", "role": "assistant", "model": "claude-opus-4-8"}
    ending = {"stop_reason": reason, "stop_sequence": None}
    usage = {"input_tokens": 10, "output_tokens": 4, "output_tokens_details": {"thinking_tokens": 3}}
    return json.dumps({**said, "content": content, **ending, "usage": usage, **more}).encode()


def test_a_whole_answer_is_read() -> None:
    body = whole(
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Hello"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1]}},
        {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
        reason="tool_use",
    )
    said = read_whole(body, ORIGIN)
    assert [event for event in said if isinstance(event, Reasoning | Text | ToolCall | ToolInput)] == [
        Reasoning("Hm.", kind="summary"),
        Text("Hello"),
        ToolCall(0, "toolu_1", "f"),
        ToolInput(0, '{"a":[1]}'),
        ToolCall(1, "toolu_2", "g"),
        ToolInput(1, "{}"),
    ]
    counted, finished = said[-2:]
    assert isinstance(counted, Usage)
    assert (counted.input, counted.output, counted.total, counted.reasoning) == (10, 4, 14, 3)
    assert isinstance(finished, Finished)
    assert finished.reason == "tool_calls"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "upstream_error"),
        (b'{"choices":[{"message":{"content":"Hi"}}]}', "upstream_invalid"),
        (b'{"type":"message"}', "upstream_invalid"),
        (b"{", "upstream_invalid"),
        (b"[]", "upstream_invalid"),
    ],
)
def test_a_whole_answer_that_is_none_is_an_error(body: bytes, code: str) -> None:
    with pytest.raises(ProviderError) as caught:
        read_whole(body, ORIGIN)
    assert caught.value.code == code

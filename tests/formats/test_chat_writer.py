"""Chat events as OpenAI writes them, to the last field."""

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
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Vendor,
)
from headgate.fold import Answer, Choice, fold
from headgate.formats.openai_chat import Reader, Writer, read, read_whole, whole
from tests.formats.cutting import ORIGIN, events_in
from tests.formats.test_chat import CALL, COUNTS, MORE, READ, START, USAGE, raw
from tests.oddities.wire import CREATED, ID, MODEL


def asked(**more: Any) -> Call:
    return read(json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}], **more}).encode())


def written(events: list[AnyEvent], **more: Any) -> list[Any]:
    writer = Writer(asked(stream=True, **more), "run_7", 9)
    data = b"".join(writer.write(event) for event in events).decode()
    assert data.endswith("\n\n")
    frames = [block.removeprefix("data: ") for block in data.split("\n\n")[:-1]]
    return [block if block == "[DONE]" else json.loads(block) for block in frames]


INCLUDE = {"stream_options": {"include_usage": True}}
FRAME = {"id": ID, "object": "chat.completion.chunk", "created": CREATED, "model": MODEL}


def said(delta: Any, finish: str | None = None, index: int = 0) -> Any:
    return [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]


ROLE_DELTA = {"role": "assistant", "content": "", "refusal": None}


def test_a_stream_is_written_as_openai_writes_it() -> None:
    assert written([START, Text("a"), USAGE, Finished("stop")], **INCLUDE) == [
        {**FRAME, "choices": said(ROLE_DELTA), "usage": None},
        {**FRAME, "choices": said({"content": "a"}), "usage": None},
        {**FRAME, "choices": said({}, "stop"), "usage": None},
        {**FRAME, "choices": [], "usage": COUNTS},
        "[DONE]",
    ]


def test_without_the_usage_chunk_usage_rides_on_the_last_one_and_content_is_always_there() -> None:
    assert written(
        [START, Reasoning("a"), ToolCall(0, "x", "f"), ToolInput(0, "{}"), USAGE, Finished("tool_calls")]
    ) == [
        {**FRAME, "choices": said(ROLE_DELTA)},
        {**FRAME, "choices": said({"content": None, "reasoning_content": "a"})},
        {**FRAME, "choices": said({"content": None, "tool_calls": CALL})},
        {**FRAME, "choices": said({"content": None, "tool_calls": MORE})},
        {**FRAME, "choices": said({"content": ""}, "tool_calls"), "usage": COUNTS},
        "[DONE]",
    ]


def test_choices_begin_in_the_order_of_their_numbers() -> None:
    frames = written([START, Text("c", 2), Text("b", 1), Finished("stop", ("stop", "length"))], **INCLUDE)
    assert [each["choices"][0]["index"] for each in frames[:-1]] == [0, 1, 2, 2, 1, 0, 1, 2]
    assert frames[-2]["choices"][0]["finish_reason"] == "length"


def test_a_client_that_asked_with_functions_is_called_by_one() -> None:
    events: list[AnyEvent] = [START, ToolCall(0, "x", "f"), ToolInput(0, "{}"), Finished("tool_calls")]
    functions = [{"name": "f"}]
    frames = written(events, functions=functions, **INCLUDE)
    assert [each["choices"][0]["delta"] for each in frames[1:-1]] == [
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": "{}"}},
        {},
    ]
    assert frames[-2]["choices"][0]["finish_reason"] == "function_call"
    choice = json.loads(whole(asked(functions=functions), "run_7", 9, events))["choices"][0]
    assert (choice["message"]["function_call"], choice["finish_reason"]) == (
        {"name": "f", "arguments": "{}"},
        "function_call",
    )
    assert "tool_calls" not in choice["message"]


def test_a_vendors_fields_come_first_last_and_when_they_change() -> None:
    start = Started("acme", MODEL, ID, CREATED, "openai.chat", raw({"provider": "X", "system_fingerprint": "fp"}))
    frames = written([start, Text("a"), Text("b", extra=raw({"chunk": {"step": 1}})), Finished("stop")], **INCLUDE)
    assert [each["system_fingerprint"] for each in frames[:-1]] == ["fp"] * 4
    assert [each.get("provider") for each in frames[:-1]] == ["X", None, None, "X"]
    assert [each.get("step") for each in frames[:-1]] == [None, None, 1, 1]


def test_of_another_format_only_the_words_are_taken_over() -> None:
    start = Started("acme", MODEL, "resp_1", CREATED, "openai.responses", raw({"x": 1}))
    tokens = b'[{"token":"a","logprob":-1.0}]'
    frames = written(
        [start, Text("a", 0, tokens, raw({"item": {}})), Vendor(raw({"item": 0, "event": {}})), Finished("stop")]
    )
    assert {each["id"] for each in frames[:-1]} == {"chatcmpl-7"}
    assert len(frames) == 4
    log = {"token": "a", "logprob": -1.0, "bytes": None, "top_logprobs": []}
    assert frames[1]["choices"][0]["logprobs"] == {"content": [log], "refusal": None}


def test_an_error_ends_a_stream_without_its_mark() -> None:
    frames = written([START, Text("a"), Failed("c", "No.", 503, "server_error")])
    assert frames[-1] == {"error": {"message": "No.", "type": "server_error", "param": None, "code": "c"}}


def test_a_stopped_stream_ends_every_choice_that_began() -> None:
    frames = written([Attempt("other", 500, "c", "m"), START, Text("a"), Text("b", 1), Stopped("user")])
    ends = [(each["choices"][0]["index"], each["choices"][0]["finish_reason"]) for each in frames[-3:-1]]
    assert ends == [(0, "stop"), (1, "stop")]
    assert frames[-1] == "[DONE]"


def test_a_run_that_never_began_is_written_all_the_same() -> None:
    frames = written([Stopped("user")])
    assert [each["id"] for each in frames[:-1]] == ["chatcmpl-7", "chatcmpl-7"]
    assert json.loads(whole(asked(), "run_7", 9, [Stopped("user")]))["choices"][0]["message"]["content"] == ""


@pytest.mark.parametrize("include", [{}, INCLUDE])
@pytest.mark.parametrize("name", READ)
def test_what_is_written_reads_the_same(name: str, include: Any) -> None:
    """Nothing is lost on the way to a client, and a gateway may stand behind a gateway."""
    events = READ[name][1]
    writer = Writer(asked(stream=True, **include), "run_7", 9)
    data = b"".join(writer.write(event) for event in events)
    again = events_in(Reader(ORIGIN), data, 7)
    for first, second in ((fold(events), fold(again)), (fold(events), fold(read_whole(_whole(events), ORIGIN)))):
        assert _answer(first) == _answer(second)


def _whole(events: list[AnyEvent]) -> bytes:
    return whole(asked(), "run_7", 9, events)


def _answer(folded: Answer) -> Any:
    assert folded.started is not None
    return [_choice(folded.choices[index]) for index in sorted(folded.choices)], folded.started.id, folded.started.model


def _choice(choice: Choice) -> Any:
    # A call in the old form has no id on the wire.
    calls = [(call.id if call.extra is None else "", call.name, call.input) for call in choice.calls]
    words = (choice.text, choice.reasoning, choice.refusal)
    return words, calls, choice.logprobs, choice.reason, choice.extra.get("delta")

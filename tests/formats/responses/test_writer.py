"""The lifecycle that a client follows, event for event."""

import json
from typing import Any

import pytest

from headgate.calls import Call
from headgate.events import (
    AnyEvent,
    Failed,
    Finished,
    Reasoning,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
    Vendor,
)
from headgate.formats.openai_responses import Writer, read, whole

from .logs import LOGS, STARTED
from .wire import Json, call, case, events_in, frames, stream, written

KINDRED = Started("openai", "gpt", "resp_upstream", 5, "openai.responses")
TEXT = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
]
CALL = ["output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"]
BEGIN = ["created", "in_progress"]


def types(log: list[AnyEvent]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in frames(written(log))]


@pytest.mark.parametrize(
    ("name", "lifecycle"),
    [
        ("hello", [*BEGIN, *TEXT[:3], *TEXT[2:], "completed"]),
        ("empty", [*BEGIN, *TEXT[:2], *TEXT[3:], "completed"]),
        ("cut", [*BEGIN, *TEXT, "incomplete"]),
        ("filtered", [*BEGIN, *TEXT, "incomplete"]),
        ("calls", [*BEGIN, *TEXT, *CALL[:2], *CALL[1:], *CALL, "completed"]),
        (
            "refusal",
            [
                *BEGIN,
                "output_item.added",
                "content_part.added",
                "refusal.delta",
                "refusal.delta",
                "refusal.done",
                "content_part.done",
                "output_item.done",
                "completed",
            ],
        ),
        (
            "summary",
            [
                *BEGIN,
                "output_item.added",
                "reasoning_summary_part.added",
                "reasoning_summary_text.delta",
                "reasoning_summary_text.done",
                "reasoning_summary_part.done",
                "output_item.done",
                *TEXT,
                "completed",
            ],
        ),
        (
            "thought",
            [
                *BEGIN,
                "output_item.added",
                "content_part.added",
                "reasoning_text.delta",
                "reasoning_text.delta",
                "reasoning_text.done",
                "content_part.done",
                "output_item.done",
                *TEXT,
                "completed",
            ],
        ),
        (
            "custom_call",
            [
                *BEGIN,
                "output_item.added",
                "custom_tool_call_input.delta",
                "custom_tool_call_input.done",
                "output_item.done",
                "completed",
            ],
        ),
        ("foreign_extra", [*BEGIN, *TEXT, "completed"]),
        ("failed", [*BEGIN, *TEXT[:3], TEXT[2], "failed", "error"]),
        ("failed_at_once", ["created", "failed", "error"]),
        ("stopped", [*BEGIN, *TEXT, "incomplete"]),
        ("stopped_at_once", ["created", "incomplete"]),
    ],
)
def test_each_answer_has_its_lifecycle(name: str, lifecycle: list[str]) -> None:
    assert types(LOGS[name]) == lifecycle


def test_a_delta_is_written_to_the_byte() -> None:
    writer = Writer(call(), "run_7", 9)
    for event in LOGS["hello"][:2]:
        writer.write(event)
    assert writer.sequence_number == 5
    assert writer.write(Text('žádné "uvozovky"\n')) == (
        b"event: response.output_text.delta\n"
        b'data: {"type":"response.output_text.delta","item_id":"msg_7_0","output_index":0,"content_index":0,'
        b'"logprobs":[],"sequence_number":5,"delta":"\xc5\xbe\xc3\xa1dn\xc3\xa9 \\"uvozovky\\"\\n"}\n\n'
    )


def test_the_response_repeats_the_request() -> None:
    asked: Json = {
        "instructions": "Be\nbrief.",
        "tools": [{"type": "function", "name": "f"}, {"type": "web_search"}],
        "tool_choice": "required",
        "temperature": 0.5,
        "top_p": None,
        "metadata": {"a": "b"},
        "text": {"verbosity": "low"},
        "reasoning": {"effort": "low"},
        "previous_response_id": "resp_1",
        "max_output_tokens": 5,
        "user": "u",
        "store": False,
        "conversation": "conv_1",
        "acme_field": 1,
    }
    (created, *_) = frames(written(LOGS["hello"], call(**asked)))
    function = {"description": None, "parameters": None, "strict": None, "type": "function", "name": "f"}
    assert created["response"] == {
        **{key: value for key, value in asked.items() if key != "acme_field"},
        "id": "resp_7",
        "object": "response",
        "created_at": 9,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "background": False,
        "max_tool_calls": None,
        "model": "acme-large",
        "output": [],
        "parallel_tool_calls": True,
        "tools": [function, {"type": "web_search"}],
        "top_p": 1.0,
        "truncation": "disabled",
        "text": {"format": {"type": "text"}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": None},
        "conversation": {"id": "conv_1"},
        "usage": None,
    }


def test_the_frames_are_one_line_however_the_request_was_written() -> None:
    asked = b'{"model": "m", "input": "x",\n "metadata": {\n  "a": "b"\n },\n "tools": [\n ]}'
    assert frames(written(LOGS["hello"], read(asked)))[0]["response"]["metadata"] == {"a": "b"}


def test_a_run_of_another_format_can_be_looked_at() -> None:
    """Its request has no fields in these terms."""
    chat = Call(format="openai.chat", model="m", fields=call(tools=[{"type": "function", "name": "x"}]).fields)
    assert json.loads(whole(chat, "run_7", 9, LOGS["hello"]))["tools"] == []


def test_items_are_numbered_in_the_order_they_appear() -> None:
    (*_, last) = frames(written(LOGS["everything_woven"]))
    assert [(item["id"], item["type"]) for item in last["response"]["output"]] == [
        ("rs_7_0", "reasoning"),
        ("msg_7_1", "message"),
        ("rs_7_2", "reasoning"),
        ("msg_7_3", "message"),
        ("fc_7_4", "function_call"),
        ("msg_7_5", "message"),
        ("rs_7_6", "reasoning"),
        ("fc_7_7", "function_call"),
        ("msg_7_8", "message"),
    ]


@pytest.mark.parametrize("name", LOGS)
def test_each_item_ends_as_it_is_in_the_response(name: str) -> None:
    """And no delta comes before its item and part, or after them."""
    events = frames(written(LOGS[name]))
    open_items: dict[int, str] = {}
    done: dict[int, Any] = {}
    for event in events:
        index, kind = event.get("output_index", -1), event["type"]
        if kind == "response.output_item.added":
            assert index == len(open_items) + len(done)
            open_items[index] = event["item"]["id"]
            assert event["item"]["status"] == "in_progress"
        elif kind == "response.output_item.done":
            assert open_items.pop(index) == event["item"]["id"]
            done[index] = event["item"]
        elif index >= 0:
            assert open_items[index] == event["item_id"]
    response = [event["response"] for event in events if "response" in event][-1]
    for index, item in done.items():
        assert response["output"][index] == item
    assert bool(open_items) == (response["status"] == "failed" and bool(response["output"]))


@pytest.mark.parametrize(
    ("name", "status", "details", "items"),
    [
        ("hello", "completed", None, ["completed"]),
        ("calls", "completed", None, ["completed"] * 3),
        ("cut", "incomplete", {"reason": "max_output_tokens"}, ["incomplete"]),
        ("filtered", "incomplete", {"reason": "content_filter"}, ["incomplete"]),
        ("call_cut", "incomplete", {"reason": "max_output_tokens"}, ["incomplete"]),
        ("stopped", "cancelled", None, ["incomplete"]),
        ("stopped_call", "cancelled", None, ["incomplete"]),
        ("stopped_at_once", "cancelled", None, []),
        ("failed", "failed", None, ["incomplete"]),
        ("failed_at_once", "failed", None, []),
    ],
)
def test_a_response_says_how_it_ended(name: str, status: str, details: Any, items: list[str]) -> None:
    answer = json.loads(whole(call(), "run_7", 9, LOGS[name]))
    assert (answer["status"], answer["incomplete_details"]) == (status, details)
    assert [item["status"] for item in answer["output"]] == items
    assert (answer["error"] is not None) == (status == "failed")


def test_partial_words_are_in_every_end() -> None:
    for last in (Finished("length"), Stopped("user"), Failed("x", "Broke.")):
        answer = json.loads(whole(call(), "run_7", 9, [STARTED, Text("Par"), Text("tial"), last]))
        assert answer["output"][0]["content"][0]["text"] == "Partial"


@pytest.mark.parametrize(
    ("failed", "code"),
    [
        (Failed("rate_limit_exceeded", "M.", 429, "requests"), "rate_limit_exceeded"),
        (Failed("too_many_requests", "M.", 429), "rate_limit_exceeded"),
        (Failed("upstream_error", "M.", 502), "server_error"),
        (Failed("invalid_value", "M.", 400, "invalid_request_error", "input"), "invalid_prompt"),
        (Failed("context_length_exceeded", "M.", 400), "invalid_prompt"),
        (Failed("invalid_api_key", "M.", 401), "server_error"),
        (Failed("invalid_image_url", "M.", 400), "invalid_image_url"),
        (Failed("producer_lost", "M.", 500), "server_error"),
    ],
)
def test_a_failure_is_told_twice_in_the_words_of_each_place(failed: Failed, code: str) -> None:
    *_, response, error = frames(written([STARTED, failed]))
    assert response["response"]["error"] == {"code": code, "message": "M."}
    assert error == {
        "type": "error",
        "sequence_number": 3,
        "error": {"message": "M.", "type": failed.kind, "param": failed.param, "code": failed.code},
    }


def test_words_between_the_pieces_of_a_call_do_not_break_it() -> None:
    log: list[AnyEvent] = [
        STARTED,
        ToolCall(0, "c", "f"),
        ToolInput(0, '{"a":'),
        Text("Wait"),
        ToolInput(0, "1}"),
        Text("."),
        Finished("stop"),
    ]
    answer = json.loads(whole(call(), "run_7", 9, log))
    assert [item.get("arguments") for item in answer["output"]] == ['{"a":1}', None]
    assert answer["output"][1]["content"][0]["text"] == "Wait."


def test_a_piece_without_words_opens_nothing() -> None:
    log: list[AnyEvent] = [STARTED, Text(""), Reasoning(""), ToolCall(0, "c", "f"), ToolInput(0, "{}")]
    assert types(log) == [*BEGIN, *CALL[:2]]


def test_input_is_never_given_to_another_call() -> None:
    log: list[AnyEvent] = [
        STARTED,
        ToolCall(0, "c", "f"),
        ToolCall(1, "d", "g"),
        ToolInput(0, "{}"),
        ToolInput(1, "[]"),
    ]
    output = json.loads(whole(call(), "run_7", 9, log))["output"]
    assert [item["arguments"] for item in output] == ["", "[]"]


def test_a_custom_call_may_always_go_on() -> None:
    """Its input may be JSON by chance."""
    call_ = ToolCall(0, "c", "f", kind="custom")
    log: list[AnyEvent] = [STARTED, call_, ToolInput(0, "1"), Text("Wait."), ToolInput(0, "2"), Finished("stop")]
    assert json.loads(whole(call(), "run_7", 9, log))["output"][0]["input"] == "12"


def test_a_summary_that_was_cut_says_so() -> None:
    (closed,) = [event for event in frames(written(LOGS["summary_cut"])) if event["type"].endswith("part.done")]
    assert closed["status"] == "incomplete"


def test_a_call_whose_input_is_whole_is_over_when_words_follow() -> None:
    """Agents begin to work on a call that is done."""
    log: list[AnyEvent] = [STARTED, ToolCall(0, "c", "f"), ToolInput(0, "{}"), Text("So")]
    assert types(log) == [*BEGIN, *CALL, *TEXT[:3]]


def test_logprobs_are_in_the_delta_and_spelled_in_the_part() -> None:
    events = frames(written(LOGS["logprobs"]))
    deltas = [event["logprobs"] for event in events if event["type"].endswith(".delta")]
    assert [[entry["token"] for entry in logged] for logged in deltas] == [["Hi"], ["!"]]
    (part,) = [event["part"] for event in events if event["type"] == "response.content_part.done"]
    assert [(entry["token"], entry["bytes"]) for entry in part["logprobs"]] == [("Hi", [72, 105]), ("!", [33])]
    assert part["logprobs"][1]["top_logprobs"] == [{"token": "?", "logprob": -2, "bytes": [63]}]


def test_usage_is_always_there_in_the_end() -> None:
    """Typed clients refuse a finished response without numbers."""
    assert json.loads(whole(call(), "run_7", 9, LOGS["hello"]))["usage"] == {
        "input_tokens": 11,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 18,
    }
    assert json.loads(whole(call(), "run_7", 9, LOGS["no_usage"]))["usage"]["total_tokens"] == 0
    assert json.loads(whole(call(), "run_7", 9, LOGS["no_usage"][:-1]))["usage"] is None


def test_a_providers_own_fields_are_kept_in_its_own_format_only() -> None:
    fields = b'{"service_tier":"auto","acme":{"x":1},"incomplete_details":{"reason":"steered"}}'
    usage = Usage(1, 2, 3, extra=b'{"input_tokens_details":{"cache_write_tokens":4,"video":null},"cost":0.5}')
    for format, tier, cost in (("openai.responses", "auto", 0.5), ("openai.chat", None, None)):
        log: list[AnyEvent] = [
            Started("p", "m", "i", 5, format, fields),
            Text("a"),
            usage,
            Finished("length", extra=fields),
        ]
        answer = json.loads(whole(call(), "run_7", 9, log))
        assert (answer.get("service_tier"), answer["usage"].get("cost")) == (tier, cost)
        assert answer["id"] == "resp_7"
        assert "video" not in answer["usage"]["input_tokens_details"]
        assert answer["incomplete_details"]["reason"] == ("steered" if cost else "max_output_tokens")


def test_ids_of_a_provider_are_kept_but_never_used_twice() -> None:
    mark = b'{"item":{"id":"msg_up","phase":"commentary"}}'
    log: list[AnyEvent] = [KINDRED, Text("a", extra=mark), Reasoning("b"), Text("c", extra=mark), Finished("stop")]
    output = json.loads(whole(call(), "run_7", 9, log))["output"]
    assert [item["id"] for item in output] == ["msg_up", "rs_7_1", "msg_7_2"]
    assert output[0]["phase"] == "commentary"
    log[0] = STARTED
    assert [i["id"] for i in json.loads(whole(call(), "run_7", 9, log))["output"]] == ["msg_7_0", "rs_7_1", "msg_7_2"]


def test_hosted_tools_keep_their_words_and_get_our_numbers() -> None:
    said = case("web_search")
    for event in said:
        if "output_index" in event:
            event["output_index"] += 10
        event["sequence_number"] += 100
    told = frames(written([KINDRED, *events_in(stream(said))[1:]]))
    assert [event["output_index"] for event in told if "output_index" in event] == [0] * 5 + [1] * 9
    assert [event["sequence_number"] for event in told] == list(range(len(told)))


def test_a_hosted_tool_that_was_never_announced_is_announced() -> None:
    item = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search", "query": "q"}}
    event = {"item": 3, "event": {"type": "response.output_item.done", "item": item}}
    log: list[AnyEvent] = [KINDRED, Vendor(json.dumps(event).encode()), Finished("stop")]
    assert types(log) == [*BEGIN, "output_item.added", "output_item.done", "completed"]


def test_hosted_tools_with_the_same_id_are_told_apart() -> None:
    def said(item: int, /, **event: Any) -> Vendor:
        return Vendor(json.dumps({"item": item, "event": event}).encode())

    search = {"type": "web_search_call", "id": "ws", "status": "in_progress"}
    log: list[AnyEvent] = [KINDRED]
    for item in (0, 1):
        log.append(said(item, type="response.output_item.added", item=search))
        log.append(said(item, type="response.web_search_call.searching", item_id="ws"))
        log.append(said(item, type="response.output_item.done", item={**search, "status": "completed"}))
    events = frames(written([*log, Finished("stop")]))
    named = [event.get("item_id", event.get("item", {}).get("id")) for event in events if "output_index" in event]
    assert named == ["ws"] * 3 + ["item_7_1"] * 3


def test_audio_events_pass_through() -> None:
    end: Json = {"type": "response.completed", "response": {}}
    assert "audio.delta" in types(events_in(stream([{"type": "response.audio.delta", "delta": "AA=="}, end])))


def test_a_log_that_grows_can_be_looked_at() -> None:
    answer = json.loads(whole(call(), "run_7", 9, LOGS["hello"][:2]))
    assert answer["status"] == "in_progress"
    assert answer["output"][0]["status"] == "in_progress"
    assert answer["output"][0]["content"][0]["text"] == "Hel"
    assert json.loads(whole(call(), "run_7", 9, []))["model"] == "m"

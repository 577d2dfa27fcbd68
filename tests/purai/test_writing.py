"""Answers in PurAI's shape, to the last field."""

import json
from typing import Any

import pytest

from headgate.calls import Call
from headgate.errors import Tried
from headgate.events import (
    AnyEvent,
    Attempt,
    Continued,
    Failed,
    Finished,
    Started,
    Stopped,
    Text,
    ToolCall,
    ToolInput,
    Usage,
)
from headgate.formats import openai_chat, purai
from headgate.formats.purai import Plan
from tests.purai.asked import HELLO

PLAN = Plan(("openai/gpt-4", "fox/gpt-4", "fox/small"), frozenset({"openai/gpt-4", "fox/gpt-4"}))
RAW = Plan(PLAN.names, PLAN.wanted, is_raw=True)

BUSY = Attempt("openai", 503, "overloaded", "<h1>Busy</h1>\n<p>Come &amp; try later.</p>", "", "gpt-4")
START = Started("fox", "gpt-4-0613", "chatcmpl-7", 5, "openai.chat", b'{"system_fingerprint":"fp_1"}')
USAGE = Usage(3, 2, 5)

ZERO = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
MADE = {"provider": "fox", "overwritten": False, "calledFunctions": []}
FRAME = {"id": "chatcmpl-7", "object": "chat.completion", "created": 5, "model": "gpt-4-0613"}


def record(message: str) -> dict[str, Any]:
    """What is on record of who was busy."""
    said = {"message": message, "code": "overloaded", "model": "gpt-4"}
    return {"provider": "openai", "response": {"status": 503, "data": {"error": said}}}


CACHE = {"status": 500, "error": {"message": purai.SOME_FAILED, "records": [record("Busy Come & try later.")]}}


def call(**more: Any) -> Call:
    return openai_chat.read(json.dumps({"model": "openai/gpt-4", "messages": [HELLO], **more}).encode())


def written(events: list[AnyEvent], plan: Plan = PLAN, **more: Any) -> list[Any]:
    writer = purai.Writer(call(stream=True, **more), "run_7", 9, plan)
    blocks = b"".join(writer.write(event) for event in events).decode().split("\n\n")[:-1]
    data = [block.removeprefix("data: ") for block in blocks]
    return [one if one == "[DONE]" else json.loads(one, object_pairs_hook=once) for one in data]


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which nothing is said twice."""
    found = dict(pairs)
    assert len(found) == len(pairs), pairs
    return found


def whole(events: list[AnyEvent], plan: Plan = PLAN, **more: Any) -> dict[str, Any]:
    return dict(json.loads(purai.whole(call(**more), "run_7", 9, events, plan)))


def said(delta: Any, finish: str | None = None) -> list[Any]:
    return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]


def test_a_stream() -> None:
    chunk = {**FRAME, "system_fingerprint": "fp_1", **MADE}
    assert written([START, Text("a"), Text("b"), USAGE, Finished("stop")]) == [
        {**chunk, "choices": said({"role": "assistant", "content": "", "refusal": None}), "usage": ZERO},
        {**chunk, "choices": said({"content": "a"}), "usage": ZERO},
        {**chunk, "choices": said({"content": "b"}), "usage": ZERO},
        {
            **chunk,
            "choices": said({"content": ""}, "stop"),
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": 2,
                "total_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        },
        "[DONE]",
    ]


def test_chunks_call_themselves_as_openais_library_knows_them() -> None:
    for_sdk = Plan(PLAN.names, PLAN.wanted, is_for_sdk=True)
    events: list[AnyEvent] = [START, Text("a"), Finished("stop")]
    assert {chunk["object"] for chunk in written(events, for_sdk)[:-1]} == {"chat.completion.chunk"}
    assert whole(events, for_sdk)["object"] == "chat.completion"


def test_usage_comes_in_a_chunk_of_its_own_where_it_was_asked_for() -> None:
    chunks = written([START, Text("a"), USAGE, Finished("stop")], stream_options={"include_usage": True})
    assert [chunk["usage"]["total_tokens"] for chunk in chunks[:-1]] == [0, 0, 0, 5]
    assert (chunks[-2]["choices"], chunks[-2]["provider"]) == ([], "fox")


def test_who_failed_stands_in_the_first_chunk_only() -> None:
    chunks = written([BUSY, START, Text("a"), Finished("stop")])
    assert chunks[0]["cache"] == CACHE
    assert not any("cache" in chunk for chunk in chunks[1:-1])


def test_a_whole_answer() -> None:
    answer = whole([BUSY, START, Text("Hello."), USAGE, Finished("stop")])
    usage, choices = answer.pop("usage"), answer.pop("choices")
    assert answer == {**FRAME, "system_fingerprint": "fp_1", **MADE, "cache": CACHE}
    assert (usage["total_tokens"], choices[0]["message"]["content"]) == (5, "Hello.")
    assert "cache" not in whole([START, Text("Hello."), USAGE, Finished("stop")])


def test_failed_providers_are_quoted_in_full_where_that_is_asked_for() -> None:
    answer = whole([BUSY, START, Text("Hello."), Finished("stop")], RAW)
    assert answer["cache"]["error"]["records"] == [record(BUSY.message)]


def test_a_vendors_own_fields_of_the_same_names_give_way() -> None:
    start = Started("fox", "gpt-4", "x", 5, "openai.chat", b'{"provider":"DeepFox","cache":1,"citations":[]}')
    events: list[AnyEvent] = [start, Text("a", extra=b'{"chunk":{"provider":"DeepFox"}}'), Finished("stop")]
    chunks = written(events)
    assert {chunk["provider"] for chunk in chunks[:-1]} == {"fox"}
    assert chunks[0]["citations"] == []
    answer = whole(events)
    assert (answer["provider"], answer["citations"], "cache" in answer) == ("fox", [], False)


def test_the_older_form_of_calls() -> None:
    events: list[AnyEvent] = [START, ToolCall(0, "c", "f"), ToolInput(0, "{}"), Finished("tool_calls")]
    functions = [{"name": "f", "parameters": {"type": "object", "properties": {}}}]
    choice = whole(events, functions=functions)["choices"][0]
    assert choice["message"]["function_call"] == {"name": "f", "arguments": "{}"}
    assert choice["finish_reason"] == "function_call"


def test_a_run_that_was_stopped_before_anybody_began() -> None:
    chunks = written([Stopped("user")])
    assert (chunks[0]["provider"], chunks[0]["overwritten"], chunks[-1]) == ("", False, "[DONE]")


def test_nobody_answered_after_all() -> None:
    """When the status was sent already, because it took so long."""
    tried = (Tried("openai", "gpt-4", 503, "overloaded", BUSY.message), Tried("fox", "small", 504, "late", "Late."))
    (said,) = written([BUSY, Failed("late", "Late.", 504, "timeout_error", attempts=tried)])
    assert (said["status"], said["error"]["message"]) == (500, purai.ALL_FAILED)
    assert said["error"]["records"][0] == record("Busy Come & try later.")
    assert [one["provider"] for one in said["error"]["records"]] == ["openai", "fox"]


def test_a_stream_that_breaks_says_who_broke_it_and_has_no_end() -> None:
    *_, last = written([BUSY, START, Text("a"), Failed("upstream_incomplete", "It hung up.")])
    assert (last["status"], last["error"]["message"], last["error"]["code"]) == (
        500,
        "It hung up.",
        "upstream_incomplete",
    )
    assert [one["provider"] for one in last["error"]["records"]] == ["openai", "fox"]
    assert last["error"]["records"][1]["response"]["status"] == 502


def test_who_goes_on_with_a_broken_answer_is_named_from_there_on() -> None:
    broke = Tried("fox", "gpt-4", 502, "upstream_incomplete", "It hung up.")
    events: list[AnyEvent] = [START, Text("a"), Continued("fox", "small", broke), Text("b"), Finished("stop")]
    chunks = written(events)[:-1]
    assert [chunk["overwritten"] for chunk in chunks] == [False, False, True, True]
    answer = whole(events)
    assert (answer["provider"], answer["overwritten"]) == ("fox", True)
    assert answer["cache"]["error"]["records"][0]["response"]["status"] == 502


OVERWRITTEN: dict[str, tuple[str, str, list[Attempt], bool]] = {
    "as_asked": ("openai", "gpt-4", [], False),
    "by_its_full_name": ("openai", "gpt-4-0613", [], False),
    "by_a_name_of_its_own": ("openai", "secret", [], False),
    "another": ("fox", "small", [], True),
    "the_longer_name": ("fox", "small-2", [], True),
    "another_by_a_name_of_its_own": ("fox", "secret", [Attempt("fox", 404, "", "", "", "gpt-4")], True),
    "with_another_key": ("fox", "gpt-4", [Attempt("fox", 429, "", "", "key 1", "gpt-4")], False),
    "a_provider_that_was_not_to_be_asked": ("claude", "gpt-4", [], False),
}


@pytest.mark.parametrize(("provider", "model", "failed", "is_so"), OVERWRITTEN.values(), ids=OVERWRITTEN.keys())
def test_whether_another_model_answered(provider: str, model: str, failed: list[Attempt], is_so: bool) -> None:
    assert PLAN.is_overwritten(Started(provider, model, "", 0), failed) is is_so


def test_the_longest_of_alike_names_is_meant() -> None:
    plan = Plan(("a/gpt-4", "a/gpt-4-mini"), frozenset({"a/gpt-4"}))
    assert plan.is_overwritten(Started("a", "gpt-4-mini-0613", "", 0), [])
    assert not plan.is_overwritten(Started("a", "gpt-4-0613", "", 0), [])

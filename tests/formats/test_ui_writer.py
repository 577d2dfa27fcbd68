"""Logs as the AI SDK's UI message stream, version 1."""

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
from headgate.formats import sse, ui_messages
from tests.formats.cutting import SIZES, pieces
from tests.formats.test_ui_requests import HELLO, call
from tests.node import node

RUN = "run_" + "0" * 40
STARTED = Started("p", "m", "", 0)
BEGIN = [{"type": "start", "messageId": "msg_" + "0" * 40}, {"type": "start-step"}]


TOLD = {
    "inputTokens": 10,
    "outputTokens": 2,
    "totalTokens": 12,
    "reasoningTokens": 1,
    "cachedInputTokens": 4,
    "cost": 0.5,
    "estimated": True,
}


def end(reason: str) -> list[dict[str, Any]]:
    """How a whole answer ends."""
    return [{"type": "finish-step"}, {"type": "finish", "finishReason": reason}]


def text(id: str, *deltas: str, kind: str = "text") -> list[dict[str, Any]]:
    """A part of words, from its start to its end."""
    pieces = [{"type": f"{kind}-delta", "id": id, "delta": delta} for delta in deltas]
    return [{"type": f"{kind}-start", "id": id}, *pieces, {"type": f"{kind}-end", "id": id}]


def calling(id: str, name: str, *pieces: str) -> list[dict[str, Any]]:
    """A call and what is said of its input as it grows."""
    deltas = [{"type": "tool-input-delta", "toolCallId": id, "inputTextDelta": piece} for piece in pieces]
    return [{"type": "tool-input-start", "toolCallId": id, "toolName": name}, *deltas]


def available(id: str, name: str, input: Any) -> dict[str, Any]:
    """A call's whole input."""
    return {"type": "tool-input-available", "toolCallId": id, "toolName": name, "input": input}


LOGS: list[tuple[str, list[AnyEvent], list[dict[str, Any]]]] = [
    (
        "words",
        [STARTED, Text("Hello"), Text(" there"), Finished("stop")],
        BEGIN + text("0", "Hello", " there") + end("stop"),
    ),
    ("not a word", [STARTED, Finished("stop")], BEGIN + end("stop")),
    (
        "thoughts and words",
        [STARTED, Reasoning("hm"), Reasoning("m"), Text("Hi"), Reasoning("!"), Finished("length")],
        BEGIN
        + text("0", "hm", "m", kind="reasoning")
        + text("1", "Hi")
        + text("2", "!", kind="reasoning")
        + end("length"),
    ),
    (
        "a refusal",
        [STARTED, Refusal("No"), Refusal("."), Finished("content_filter")],
        BEGIN + text("0", "No", ".") + end("content-filter"),
    ),
    (
        "a tool",
        [
            STARTED,
            Text("Let me see"),
            ToolCall(0, "c1", "weather"),
            ToolInput(0, '{"a":'),
            ToolInput(0, "1}"),
            Finished("tool_calls"),
        ],
        BEGIN
        + text("0", "Let me see")
        + calling("c1", "weather", '{"a":', "1}")
        + [available("c1", "weather", {"a": 1})]
        + end("tool-calls"),
    ),
    (
        "two tools",
        [STARTED, ToolCall(0, "c1", "a"), ToolCall(1, "c2", "b"), ToolInput(1, "[1,\n 2.50]"), Finished("tool_calls")],
        BEGIN
        + calling("c1", "a")
        + [available("c1", "a", {})]
        + calling("c2", "b", "[1,\n 2.50]")
        + [available("c2", "b", [1, 2.5])]
        + end("tool-calls"),
    ),
    (
        "words between the pieces of an input",
        [STARTED, ToolCall(0, "c1", "a"), ToolInput(0, "{"), Text("wait"), ToolInput(0, "}"), Finished("tool_calls")],
        BEGIN
        + calling("c1", "a", "{")
        + text("0", "wait")[:2]
        + calling("c1", "a", "}")[1:]
        + text("0", "wait")[2:]
        + [available("c1", "a", {})]
        + end("tool-calls"),
    ),
    (
        "an input that is no JSON",
        [STARTED, ToolCall(0, "c1", "a"), ToolInput(0, '{"a":'), Finished("length")],
        BEGIN
        + calling("c1", "a", '{"a":')
        + [
            {
                "type": "tool-input-error",
                "toolCallId": "c1",
                "toolName": "a",
                "input": '{"a":',
                "errorText": "The input of the tool is not valid JSON.",
            }
        ]
        + end("length"),
    ),
    (
        "a tool that takes any text",
        [
            STARTED,
            ToolCall(0, "c1", "sh", kind="custom"),
            ToolInput(0, "ls\n"),
            ToolInput(0, "-l"),
            Finished("tool_calls"),
        ],
        BEGIN + calling("c1", "sh", "ls\n", "-l") + [available("c1", "sh", "ls\n-l")] + end("tool-calls"),
    ),
    ("an input of no call", [STARTED, ToolInput(0, "{}"), Finished("stop")], BEGIN + end("stop")),
    (
        "what only other readers see",
        [
            Attempt("p", 500, "x", "y"),
            STARTED,
            Vendor(b"{}"),
            Text("a"),
            Text("b", choice=1),
            Finished("eos", ("stop",)),
        ],
        BEGIN + text("0", "a") + end("other"),
    ),
    (
        "what it used, and what that cost",
        [STARTED, Text("a"), Usage(10, 2, 12, 4, 1, estimated=True, cost=0.5), Finished("stop")],
        [*BEGIN, *text("0", "a"), end("stop")[0], {**end("stop")[1], "messageMetadata": {"usage": TOLD}}],
    ),
    (
        "one that was stopped",
        [STARTED, Text("a"), Stopped("user")],
        BEGIN + text("0", "a") + [{"type": "abort", "reason": "user"}, {"type": "finish", "finishReason": "other"}],
    ),
    (
        "one that was stopped in the middle of a call",
        [STARTED, ToolCall(0, "c1", "a"), ToolInput(0, "{"), Stopped("disconnect")],
        BEGIN
        + calling("c1", "a", "{")
        + [{"type": "abort", "reason": "disconnect"}, {"type": "finish", "finishReason": "other"}],
    ),
    (
        "one that broke",
        [STARTED, Reasoning("a"), Failed("upstream_cut", "It broke.")],
        BEGIN
        + text("0", "a", kind="reasoning")
        + [{"type": "error", "errorText": "It broke."}, {"type": "finish", "finishReason": "error"}],
    ),
    (
        "one that never began",
        [Attempt("p", 500, "x", "y"), Failed("x", "Nobody answers.")],
        [BEGIN[0], {"type": "error", "errorText": "Nobody answers."}, {"type": "finish", "finishReason": "error"}],
    ),
    (
        "one that was stopped before it began",
        [Stopped("user")],
        [BEGIN[0], {"type": "abort", "reason": "user"}, {"type": "finish", "finishReason": "other"}],
    ),
]

NAMES = [row[0] for row in LOGS]


def stream(events: list[AnyEvent], message: str | None = None) -> bytes:
    """The log as it is sent."""
    writer = ui_messages.Writer(call(), RUN, 0, message)
    return b"".join(writer.write(event) for event in events)


@pytest.mark.parametrize(("events", "chunks"), [row[1:] for row in LOGS], ids=NAMES)
def test_a_log_is_told_in_chunks(events: list[AnyEvent], chunks: list[dict[str, Any]]) -> None:
    """Each one event without a name, and the end mark after the last."""
    sent = stream(events)
    assert sent.endswith(sse.DONE)
    data = [message.data for message in sse.Reader().feed(sent)]
    assert [json.loads(piece) for piece in data[:-1]] == chunks


@pytest.mark.parametrize("events", [row[1] for row in LOGS], ids=NAMES)
def test_a_stream_may_be_cut_anywhere(events: list[AnyEvent]) -> None:
    """A reader gets the same chunks, whatever pieces they come in."""
    sent = stream(events)
    expected = sse.Reader().feed(sent)
    for size in SIZES:
        reader = sse.Reader()
        assert [message for piece in pieces(sent, size) for message in reader.feed(piece)] == expected


@pytest.mark.parametrize("events", [row[1] for row in LOGS], ids=NAMES)
def test_parts_are_opened_before_they_are_said_and_closed_once(events: list[AnyEvent]) -> None:
    """A client throws on a piece of a part that it does not know."""
    open_parts: set[str] = set()
    for message in sse.Reader().feed(stream(events))[:-1]:
        chunk = json.loads(message.data)
        kind, _, what = chunk["type"].rpartition("-")
        if kind not in ("text", "reasoning"):
            continue
        if what == "start":
            assert chunk["id"] not in open_parts
            open_parts.add(chunk["id"])
        else:
            assert chunk["id"] in open_parts
        if what == "end":
            open_parts.discard(chunk["id"])
    assert not open_parts


def test_a_number_in_an_input_stays_as_it_was_written() -> None:
    """However long it is."""
    number = "12345678901234567890123.4500"
    log: list[AnyEvent] = [STARTED, ToolCall(0, "c", "a"), ToolInput(0, f'{{"n": {number}}}'), Finished("tool_calls")]
    assert f'"input":{{"n":{number}}}' in stream(log).decode()


@pytest.mark.parametrize("said", ["[" * 5000 + "]" * 5000, "[" * 100_000])
def test_an_input_of_too_many_brackets_is_told_as_it_is(said: str) -> None:
    """Whether it is JSON is no longer found out."""
    log: list[AnyEvent] = [STARTED, ToolCall(0, "c", "a"), ToolInput(0, said), Finished("tool_calls")]
    chunk = json.loads(sse.Reader().feed(stream(log))[-4].data)
    assert (chunk["type"], chunk["input"]) == ("tool-input-error", said)


def test_the_message_has_the_name_that_the_client_gave_it() -> None:
    """Where it goes on with one of its own."""
    assert b'{"type":"start","messageId":"m7"}' in stream([STARTED, Finished("stop")], "m7")


@pytest.mark.slow
def test_the_ai_sdk_reads_every_log() -> None:
    """Each chunk fits its schema, none surprises its state machine, and its message says what the log says."""
    found = node("ui_chunks.mjs", streams=[stream(events).decode() for _, events, _ in LOGS])
    for (name, events, chunks), seen in zip(LOGS, found, strict=True):
        assert seen["wrong"] == [], name
        assert seen["chunks"] == chunks, name
        failed = [event.message for event in events if isinstance(event, Failed)]
        assert seen["error"] == (failed[0] if failed else None), name
        parts = seen["message"]["parts"] if seen["message"] else []
        for kind, of in (("text", Text | Refusal), ("reasoning", Reasoning)):
            words = [event.delta for event in events if isinstance(event, of) and event.choice == 0]
            assert "".join(part["text"] for part in parts if part["type"] == kind) == "".join(words), name
            assert {part["state"] for part in parts if part["type"] == kind} <= {"done"}, name
        calls = [event for event in events if isinstance(event, ToolCall)]
        assert [part["type"] for part in parts if "toolCallId" in part] == [f"tool-{call.name}" for call in calls], name


@pytest.mark.slow
def test_what_the_ai_sdk_makes_of_an_answer_can_be_sent_back() -> None:
    """Whatever the answer was: the next request of the same page is understood."""
    for (name, _, _), seen in zip(
        LOGS, node("ui_chunks.mjs", streams=[stream(row[1]).decode() for row in LOGS]), strict=True
    ):
        if seen["message"] is not None:
            body = {"messages": [HELLO, seen["message"], HELLO]}
            assert ui_messages.read(json.dumps(body).encode()).call.stream, name

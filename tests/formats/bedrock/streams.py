"""Streams as Bedrock sends them, frame by frame, and what they say."""

import json
import struct
from typing import Any, NamedTuple
from zlib import crc32

USAGE = {"inputTokens": 9, "outputTokens": 2, "totalTokens": 11}
METADATA: tuple[str, Any] = ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 275}})

Event = tuple[str, Any]


def header(name: str, value: str) -> bytes:
    """A header that is text."""
    said = value.encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(said)) + said


def frame(payload: bytes, **headers: str) -> bytes:
    """One frame; `event_type` is the header `:event-type`."""
    told = b"".join(header(":" + name.replace("_", "-"), value) for name, value in headers.items())
    return raw_frame(told, payload)


def raw_frame(headers: bytes, payload: bytes) -> bytes:
    """One frame with headers that are bytes already."""
    start = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    said = start + struct.pack("!I", crc32(start)) + headers + payload
    return said + struct.pack("!I", crc32(said))


def event(kind: str, said: Any) -> bytes:
    """An event of an answer."""
    payload = json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return frame(payload, event_type=kind, content_type="application/json", message_type="event")


def failure(name: str, said: Any) -> bytes:
    """An exception in the middle of an answer."""
    payload = json.dumps(said).encode()
    return frame(payload, exception_type=name, content_type="application/json", message_type="exception")


def stream(*events: Event) -> bytes:
    """The frames of these."""
    return b"".join(event(kind, said) for kind, said in events)


START: Event = ("messageStart", {"role": "assistant", "p": "abcdefg"})


def delta(said: Any, index: int = 0) -> Event:
    """A change of a block, with the padding that is always there."""
    return ("contentBlockDelta", {"contentBlockIndex": index, "delta": said, "p": "abcdefghijk"})


def text(words: str, index: int = 0) -> Event:
    """A piece of text."""
    return delta({"text": words}, index)


def call(id: str, name: str, index: int, *pieces: str) -> list[Event]:
    """A call of a tool, from its start to its stop."""
    started = {"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": id, "name": name}}, "p": "ab"}
    told = [delta({"toolUse": {"input": piece}}, index) for piece in pieces]
    return [("contentBlockStart", started), *told, stop_block(index)]


def stop_block(index: int = 0) -> Event:
    """A block is whole."""
    return ("contentBlockStop", {"contentBlockIndex": index, "p": "abcd"})


def stop(reason: str = "end_turn", **more: Any) -> Event:
    """The answer is whole."""
    return ("messageStop", {"stopReason": reason, **more, "p": "abcdefghijklmno"})


class Case(NamedTuple):
    """Events and what they say."""

    events: list[Event]
    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, str, str], ...] = ()
    reason: str = "stop"
    total: int | None = 11
    blocks: list[Any] | None = None
    """What a client of Messages gets, where that is more than words and calls."""


CASES: dict[str, Case] = {
    "words": Case(
        [START, text("Žluťoučký"), text(" 🐎"), text(""), text("!"), stop_block(), stop(), METADATA], "Žluťoučký 🐎!"
    ),
    "without_padding": Case(
        [
            ("messageStart", {"role": "assistant"}),
            ("contentBlockDelta", {"delta": {"text": "Hi"}, "contentBlockIndex": 0}),
            ("messageStop", {"stopReason": "end_turn"}),
            METADATA,
        ],
        "Hi",
    ),
    "no_metadata": Case([START, text("Hi"), stop_block(), stop()], "Hi", total=None),
    "metadata_before_the_end": Case([START, text("Hi"), METADATA, stop()], "Hi"),
    "stop_sequence_of_a_stream": Case(
        [
            START,
            text("Hi"),
            stop("stop_sequence", additionalModelResponseFields={"delta": {"stop_sequence": "END"}}),
            METADATA,
        ],
        "Hi",
    ),
    "max_tokens": Case([START, text("Hi"), stop("max_tokens"), METADATA], "Hi", reason="length"),
    "context_window": Case([START, text("Hi"), stop("model_context_window_exceeded"), METADATA], "Hi", reason="length"),
    "guardrail": Case(
        [START, text("Sorry."), stop_block(), stop("guardrail_intervened"), METADATA], "Sorry.", reason="content_filter"
    ),
    "filtered": Case([START, stop("content_filtered"), METADATA], reason="content_filter"),
    "a_reason_of_tomorrow": Case([START, text("Hi"), stop("tired"), METADATA], "Hi"),
    "a_call": Case(
        [
            START,
            text("Let me see."),
            stop_block(),
            *call("tooluse_1", "weather", 1, "", '{"city"', ': "Brno"}'),
            stop("tool_use"),
            METADATA,
        ],
        "Let me see.",
        calls=(("tooluse_1", "weather", '{"city": "Brno"}'),),
        reason="tool_calls",
    ),
    "calls_without_input": Case(
        [START, *call("a", "now", 0), *call("b", "then", 1, "{}"), stop("tool_use"), METADATA],
        calls=(("a", "now", "{}"), ("b", "then", "{}")),
        reason="tool_calls",
    ),
    "thoughts": Case(
        [
            START,
            delta({"reasoningContent": {"text": "Hm"}}),
            delta({"reasoningContent": {"text": "m."}}),
            delta({"reasoningContent": {"signature": "c2ln"}}),
            stop_block(),
            text("Hi", 1),
            stop_block(1),
            stop(),
            METADATA,
        ],
        "Hi",
        "Hmm.",
        blocks=[
            {"type": "thinking", "thinking": "Hmm.", "signature": "c2ln"},
            {"type": "text", "text": "Hi"},
        ],
    ),
    "two_texts": Case(
        [START, text("a"), text("b"), stop_block(), text("c", 1), text("d", 1), stop_block(1), stop(), METADATA],
        "abcd",
        blocks=[{"type": "text", "text": "ab"}, {"type": "text", "text": "cd"}],
    ),
    "a_thought_that_is_only_signed": Case(
        [START, delta({"reasoningContent": {"signature": "c2ln"}}), stop_block(), text("Hi", 1), stop(), METADATA],
        "Hi",
        blocks=[{"type": "thinking", "thinking": "", "signature": "c2ln"}, {"type": "text", "text": "Hi"}],
    ),
    "redacted": Case(
        [
            START,
            delta({"reasoningContent": {"redactedContent": "aGlkZGVu"}}),
            stop_block(),
            text("Hi", 1),
            stop_block(1),
            stop(),
            METADATA,
        ],
        "Hi",
        blocks=[{"type": "redacted_thinking", "data": "aGlkZGVu"}, {"type": "text", "text": "Hi"}],
    ),
    "what_has_no_word": Case(
        [
            ("initial-response", {}),
            START,
            ("contentBlockStart", {"contentBlockIndex": 0, "start": {"image": {"format": "png"}}}),
            delta({"image": {"source": {"bytes": "aGk="}}}),
            delta({"citation": {"title": "t"}}, 1),
            stop_block(),
            text("Hi", 1),
            ("eventOfTomorrow", {"x": 1}),
            stop(),
            METADATA,
        ],
        "Hi",
    ),
}


def whole(*content: Any, reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    """An answer of Converse."""
    message = {"role": "assistant", "content": list(content)}
    return {"metrics": {"latencyMs": 5}, "output": {"message": message}, "stopReason": reason, "usage": USAGE, **more}


WHOLES: dict[str, tuple[Any, str]] = {
    # An answer, and the stream that says the same.
    "words": (whole({"text": "Žluťoučký 🐎!"}), "words"),
    "max_tokens": (whole({"text": "Hi"}, reason="max_tokens"), "max_tokens"),
    "stop_sequence": (
        whole({"text": "Hi"}, reason="stop_sequence", additionalModelResponseFields={"stop_sequence": "END"}),
        "stop_sequence_of_a_stream",
    ),
    "a_call": (
        whole(
            {"text": "Let me see."},
            {"toolUse": {"toolUseId": "tooluse_1", "name": "weather", "input": {"city": "Brno"}}},
            reason="tool_use",
        ),
        "a_call",
    ),
    "calls_without_input": (
        whole(
            {"toolUse": {"toolUseId": "a", "name": "now", "input": {}}},
            {"toolUse": {"toolUseId": "b", "name": "then", "input": {}}},
            reason="tool_use",
        ),
        "calls_without_input",
    ),
    "thoughts": (
        whole({"reasoningContent": {"reasoningText": {"text": "Hmm.", "signature": "c2ln"}}}, {"text": "Hi"}),
        "thoughts",
    ),
    "redacted": (whole({"reasoningContent": {"redactedContent": "aGlkZGVu"}}, {"text": "Hi"}), "redacted"),
    "guardrail": (whole({"text": "Sorry."}, reason="guardrail_intervened"), "guardrail"),
    "what_has_no_word": (
        whole(
            {"image": {"format": "png", "source": {"bytes": "aGk="}}},
            {"citationsContent": {"content": [{"text": "H"}, {"text": "i"}], "citations": []}},
        ),
        "what_has_no_word",
    ),
}

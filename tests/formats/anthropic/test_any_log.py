"""Whatever a log holds, its stream is one that clients take, and says what the whole answer says."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from headgate.errors import ProviderError
from headgate.events import AnyEvent, Finished, Reasoning, Refusal, Started, Text, ToolCall, ToolInput, Usage
from headgate.formats.anthropic import Reader, read_whole, whole
from tests.formats.cutting import ORIGIN, events_in

from .streams import STREAMS
from .wire import Json, call, frames, stream, written

WORDS = some.text(max_size=5)
JSON_OBJECTS = some.dictionaries(some.text(max_size=3), some.integers() | WORDS, max_size=3)
PIECES = some.one_of(some.builds(Text, WORDS), some.builds(Reasoning, WORDS), some.builds(Refusal, WORDS))


@some.composite
def calling(draw: some.DrawFn) -> list[Any]:
    """A call's input in pieces, and words that come between them."""
    input = json.dumps(draw(JSON_OBJECTS))
    cuts = sorted(draw(some.lists(some.integers(0, len(input)), max_size=3)))
    pieces = [input[first:last] for first, last in zip([0, *cuts], [*cuts, len(input)], strict=True)]
    found: list[Any] = []
    for piece in pieces:
        found += [piece, *draw(some.lists(PIECES, max_size=2))]
    return found


@some.composite
def logs(draw: some.DrawFn) -> list[AnyEvent]:
    """A run of another format."""
    events: list[AnyEvent] = [Started("openai", "m", "", 1, "openai.chat")]
    number = 0
    for step in draw(some.lists(PIECES | calling(), max_size=6)):
        if isinstance(step, list):
            events.append(ToolCall(number, f"call_{number}", "f"))
            events += [ToolInput(number, piece) if isinstance(piece, str) else piece for piece in step]
            number += 1
        else:
            events.append(step)
    return [*events, Usage(3, 4, 7), Finished("tool_calls" if number else "stop")]


def put_together(events: list[Json]) -> Json:
    """What a client makes of a stream, which must be one that it takes."""
    assert [event["type"] for event in events[:1] + events[-2:]] == ["message_start", "message_delta", "message_stop"]
    message: Json = {**events[0]["message"], "content": []}
    is_open = False
    for event in events[1:-2]:
        content = message["content"]
        if event["type"] == "content_block_start":
            assert not is_open
            assert event["index"] == len(content)
            content.append({**event["content_block"], "pieces": ""})
        else:
            assert is_open
            assert event["index"] == len(content) - 1
        is_open = event["type"] != "content_block_stop"
        if event["type"] == "content_block_delta":
            (piece,) = (value for key, value in event["delta"].items() if key != "type")
            content[-1]["pieces"] += piece
    assert not is_open
    for block in message["content"]:
        pieces, key = block.pop("pieces"), {"tool_use": "input"}.get(block["type"], block["type"])
        block[key] = json.loads(pieces or "{}") if key == "input" else pieces
    return {**message, **events[-2]["delta"], "usage": events[-2]["usage"]}


@given(logs())
def test_a_stream_is_regular_and_says_what_the_whole_says(log: list[AnyEvent]) -> None:
    assert put_together(frames(written(log))) == json.loads(whole(call(), "run_7", 9, log))


@given(logs())
def test_what_was_written_is_read_again(log: list[AnyEvent]) -> None:
    """By our own reader, wherever it is cut: a gateway may stand behind another."""
    data = written(log)
    # An answer without a word is an empty text to a client, and nothing to a reader.
    assume(b"content_block_delta" in data)
    again = events_in(Reader(ORIGIN), data)
    assert events_in(Reader(ORIGIN), data, 3) == again
    assert written(again) == data
    body = whole(call(), "run_7", 9, log)
    assert json.loads(whole(call(), "run_7", 9, read_whole(body, ORIGIN))) == json.loads(body)


@pytest.mark.parametrize("name", STREAMS)
@given(some.data())
def test_nothing_that_comes_does_more_than_fail(name: str, data: some.DataObject) -> None:
    """Events changed, left out, repeated and in any order; bytes that are none of ours."""
    events = data.draw(some.lists(some.sampled_from(STREAMS[name]), max_size=12))
    said = bytearray(stream(events))
    for _ in range(data.draw(some.integers(0, 3))):
        if said:
            said[data.draw(some.integers(0, len(said) - 1))] = data.draw(some.integers(0, 255))
    try:
        log = events_in(Reader(ORIGIN), bytes(said), data.draw(some.integers(1, 50)))
    except ProviderError as error:
        log = list(error.events)
    written(log)


@given(
    some.recursive(
        some.none() | some.integers() | WORDS,
        lambda inner: (
            some.lists(inner)
            | some.dictionaries(
                some.sampled_from(
                    ["type", "content", "text", "thinking", "citations", "input", "usage", "stop_reason", "id"]
                ),
                inner,
            )
        ),
        max_leaves=20,
    )
)
def test_no_whole_answer_does_more_than_fail(said: Any) -> None:
    for body in (said, {"content": [said]}, {"content": [{"type": "text", "text": said, "citations": [said]}]}):
        try:
            log = read_whole(json.dumps(body).encode(), ORIGIN)
        except ProviderError:
            continue
        json.loads(whole(call(), "run_7", 9, log))

"""Servers that imitate Responses, each in its own way."""

import itertools
import json
from typing import Any

import pytest

from headgate.events import AnyEvent, Finished, Reasoning, Refusal, Started, Text, ToolCall, ToolInput, Usage, Vendor

from .streams import STREAMS, gist
from .wire import Json, case, events_in, stream


def said(*events: Json, end: Json | None = None) -> list[AnyEvent]:
    """What is read, without the marks of items; the frame around it is there."""
    last = end or {"type": "response.completed", "response": {"status": "completed"}}
    read = events_in(stream([*events, last]))
    assert isinstance(read[0], Started)
    assert isinstance(read[-1], Finished)
    return [plain(event) for event in read[1:-1]]


def plain(event: AnyEvent) -> AnyEvent:
    match event:
        case Text():
            return Text(event.delta, event.choice, event.logprobs)
        case Refusal():
            return Refusal(event.delta)
        case Reasoning():
            return Reasoning(event.delta, kind=event.kind)
        case ToolCall():
            return ToolCall(event.index, event.id, event.name, kind=event.kind)
        case _:
            return event


def item(kind: str, of: Json, **place: Any) -> Json:
    return {"type": f"response.output_item.{kind}", "item": of, **place}


def text(delta: Any, **place: Any) -> Json:
    return {"type": "response.output_text.delta", "delta": delta, **place}


def arguments(delta: str, **place: Any) -> Json:
    return {"type": "response.function_call_arguments.delta", "delta": delta, **place}


def call(id: str, name: str, arguments: Any = "", call_id: str | None = None) -> Json:
    return {"type": "function_call", "id": id, "name": name, "arguments": arguments, "call_id": call_id or f"call_{id}"}


def message(*content: Json, id: str = "msg_1") -> Json:
    return {"type": "message", "id": id, "role": "assistant", "content": list(content)}


A = [ToolCall(0, "call_a", "x"), ToolInput(0, '{"a":1}')]
B = [ToolCall(1, "call_b", "y"), ToolInput(1, '{"b":2}')]


@pytest.mark.parametrize("name", STREAMS)
def test_item_ids_may_differ_in_every_event(name: str) -> None:
    """GitHub's Copilot encrypts the ids anew each time; only the indices hold."""
    if name.startswith("llama"):
        return
    fresh = (f"id_{number}" for number in itertools.count())
    events = case(name)
    for event in events:
        if "item_id" in event:
            event["item_id"] = next(fresh)
        if "id" in event.get("item", {}):
            event["item"]["id"] = next(fresh)
    read = [plain(event) for event in events_in(stream(events)) if not isinstance(event, Vendor | Finished)]
    assert read == [plain(event) for event in STREAMS[name] if not isinstance(event, Vendor | Finished)]


@pytest.mark.parametrize("name", STREAMS)
def test_all_indices_may_be_zero(name: str) -> None:
    events = case(name)
    for event in events:
        if "output_index" in event:
            event["output_index"] = 0
    assert events_in(stream(events)) == STREAMS[name]


@pytest.mark.parametrize("name", STREAMS)
def test_deltas_may_be_missing(name: str) -> None:
    """Then an item that is done says what it holds."""
    events = [event for event in case(name) if not event["type"].endswith(".delta")]
    assert gist(events_in(stream(events))) == gist(STREAMS[name])


@pytest.mark.parametrize("name", STREAMS)
def test_all_of_an_answer_may_come_with_its_end(name: str) -> None:
    first, *_, last = case(name)
    assert gist(events_in(stream([first, last]))) == gist(STREAMS[name])
    assert gist(events_in(stream([last]))) == gist(STREAMS[name])


@pytest.mark.parametrize("name", STREAMS)
def test_nothing_is_said_twice(name: str) -> None:
    """Not when `added` is missing, and not when `done` is repeated."""
    events = [event for event in case(name) if event["type"] != "response.output_item.added"]
    done = "response.output_item.done"
    doubled = [event for real in events for event in ([real, real] if real["type"] == done else [real])]
    for variant in (events, doubled):
        assert gist(events_in(stream(variant))) == gist(STREAMS[name])


def test_a_bare_delta_is_enough() -> None:
    assert said(text("a"), text("b")) == [Text("a"), Text("b")]


@pytest.mark.parametrize(
    ("bent", "read"),
    [
        (text("a", output_index="0", item_id=7), [Text("a")]),
        (text(None), []),
        (text({"text": "a"}), [Text("a")]),
        (text("a", logprobs=None), [Text("a")]),
        (text("a", logprobs=[]), [Text("a")]),
        (text("", logprobs=[{"token": "", "logprob": -1}]), [Text("", 0, b'[{"token":"","logprob":-1}]')]),
        (text("a", logprobs=["?", {"logprob": "NaN"}]), [Text("a", 0, b'[{"logprob":-9999.0,"token":""}]')]),
        ({"type": "response.reasoning.delta", "delta": "a"}, [Reasoning("a")]),
        ({"type": "response.reasoning_summary.delta", "delta": {"text": "a"}}, [Reasoning("a", kind="summary")]),
    ],
)
def test_a_bent_delta_is_understood(bent: Json, read: list[AnyEvent]) -> None:
    assert said(bent) == read


def test_json_that_only_python_would_write_is_understood() -> None:
    data = b'data: {"type":"response.output_text.delta","delta":"\\ud83d","score":NaN}\n\n'
    end = stream([{"type": "response.completed", "response": {}}])
    assert [event.delta for event in events_in(data + end) if isinstance(event, Text)] == ["\ufffd"]


def test_woven_calls_are_told_one_after_the_other() -> None:
    read = said(
        item("added", call("a", "x"), output_index=0),
        item("added", call("b", "y"), output_index=1),
        arguments('{"b":', item_id="b"),
        arguments('{"a":', item_id="a"),
        arguments("2}", item_id="b"),
        arguments("1}", item_id="a"),
        item("done", call("b", "y", '{"b":2}'), output_index=1),
        item("done", call("a", "x", '{"a":1}'), output_index=0),
    )
    assert read == [
        ToolCall(0, "call_a", "x"),
        ToolInput(0, '{"a":'),
        ToolInput(0, "1}"),
        *B,
    ]


def test_a_call_without_input_does_not_hold_up_the_next() -> None:
    """Its own end tells that nothing more is to come."""
    read = said(
        item("added", call("a", "x"), output_index=0),
        item("done", call("a", "x"), output_index=0),
        item("added", call("b", "y"), output_index=1),
        arguments('{"b":2}', output_index=1),
        text("z"),
        item("done", call("b", "y", '{"b":2}'), output_index=1),
    )
    assert read == [ToolCall(0, "call_a", "x"), *B, Text("z")]


def test_a_custom_call_is_over_when_it_says_so() -> None:
    first = {"type": "custom_tool_call", "id": "a", "call_id": "call_a", "name": "x", "input": ""}
    second = {**first, "id": "b", "call_id": "call_b", "name": "y"}
    read = said(
        item("added", first),
        {"type": "response.custom_tool_call_input.delta", "delta": "1", "item_id": "a"},
        item("added", second),
        {"type": "response.custom_tool_call_input.delta", "delta": "9", "item_id": "b"},
        {"type": "response.custom_tool_call_input.delta", "delta": "2", "item_id": "a"},
        {"type": "response.custom_tool_call_input.done", "input": "12", "item_id": "a"},
    )
    assert read == [
        ToolCall(0, "call_a", "x", kind="custom"),
        ToolInput(0, "1"),
        ToolInput(0, "2"),
        ToolCall(1, "call_b", "y", kind="custom"),
        ToolInput(1, "9"),
    ]


@pytest.mark.parametrize(
    ("done", "read"),
    [
        (call("a", "x", '{"a":1}'), A),
        (call("a", "x", {"a": 1}), A),
        ({**call("", "x", '{"a":1}'), "id": None, "call_id": "call_a"}, A),
        ({**call("a", "x", '{"a":1}'), "call_id": None}, [ToolCall(0, "a", "x"), A[1]]),
        (
            {"type": "function_call", "name": "x", "arguments": '{"a":1}'},
            [ToolCall(0, "call_run_upstream_0", "x"), A[1]],
        ),
    ],
)
def test_a_call_may_come_whole(done: Json, read: list[AnyEvent]) -> None:
    assert said(item("done", done)) == read


def test_input_may_come_with_its_done_event_alone() -> None:
    done = {"type": "response.function_call_arguments.done", "item_id": "a", "arguments": '{"a":1}'}
    assert said(item("added", call("a", "x")), done) == A


def test_input_that_comes_before_its_call_waits_for_the_name() -> None:
    assert said(arguments('{"a":1}', item_id="a"), item("done", call("a", "x", '{"a":1}'))) == A


def test_each_part_of_a_message_is_told() -> None:
    content = [
        {"type": "output_text", "text": "one", "annotations": [{"type": "file_path", "index": 0, "file_id": "f"}]},
        {"type": "output_text", "text": "two"},
        {"type": "refusal", "refusal": "three"},
        {"type": "hologram"},
        None,
    ]
    read = said(text("one", item_id="msg_1", content_index=0), item("done", message(*content)))  # type: ignore[arg-type]
    assert [event for event in read if not isinstance(event, Vendor)] == [Text("one"), Text("two"), Refusal("three")]


def test_an_annotation_is_told_once_however_it_comes() -> None:
    """With an event of its own, with its part, with its item, or with all three."""
    note = {"type": "file_path", "index": 0, "file_id": "f"}
    part = {"type": "output_text", "text": "one", "annotations": [note]}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    own = {"type": "response.output_text.annotation.added", **place, "annotation": note}
    with_part = {"type": "response.content_part.done", **place, "part": part}
    with_item = item("done", message(part), output_index=0)
    ways = [own, with_part, with_item]
    for chosen in [*([way] for way in ways), ways]:
        read = said(item("added", message(), output_index=0), text("one", **place), *chosen)
        assert len(read) == 2
        assert isinstance(read[1], Vendor)


def test_an_unknown_reason_to_stop_early_is_a_cut() -> None:
    details = {"reason": "max_messages"}
    end = {"type": "response.incomplete", "response": {"status": "incomplete", "incomplete_details": details}}
    read = events_in(stream([text("a"), end]))
    assert read[-1] == Finished("length", extra=b'{"incomplete_details":{"reason":"max_messages"}}')


def test_usage_may_be_in_the_words_of_chat() -> None:
    end = {"type": "response.completed", "response": {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}}
    (usage,) = [event for event in events_in(stream([text("a"), end])) if isinstance(event, Usage)]
    assert (usage.input, usage.output, usage.total) == (3, 4, 7)


def marks(*events: Json) -> list[tuple[str, bool]]:
    """Each piece of text, and whether a new item begins with it."""
    read = events_in(stream([*events, {"type": "response.completed", "response": {}}]))
    return [(event.delta, event.extra is not None) for event in read if isinstance(event, Text)]


def test_words_of_two_items_are_never_run_together() -> None:
    first = text("a", item_id="msg_1")
    whole = item("done", message({"type": "output_text", "text": "b"}, id="msg_2"))
    assert marks(first, whole, first) == [("a", True), ("b", True), ("a", True)]
    part = {"type": "output_text", "text": "b"}
    whole = {"type": "response.content_part.done", "item_id": "msg_2", "content_index": 0, "part": part}
    announced = item("added", message(id="msg_2"))
    assert marks(announced, first, whole, first) == [("a", True), ("b", True), ("a", True)]


def test_words_after_the_end_of_an_item_begin_another() -> None:
    done = item("done", message({"type": "output_text", "text": "a"}))
    assert marks(text("a"), done, text("b")) == [("a", True), ("b", True)]


def test_an_item_that_is_done_may_be_the_one_without_a_name() -> None:
    done = item("done", message({"type": "output_text", "text": "a"}))
    assert marks(text("a"), done) == [("a", True)]


def test_woven_calls_with_the_same_index_are_told_apart_by_their_ids() -> None:
    read = said(
        item("added", call("a", "x"), output_index=0),
        item("added", call("b", "y"), output_index=0),
        arguments('{"b":', item_id="b", output_index=0),
        arguments('{"a":1}', item_id="a", output_index=0),
        arguments("2}", item_id="b", output_index=0),
    )
    assert read == [*A, B[0], ToolInput(1, '{"b":'), ToolInput(1, "2}")]


def test_a_call_that_had_to_wait_is_told_in_the_end() -> None:
    read = said(
        item("added", call("a", "x"), output_index=0),
        arguments('{"a":', output_index=0),
        item("added", call("b", "y"), output_index=1),
        arguments('{"b":2}', output_index=1),
    )
    assert read == [ToolCall(0, "call_a", "x"), ToolInput(0, '{"a":'), *B]


@pytest.mark.parametrize("note", [{"type": "file_path", "index": 0, "file_id": "f"}, None, "x"])
def test_an_annotation_before_its_text_waits_for_the_end_of_it(note: Any) -> None:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    early = {"type": "response.output_text.annotation.added", **place, "annotation": note}
    part = {"type": "output_text", "text": "one", "annotations": [note]}
    read = said(item("added", message(), output_index=0), early, text("one", **place), item("done", message(part)))
    assert [type(event) for event in read] == [Text, Vendor] if isinstance(note, dict) else [Text]


def test_nothing_more_is_told_of_a_hosted_tool_that_is_done() -> None:
    search = {"type": "web_search_call", "id": "ws", "status": "completed"}
    late = {"type": "response.web_search_call.searching", "item_id": "ws"}
    assert len(said(item("added", search), late, item("done", search), late)) == 3


def test_a_thought_keeps_the_id_it_began_with() -> None:
    """Its end is told for an item that clients know by the first one."""
    thought = {"type": "reasoning", "id": "other", "summary": [], "encrypted_content": "g"}
    words = {"type": "response.reasoning_summary_text.delta", "item_id": "third", "output_index": 0, "delta": "Hm"}
    read = said(item("added", {**thought, "id": "first"}, output_index=0), words, item("done", thought, output_index=0))
    (vendor,) = [event for event in read if isinstance(event, Vendor)]
    assert json.loads(vendor.extra)["event"]["item"]["id"] == "first"

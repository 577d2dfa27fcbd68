"""What channels are told of an answer."""

from collections.abc import Sequence
from typing import Any

import msgspec

from headgate.channels import Projection
from headgate.dialects.betterforms.projections import Rich, Simple
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
)

STARTED = Started("openai", "m", "", 0)


def told(projection: Projection, *events: AnyEvent) -> list[dict[str, Any]]:
    """The options of all messages."""
    return [options(message) for number in range(len(events)) for message in projection.messages(events, number)]


def options(message: bytes) -> dict[str, Any]:
    """What the named action gets."""
    (action,) = msgspec.json.decode(message)["actions"]
    assert (action["action"], action["name"]) == ("namedAction", "act")
    return dict(action["options"])


def deltas(said: Sequence[dict[str, Any]]) -> list[str]:
    return [each["content"] for each in said if each["type"] == "delta"]


def test_simple_is_pieces_and_an_end() -> None:
    said = told(
        Simple("act"),
        Attempt("a", 503, "down", "No."),
        STARTED,
        Reasoning("hm"),
        Text("Ch"),
        Text("uck", choice=1),
        Refusal("!"),
        ToolCall(0, "c", "f"),
        ToolInput(0, "{}"),
        Usage(1, 2, 3),
        Finished("stop"),
    )
    assert said == [{"type": "delta", "content": "Ch"}, {"type": "delta", "content": "!"}, {"type": "end"}]


def test_an_answer_that_broke_says_so_before_its_end() -> None:
    said = told(Simple("act"), STARTED, Text("Ch"), Failed("cut", "It broke.", 502))
    assert said[1:] == [
        {"type": "error", "error": {"message": "It broke.", "code": 502, "details": "cut"}},
        {"type": "end"},
    ]
    assert told(Simple("act"), STARTED, Stopped("user")) == [{"type": "end"}]


def test_rich_has_a_name_to_stop_it_by_tools_and_what_it_took() -> None:
    usage = Usage(1, 2, 3, estimated=True, cost=0.5)
    said = told(Rich("act", "run_1"), STARTED, Text("x"), ToolCall(0, "c", "look"), usage, Finished("tool_calls"))
    assert said == [
        {"type": "threadInfo", "content": {"streamId": "run_1"}},
        {"type": "delta", "content": "x"},
        {"type": "function_call", "content": {"functions": [{"name": "look", "userMessage": None}]}},
        {
            "type": "end",
            "finish_reason": "tool_calls",
            "usage": {
                "prompt_tokens": 1,
                "completion_tokens": 2,
                "total_tokens": 3,
                "cost": 0.5,
                "estimated": True,
            },
        },
    ]


def test_rich_tells_its_name_also_when_nobody_ever_answered() -> None:
    said = told(Rich("act", "run_1"), Attempt("a", 503, "down", "No."), Failed("down", "No."))
    assert [each["type"] for each in said] == ["threadInfo", "error", "end"]
    assert told(Rich("act", "run_1"), STARTED, Stopped("user"))[-1] == {"type": "end", "finish_reason": "stop"}


def test_words_may_be_told_as_one() -> None:
    projection = Simple("act")
    events: list[AnyEvent] = [Text("a"), Refusal("b"), Text("c")]
    assert len({projection.tie(event) for event in events}) == 1
    assert options(projection.joined(events)) == {"type": "delta", "content": "abc"}
    assert {projection.tie(event) for event in (STARTED, Finished("stop"), Text("x", choice=1))} == {None}

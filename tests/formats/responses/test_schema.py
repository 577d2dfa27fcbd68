"""Everything a writer writes is as OpenAI's specification and its typed client want it."""

import json
from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from headgate.events import AnyEvent, Finished, Stopped
from headgate.formats.openai_responses import whole

from .logs import LOGS
from .schema import definitions, faults, stream_events
from .wire import CASES, Json, call, case, events_in, frames, stream, written

BROKEN = {"failed", "error_nested", "error_flat"}
UPSTREAM = sorted(path.stem for path in CASES.glob("*.jsonl"))
ALL_LOGS: dict[str, list[AnyEvent]] = {
    **LOGS,
    **{f"upstream_{name}": events_in(stream(case(name))) for name in UPSTREAM if name not in BROKEN},
}
REQUEST: Json = {
    "instructions": "Be brief.",
    "tools": [
        {"type": "function", "name": "weather", "parameters": {"type": "object"}},
        {"type": "web_search"},
    ],
    "tool_choice": {"type": "function", "name": "weather"},
    "metadata": {"a": "b"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}, "verbosity": None},
    "reasoning": {"effort": "low"},
    "temperature": 0.5,
    "top_p": None,
    "max_output_tokens": 5,
    "user": "u",
    "store": False,
    "conversation": "conv_1",
    "truncation": "auto",
}
event_type: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def wrong(event: Json) -> list[str]:
    """OpenAI itself sends `usage: null` while a response is not over, against its own schema."""
    name = "ResponseWsError" if event["type"] == "error" else stream_events()[event["type"]]
    found = faults(event, name, event["type"])
    is_over = event["type"] in ("response.completed", "response.incomplete")
    return found if is_over else [fault for fault in found if ".response.usage: " not in fault]


def test_the_schema_text_is_read_whole() -> None:
    """The checker below is only worth something if it knows every event."""
    assert len(stream_events()) == 58
    assert {"Response", "ResponseUsage", "OutputMessage", "ErrorPayload"} <= definitions().keys()


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("ResponseTextDeltaEvent", {"type": "response.output_text.delta"}, ".item_id: missing"),
        ("ErrorPayload", {"type": 1, "code": None, "message": "", "param": None}, ".type: 1 is no string"),
        ("RefusalContent", {"type": "refused", "refusal": ""}, ".type: 'refused' is none of ('refusal',)"),
        ("OutputItem", {"type": "message", "id": "a"}, ".role: missing"),
        ("ResponseUsage", None, ": no object"),
    ],
)
def test_the_checker_finds_what_is_wrong(name: str, value: Any, fault: str) -> None:
    assert fault in faults(value, name)


@pytest.mark.parametrize("name", ALL_LOGS)
@pytest.mark.parametrize("request_", [{}, REQUEST, {"background": True}], ids=["bare", "full", "background"])
def test_every_event_is_as_specified(name: str, request_: Json) -> None:
    events = frames(written(ALL_LOGS[name], call(**request_)))
    assert [fault for event in events for fault in wrong(event)] == []
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@pytest.mark.parametrize("name", ALL_LOGS)
def test_every_event_is_one_of_the_typed_client(name: str) -> None:
    for event in frames(written(ALL_LOGS[name], call(**REQUEST))):
        if event["type"] != "error":
            event_type.validate_python(event)


@pytest.mark.parametrize("request_", [REQUEST, {"background": True}], ids=["full", "background"])
@pytest.mark.parametrize("name", ALL_LOGS)
def test_a_whole_answer_is_as_specified(name: str, request_: Json) -> None:
    """Also of a log that is still growing."""
    for log in (ALL_LOGS[name], ALL_LOGS[name][:-1]):
        answer = json.loads(whole(call(**request_), "run_7", 9, log))
        if answer["usage"] is None:
            assert not log or not isinstance(log[-1], Finished | Stopped)
            del answer["usage"]
        assert faults(answer, "Response") == []
        Response.model_validate(answer)

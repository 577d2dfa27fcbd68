"""A strict client of Responses: a lifecycle that must be told in full, in order and only once."""

from typing import Any

from tests.formats.responses.schema import stream_events
from tests.oddities.client import Answer
from tests.oddities.judge import check_calls
from tests.oddities.verdict import (
    Choice,
    Failed,
    Json,
    Said,
    ToolCall,
    checked,
    checked_error,
    failure,
    fit,
    need,
    strict_json,
)

LAST = ("response.completed", "response.incomplete", "response.failed")
DELTAS = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_text": "text",
    "response.reasoning_summary_text": "text",
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
}


def events(answer: Answer) -> list[Json]:
    """The events, each in the plainest framing with its name, its number and OpenAI's shape."""
    need(answer.headers.get("content-type", "").startswith("text/event-stream"), "no event stream")
    need(b"\r" not in answer.body, "a CR")
    found: list[Json] = []
    rest = answer.body.decode()
    while rest:
        line, _, rest = rest.partition("\n")
        if line.startswith(": "):
            continue
        data, _, rest = rest.partition("\n")
        need(line.startswith("event: ") and data.startswith("data: ") and rest.startswith("\n"), f"{line[:100]!r}")
        rest = rest[1:]
        event = strict_json(data.removeprefix("data: "))
        need(event["type"] == line.removeprefix("event: "), f"{line} with {event['type']}")
        need(event["sequence_number"] == len(found), f"number {event['sequence_number']} after {len(found)}")
        if event["type"] != "error":
            need(event["type"] in stream_events(), f"an unknown event {event['type']}")
            fit(_without_usage(event), stream_events()[event["type"]])
        found.append(event)
    return found


def _without_usage(event: Json) -> Json:
    """OpenAI itself sends `usage: null` while a response is not over, against its own schema."""
    response = event.get("response", {})
    if response.get("usage", {}) is not None or event["type"] in ("response.completed", "response.incomplete"):
        return event
    return {**event, "response": {key: value for key, value in response.items() if key != "usage"}}


def stream(answer: Answer) -> Said | Failed:
    """A streamed response."""
    if answer.status != 200:
        return failure(answer)
    found = events(answer)
    need(answer.is_whole, "a stream without its end")
    need(found and found[0]["type"] == "response.created", "a stream that does not begin")
    error = checked_error(found.pop()["error"]) if found[-1]["type"] == "error" else None
    last = found[-1]
    need([event["type"] for event in found if event["type"] in LAST] == [last["type"]], "no one end")
    need((last["type"] == "response.failed") == (error is not None), "a failure without error, or an error alone")
    output = _Output()
    for event in found:
        output.add(event)
    response = last["response"]
    if error is not None:
        return Failed(200, error, answer.headers, (_choice(response, None),))
    need(output.items == response["output"], "an output that is not what was said")
    need(output.open == 0, "an item that never ended")
    return _said(response)


def whole(answer: Answer) -> Said | Failed:
    """A response in one piece."""
    if answer.status != 200:
        return failure(answer)
    need(answer.is_whole and answer.headers.get("content-type") == "application/json", "no whole JSON answer")
    response = strict_json(answer.body.decode())
    fit(response, "Response")
    return _said(response)


class _Output:
    """The items as the events tell them."""

    def __init__(self) -> None:
        self.items: list[Json] = []
        self.open = 0
        self._words: dict[tuple[Any, ...], str] = {}

    def add(self, event: Json) -> None:
        name, _, act = event["type"].rpartition(".")
        if name == "response.output_item" and act == "added":
            need(event["output_index"] == len(self.items), "items out of order")
            self.items.append(event["item"])
            self.open += 1
        elif name == "response.output_item":
            need(self.items[event["output_index"]].get("id") == event["item"].get("id"), "an item with another id")
            self.items[event["output_index"]] = event["item"]
            self.open -= 1
        elif name in DELTAS:
            self._piece(event, name, act)

    def _piece(self, event: Json, name: str, act: str) -> None:
        place = (name, event["item_id"], event.get("content_index"), event.get("summary_index"))
        need(event["item_id"] == self.items[event["output_index"]]["id"], "a piece of an unknown item")
        if act == "delta":
            self._words[place] = self._words.get(place, "") + event["delta"]
        else:
            need(event[DELTAS[name]] == self._words.get(place, ""), "an end that says something else than the pieces")


def _said(response: Json) -> Said:
    status, usage = response["status"], response["usage"]
    finish = "stop"
    if status == "incomplete":
        finish = {"max_output_tokens": "length"}.get(
            response["incomplete_details"]["reason"], response["incomplete_details"]["reason"]
        )
    else:
        need(status == "completed", f"the status {status}")
    choice = _choice(response, finish)
    numbers = checked(usage, usage["input_tokens"], usage["output_tokens"], usage["total_tokens"])
    return Said((choice,), numbers, response)


def _choice(response: Json, finish: str | None) -> Choice:
    text = reasoning = refusal = ""
    calls: list[ToolCall] = []
    for item in response["output"]:
        match item["type"]:
            case "message":
                text += "".join(part.get("text", "") for part in item["content"])
                refusal += "".join(part.get("refusal", "") for part in item["content"])
            case "reasoning":
                reasoning += "".join(part["text"] for part in [*item["summary"], *item.get("content", ())])
            case "function_call":
                calls.append(ToolCall(item["name"], item["arguments"], item["call_id"]))
            case "custom_tool_call":
                calls.append(ToolCall(item["name"], item["input"], item["call_id"], "custom"))
            case _:
                pass
    if calls and finish == "stop":
        finish = "tool_calls"
    if finish is not None:
        check_calls(tuple(calls), finish)
    return Choice(text, reasoning, refusal, tuple(calls), finish)

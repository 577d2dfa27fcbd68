"""The official OpenAI SDK for Node.js as a judge: streams, the background, sockets and signatures."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.watching import get
from tests.e2e.wire import HELLO, counting, script
from tests.node import node
from tests.responses.asking import begin
from tests.serving import Serving, serving
from tests.webhooks.listener import Listener

pytestmark = pytest.mark.slow

TEXT = counting(100)
DELTA = "response.output_text.delta"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving('[webhooks]\nallow = ["127.0.0.0/8"]\n') as server:
        yield server


def play(server: Serving, name: str, asked: Any = None, **given: Any) -> Any:
    """What the SDK saw."""
    return node("openai_sdk.mjs", url=server.url, play=name, asked=asked, **given)


def responding(**said: Any) -> dict[str, Any]:
    """A request for a response."""
    return {"model": "simulator/demo", "input": "Hello", **script(**said)}


def text_of(events: list[Any]) -> str:
    """What was said in a response's events."""
    return "".join(event["delta"] for event in events if event["type"] == DELTA)


def test_a_chat_is_streamed(server: Serving) -> None:
    """Chunk by chunk, and into the helper's answer, with a tool."""
    call = {"name": "tide", "arguments": {"harbour": "Faro"}}
    asked = {"model": "simulator/demo", "messages": HELLO, **script(text=TEXT, tool_calls=[call])}
    seen = play(server, "chat", asked)
    deltas = [chunk["choices"][0]["delta"].get("content") or "" for chunk in seen["chunks"]]
    message = seen["final"]["choices"][0]["message"]
    assert "".join(deltas) == message["content"] == TEXT
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"harbour": "Faro"}
    assert seen["final"]["choices"][0]["finish_reason"] == "tool_calls"


def test_the_background_is_left_and_come_back_to(server: Serving) -> None:
    """From any event on, while it is made and when it is over, the same events; the helper takes them all."""
    seen = play(server, "background", responding(text=TEXT, gap_ms=3), upto=30)
    whole = seen["whole"]
    assert seen["first"] + seen["rest"] == whole
    assert [event["sequence_number"] for event in whole] == list(range(len(whole)))
    assert seen["helped"] == whole[30:]
    assert text_of(whole) == seen["final"]["output_text"] == TEXT
    assert whole[-1]["response"] == without_helpers(seen["kept"])
    assert seen["kept"]["status"] == "completed"


def without_helpers(response: Any) -> Any:
    """Without what the SDK puts into every response."""
    return {name: value for name, value in response.items() if name not in ("output_text", "_request_id")}


def test_a_response_is_cancelled(server: Serving) -> None:
    """Twice is once; then it is forgotten."""
    seen = play(server, "cancel", responding(text=TEXT, gap_ms=50))
    assert seen["status"] in ("queued", "in_progress")
    assert seen["once"]["status"] == seen["twice"]["status"] == "cancelled"
    assert without_helpers(seen["once"]) == without_helpers(seen["twice"])
    assert [item["content"][0]["text"] for item in seen["items"]] == ["Hello"]
    assert seen["gone"] == ["NotFoundError", 404, "response_not_found"]


def test_responses_on_one_socket(server: Serving) -> None:
    """One after another, each with all its events."""
    first, second = play(server, "socket", responding(), more=[script(text="One."), script(text="Two.")])
    assert (text_of(first), text_of(second)) == ("One.", "Two.")
    for events in (first, second):
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert second[0]["response"]["previous_response_id"] == first[0]["response"]["id"]


def test_a_message_to_a_webhook_is_signed(server: Serving) -> None:
    """So that one that was changed on its way is refused."""
    secret = get(server, "/v1/webhooks/secret")["secret"]
    with Listener() as listener:
        id = begin(server, {"headgate-webhook": listener.url}, text="Done.")
        (post,) = listener.wait_for(1)
    seen = play(server, "unwrap", body=post.body.decode(), headers=post.headers, secret=secret)
    assert (seen["event"]["type"], seen["event"]["data"]["id"]) == ("response.completed", id)
    assert seen["changed"] == "InvalidWebhookSignatureError"

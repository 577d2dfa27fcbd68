"""`previous_response_id`: the conversation before it reaches whichever provider goes on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.upstream import Peer, Request, Upstream, telling
from tests.e2e.wire import ask, counting, without_comments
from tests.responses.asking import PATH, begin, done, events, make, show
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(telling("one")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    chat = upstream.config("chat", 'endpoints = ["chat"]')
    theirs = upstream.config("theirs", 'endpoints = ["responses"]')
    others = upstream.config("others", 'endpoints = ["responses"]')
    with serving(chat + theirs + others + "[providers.simulator]\n") as server:
        yield server


def responding(*items: dict[str, Any]) -> Any:
    """An upstream of responses, which answers whole."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        output = [*items, {"type": "message", "id": "msg_up", "role": "assistant", "content": [
            {"type": "output_text", "text": "two", "annotations": []}]}]  # fmt: skip
        said = {"id": "resp_up", "object": "response", "created_at": 1, "status": "completed", "model": "m"}
        body = json.dumps({**said, "output": output}).encode()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        return request

    return play


def turn(server: Serving, upstream: Upstream, provider: str, **fields: Any) -> tuple[str, Any]:
    """One turn at a provider: the response's id, and what the provider was asked."""
    is_chat = provider == "chat"
    upstream.will(telling("one") if is_chat else responding(*fields.pop("thinks", ())))
    answer = make(server, model=f"{provider}/m", stream=is_chat, **fields)
    assert answer.status == 200, answer
    id = events(without_comments(answer.body))[0]["response"]["id"] if is_chat else answer.json()["id"]
    return id, json.loads(upstream.result().body)


def told(item: Any) -> tuple[str, str]:
    """Who said what, in either format."""
    content = item["content"]
    return item["role"], content if isinstance(content, str) else content[0]["text"]


@pytest.mark.parametrize("first", ["chat", "theirs"])
@pytest.mark.parametrize("second", ["chat", "theirs", "others"])
@pytest.mark.parametrize("third", ["chat", "theirs"])
def test_a_conversation_goes_on_at_any_provider(
    server: Serving, upstream: Upstream, first: str, second: str, third: str
) -> None:
    expected: list[tuple[str, str]] = []
    previous = None
    for number, provider in enumerate((first, second, third)):
        previous, asked = turn(server, upstream, provider, input=str(number), previous_response_id=previous)
        expected.append(("user", str(number)))
        said = asked.get("messages") or asked["input"]
        assert ([("user", said)] if isinstance(said, str) else [told(item) for item in said]) == expected
        assert not asked.get("previous_response_id")
        expected.append(("assistant", "one" if provider == "chat" else "two"))
    assert show(server, previous or "")["previous_response_id"]


def test_notes_of_a_provider_come_back_to_it_and_to_nobody_else(server: Serving, upstream: Upstream) -> None:
    first, _ = turn(server, upstream, "theirs", input="1", thinks=[THOUGHT])
    _, again = turn(server, upstream, "theirs", input="2", previous_response_id=first)
    assert [item["type"] for item in again["input"]] == ["message", "reasoning", "message", "message"]
    assert again["input"][1]["encrypted_content"] == "gAAA"
    assert again["input"][2]["id"] == "msg_up"
    _, elsewhere = turn(server, upstream, "others", input="2", previous_response_id=first)
    assert [item["type"] for item in elsewhere["input"]] == ["message", "message", "message"]
    assert "id" not in elsewhere["input"][1]
    _, maybe = turn(server, upstream, "theirs", input="2", previous_response_id=first, fallbacks=["others/m"])
    assert [item["type"] for item in maybe["input"]] == ["message", "message", "message"]


def test_instructions_are_this_requests_own(server: Serving, upstream: Upstream) -> None:
    first, _ = turn(server, upstream, "chat", input="1", instructions="Be brief.")
    _, asked = turn(server, upstream, "chat", input="2", previous_response_id=first)
    assert [told(message) for message in asked["messages"]] == [("user", "1"), ("assistant", "one"), ("user", "2")]
    second, asked = turn(server, upstream, "chat", input="2", previous_response_id=first, instructions="Be long.")
    assert told(asked["messages"][0]) == ("system", "Be long.")
    assert show(server, second)["instructions"] == "Be long."


def test_what_came_before_may_be_gone(server: Serving, upstream: Upstream) -> None:
    first, _ = turn(server, upstream, "chat", input="1")
    second, _ = turn(server, upstream, "chat", input="2", previous_response_id=first)
    ask(server, f"{PATH}/{first}", method="DELETE")
    _, asked = turn(server, upstream, "chat", input="3", previous_response_id=second)
    assert [told(message)[1] for message in asked["messages"]] == ["1", "one", "2", "one", "3"]


def test_the_items_are_those_of_the_whole_conversation(server: Serving, upstream: Upstream) -> None:
    first, _ = turn(server, upstream, "chat", input="1")
    second, _ = turn(server, upstream, "chat", input="2", previous_response_id=first)
    listed = ask(server, f"{PATH}/{second}/input_items?order=asc").json()["data"]
    assert [told(item) for item in listed] == [("user", "1"), ("assistant", "one"), ("user", "2")]
    assert listed[1]["id"] == show(server, first)["output"][0]["id"]


def test_a_tool_is_answered_in_the_next_turn(server: Serving) -> None:
    tools = [{"type": "function", "name": "tide", "parameters": {"type": "object", "properties": {}}}]
    first = done(server, model="simulator/tools", tools=tools)
    call = first["output"][-1]
    assert call["type"] == "function_call"
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "high"}
    second = done(server, model="simulator/tools", tools=tools, input=[output], previous_response_id=first["id"])
    assert second["output"][-1]["type"] == "message"


def test_one_that_was_stopped_can_be_gone_on_from(server: Serving, upstream: Upstream) -> None:
    id = begin(server, text=counting(2000), gap_ms=5)
    cancelled = ask(server, f"{PATH}/{id}/cancel", method="POST").json()
    _, asked = turn(server, upstream, "chat", input="2", previous_response_id=id)
    said = [told(message) for message in asked["messages"]]
    assert (said[0], said[-1]) == (("user", "Hello"), ("user", "2"))
    assert len(said) == 2 + len(cancelled["output"])


def test_one_that_failed_cannot(server: Serving) -> None:
    failed = done(server, model="simulator/broken")
    error = make(server, previous_response_id=failed["id"]).error
    assert (error["param"], error["code"]) == ("previous_response_id", "previous_response_failed")


def test_one_that_is_still_being_made_cannot_yet(server: Serving) -> None:
    id = begin(server, text=counting(2000), gap_ms=5)
    answer = make(server, previous_response_id=id)
    assert (answer.status, answer.error["code"]) == (409, "previous_response_in_progress")
    ask(server, f"{PATH}/{id}", method="DELETE")


@pytest.mark.parametrize("id", [f"resp_{'0' * 40}", f"resp_{'f' * 40}"])
def test_one_that_there_never_was_cannot(server: Serving, id: str) -> None:
    answer = make(server, previous_response_id=id, background=True)
    error = answer.error
    assert (answer.status, error["param"], error["code"]) == (
        400,
        "previous_response_id",
        "previous_response_not_found",
    )
    assert id in error["message"]


def test_one_that_was_not_stored_cannot(server: Serving) -> None:
    said = make(server, words=2, store=False).json()
    assert make(server, previous_response_id=said["id"]).error["code"] == "previous_response_not_found"


def test_a_run_that_is_no_response_cannot(server: Serving) -> None:
    asked = json.dumps({"model": "simulator/fast", "messages": [{"role": "user", "content": "x"}]}).encode()
    run = ask(server, "/v1/chat/completions", None, "POST", asked).headers["headgate-run"]
    error = make(server, previous_response_id=run.replace("run_", "resp_")).error
    assert error["code"] == "previous_response_not_found"


def test_an_id_of_somebody_else_is_left_to_a_provider_that_may_know_it(server: Serving, upstream: Upstream) -> None:
    _, asked = turn(server, upstream, "theirs", input="2", previous_response_id="resp_theirs")
    assert (asked["previous_response_id"], asked["input"]) == ("resp_theirs", "2")
    error = make(server, model="chat/m", previous_response_id="resp_theirs").error
    assert (error["param"], error["code"]) == ("previous_response_id", "previous_response_not_found")


def test_a_conversation_has_a_bound() -> None:
    """The one that a request has."""
    with serving('[server]\nmax_body = "10KB"\n') as small:
        first = done(small, input="x" * 6000, words=2)
        answer = make(small, input="y" * 6000, previous_response_id=first["id"])
        assert (answer.status, answer.error["code"]) == (413, "request_too_large")

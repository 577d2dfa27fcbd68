"""Messages, as the official Anthropic SDK understands them: from the simulator, and from what speaks OpenAI."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from pydantic import BaseModel

from tests.e2e.claude import Async, Judge, Sync
from tests.e2e.upstream import Peer, Upstream, telling
from tests.e2e.wire import HELLO, Wire, counting, events_of, frames, pieces_of, script
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Brno"}},
    {"name": "get_weather", "arguments": {"city": "Žďár nad Sázavou"}},
]


class Tide(BaseModel):
    harbour: str
    metres: float


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving() as server:
        yield server


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def judge(request: pytest.FixtureRequest, server: Serving) -> Judge:
    made: Judge = request.param(server.url)
    return made


def asked(fields: dict[str, Any] | None, said: dict[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {"model": "simulator/demo", "max_tokens": 1000, "messages": HELLO, **(fields or {})}
    # Which the SDK does not know any more, and older clients still send.
    older = {name: wanted.pop(name) for name in ("temperature",) if name in wanted}
    return {**wanted, "extra_body": {**older, **script(**said)}}


def create(*, fields: dict[str, Any] | None = None, **said: Any) -> Any:
    """A call of the endpoint with a script."""
    return lambda client: client.messages.create(**asked(fields, said))


def helped(*, fields: dict[str, Any] | None = None, **said: Any) -> Any:
    """The same by the stream helper."""
    return lambda client: client.messages.stream(**asked(fields, said))


def test_a_whole_answer(judge: Judge) -> None:
    """Text, reason, usage and the identity of the answer."""
    answer = judge.whole(create(text="The river goes to the sea."))
    assert (answer.type, answer.role, answer.model) == ("message", "assistant", "demo")
    assert answer.id.startswith("msg_")
    (block,) = answer.content
    assert (block.type, block.text) == ("text", "The river goes to the sea.")
    assert (answer.stop_reason, answer.stop_sequence) == ("end_turn", None)
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (1, 6)
    assert answer._request_id.startswith("run_")


def test_a_stream_says_what_the_whole_answer_says(judge: Judge) -> None:
    """In the events that Anthropic sends, in their order."""
    events = judge.pieces(create(fields={"stream": True}, text="Žluťoučký kůň \n\n 🐎 data: [DONE]"))
    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert "".join(event.delta.text for event in events[2:-3]) == "Žluťoučký kůň \n\n 🐎 data: [DONE]"
    assert events[-2].delta.stop_reason == "end_turn"
    assert events[-2].usage.output_tokens == 5


def test_the_stream_helper_puts_the_answer_together(judge: Judge) -> None:
    events, final = judge.helper(helped(text="Up and down.", reasoning=5))
    assert "".join(event.text for event in events if event.type == "text") == "Up and down."
    thought, text = final.content
    assert thought.type == "thinking"
    assert thought.thinking == "".join(event.thinking for event in events if event.type == "thinking")
    assert len(thought.thinking.split()) == 5
    assert text.text == "Up and down."
    assert (final.usage.input_tokens, final.usage.output_tokens) == (1, 8)
    assert final.usage.output_tokens_details.thinking_tokens == 5


def test_the_text_alone(server: Serving) -> None:
    with Sync(server.url).client() as client, helped(text="one two three")(client) as stream:
        assert "".join(stream.text_stream) == "one two three"
        assert stream.get_final_text() == "one two three"


@pytest.mark.parametrize("stream", [False, True])
def test_tools_are_called(judge: Judge, stream: bool) -> None:
    """Two of them, after some words."""
    said = {"text": "Let me see.", "tool_calls": CALLS}
    fields = {"tools": [WEATHER]}
    answer = judge.helper(helped(fields=fields, **said))[1] if stream else judge.whole(create(fields=fields, **said))
    text, *calls = answer.content
    assert (text.text, answer.stop_reason) == ("Let me see.", "tool_use")
    assert [(call.type, call.name, call.input) for call in calls] == [
        ("tool_use", "get_weather", {"city": "Brno"}),
        ("tool_use", "get_weather", {"city": "Žďár nad Sázavou"}),
    ]
    assert len({call.id for call in calls}) == 2


def test_a_tool_that_must_be_called_is(judge: Judge) -> None:
    answer = judge.whole(create(fields={"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "get_weather"}}))
    (call,) = answer.content
    assert call.name == "get_weather"
    assert isinstance(call.input["city"], str)


def test_a_conversation_with_tools_goes_on(judge: Judge) -> None:
    """What the client got is sent back, with its result, and the echo says the user's last words."""
    first = judge.whole(create(fields={"tools": [WEATHER]}, tool_calls=CALLS[:1], reasoning=3))
    result = {"type": "tool_result", "tool_use_id": first.content[-1].id, "content": "It rains."}
    messages = [
        *HELLO,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result, {"type": "text", "text": "So what?"}]},
    ]
    answer = judge.whole(create(fields={"tools": [WEATHER], "messages": messages}, echo=True))
    assert answer.content[0].text == "So what?"


def test_an_answer_in_a_shape(server: Serving) -> None:
    with Sync(server.url).client() as client:
        answer = client.messages.parse(
            model="simulator/demo", max_tokens=1000, messages=HELLO, output_format=Tide, extra_body=script()
        )
    assert isinstance(answer.parsed_output, Tide)


def test_stop_sequences_and_system(judge: Judge) -> None:
    fields = {"stop_sequences": ["three"], "system": [{"type": "text", "text": "Count."}], "temperature": 0.5}
    answer = judge.whole(create(fields=fields, text="one two three four"))
    assert (answer.content[0].text, answer.stop_reason) == ("one two ", "end_turn")
    assert answer.usage.input_tokens == 2


@pytest.mark.parametrize(
    ("said", "reason"), [({"refusal": "No."}, "refusal"), ({"text": "one two three"}, "max_tokens")]
)
def test_other_ends(judge: Judge, said: dict[str, Any], reason: str) -> None:
    answer = judge.whole(create(fields={"max_tokens": 2}, **said))
    assert answer.stop_reason == reason


def test_tokens_are_counted_by_a_guess(judge: Judge) -> None:
    counted = judge.whole(lambda client: client.messages.count_tokens(model="default", messages=HELLO))
    assert counted.input_tokens == 6


@pytest.mark.parametrize(
    ("call", "error", "kind", "words"),
    [
        (create(fields={"temperature": 7}), anthropic.BadRequestError, "invalid_request_error", "temperature"),
        (
            create(fields={"messages": [{"role": "user", "content": [{"type": "text"}]}]}),
            anthropic.BadRequestError,
            "invalid_request_error",
            "messages[0].content[0].text",
        ),
        (create(fields={"model": "nobody/knows"}), anthropic.NotFoundError, "not_found_error", "nobody/knows"),
        (
            create(fail={"status": 529, "message": "Overloaded"}),
            anthropic.OverloadedError,
            "overloaded_error",
            "Overloaded",
        ),
        (create(fail={"status": 429, "message": "Slow down"}), anthropic.RateLimitError, "rate_limit_error", "Slow"),
        (create(fail={"status": 500, "message": "Broke"}), anthropic.InternalServerError, "api_error", "Broke"),
        (
            lambda client: client.messages.count_tokens(model="nobody/knows", messages=HELLO),
            anthropic.NotFoundError,
            "not_found_error",
            "nobody/knows",
        ),
    ],
)
def test_errors_are_those_that_the_sdk_knows(judge: Judge, call: Any, error: Any, kind: str, words: str) -> None:
    with pytest.raises(error) as caught:
        judge.whole(call)
    assert caught.value.body["error"]["type"] == kind
    assert words in caught.value.body["error"]["message"]
    assert caught.value.request_id == caught.value.body["request_id"]
    assert caught.value.request_id.startswith(("run_", "req_"))


def test_an_error_within_a_stream_is_raised_after_its_words(server: Serving) -> None:
    said: list[str] = []
    call = helped(text="one two three", fail={"status": 529, "at": 2, "message": "Broke"})
    broke = pytest.raises(anthropic.APIStatusError, match="Broke")
    with Sync(server.url).client() as client, call(client) as stream, broke as caught:
        said.extend(stream.text_stream)
    assert "".join(said) == "one two"
    assert caught.value.body == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Broke"},
        "request_id": caught.value.request_id,
    }


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
def test_the_key_may_stand_where_any_version_of_the_sdk_puts_it(header: str) -> None:
    with serving('[keys]\nalice = "sk-alice-0123456789"\n') as server:
        with anthropic.Anthropic(base_url=server.url + "/anthropic", api_key="wrong", max_retries=0) as client:
            with pytest.raises(anthropic.AuthenticationError) as caught:
                client.messages.create(model="simulator/demo", max_tokens=9, messages=HELLO)
            assert caught.value.body["error"]["type"] == "authentication_error"  # type: ignore[index]
        body = json.dumps({"model": "simulator/demo", "max_tokens": 9, "messages": HELLO, **script(text="x")}).encode()
        value = "sk-alice-0123456789" if header == "x-api-key" else "Bearer sk-alice-0123456789"
        with Wire(server) as wire:
            wire.post(body, "/anthropic/v1/messages?beta=true", {header: value})
            assert wire.answer().status == 200


def test_words_and_calls_of_an_openai_provider_reach_the_sdk() -> None:
    """The request is asked in chat's terms, and the stream that comes is told in Anthropic's."""
    chunks = [
        {"role": "assistant", "content": None, "reasoning_content": "Hm."},
        {"content": "Let me "},
        {"content": "see."},
        {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ' "Brno"}'}}]},
    ]

    def play(peer: Peer) -> Any:
        request = peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for delta in chunks:
            peer.piece(f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n".encode())
        peer.say(reason="tool_calls")
        peer.done()
        return request

    with Upstream(play) as upstream, serving(upstream.config()) as server:
        fields = {"model": "up/m", "tools": [WEATHER], "system": "Be brief.", "thinking": {"type": "adaptive"}}
        _, final = Sync(server.url).helper(helped(fields=fields))
        request = upstream.result()
    thought, text, call = final.content
    assert (thought.thinking, text.text, call.id) == ("Hm.", "Let me see.", "call_1")
    assert (call.input, final.stop_reason) == ({"city": "Brno"}, "tool_use")
    sent = json.loads(request.body)
    assert sent["messages"] == [{"role": "system", "content": "Be brief."}, *HELLO]
    assert sent["tools"][0]["function"]["name"] == "get_weather"
    assert not {"system", "thinking", "simulator"} & sent.keys()
    assert "anthropic-version" not in request.headers


def test_a_run_of_this_api_is_read_again_after_a_crash(tmp_path: Any) -> None:
    """As its events, and as the stream that its client would have got."""
    body = {"model": "simulator/demo", "max_tokens": 9999, "messages": HELLO, "stream": True}
    with serving(folder=tmp_path) as server, Wire(server) as wire:
        said = json.dumps({**body, **script(text=counting(500), gap_ms=5)}).encode()
        wire.post(said, "/anthropic/v1/messages", {"headgate-disconnect": "keep"})
        head = wire.until(b"\r\n\r\n").decode()
        run = next(line for line in head.splitlines() if line.startswith("headgate-run: ")).partition(": ")[2]
        assert f"request-id: {run}" in head
        wire.until(b" w20")
        server.kill()
    with serving(folder=tmp_path) as server:
        events = events_of(server, run)
        with Wire(server) as wire:
            wire.get(f"/v1/runs/{run}/events?as=made")
            shown = frames(wire.answer().body)
    words = pieces_of(events)
    assert "".join(words) == counting(500)[: len("".join(words))]
    assert len(words) >= 20
    assert (events[-1]["type"], events[-1]["code"]) == ("failed", "producer_lost")
    assert [frame.event for frame in shown][:2] == ["message_start", "content_block_start"]
    assert shown[-1].event == "error"
    assert json.loads(shown[-1].data)["request_id"] == run
    texts = [json.loads(frame.data)["delta"]["text"] for frame in shown if frame.event == "content_block_delta"]
    assert texts == words


def test_an_openai_provider_may_be_asked_whole() -> None:
    with Upstream(telling("Hel", "lo")) as upstream, serving(upstream.config()) as server:
        answer = Sync(server.url).whole(create(fields={"model": "up/m"}))
        upstream.result()
    assert answer.content[0].text == "Hello"

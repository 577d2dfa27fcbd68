"""A provider that speaks Anthropic's Messages: what it is asked, and what of its answers reaches whom."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from tests.e2e import judges
from tests.e2e.claude import SECRET, Sync, answering, config, saying
from tests.e2e.upstream import STREAM_HEAD, Peer, Play, Request, Upstream
from tests.e2e.watching import wait_for_run
from tests.e2e.wire import HELLO, PATIENCE, Wire, events_of, frames, script
from tests.formats.anthropic.streams import STREAMS, begin, message, words
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ASKED = {"model": "up/m", "max_tokens": 100, "messages": HELLO}
WHOLE = {
    "id": "msg_01Whole",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-8",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Hello"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 5, "cache_read_input_tokens": 20, "output_tokens": 9},
}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(answering(WHOLE)) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with serving(config(upstream)) as server:
        yield server


def post(server: Serving, body: dict[str, Any], headers: dict[str, str] | None = None, path: str = "messages") -> Any:
    """Ask the endpoint, with the bytes that we want."""
    with Wire(server) as wire:
        wire.post(json.dumps(body).encode(), f"/anthropic/v1/{path}", headers)
        return wire.answer()


def without_noise(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A stream without pings and pieces that say nothing."""
    return [
        event for event in events if event["type"] != "ping" and event.get("delta", {}).get("partial_json", "x") != ""
    ]


def test_what_came_in_this_format_goes_on_as_it_came(upstream: Upstream, server: Serving) -> None:
    """With fields, blocks and headers that nobody here knows, and with our own key."""
    body = {
        **ASKED,
        "system": [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "tools": [{"type": "computer_20991231", "name": "computer", "display_width_px": 5}],
        "thinking": {"type": "adaptive", "display": "omitted"},
        "of_tomorrow": {"x": [1, None]},
    }
    said = {
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "context-1m-2025-08-07,fast-mode-2026-02-01",
        "x-api-key": "the client's",
        "x-other": "stays here",
    }
    upstream.will(answering(WHOLE))
    answer = post(server, body, said, "messages?beta=true")
    request = upstream.result()
    assert request.line == "POST /v1/messages HTTP/1.1"
    assert json.loads(request.body) == {**body, "model": "m"}
    assert {name: request.headers[name] for name in ("anthropic-version", "anthropic-beta", "x-api-key")} == {
        "anthropic-version": said["anthropic-version"],
        "anthropic-beta": said["anthropic-beta"],
        "x-api-key": SECRET,
    }
    assert not {"authorization", "x-other"} & request.headers.keys()
    assert answer.json() == WHOLE


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_of_this_format_comes_back_event_for_event(upstream: Upstream, server: Serving, name: str) -> None:
    upstream.will(saying(STREAMS[name]))
    answer = post(server, {**ASKED, "stream": True})
    assert json.loads(upstream.result().body)["stream"] is True
    got = [json.loads(frame.data) for frame in frames(answer.body)]
    kinds = [event["type"] for event in got if event.get("delta", {}).get("partial_json") != "{}"]
    expected = [event["type"] for event in without_noise(STREAMS[name])]
    assert kinds == expected
    assert got[0]["message"]["id"] == STREAMS[name][0]["message"]["id"]
    assert got[-2]["usage"] == STREAMS[name][-2]["usage"]


def test_the_sdk_sees_through_it(upstream: Upstream, server: Serving) -> None:
    """As if it had asked Anthropic itself."""
    for name in ("thinking", "tools", "search"):
        upstream.will(saying(STREAMS[name]))
        with Upstream(saying(STREAMS[name])) as direct:
            url = f"http://127.0.0.1:{direct.port}"
            _, wanted = Sync(url, base="").helper(lambda client: client.messages.stream(**ASKED))
        _, got = Sync(server.url).helper(lambda client: client.messages.stream(**ASKED))
        assert got.to_dict() == wanted.to_dict()


@pytest.mark.parametrize("stream", [False, True])
def test_an_openai_client_gets_its_words_calls_and_thoughts(upstream: Upstream, server: Serving, stream: bool) -> None:
    """And is told of the tokens in its own way."""
    upstream.will(saying([*STREAMS["thinking"][:-2], *STREAMS["tools"][6:]]) if stream else answering(WHOLE))
    with openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0, timeout=PATIENCE) as client:
        asked: dict[str, Any] = {
            "model": "up/m",
            "messages": [{"role": "system", "content": "Be brief."}, *HELLO],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
            "reasoning_effort": "low",
            "temperature": 0.5,
        }
        if stream:
            with client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as chunks:
                final: Any = chunks.get_final_completion()
        else:
            final = client.chat.completions.create(**asked)
    request = upstream.result()
    sent = json.loads(request.body)
    # In pieces, also for who wants it whole: so it is heard that the provider is at work.
    assert (sent["system"], sent["messages"], sent["stream"]) == ("Be brief.", HELLO, True)
    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert request.headers["anthropic-version"] == "2023-06-01"
    message, usage = final.choices[0].message, final.usage
    assert final.choices[0].finish_reason == "tool_calls"
    if stream:
        assert message.content == "27 * 453 = 12,231"
        assert [call.function.name for call in message.tool_calls] == ["get_weather", "now", "get_weather"]
        assert [json.loads(call.function.arguments) for call in message.tool_calls] == [
            {"location": "San Francisco, CA"},
            {},
            {"location": "Brno"},
        ]
    else:
        assert (message.content, message.reasoning_content) == ("Hello", "Hm.")
        assert [(call.id, call.function.arguments) for call in message.tool_calls] == [("toolu_1", '{"a":1}')]
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (25, 9, 34)
        assert usage.prompt_tokens_details.cached_tokens == 20


def test_a_responses_client_gets_them_too(upstream: Upstream, server: Serving) -> None:
    upstream.will(saying(STREAMS["thinking"]))
    _, final = judges.Sync(server.url).helper(
        lambda client: client.responses.stream(model="up/m", input="Hello"), "get_final_response"
    )
    upstream.result()
    assert final.output_text == "27 * 453 = 12,231"
    assert [item.type for item in final.output] == ["reasoning", "message"]


@pytest.mark.parametrize(
    ("status", "kind", "raised"),
    [
        ("529 Overloaded", "overloaded_error", anthropic.OverloadedError),
        ("429 Too Many Requests", "rate_limit_error", anthropic.RateLimitError),
        ("400 Bad Request", "invalid_request_error", anthropic.BadRequestError),
        ("413 Content Too Large", "request_too_large", anthropic.ContentTooLargeError),
        ("401 Unauthorized", "authentication_error", anthropic.AuthenticationError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_keeps_its_status_and_its_type(
    upstream: Upstream, server: Serving, status: str, kind: str, raised: Any, stream: bool
) -> None:
    """And the key it repeats is not repeated."""
    body = {"type": "error", "error": {"type": kind, "message": f"No, {SECRET}."}, "request_id": "req_upstream"}
    upstream.will(answering(body, status, "retry-after: 7\r\n"))
    with pytest.raises(raised) as caught:
        Sync(server.url).whole(lambda client: client.messages.create(**ASKED, stream=stream))
    upstream.result()
    assert caught.value.body["error"] == {"type": kind, "message": "No, ***."}
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.body["request_id"] == caught.value.request_id == caught.value.response.headers["headgate-run"]


def test_an_openai_client_is_told_of_it_in_its_own_way(upstream: Upstream, server: Serving) -> None:
    upstream.will(
        answering({"type": "error", "error": {"type": "overloaded_error", "message": "Full"}}, "529 Overloaded")
    )
    with pytest.raises(openai.InternalServerError, match="Full") as caught:
        judges.Sync(server.url).whole(lambda client: client.chat.completions.create(model="up/m", messages=HELLO))
    upstream.result()
    assert (caught.value.status_code, caught.value.type) == (529, "overloaded_error")


def breaking(*ends: bytes) -> Play:
    """A stream that begins well."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(STREAM_HEAD)
        for event in (message("msg_1", 5), begin(0, type="text", text=""), words(0, "Hel"), words(0, "lo")):
            peer.piece(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        for end in ends:
            peer.piece(end)
        return request

    return play


OVERLOADED = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'


@pytest.mark.parametrize(
    ("play", "kind", "code"),
    [
        (breaking(OVERLOADED), "overloaded_error", "upstream_error"),
        (breaking(), "api_error", "upstream_cut"),
        (breaking(b"data: nonsense\n\n"), "api_error", "upstream_invalid"),
    ],
    ids=["error", "cut", "nonsense"],
)
def test_a_stream_that_breaks_never_looks_whole(
    upstream: Upstream, server: Serving, play: Play, kind: str, code: str
) -> None:
    upstream.will(play)
    answer = post(server, {**ASKED, "stream": True})
    upstream.result()
    events = frames(answer.body)
    assert [event.event for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "error",
    ]
    assert json.loads(events[-1].data)["error"]["type"] == kind
    run = answer.headers["headgate-run"]
    last = events_of(server, run)[-1]
    assert (last["type"], last["code"]) == ("failed", code) or code == "upstream_cut"


@pytest.mark.parametrize(
    "play",
    [
        answering({"id": "x", "object": "chat.completion", "choices": [{"message": {"content": "Hi"}}]}),
        saying([{"type": "response.created", "response": {}}]),
        answering({"type": "message", "content": None}),
    ],
    ids=["chat", "responses", "half"],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_no_message_is_an_error(upstream: Upstream, server: Serving, play: Play, stream: bool) -> None:
    upstream.will(play)
    answer = post(server, {**ASKED, "stream": stream})
    upstream.result()
    assert answer.status == 502
    assert answer.json()["error"]["type"] == "api_error"


def test_an_error_as_the_first_event_has_a_status(upstream: Upstream, server: Serving) -> None:
    upstream.will(saying([{"type": "error", "error": {"type": "rate_limit_error", "message": "Slow"}}]))
    answer = post(server, {**ASKED, "stream": True})
    upstream.result()
    assert (answer.status, answer.json()["error"]["type"]) == (429, "rate_limit_error")


def test_counting_is_asked_of_the_provider(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering({"input_tokens": 2095}))
    body = {"model": "up/m", "messages": HELLO, "tools": [{"type": "bash_20250124", "name": "bash"}], "x": 1}
    answer = post(server, body, {"anthropic-beta": "b"}, "messages/count_tokens")
    request = upstream.result()
    assert (answer.status, answer.json()) == (200, {"input_tokens": 2095})
    assert request.line == "POST /v1/messages/count_tokens HTTP/1.1"
    assert json.loads(request.body) == {**body, "model": "m"}
    assert (request.headers["anthropic-beta"], request.headers["x-api-key"]) == ("b", SECRET)


@pytest.mark.parametrize(
    ("play", "status", "kind"),
    [
        (answering({"error": {"message": f"bad {SECRET}"}}, "401 Unauthorized"), 401, "authentication_error"),
        (answering({"input_tokens": "many"}), 502, "api_error"),
        (answering([]), 502, "api_error"),
    ],
)
def test_counting_may_fail(upstream: Upstream, server: Serving, play: Play, status: int, kind: str) -> None:
    upstream.will(play)
    answer = post(server, {"model": "up/m", "messages": HELLO}, path="messages/count_tokens")
    upstream.result()
    assert (answer.status, answer.json()["error"]["type"]) == (status, kind)
    assert SECRET.encode() not in answer.body
    assert answer.json()["request_id"] == answer.headers["request-id"]


def test_who_counts_too_often_is_told_when_to_come_again(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering({"error": {"message": "Slow"}}, "429 Too Many Requests", "retry-after: 7\r\n"))
    answer = post(server, {"model": "up/m", "messages": HELLO}, path="messages/count_tokens")
    upstream.result()
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")


def test_betas_on_lines_of_their_own_all_go_on(upstream: Upstream, server: Serving) -> None:
    """As Anthropic's library for Go sends them."""
    upstream.will(answering(WHOLE))
    post(server, ASKED, {"anthropic-beta": "b-1,b-2", "Anthropic-Beta": "b-3", "anthropic-version": "2026-10-21"})
    headers = upstream.result().headers
    assert (headers["anthropic-beta"], headers["anthropic-version"]) == ("b-1,b-2,b-3", "2026-10-21")


@pytest.mark.parametrize("name", ["anthropic-version", "anthropic-beta"])
def test_a_header_that_cannot_be_sent_on_is_refused(server: Serving, name: str) -> None:
    answer = post(server, ASKED, {name: "x" * 4001})
    assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert name in answer.json()["error"]["message"]


def test_a_run_that_is_asked_again_has_its_headers(tmp_path: Any) -> None:
    """The server is killed before the provider has said a word."""

    def silent(peer: Peer) -> None:
        peer.request()
        peer.ready.set()
        peer.left_at()

    headers = {"headgate-disconnect": "keep", "anthropic-beta": "b-1", "anthropic-version": "2026-10-21"}
    with Upstream(silent) as upstream:
        said = config(upstream) + "[providers.simulator]\n"
        with serving(said, folder=tmp_path) as server, Wire(server) as wire:
            wire.post(json.dumps(ASKED).encode(), "/anthropic/v1/messages", headers)
            upstream.wait_ready()
            wait_for_run(server, "up/m")
            # A commit takes all there is: when a later run is over, this one is on the disk.
            assert post(server, {**ASKED, "model": "simulator/fast"}).status == 200
            server.kill()
        upstream.result()
        upstream.will(answering(WHOLE))
        with serving(said, folder=tmp_path):
            request = upstream.result()
    assert (request.headers["anthropic-beta"], request.headers["anthropic-version"]) == ("b-1", "2026-10-21")


def test_its_models_are_listed() -> None:
    listing = {"data": [{"type": "model", "id": "claude-opus-4-8"}, {"id": "claude-haiku-5-5"}], "has_more": False}
    with Upstream(answering(listing)) as upstream:
        said = config(upstream).replace('models = ["m"]', "")
        with serving(said) as server, Wire(server) as wire:
            wire.get("/v1/models")
            names = [model["id"] for model in wire.answer().json()["data"]]
        request = upstream.result()
    assert {"up/claude-opus-4-8", "up/claude-haiku-5-5"} <= {*names}
    assert request.line == "GET /v1/models?limit=1000 HTTP/1.1"
    assert (request.headers["anthropic-version"], request.headers["x-api-key"]) == ("2023-06-01", SECRET)


def test_a_gateway_may_stand_behind_another() -> None:
    """Both speak this format to each other, and every client hears the same."""
    with serving() as behind:
        section = f'[providers.next]\nkind = "anthropic"\nbase_url = "{behind.url}/anthropic/v1"\napi_key = "x"\n'
        with serving(section) as server:
            weather = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}
            asked = {**ASKED, "model": "next/simulator/demo", "tools": [weather]}
            said = script(text="one two 🐎", reasoning=4, tool_calls=[{"name": "weather", "arguments": {"a": [1]}}])
            near = post(behind, {**asked, "model": "simulator/demo", "stream": True, **said})
            far = post(server, {**asked, "stream": True, **said})
            assert _without_names(far.body) == _without_names(near.body)
            with openai.OpenAI(base_url=server.url + "/v1", api_key="x", max_retries=0, timeout=PATIENCE) as client:
                tools: Any = [{"type": "function", "function": {"name": "weather"}}]
                chat = client.chat.completions.create(
                    model="next/simulator/tools", messages=HELLO, tools=tools, tool_choice="required"
                )
                text = client.completions.create(model="next/simulator/echo", prompt="Say it again.")
            counted = post(server, {"model": "next/simulator/demo", "messages": HELLO}, path="messages/count_tokens")
    assert chat.choices[0].message.tool_calls[0].function.name == "weather"  # type: ignore[index, union-attr]
    assert text.choices[0].text == "Say it again."
    assert counted.json() == {"input_tokens": 6}


def _without_names(body: bytes) -> list[dict[str, Any]]:
    """The events of a stream, but for the ids that are made from a run's."""
    events = [json.loads(frame.data) for frame in frames(body)]
    for event in events:
        for named in (event.get("message", {}), event.get("content_block", {})):
            named.pop("id", None)
    return events


def test_a_whole_answer_is_put_together_from_pieces(upstream: Upstream, server: Serving) -> None:
    """For a client of another API."""
    upstream.will(saying(STREAMS["tools"]))
    answer = judges.Sync(server.url).whole(lambda client: client.chat.completions.create(model="up/m", messages=HELLO))
    upstream.result()
    message = answer.choices[0].message
    assert (message.content, len(message.tool_calls)) == ("Okay, let's see", 3)
    assert answer.usage.prompt_tokens == 472 + 11 + 30

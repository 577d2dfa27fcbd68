"""What Anthropic's clients ask besides messages, and what they are told of an upstream's limits."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from tests.e2e import claude, judges
from tests.e2e.upstream import Peer, Request, Upstream
from tests.e2e.wire import HELLO, Wire
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

LISTED = [f"m{number}" for number in range(1, 8)]

LIMITS = (
    "anthropic-ratelimit-requests-limit: 50\r\nanthropic-ratelimit-requests-remaining: 49\r\n"
    "x-ratelimit-remaining-tokens: 9\r\nrequest-id: req_of_the_upstream\r\n"
)
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m1",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
TURN: Any = {"model": "up/m1", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(answering("200 OK", MESSAGE)) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    config = (
        f'[providers.up]\nkind = "anthropic"\nbase_url = "http://127.0.0.1:{upstream.port}/v1"\napi_key = "k"\n'
        f"models = {json.dumps(LISTED)}\n" + upstream.config("chats")
    )
    with serving(config, {"HEADGATE_API_KEY": claude.KEY}) as server:
        yield server


def answering(status: str, body: Any, headers: str = LIMITS) -> Any:
    """Answer so, and tell of limits."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        data = json.dumps(body).encode()
        peer.send(f"HTTP/1.1 {status}\r\n{headers}content-length: {len(data)}\r\n\r\n".encode() + data)
        return request

    return play


@pytest.mark.parametrize("judge", [claude.Sync, claude.Async])
def test_the_list_is_read_page_by_page(server: Serving, judge: Any) -> None:
    async def read(client: anthropic.AsyncAnthropic) -> list[Any]:
        return [model async for model in client.models.list(limit=3)]

    names = names_of(server)
    assert len(names) > len(LISTED)
    if judge is claude.Sync:
        with claude.Sync(server.url).client() as client:
            found = list(client.models.list(limit=3))
    else:
        found = claude.Async(server.url).whole(read)
    assert [model.id for model in found] == names
    assert {(model.type, model.lifecycle) for model in found} == {("model", "active")}
    assert all(model.created_at.year >= 2026 and model.display_name == model.id for model in found)


def names_of(server: Serving) -> list[str]:
    """Those that answer, as OpenAI's list has them, which holds voices as well."""
    with judges.Sync(server.url, claude.KEY).client() as client:
        return [model.id for model in client.models.list() if not model.id.startswith("local/")]


def test_pages_go_both_ways(server: Serving) -> None:
    names = names_of(server)
    with claude.Sync(server.url).client() as client:
        page = client.models.list(before_id=names[4], limit=3)
        assert [model.id for model in page.data] == names[1:4]
        assert (page.has_more, page.first_id, page.last_id) == (True, names[1], names[3])
        assert [model.id for model in client.models.list(before_id=names[1])] == names[:1]
        last = client.models.list(after_id=names[-1])
        assert (last.data, last.has_more, last.first_id, last.last_id) == ([], False, None, None)


def test_one_model_is_shown_by_its_name(server: Serving) -> None:
    with claude.Sync(server.url).client() as client:
        assert client.models.retrieve("up/m3").id == "up/m3"
        with pytest.raises(anthropic.NotFoundError) as caught:
            client.models.retrieve("up/none")
    assert caught.value.request_id


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "after_id=none", "before_id=none", "after_id=up/m1&before_id=up/m2"]
)
def test_a_page_that_cannot_be_is_refused(server: Serving, query: str) -> None:
    with Wire(server) as wire:
        wire.get(f"/anthropic/v1/models?{query}", {"x-api-key": claude.KEY})
        answer = wire.answer()
    assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_the_list_is_for_those_with_a_key_and_the_look_before_for_everybody(server: Serving) -> None:
    for path, status in (("/anthropic", 200), ("/", 200), ("/anthropic/v1/models", 401)):
        for method in ("HEAD", "GET"):
            with Wire(server) as wire:
                wire.get(path, method=method)
                assert wire.answer(method).status == status, (method, path)


@pytest.mark.parametrize("status", ["200 OK", "429 Too Many Requests"])
def test_clients_of_the_upstreams_own_api_are_told_of_its_limits(
    upstream: Upstream, server: Serving, status: str
) -> None:
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow"}}
    upstream.will(answering(status, MESSAGE if status.startswith("200") else error))
    headers: Any
    with claude.Sync(server.url).client() as client:
        try:
            headers = client.messages.with_raw_response.create(**TURN).headers
        except anthropic.RateLimitError as refused:
            headers = refused.response.headers
    assert headers["anthropic-ratelimit-requests-remaining"] == "49"
    assert headers["anthropic-ratelimit-requests-limit"] == "50"
    assert headers["headgate-upstream-request"] == "req_of_the_upstream"
    assert headers["request-id"].startswith("run_")
    assert "x-ratelimit-remaining-tokens" not in headers


def test_clients_of_another_api_are_not(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering("200 OK", MESSAGE, LIMITS.replace("x-ratelimit-remaining-tokens: 9\r\n", "")))
    with judges.Sync(server.url, claude.KEY).client() as client:
        headers = client.chat.completions.with_raw_response.create(model="up/m1", messages=HELLO).headers
    assert not [name for name in headers if "ratelimit" in name]
    assert headers["headgate-upstream-request"] == "req_of_the_upstream"


def test_openais_limits_reach_openais_clients(upstream: Upstream, server: Serving) -> None:
    upstream.will(answering("429 Too Many Requests", {"error": {"message": "Slow", "code": "rate_limit_exceeded"}}))
    with judges.Sync(server.url, claude.KEY).client() as client, pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="chats/m", messages=HELLO, stream=True)
    headers = caught.value.response.headers
    assert headers["x-ratelimit-remaining-tokens"] == "9"
    assert not [name for name in headers if name.startswith("anthropic")]

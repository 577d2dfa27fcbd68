"""The way to an answer through a real server: hedges, going on, limits of a request, and what the head says of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import openai
import pytest
import requests

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream
from tests.e2e.wire import HELLO
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

BOTH = '[aliases]\nboth = ["one/m", "two/m"]\n'

DOWN = (
    b"HTTP/1.1 503 Down\r\ncontent-type: application/json\r\ncontent-length: 43\r\n\r\n"
    b'{"error":{"message":"Down","code":"away"}} '
)


def silent(peer: Peer) -> float:
    """Never answer; returns when the gateway let go."""
    peer.request()
    peer.ready.set()
    return peer.left_at()


def down(peer: Peer) -> None:
    peer.request()
    peer.send(DOWN)


def cut(peer: Peer) -> None:
    """Break in the middle of a word."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("Once upon ", "a ti")
    peer.reset()


def goes_on(peer: Peer) -> dict[str, Any]:
    """Say the rest; returns what it was asked."""
    asked = json.loads(peer.request().body)
    peer.send(STREAM_HEAD)
    peer.say("me", " there was.", reason="stop")
    peer.done()
    return dict(asked)


@pytest.fixture(scope="module")
def upstreams() -> Iterator[tuple[Upstream, Upstream]]:
    with Upstream(silent) as one, Upstream(goes_on) as two:
        yield one, two


@pytest.fixture(scope="module")
def server(upstreams: tuple[Upstream, Upstream]) -> Iterator[Serving]:
    one, two = upstreams
    with serving(one.config("one") + two.config("two") + BOTH) as server:
        yield server


def post(
    server: Serving, headers: Mapping[str, str] = {}, *, model: str = "both", stream: bool = False
) -> requests.Response:
    """Ask, with these of our headers."""
    named = {f"headgate-{name.replace('_', '-')}": value for name, value in headers.items()}
    body = {"model": model, "messages": HELLO, "stream": stream}
    return requests.post(f"{server.url}/v1/chat/completions", json=body, headers=named, timeout=60)


def events(server: Serving, answer: requests.Response) -> list[dict[str, Any]]:
    """The log of its run."""
    text = requests.get(f"{server.url}/v1/runs/{answer.headers['headgate-run']}/events", timeout=60).text
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def test_a_hedge_asks_the_next_and_lets_go_of_the_slow_one(
    server: Serving, upstreams: tuple[Upstream, Upstream]
) -> None:
    one, two = upstreams
    one.will(silent)
    two.will(goes_on)
    answer = post(server, {"hedge": "0.05"})
    assert answer.json()["choices"][0]["message"]["content"] == "me there was."
    assert answer.headers["headgate-provider"] == "two/up"
    assert answer.headers["headgate-attempts"] == "one/m 499 slower"
    assert one.result() > 0


def test_another_goes_on_with_an_answer_that_breaks(server: Serving, upstreams: tuple[Upstream, Upstream]) -> None:
    one, two = upstreams
    one.will(cut)
    two.will(goes_on)
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
    with client.chat.completions.with_streaming_response.create(
        model="both",
        messages=HELLO,
        stream=True,
        extra_headers={"headgate-continue": "on"},
    ) as raw:
        said = [chunk.choices[0].delta.content or "" for chunk in raw.parse() if chunk.choices]
        run = raw.headers["headgate-run"]
    assert "".join(said) == "Once upon a time there was."
    messages = two.result()["messages"]
    assert messages[:-2] == HELLO
    assert [message["role"] for message in messages[-2:]] == ["assistant", "user"]
    assert messages[-2]["content"] == "Once upon a ti"
    log = requests.get(f"{server.url}/v1/runs/{run}/events", timeout=60).text
    seam = next(json.loads(line[6:]) for line in log.splitlines() if '"continued"' in line and line.startswith("data"))
    assert (seam["provider"], seam["broke"]["provider"]) == ("two", "one")


def test_without_a_wish_it_stays_broken(server: Serving, upstreams: tuple[Upstream, Upstream]) -> None:
    upstreams[0].will(cut)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        post(server, stream=True)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"first_event_timeout": "0.05"}, "first_event_timeout"),
        ({"total_timeout": "0.05"}, "total_timeout"),
    ],
)
def test_a_request_has_limits_of_its_own(
    server: Serving, upstreams: tuple[Upstream, Upstream], headers: dict[str, str], code: str
) -> None:
    upstreams[0].will(silent)
    answer = post(server, headers, model="one/m")
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, code)


def test_when_all_fail_the_first_ones_error_comes_with_every_attempt() -> None:
    with Upstream(down) as one, Upstream(down) as two, serving(one.config("one") + two.config("two") + BOTH) as server:
        check_all_failed(server)


def check_all_failed(server: Serving) -> None:
    answer = post(server)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (503, "away")
    assert [(tried["provider"], tried["status"], tried["message"]) for tried in error["attempts"]] == [
        ("one", 503, "Down"),
        ("two", 503, "Down"),
    ]
    assert answer.headers["headgate-attempts"] == "one/m 503 away; two/m 503 away"
    assert [event["type"] for event in events(server, answer)] == ["attempt", "attempt", "failed"]
    bodies = {
        "/anthropic/v1/messages": {"model": "both", "max_tokens": 9, "messages": HELLO},
        "/genai/v1beta/models/both:generateContent": {"contents": [{"parts": [{"text": "Hello"}]}]},
    }
    answers = {path: requests.post(f"{server.url}{path}", json=body, timeout=60) for path, body in bodies.items()}
    errors = {path: answer.json()["error"] for path, answer in answers.items()}
    assert len(errors["/anthropic/v1/messages"]["attempts"]) == 2
    details = errors["/genai/v1beta/models/both:generateContent"]["details"]
    assert [len(detail["stackEntries"]) for detail in details if "stackEntries" in detail] == [2]


@pytest.mark.parametrize("header", ["hedge", "continue", "idle_timeout"])
def test_a_wish_that_cannot_be_read_is_refused(server: Serving, header: str) -> None:
    answer = post(server, {header: "perhaps"})
    assert answer.status_code == 400
    assert "Headgate-" in answer.json()["error"]["message"]

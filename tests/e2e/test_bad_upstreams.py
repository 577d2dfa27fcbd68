"""Upstreams that are dead, slow, or not what they say: what the client is told, and that it is told in time."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from http.client import IncompleteRead
from typing import Any

import pytest

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream, telling
from tests.e2e.watching import get, recent, wait_for_status
from tests.e2e.wire import HELLO, Answer, Wire, chat, events_of, frames, pieces_of, words
from tests.net.full import full_listener
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

SLACK = 5.0
"""Seconds a limit may be late on a busy machine; all limits that are not set here are much longer."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    with full_listener() as full:
        sections = [
            upstream.config("up", 'endpoints = ["chat", "completions", "responses"]'),
            upstream.config("slow_first", "first_event_timeout = 0.3\nwhole_timeout = 0.3"),
            upstream.config("slow_idle", "idle_timeout = 0.3"),
            upstream.config("slow_total", "total_timeout = 1.5"),
            f'[providers.dead]\nkind = "openai"\nbase_url = "http://127.0.0.1:{dead}/v1"\n',
            f'[providers.full]\nkind = "openai"\nbase_url = "http://127.0.0.1:{full}/v1"\nconnect_timeout = 0.3\n',
            '[providers.nowhere]\nkind = "openai"\nbase_url = "http://no-such-host.invalid/v1"\n',
            f'[providers.no_tls]\nkind = "openai"\nbase_url = "https://127.0.0.1:{upstream.port}/v1"\n',
            "[providers.simulator]\nfirst_event_timeout = 0.3\nwhole_timeout = 0.3\nidle_timeout = 0.3\n",
        ]
        with serving("\n".join(sections)) as server:
            yield server
            assert "ERROR" not in server.log()


def ask(server: Serving, model: str, *, stream: bool = True, path: str = "/v1/chat/completions") -> Answer:
    """A short question to that model."""
    body = {"model": model, "stream": stream, **QUESTIONS[path]}
    with Wire(server) as wire:
        wire.post(json.dumps(body).encode(), path)
        return wire.answer()


QUESTIONS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": HELLO},
    "/v1/completions": {"prompt": "Hello"},
    "/v1/responses": {"input": "Hello"},
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("path", QUESTIONS)
def test_nobody_there(server: Serving, stream: bool, path: str) -> None:
    """502 at once, with the provider's address in the message."""
    answer = ask(server, "dead/m", stream=stream, path=path)
    assert (answer.status, answer.error["code"]) == (502, "upstream_unreachable")
    assert "refused" in answer.error["message"]


@pytest.mark.parametrize("model", ["nowhere/m", "no_tls/m"])
def test_nobody_to_talk_to(server: Serving, upstream: Upstream, model: str) -> None:
    """A name that does not resolve, and a server that speaks no TLS."""
    upstream.will(lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    answer = ask(server, model)
    assert answer.status == 502
    assert answer.error["code"].startswith("upstream_")


@pytest.mark.parametrize("stream", [True, False])
def test_a_connection_that_does_not_come_about(server: Serving, stream: bool) -> None:
    """504 when the time is up."""
    began = time.monotonic()
    answer = ask(server, "full/m", stream=stream)
    assert (answer.status, answer.error["code"]) == (504, "upstream_connect_timeout")
    assert 0.3 <= time.monotonic() - began < 0.3 + SLACK


def silent(peer: Peer) -> float:
    """Never say anything."""
    peer.request()
    return peer.left_at()


def murmuring(peer: Peer) -> float:
    """Say nothing but comments."""
    peer.request()
    peer.send(STREAM_HEAD)
    murmur(peer)
    return peer.left_at()


def murmur(peer: Peer) -> None:
    """Keep the connection open, as providers do while they think."""
    try:
        while True:
            peer.piece(b": still thinking\n\n")
            time.sleep(0.02)
    except OSError:
        pass  # the gateway has had enough of it


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("play", [silent, murmuring])
def test_an_answer_that_does_not_begin(
    server: Serving, upstream: Upstream, play: Callable[[Peer], float], stream: bool
) -> None:
    """504 when the time is up, and the upstream is let go; comments are no beginning."""
    upstream.will(play)
    began = time.monotonic()
    answer = ask(server, "slow_first/m", stream=stream)
    assert (answer.status, answer.error["code"]) == (504, "first_event_timeout")
    assert 0.3 <= time.monotonic() - began < 0.3 + SLACK
    assert upstream.result() - began < 0.3 + SLACK


def one_word(peer: Peer) -> float:
    """Begin well, and fall silent."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one")
    return peer.left_at()


def one_word_and_murmurs(peer: Peer) -> float:
    """Begin well, and say nothing that means anything after that."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one")
    murmur(peer)
    return peer.left_at()


@pytest.mark.parametrize("play", [one_word, one_word_and_murmurs])
def test_an_answer_that_falls_silent(server: Serving, upstream: Upstream, play: Callable[[Peer], float]) -> None:
    """An error event after what was said, and a cut; keep-alives of the provider are no life."""
    upstream.will(play)
    began = time.monotonic()
    body = cut_body(server, "slow_idle/m")
    assert words(body) == ["one"]
    assert error_in(body)["code"] == "idle_timeout"
    assert upstream.result() - began < 0.3 + SLACK


def cut_body(server: Serving, model: str) -> bytes:
    """The body of a chat stream that is cut before its end."""
    with Wire(server) as wire:
        wire.post(chat(model=model, stream=True))
        with pytest.raises(IncompleteRead) as cut:
            wire.answer()
    return cut.value.partial


def error_in(body: bytes) -> Any:
    """The error that is the last thing a chat stream says."""
    last = json.loads(frames(body)[-1].data)
    assert set(last) == {"error"}
    return last["error"]


def endless(peer: Peer) -> float:
    """Word after word."""
    peer.request()
    peer.send(STREAM_HEAD)
    try:
        while True:
            peer.say("on ")
            time.sleep(0.01)
    except OSError:
        return time.monotonic()


def test_an_answer_that_takes_too_long_altogether(server: Serving, upstream: Upstream) -> None:
    """However lively it is."""
    upstream.will(endless)
    began = time.monotonic()
    body = cut_body(server, "slow_total/m")
    assert len(words(body)) > 5
    assert error_in(body)["code"] == "total_timeout"
    assert 1.5 <= time.monotonic() - began < 1.5 + SLACK
    upstream.result()


@pytest.mark.parametrize(
    ("said", "code"), [({"silent_start": True}, "first_event_timeout"), ({"stall_after": 0}, "idle_timeout")]
)
def test_the_simulator_keeps_limits_too(server: Serving, said: dict[str, Any], code: str) -> None:
    """Whoever the provider is: the engine keeps the time."""
    with Wire(server) as wire:
        wire.post(chat(stream=True, **said))
        answer = wire.answer()
    assert (answer.status, answer.error["code"]) == (504, code)


def test_a_failed_run_can_be_looked_at(server: Serving) -> None:
    """With its error, and nothing that was not said."""
    run = ask(server, "dead/m").headers["headgate-run"]
    shown = get(server, f"/v1/runs/{run}")
    assert (shown["status"], shown["error"]["code"], shown["output"]["text"]) == ("failed", "upstream_unreachable", "")
    (only,) = events_of(server, run)
    assert (only["type"], only["status"]) == ("failed", 502)


# Lies.


def answering(*pieces: bytes, reset: bool = False) -> Callable[[Peer], None]:
    """Answer with these bytes and hang up."""

    def play(peer: Peer) -> None:
        peer.request()
        for piece in pieces:
            peer.send(piece)
        if reset:
            peer.reset()

    return play


CHUNK = json.dumps(
    {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": "one"}}],
    }
).encode()


def streamed(*events: bytes) -> bytes:
    """A close-delimited stream of events."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + b"".join(
        b"data: " + event + b"\n\n" for event in events
    )


def whole(body: bytes, kind: bytes = b"application/json", status: bytes = b"200 OK") -> bytes:
    """A whole answer."""
    return b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (status, kind, len(body), body)


BEFORE_OUTPUT = {
    "hangs_up": b"",
    "no_http": b"220 mail.example.com ESMTP\r\n",
    "half_a_head": b"HTTP/1.1 200 OK\r\ncontent-ty",
    "a_page": whole(b"<html><title>Login</title></html>", b"text/html"),
    "empty": whole(b""),
    "another_object": whole(b'{"hello": "world"}'),
    "empty_stream": streamed(),
    "only_done": streamed(b"[DONE]"),
    "half_a_body": whole(b'{"id":"x"}').replace(b"length: 10", b"length: 1000"),
    "redirect": b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    "bad_gateway_page": whole(b"<html><h1>502 Bad Gateway</h1></html>", b"text/html", b"502 Bad Gateway"),
    "error_in_200": whole(b'{"error": {"message": "No GPU is free."}}'),
    "error_event_first": streamed(b'{"error": {"message": "No GPU is free.", "code": 503}}'),
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("lie", BEFORE_OUTPUT.values(), ids=BEFORE_OUTPUT.keys())
def test_a_lie_before_the_first_word_is_a_real_error(
    server: Serving, upstream: Upstream, lie: bytes, stream: bool
) -> None:
    """A status of 5xx in the envelope, and never an empty answer that looks whole."""
    upstream.will(answering(lie))
    answer = ask(server, "up/m", stream=stream)
    assert 500 <= answer.status < 600
    assert answer.error["message"]
    assert answer.headers["headgate-run"] == recent(server)[0]["id"]


AFTER_OUTPUT = {
    "ends_without_reason": (streamed(CHUNK), False),
    "reset": (streamed(CHUNK), True),
    "error_event": (streamed(CHUNK, b'{"error": {"message": "Out of memory", "type": "server_error"}}'), False),
    "no_json": (streamed(CHUNK, b'{"id": "x", "choi'), False),
    "a_page": (streamed(CHUNK, b"<html>"), False),
    "bad_chunked": (STREAM_HEAD + b"%x\r\n" % (len(CHUNK) + 8) + b"data: " + CHUNK + b"\n\n\r\nzzz\r\n", False),
    "cut_chunked": (STREAM_HEAD + b"%x\r\n" % (len(CHUNK) + 8) + b"data: " + CHUNK + b"\n\n\r\n", False),
}


@pytest.mark.parametrize(("lie", "reset"), AFTER_OUTPUT.values(), ids=AFTER_OUTPUT.keys())
def test_a_lie_after_the_first_word_never_looks_whole(
    server: Serving, upstream: Upstream, lie: bytes, reset: bool
) -> None:
    """What was said, the error, and a cut; in the log the same."""
    upstream.will(answering(lie, reset=reset))
    body = cut_body(server, "up/m")
    assert words(body) == ["one"]
    assert error_in(body)["message"]
    run = wait_for_status(server, recent(server)[0]["id"], "failed")
    log = events_of(server, run["id"])
    assert pieces_of(log) == ["one"]
    assert log[-1]["type"] == "failed"


def test_a_lie_after_the_first_word_spoils_a_whole_answer(server: Serving, upstream: Upstream) -> None:
    """A client that waits for all of it gets an error, not a part."""
    upstream.will(answering(streamed(CHUNK)))
    answer = ask(server, "up/m", stream=False)
    assert answer.status == 502
    assert b"one" not in answer.body


def test_after_all_that_an_honest_answer_is_still_one(server: Serving, upstream: Upstream) -> None:
    """Nothing of it stays."""
    upstream.will(telling("fine"))
    assert words(ask(server, "up/m").body) == ["fine"]

"""Connections: used again, in a hurry, for another protocol, half closed, or not read from."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.e2e.rough import CHAT, MEGABYTE, check_well, impatient, resident
from tests.e2e.watching import sockets, wait_until
from tests.e2e.wire import Wire, chat, head, words
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with impatient() as server:
        yield server


@pytest.fixture(scope="module")
def connections(server: Serving) -> int:
    """How many sockets the server holds when it has no clients."""
    return sockets(server)


@pytest.fixture(autouse=True)
def _well(server: Serving, connections: int) -> Iterator[None]:
    """After each of these the server is well and serves others."""
    yield
    check_well(server)


def test_requests_may_be_sent_without_waiting(server: Serving) -> None:
    """Pipelined ones are answered in their order."""
    bodies = [chat(text=f"Answer {number}.", stream=number % 2 == 1) for number in range(6)]
    with Wire(server) as wire:
        wire.send(b"".join(head("POST", CHAT, {"content-length": str(len(body))}) + body for body in bodies))
        for number in range(6):
            answer = wire.answer()
            text = "".join(words(answer.body)) if number % 2 else answer.json()["choices"][0]["message"]["content"]
            assert text == f"Answer {number}."


def test_leaving_with_requests_in_the_pipeline_does_no_harm(server: Serving) -> None:
    """Nothing of it reaches the log."""
    body = chat(words=1000, gap_ms=10)
    request = head("POST", CHAT, {"content-length": str(len(body))}) + body
    for stream in (True, False):
        with Wire(server) as wire:
            wire.send(request.replace(b'"stream": false', b'"stream": true ' if stream else b'"stream": false') * 3)
            if stream:
                wire.until(b"data: ")
            wire.reset()


def test_a_connection_is_used_again(server: Serving) -> None:
    """After answers, errors and streams alike."""
    with Wire(server) as wire:
        for _ in range(3):
            wire.post(chat(words=1))
            assert wire.answer().status == 200
            wire.post(b"nonsense")
            assert wire.answer().status == 400
            wire.post(chat(words=1, stream=True))
            assert wire.answer().status == 200
            wire.get("/nowhere")
            assert wire.answer().status == 404


def test_a_client_of_http_1_0_is_answered(server: Serving) -> None:
    """Without chunks; the end of the connection is the end of the answer."""
    for stream in (True, False):
        body = chat(text="Long ago.", stream=stream)
        with Wire(server) as wire:
            wire.send(b"POST /v1/chat/completions HTTP/1.0\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            got = wire.rest()
        assert got.startswith(b"HTTP/1.1 200")
        assert b"transfer-encoding" not in got.lower()
        assert b"Long" in got
        if stream:
            assert got.endswith(b"data: [DONE]\n\n")


def test_a_request_to_change_the_protocol_is_answered_in_this_one(server: Serving) -> None:
    """Java's client asks for HTTP/2 with every first request."""
    body = chat(text="Not today.")
    upgrade = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAEAAEAAAAIAAAABAAMAAABk"}
    with Wire(server) as wire:
        for headers in ({"content-length": str(len(body))}, {"transfer-encoding": "chunked"}):
            sent = body if "content-length" in headers else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            wire.send(head("POST", CHAT, {**upgrade, **headers}) + sent)
            assert wire.answer().json()["choices"][0]["message"]["content"] == "Not today."
        wire.get("/health", {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"})
        assert wire.answer().status == 200


def test_an_idle_connection_is_kept_and_one_that_closes_is_let_go(server: Serving) -> None:
    """Neither is told anything."""
    for data in (b"", head("GET", "/health", {})):
        with Wire(server) as wire:
            wire.send(data)
            if data:
                wire.answer()
            wire.socket.shutdown(socket.SHUT_WR)
            assert wire.is_hung_up()


@pytest.mark.parametrize("stream", [True, False])
def test_junk_after_a_request_does_not_spoil_its_answer(server: Serving, stream: bool) -> None:
    """The answer comes whole; then the connection is closed, because nobody knows what was meant."""
    with Wire(server) as wire:
        wire.post(chat(text="Undisturbed by it.", stream=stream, gap_ms=20))
        if stream:
            wire.until(b"Undisturbed")
        wire.send(b"\x00\x01 junk \r\n\r\n")
        rest = wire.rest()
    assert rest.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n" if stream else b"}")
    assert b"invalid_http" not in rest
    assert b"by" in rest


def test_clients_that_do_not_read_cost_little_and_disturb_nobody(server: Serving, connections: int) -> None:
    """Each holds a socket's buffer, whatever there is to read, and is given up after a while."""
    with Wire(server) as wire:
        wire.post(chat(words=5000, fields={"logprobs": True, "top_logprobs": 20}))
        run = wire.answer().headers["headgate-run"]
    before = resident(server)
    deaf = [Wire(server, receive_buffer=2048) for _ in range(30)]
    for wire in deaf:
        wire.get(f"/v1/runs/{run}/events")
    for wire in deaf:
        wire.until(b"\r\n\r\n")
    for _ in range(10):
        began = time.monotonic()
        with Wire(server) as other:
            other.post(chat(words=3))
            assert other.answer().status == 200
        assert time.monotonic() - began < 5
    assert resident(server) - before < 100 * MEGABYTE
    wait_until(lambda: sockets(server) <= connections, "the server to give them up")
    for wire in deaf:
        wire.close()


def test_a_client_that_does_not_read_the_end_is_given_up_too(server: Serving, connections: int) -> None:
    """When nobody waits any more for the socket to take more, but it still holds what was sent."""
    with Wire(server, receive_buffer=2048) as wire:
        wire.post(chat(words=5000, fields={"logprobs": True, "top_logprobs": 20}))
        wire.until(b"\r\n\r\n")
        wait_until(lambda: sockets(server) <= connections, "the server to give it up")


def test_more_clients_than_allowed_are_turned_away() -> None:
    """503 with the time to come again; as soon as one has left, there is room."""
    with serving("[server]\nmax_connections = 3\n") as server:
        wires = [Wire(server) for _ in range(3)]
        for wire in wires:
            wire.get("/health")
            assert wire.answer().status == 200
        with Wire(server) as late:
            answer = late.answer()
            assert (answer.status, answer.error["code"]) == (503, "overloaded")
            assert late.is_hung_up()
        wires.pop().close()
        wait_until(lambda: is_let_in(server), "room for another")
        for wire in wires:
            wire.close()


def is_let_in(server: Serving) -> bool:
    """Whether one more client is served."""
    with Wire(server) as wire:
        wire.get("/health")
        return wire.answer().status == 200

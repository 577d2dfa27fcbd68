"""
A client that leaves costs nothing more: its upstream is closed at once, in every phase.

The upstream is ours, and notes when the gateway lets go of it.
"""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream
from tests.e2e.watching import (
    get,
    has_seen_everything,
    recent,
    run_of,
    wait_for_connection,
    wait_for_run,
    wait_for_status,
)
from tests.e2e.wire import Wire, chat, events_of, pieces_of, words
from tests.net.full import full_listener
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

AT_ONCE = 5.0
"""Seconds: milliseconds, on a machine that may be busy; the next sign of life would only find out after fifteen."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with full_listener() as port:
        nowhere = f'[providers.nowhere]\nkind = "openai"\nbase_url = "http://127.0.0.1:{port}/v1"\nmodels = ["m"]\n'
        lister = f'[providers.lister]\nkind = "openai"\nbase_url = "http://127.0.0.1:{upstream.port}/v1"\n'
        with serving(upstream.config() + nowhere + lister) as server:
            yield server


def silent(peer: Peer) -> float:
    """Take the request, and never say anything."""
    peer.request()
    peer.ready.set()
    return peer.left_at()


def head_only(peer: Peer) -> float:
    """Begin an answer, and fall silent before its first event."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.ready.set()
    return peer.left_at()


def some_words(peer: Peer) -> float:
    """Say something, and fall silent."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one", " two")
    peer.ready.set()
    return peer.left_at()


PHASES = {
    "waiting_for_the_head": (silent, True, b""),
    "waiting_for_the_first_event": (head_only, True, b""),
    "in_mid_stream": (some_words, True, b" two"),
    "whole_answer_waiting": (silent, False, b""),
    "whole_answer_half_there": (some_words, False, b""),
}


@pytest.mark.parametrize(("play", "stream", "until"), PHASES.values(), ids=PHASES.keys())
@pytest.mark.parametrize("how", ["close", "reset"])
def test_leaving_closes_the_upstream(
    server: Serving, upstream: Upstream, play: Any, stream: bool, until: bytes, how: str
) -> None:
    """At once, and the log says why it ended."""
    upstream.will(play)
    wire = Wire(server)
    wire.post(chat(model="up/m", stream=stream))
    upstream.wait_ready()
    wire.until(until)
    left = time.monotonic()
    getattr(wire, how)()
    assert upstream.result() - left < AT_ONCE
    run = wait_for_status(server, recent(server)[0]["id"], "stopped")
    assert events_of(server, run["id"])[-1] == {"type": "stopped", "by": "disconnect"}


def test_leaving_while_the_gateway_connects(server: Serving) -> None:
    """The attempt to connect is given up with the run."""
    wire = Wire(server)
    wire.post(chat(model="nowhere/m", stream=True))
    run = wait_for_run(server, "nowhere/m")
    wire.close()
    # Else it would fail, when the time for connecting is over.
    wait_for_status(server, run, "stopped")


def test_leaving_while_the_body_is_sent_starts_nothing(server: Serving, upstream: Upstream) -> None:
    """Half a request is no request."""
    before = upstream.accepted
    upstream.will(silent)
    body = chat(model="up/m")
    wire = Wire(server)
    wire.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body) + body[:20])
    wire.close()
    # The next request of the same kind is the first that the upstream hears of.
    with Wire(server) as other:
        other.post(chat(model="up/m", stream=True))
        upstream.wait_ready()
    upstream.result()
    assert upstream.accepted == before + 1


def test_leaving_while_a_model_is_looked_up_starts_nothing(server: Serving, upstream: Upstream) -> None:
    """A bare name makes the gateway ask providers for their lists, which takes a while."""

    def lists_slowly(peer: Peer) -> Any:
        if peer.request().line.startswith("POST"):
            return "hung up"
        peer.ready.set()
        while not gone:
            time.sleep(0.001)
        body = json.dumps({"data": [{"id": "rare-model"}]}).encode()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body)
        return "listed"

    gone: list[bool] = []
    upstream.will(lists_slowly)
    wire = Wire(server)
    wire.post(chat(model="rare-model", stream=True))
    upstream.wait_ready()
    wire.close()
    has_seen_everything(server)
    gone.append(True)
    assert upstream.result() == "listed"
    # The gateway has dealt with the list when it can place the name for somebody else.
    with Wire(server) as other:
        other.post(chat(model="rare-model"))
        assert other.answer().status == 502
    assert [run["asked"] for run in recent(server)].count("rare-model") == 1


def test_leaving_after_the_end_is_a_success(server: Serving, upstream: Upstream) -> None:
    """SDKs hang up as soon as they read [DONE]."""
    upstream.will(telling_slowly_ended)
    wire = Wire(server)
    wire.post(chat(model="up/m", stream=True))
    body = wire.until(b"data: [DONE]\n\n")
    wire.reset()
    run = run_of(body)
    assert wait_for_status(server, run, "finished")["output"]["text"] == "one two"
    upstream.result()


def telling_slowly_ended(peer: Peer) -> None:
    """An answer that is whole, and whose connection stays open a little longer."""
    peer.request()
    peer.send(STREAM_HEAD)
    peer.say("one", " two", reason="stop")
    peer.done()


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("keep", ["keep", "Keep"])
def test_a_run_that_is_to_be_kept_goes_on_without_its_client(
    server: Serving, upstream: Upstream, stream: bool, keep: str
) -> None:
    """And its whole log is there for whoever comes back."""
    may_go_on: list[bool] = []

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        peer.say("one")
        while not may_go_on:
            time.sleep(0.001)
        peer.say(" two", reason="stop")
        peer.done()

    before = upstream.accepted
    upstream.will(play)
    wire = Wire(server)
    wire.post(chat(model="up/m", stream=stream), headers={"headgate-disconnect": keep})
    wait_for_connection(upstream, before)
    run = wait_for_run(server, "up/m")
    wire.reset()
    has_seen_everything(server)
    may_go_on.append(True)
    upstream.result()
    wait_for_status(server, run, "finished")
    assert "".join(pieces_of(events_of(server, run))) == "one two"


def test_the_last_reader_ends_a_run_that_nobody_keeps(server: Serving, upstream: Upstream) -> None:
    """As long as somebody follows, it goes on; when the last one leaves, it ends."""
    upstream.will(some_words)
    wire = Wire(server)
    wire.post(chat(model="up/m", stream=True))
    run = run_of(wire.until(b" two"))
    follower = Wire(server)
    follower.get(f"/v1/runs/{run}/events")
    follower.until(b'" two"')
    wire.close()
    has_seen_everything(server)
    assert get(server, f"/v1/runs/{run}")["status"] == "running"
    left = time.monotonic()
    follower.close()
    assert upstream.result() - left < AT_ONCE
    wait_for_status(server, run, "stopped")


def test_a_client_that_shuts_its_sending_side_has_left(server: Serving, upstream: Upstream) -> None:
    """It cannot be told from one that has closed; what it loses is kept in the log."""
    upstream.will(some_words)
    with Wire(server) as wire:
        wire.post(chat(model="up/m", stream=True))
        wire.until(b" two")
        left = time.monotonic()
        wire.socket.shutdown(socket.SHUT_WR)
        assert upstream.result() - left < AT_ONCE
        wire.rest()


def test_a_reader_of_a_silent_run_is_answered_at_once(server: Serving, upstream: Upstream) -> None:
    """It knows that it follows before there is anything to read."""
    upstream.will(silent)
    with Wire(server) as wire, Wire(server) as follower:
        wire.post(chat(model="up/m", stream=True))
        run = wait_for_run(server, "up/m")
        began = time.monotonic()
        follower.get(f"/v1/runs/{run}/events")
        assert follower.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < AT_ONCE
        assert run_of(follower.until(b": k\n")) == ""


def test_many_clients_leave_at_once(server: Serving, upstream: Upstream) -> None:
    """Each takes its upstream with it."""
    upstream.will(some_words)
    wires = [Wire(server) for _ in range(50)]
    for wire in wires:
        wire.post(chat(model="up/m", stream=True))
    for wire in wires:
        wire.until(b" two")
    left = time.monotonic()
    for wire in wires:
        wire.close()
    assert max(upstream.result() - left for _ in wires) < AT_ONCE


def test_words_are_handed_on_as_they_come(server: Serving, upstream: Upstream) -> None:
    """None waits for the next."""
    seen: list[int] = []

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        for number in range(5):
            while len(seen) < number:
                time.sleep(0.001)
            peer.say(f" w{number}")
        peer.say(reason="stop")
        peer.done()

    upstream.will(play)
    with Wire(server) as wire:
        wire.post(chat(model="up/m", stream=True))
        for number in range(5):
            wire.until(f" w{number}".encode())
            seen.append(number)
        rest = wire.until(b"0\r\n\r\n")
    upstream.result()
    assert words(b"\n\n".join(part for part in rest.split(b"\r\n") if part.startswith(b"data: "))) == []

"""The end of a server: answers get their grace, and then an end that says why."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.upstream import Peer, Upstream
from tests.e2e.watching import run_of, wait_until
from tests.e2e.wire import Wire, chat, counting, events_of, pieces_of
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ENDLESS = counting(50_000)


@contextmanager
def ending(server: Serving, how: Callable[[], Any]) -> Iterator[None]:
    """Tell the server to end, and be there when it has, with the exit code of one that was told to."""
    how()
    wait_until(lambda: is_refusing(server), "the server to take no more connections")
    yield
    assert server.process.wait(10) == 0


def is_refusing(server: Serving) -> bool:
    """Whether new connections are refused."""
    try:
        with socket.create_connection(("127.0.0.1", server.port), 1):
            return False
    except ConnectionError:
        return True


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
def sign(request: pytest.FixtureRequest) -> signal.Signals:
    assert isinstance(request.param, signal.Signals)
    return request.param


def test_an_answer_that_ends_within_its_grace_is_whole(tmp_path: Path, sign: signal.Signals) -> None:
    """And the server ends as soon as the last of them has."""
    with serving("[server]\nshutdown_grace = 30\n", folder=tmp_path) as server, Wire(server) as wire:
        wire.post(chat(stream=True, text=counting(30), gap_ms=20))
        wire.until(b" w3")
        began = time.monotonic()
        with ending(server, lambda: server.process.send_signal(sign)):
            rest = wire.until(b"0\r\n\r\n")
        assert b" w29" in rest
        assert b"data: [DONE]" in rest
        assert time.monotonic() - began < 25


def test_an_answer_that_takes_longer_is_told_why_it_ends(tmp_path: Path) -> None:
    """An error in its own dialect and a cut; in the log the same."""
    with serving("[server]\nshutdown_grace = 0.2\n", folder=tmp_path) as server:
        with Wire(server) as wire, Wire(server) as whole, Wire(server) as response:
            whole.post(chat(text=ENDLESS, gap_ms=10))
            response.post(chat(stream=True, text=ENDLESS, gap_ms=10, fields={"input": "Hello"}), "/v1/responses")
            response.until(b" w3")
            wire.post(chat(stream=True, text=ENDLESS, gap_ms=10))
            run = run_of(wire.until(b" w3"))
            with ending(server, server.process.terminate):
                rest = wire.rest()
                answer, events = whole.answer(), response.rest()
        assert b'"code":"shutting_down"' in rest
        assert b"[DONE]" not in rest
        assert not rest.endswith(b"0\r\n\r\n")
        assert (answer.status, answer.error["code"]) == (503, "shutting_down")
        assert b"event: response.failed" in events
        assert events.endswith(b"0\r\n\r\n")
    with serving(folder=tmp_path) as server:
        log = events_of(server, run)
        assert (log[-1]["type"], log[-1]["code"]) == ("failed", "shutting_down")
        assert pieces_of(log)[:4] == ["w0", " w1", " w2", " w3"]


def test_nothing_new_begins_while_the_server_ends(tmp_path: Path) -> None:
    """A connection that was open before is told when to come again."""
    with (
        serving("[server]\nshutdown_grace = 30\n", folder=tmp_path) as server,
        Wire(server) as wire,
        Wire(server) as idle,
    ):
        idle.get("/health")
        idle.answer()
        wire.post(chat(stream=True, text=counting(100), gap_ms=10))
        wire.until(b" w3")
        with ending(server, server.process.terminate):
            idle.post(chat(words=1))
            answer = idle.answer()
            wire.until(b"0\r\n\r\n")
        assert (answer.status, answer.error["code"]) == (503, "shutting_down")
        assert int(answer.headers["retry-after"]) >= 1


def test_who_tells_it_twice_does_not_want_to_wait(tmp_path: Path, sign: signal.Signals) -> None:
    """At a terminal or elsewhere."""
    with serving("[server]\nshutdown_grace = 60\n", folder=tmp_path) as server, Wire(server) as wire:
        wire.post(chat(stream=True, text=ENDLESS, gap_ms=10))
        wire.until(b" w3")
        began = time.monotonic()
        with ending(server, lambda: server.process.send_signal(sign)):
            server.process.send_signal(sign)
            assert b'"code":"shutting_down"' in wire.rest()
        assert time.monotonic() - began < 25


def test_a_client_that_does_not_read_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """It had its grace."""
    quickly = "from headgate.web import server\nserver.LAST_WORDS = 0.3"
    config = "[server]\nshutdown_grace = 0.2\n"
    with serving(config, folder=tmp_path, before=quickly) as server, Wire(server, receive_buffer=4096) as wire:
        wire.post(chat(stream=True, words=3000, fields={"logprobs": True, "top_logprobs": 20}))
        wire.until(b"\r\n\r\n")
        began = time.monotonic()
        with ending(server, server.process.terminate):
            pass
        assert time.monotonic() - began < 10


def test_idle_connections_do_not_hold_up_the_end(tmp_path: Path) -> None:
    """Neither those that asked something before, nor those that never did, nor those in the middle of asking."""
    with serving(folder=tmp_path) as server, Wire(server) as used, Wire(server), Wire(server) as half:
        used.get("/health")
        used.answer()
        half.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        began = time.monotonic()
        with ending(server, server.process.terminate):
            answer = half.answer()
        assert (answer.status, answer.error["code"]) == (503, "shutting_down")
        assert time.monotonic() - began < 25


VECTORS = b'{"data":[{"embedding":[1]}]}'
HASTY = "import headgate.web.server as server\nserver.LAST_WORDS = 0.0"
"""Connections get no time when all work has ended, so that nothing is well by chance."""


def test_vectors_that_come_within_the_grace_reach_their_client() -> None:
    may_answer = threading.Event()

    def late(peer: Peer) -> None:
        peer.request()
        peer.ready.set()
        assert may_answer.wait(60)
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(VECTORS), VECTORS))

    config = "[server]\nshutdown_grace = 30\n"
    with Upstream(late) as upstream, serving(upstream.config() + config, before=HASTY) as server, Wire(server) as wire:
        wire.post(b'{"model":"up/m","input":"a"}', "/v1/embeddings")
        upstream.wait_ready()
        with ending(server, server.process.terminate):
            time.sleep(0.1)  # Time in which they may be cut off, and must not.
            may_answer.set()
            assert wire.answer().json()["data"][0]["embedding"] == [1]


def test_vectors_that_take_longer_are_told_why_there_are_none() -> None:
    def silent(peer: Peer) -> None:
        peer.request()
        peer.ready.set()
        peer.left_at()

    config = "[server]\nshutdown_grace = 0.2\n"
    with Upstream(silent) as upstream, serving(upstream.config() + config) as server, Wire(server) as wire:
        wire.post(b'{"model":"up/m","input":"a"}', "/v1/embeddings")
        upstream.wait_ready()
        with ending(server, server.process.terminate):
            answer = wire.answer()
        assert (answer.status, answer.error["code"]) == (503, "shutting_down")
        assert answer.headers["retry-after"] == "5"

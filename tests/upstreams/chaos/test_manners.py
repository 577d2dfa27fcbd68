"""Upstreams that do not wait for their turn: they hang up at once, speak first, or answer half a request."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.upstream import Peer, Upstream
from tests.e2e.wire import Wire
from tests.serving import Serving, serving
from tests.upstreams.chaos.formats import STREAMED, WHOLE
from tests.upstreams.chaos.playing import assert_good, perform, section, sections
from tests.upstreams.chaos.plays import to_the_end, whole
from tests.upstreams.raw import DIALECTS, ask

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with Upstream(perform) as good:
        config = "".join(section(f"up{twin}", upstream.port, "any") for twin in ("", "_led"))
        with serving(config + sections(good, ["honest"])) as server:
            yield server


def hanging_up(peer: Peer) -> None:
    """At once, without a word."""


def resetting(peer: Peer) -> None:
    """The same, rudely."""
    peer.reset()


def greeting(peer: Peer) -> None:
    """As mail servers do."""
    peer.send(b"220 mail.example.com ESMTP\r\n")
    peer.left_at()


@pytest.mark.parametrize("play", [hanging_up, resetting, greeting])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_one_that_does_not_wait_for_a_request(
    server: Serving, upstream: Upstream, dialect: str, play: Callable[[Peer], Any]
) -> None:
    upstream.will(play)
    for stream in (True, False):
        answer = ask(server, dialect, "up/m", stream=stream)
        assert answer.status == 502
        assert json.loads(answer.body)["error"]["message"]
        answer = ask(server, dialect, "up_led/m", stream=stream, fallbacks=["honest/m"])
        assert_good(dialect, answer, stream=stream)


@pytest.mark.parametrize("said", [to_the_end(STREAMED["chat"]), whole(WHOLE["chat"])])
def test_one_that_answers_before_it_is_asked(server: Serving, upstream: Upstream, said: bytes) -> None:
    """That is no answer, or one, as it comes to pass; never half of one."""

    def play(peer: Peer) -> None:
        peer.send(said)
        peer.half_close()
        peer.left_at()

    upstream.will(play)
    for stream in (True, False):
        answer = ask(server, "chat", "up/m", stream=stream)
        if answer.status != 502:
            assert_good("chat", answer, stream=stream)


LARGE = "x" * 16_000_000


@pytest.mark.parametrize("is_rude", [True, False])
def test_one_that_has_seen_enough_of_a_request(server: Serving, upstream: Upstream, is_rude: bool) -> None:
    """What it says of it is heard, although it does not hear us out."""

    def play(peer: Peer) -> None:
        peer.head()
        body = b'{"error": {"message": "That is too much.", "code": "too_much"}}'
        peer.send(b"HTTP/1.1 413 x\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b" % (len(body), body))
        if is_rude:
            peer.close()
        else:
            peer.half_close()
            peer.left_at()

    upstream.will(play)
    with Wire(server) as wire:
        body = {"model": "up/m", "messages": [{"role": "user", "content": LARGE}]}
        wire.post(json.dumps(body).encode())
        answer = wire.answer()
    assert (answer.status, answer.error["code"]) == (413, "too_much")

"""Heads of requests that are no HTTP, too large, or too slow: an answer that says so, where HTTP has one."""

import random
import socket
from collections.abc import Iterator

import pytest

from tests.e2e.rough import CHAT, check_well, impatient, is_closed_after, said
from tests.e2e.wire import Wire, chat, head
from tests.serving import Serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with impatient() as server:
        yield server


@pytest.fixture(autouse=True)
def _well(server: Serving) -> Iterator[None]:
    """After each of these the server is well and serves others."""
    yield
    check_well(server)


JUNK = {
    "words": b"hello there\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "nulls": bytes(100) + b"\r\n\r\n",
    "no_method": b" / HTTP/1.1\r\n\r\n",
    "bad_version": b"GET / HTTP/9.9\r\n\r\n",
    "bad_header": b"GET / HTTP/1.1\r\nhost\r\n\r\n",
    "space_before_colon": b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\nhost: x\r\n y: z\r\n\r\n",
    "two_lengths": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    "length_and_chunks": b"POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative_length": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    "wordy_length": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n",
    "endless_length": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n",
    "bad_chunk": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "connect": b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n",
    "bare_cr": b"GET / HTTP/1.1\r\nhost: x\ry: z\r\n\r\n",
    "null_in_header": b"GET / HTTP/1.1\r\nhost: x\x00y\r\n\r\n",
    "not_ascii_path": b"GET /\xc3\xa9 HTTP/1.1\r\nhost: x\r\n\r\n",
    "bad_url": b"GET http://[::1 HTTP/1.1\r\nhost: x\r\n\r\n",
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
def test_what_is_no_http_is_refused(server: Serving, junk: bytes) -> None:
    """400 in our envelope, and the connection is closed."""
    answer = is_closed_after(server, junk)
    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"


def test_random_bytes_do_no_harm(server: Serving) -> None:
    """Whatever comes: an answer, or a hang-up."""
    chance = random.Random(7)
    seeds = [*JUNK.values(), head("POST", CHAT, {"content-length": "300"}) + chat(stream=True)]
    for _ in range(300):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with Wire(server) as wire:
            wire.send(bytes(data))
            wire.socket.shutdown(socket.SHUT_WR)
            body = wire.rest()
        assert body == b"" or body.startswith(b"HTTP/1.1 "), body
        assert b"Traceback" not in body


def test_a_thousand_headers_are_too_many(server: Serving) -> None:
    """431."""
    headers = {f"x-{number}": "y" for number in range(1000)}
    assert is_closed_after(server, head("GET", "/health", headers)).status == 431


def test_a_header_of_a_megabyte_is_too_large(server: Serving) -> None:
    """431, before it is all there."""
    assert is_closed_after(server, b"GET /health HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 1_000_000).status == 431


def test_a_head_that_never_ends_is_too_large(server: Serving) -> None:
    """Also when it comes in small headers that are each fine."""
    assert is_closed_after(server, b"GET /health HTTP/1.1\r\n", b"x: y\r\n" * 50_000).status == 431


def test_a_hundred_headers_are_fine(server: Serving) -> None:
    """Browsers and proxies send many."""
    assert said(server, head("GET", "/health", {f"x-{number}": "y" * 100 for number in range(98)})).status == 200


def test_a_long_address_is_refused(server: Serving) -> None:
    """414; the longest that is fine is fine."""
    answer = is_closed_after(server, head("GET", "/health?x=" + "x" * 10_000, {}))
    assert (answer.status, answer.error["code"]) == (414, "uri_too_long")
    assert said(server, head("GET", "/health?x=" + "x" * 8_000, {})).status == 200


@pytest.mark.parametrize("begun", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nhost: x\r\n"])
def test_a_head_that_does_not_come_in_time_is_given_up(server: Serving, begun: bytes) -> None:
    """408; a client that trickles does not live longer than one that is silent."""
    with Wire(server) as wire:
        wire.send(begun)
        answer = wire.answer()
        assert (answer.status, answer.error["code"]) == (408, "request_timeout")
        assert wire.is_hung_up()

"""Bodies that are too large, too slow, or come in odd pieces."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.e2e.rough import CHAT, MEGABYTE, check_well, impatient, is_closed_after, resident, said
from tests.e2e.wire import PATIENCE, Wire, chat, head
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


def test_a_body_that_does_not_come_in_time_is_given_up(server: Serving) -> None:
    """408, whether nothing comes or a little."""
    for body in (b"", b'{"model":'):
        answer = is_closed_after(server, head("POST", CHAT, {"content-length": "1000"}) + body)
        assert (answer.status, answer.error["code"]) == (408, "request_timeout")


def test_a_body_that_trickles_is_given_up(server: Serving) -> None:
    """The limit is for all of it."""
    with Wire(server) as wire:
        wire.send(head("POST", CHAT, {"content-length": "1000"}))
        began = time.monotonic()
        wire.socket.settimeout(0.01)
        while True:
            wire.send(b" ")
            try:
                if wire.socket.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                assert time.monotonic() - began < 25
        wire.socket.settimeout(PATIENCE)
        assert wire.answer().status == 408


BIG = b'{"model": "' + b"x" * 20_000 + b'"}'


def chunked(body: bytes, size: int) -> bytes:
    """HTTP's chunked coding."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/v1/responses"])
@pytest.mark.parametrize("size", [0, 1000, 100_000])
def test_a_body_over_the_limit_is_refused(server: Serving, path: str, size: int) -> None:
    """413, by its announced length or when it grows over it, and however it is cut."""
    headers = {"transfer-encoding": "chunked"} if size else {"content-length": str(len(BIG))}
    request, body = head("POST", path, headers), chunked(BIG, size) if size else BIG
    for pieces in ([request + body], [request, body]):
        answer = said(server, *pieces)
        assert (answer.status, answer.error["code"]) == (413, "request_too_large")


def test_a_huge_body_is_refused_while_it_is_being_sent(server: Serving) -> None:
    """A client that first says all it has to say gets to read the answer; nothing of it is kept meanwhile."""
    before = resident(server)
    with Wire(server) as wire:
        wire.send(head("POST", CHAT, {"content-length": str(100 * MEGABYTE)}))
        for _ in range(100):
            wire.send(b"x" * MEGABYTE)
        assert resident(server) - before < 20 * MEGABYTE
        assert wire.answer().status == 413
        assert wire.is_hung_up()


def test_a_client_that_does_not_stop_sending_is_cut_off(server: Serving) -> None:
    """After it was told, and some time to read that."""
    with Wire(server) as wire:
        wire.send(head("POST", CHAT, {"content-length": str(1 << 50)}))
        began = time.monotonic()
        with pytest.raises(ConnectionError):
            send_for_ever(wire)
        assert time.monotonic() - began < 25


def send_for_ever(wire: Wire) -> None:
    """Until something breaks."""
    while True:
        wire.send(b"x" * 10_000)


def test_a_body_in_many_pieces_is_read(server: Serving) -> None:
    """One byte at a time, chunked or not."""
    body = chat(text="One by one.")
    for headers, data in (
        ({"content-length": str(len(body))}, body),
        ({"transfer-encoding": "chunked"}, chunked(body, 1)),
    ):
        with Wire(server) as wire:
            wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in head("POST", CHAT, headers) + data:
                wire.send(bytes([byte]))
            assert wire.answer().json()["choices"][0]["message"]["content"] == "One by one."


def test_a_client_may_ask_before_it_sends(server: Serving) -> None:
    """Expect: 100-continue gets its Continue, or at once what is wrong."""
    body = chat(text="Go on.")
    with Wire(server) as wire:
        wire.send(head("POST", CHAT, {"content-length": str(len(body)), "expect": "100-continue"}))
        assert wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.send(body)
        assert wire.answer().json()["choices"][0]["message"]["content"] == "Go on."
        wire.get("/health")
        assert wire.answer().status == 200
    refused = head("POST", CHAT, {"content-length": "999999999", "expect": "100-continue"})
    assert is_closed_after(server, refused).status == 413

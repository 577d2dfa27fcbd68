"""
Clients that speak HTTP badly, slowly, too much, or not at all.

Each gets an answer that says what is wrong, where HTTP has one; never a traceback; and nobody else
notices.
"""

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.watching import get, sockets, wait_until
from tests.e2e.wire import Answer, Wire, chat, head, words
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

CHAT = "/v1/chat/completions"
MEGABYTE = 1 << 20
CONFIG = '[server]\nmax_body = "100KB"\nbody_timeout = 0.3\n'
QUICKLY = """
from headgate.web import protocol, server
protocol.HEAD_LIMIT = 0.3
protocol.WRITE_LIMIT = 0.5
protocol.LINGER = 0.5
server.CHECK_EVERY = 1
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG, before=QUICKLY) as server:
        yield server
        assert "ERROR" not in server.log()


@pytest.fixture(autouse=True)
def _well(server: Serving) -> Iterator[None]:
    """After each of these the server is well and serves others."""
    yield
    assert get(server, "/health")["status"] == "healthy"


def said(server: Serving, *pieces: bytes, method: str = "GET") -> Answer:
    """The answer to these bytes."""
    with Wire(server) as wire:
        for piece in pieces:
            wire.send(piece)
        return wire.answer(method)


def is_closed_after(server: Serving, *pieces: bytes) -> Answer:
    """The answer to these bytes, after which the server hangs up."""
    with Wire(server) as wire:
        for piece in pieces:
            wire.send(piece)
        answer = wire.answer()
        assert answer.headers["connection"] == "close"
        assert wire.is_hung_up()
        return answer


# The head.

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
    "length_and_chunks": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative_length": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    "wordy_length": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n",
    "endless_length": b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n",
    "bad_chunk": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
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
    answer = is_closed_after(server, head("GET", "/v1/runs?before=" + "x" * 10_000, {}))
    assert (answer.status, answer.error["code"]) == (414, "uri_too_long")
    assert said(server, head("GET", "/v1/runs?before=" + "x" * 8_000, {})).status == 200


@pytest.mark.parametrize("begun", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nhost: x\r\n"])
def test_a_head_that_does_not_come_in_time_is_given_up(server: Serving, begun: bytes) -> None:
    """408; a client that trickles does not live longer than one that is silent."""
    with Wire(server) as wire:
        wire.send(begun)
        answer = wire.answer()
        assert (answer.status, answer.error["code"]) == (408, "request_timeout")
        assert wire.is_hung_up()


# The body.


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
                assert time.monotonic() - began < 5
        wire.socket.settimeout(10)
        assert wire.answer().status == 408


BIG = b'{"model": "' + b"x" * 200_000 + b'"}'


def chunked(body: bytes, size: int) -> bytes:
    """HTTP's chunked coding."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("path", [CHAT, "/v1/completions", "/v1/responses"])
@pytest.mark.parametrize("size", [0, 1000, 100_000])
def test_a_body_over_the_limit_is_refused(server: Serving, path: str, size: int) -> None:
    """413, by its announced length or when it grows over it, and however it is cut."""
    headers = {"transfer-encoding": "chunked"} if size else {"content-length": str(len(BIG))}
    answer = said(server, head("POST", path, headers), chunked(BIG, size) if size else BIG)
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
        with pytest.raises(ConnectionError):
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


# Connections.


def test_requests_may_be_sent_without_waiting(server: Serving) -> None:
    """Pipelined ones are answered in their order."""
    bodies = [chat(text=f"Answer {number}.", stream=number % 2 == 1) for number in range(6)]
    with Wire(server) as wire:
        wire.send(b"".join(head("POST", CHAT, {"content-length": str(len(body))}) + body for body in bodies))
        for number in range(6):
            answer = wire.answer()
            text = (
                "".join(words(answer.body)) if number % 2 else answer.json()["choices"][0]["message"]["content"]
            )
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
        wire.post(body, headers=upgrade)
        assert wire.answer().json()["choices"][0]["message"]["content"] == "Not today."
        wire.get("/health")
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


def test_a_head_asks_for_no_body(server: Serving) -> None:
    """As GET, without the body, also of what would be a stream."""
    with Wire(server) as wire:
        wire.post(chat(words=1))
        run = wire.answer().headers["headgate-run"]
        for path in ("/", "/health", "/v1/models", "/v1/runs", f"/v1/runs/{run}", f"/v1/runs/{run}/events"):
            wire.get(path, method="HEAD")
            answer = wire.answer("HEAD")
            assert (answer.status, answer.body) == (200, b""), path
            assert int(answer.headers.get("content-length", "1")) > 0
        wire.get("/v1/runs/none", method="HEAD")
        assert wire.answer("HEAD").status == 404


def test_no_header_is_said_twice(server: Serving) -> None:
    """Proxies join such headers, or refuse the answer."""
    for body in (chat(words=1), chat(words=1, stream=True), chat(fail={"status": 429, "retry_after": 3}), b"nonsense"):
        with Wire(server) as wire:
            wire.post(body)
            names = [line.partition(b":")[0] for line in wire.until(b"\r\n\r\n").split(b"\r\n")[1:-2]]
        assert len(names) == len(set(names)), names


# Paths and methods.


def test_unknown_paths_are_told_in_the_envelope(server: Serving) -> None:
    """404, with a hint where to look."""
    for path in ("/nowhere", "/v1/chat", "/v1/chat/completions/", "//", "/v1//models", "/%2e%2e/etc/passwd", "/v2/models"):
        answer = said(server, head("GET", path, {}))
        assert (answer.status, answer.error["code"]) == (404, "not_found"), path


def test_a_wrong_method_is_told_which_are_right(server: Serving) -> None:
    """405, in the message and in the header."""
    for method, path, right in (
        ("GET", CHAT, "POST"),
        ("DELETE", "/v1/models", "GET, HEAD"),
        ("POST", "/v1/runs", "GET, HEAD"),
        ("PATCH", "/v1/models/default", "GET, HEAD"),
        ("BREW", CHAT, "POST"),
    ):
        answer = said(server, head(method, path, {}))
        if method == "BREW":
            assert answer.status in (400, 405)
            continue
        assert (answer.status, answer.error["code"]) == (405, "method_not_allowed"), path
        assert answer.headers["allow"] == right
        assert right in answer.error["message"]


def test_a_browser_is_told_what_it_may_do(server: Serving) -> None:
    """The preflight allows the headers that its page wants to send; the answer shows ours."""
    asked = {
        "origin": "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type, x-stainless-os",
    }
    answer = said(server, head("OPTIONS", CHAT, asked), method="OPTIONS")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == asked["access-control-request-headers"]
    with Wire(server) as wire:
        wire.post(chat(words=1, stream=True), headers={"origin": "https://app.example"})
        answer = wire.answer()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "headgate-run" in answer.headers["access-control-expose-headers"]


# A client that does not read.


def resident(server: Serving) -> int:
    """The memory of the server, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("memory can be looked at on Linux only")
    return int(status.read_text().partition("VmRSS:")[2].split()[0]) * 1024


def test_clients_that_do_not_read_cost_little_and_disturb_nobody(server: Serving) -> None:
    """Each holds a socket's buffer, whatever there is to read, and is given up after a while."""
    with Wire(server) as wire:
        wire.post(chat(words=5000, fields={"logprobs": True, "top_logprobs": 20}))
        run = wire.answer().headers["headgate-run"]
    connections, before = sockets(server), resident(server)
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
        assert time.monotonic() - began < 1
    assert resident(server) - before < 100 * MEGABYTE
    wait_until(lambda: sockets(server) <= connections, "the server to give them up")
    for wire in deaf:
        wire.close()

"""
What upstreams do to us, one function or some bytes each, before there is a word of an answer.

All of them are played by one process: the first part of a request's path says which.
"""

import gzip
import json
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from tests.e2e.upstream import STREAM_HEAD, Peer, Request
from tests.upstreams.chaos.formats import STREAMED, WHOLE

Scene: TypeAlias = Callable[[Peer, Request], Any]
"""What happens after the request was read."""

LINE = b"HTTP/1.1 200 OK\r\n"
JSON = LINE + b"content-type: application/json\r\n"
EVENTS = LINE + b"content-type: text/event-stream\r\n"
PAUSE = 0.02


def whole(body: bytes, head: bytes = JSON) -> bytes:
    """An answer of that length."""
    return head + b"content-length: %d\r\n\r\n%b" % (len(body), body)


def to_the_end(body: bytes, head: bytes = EVENTS) -> bytes:
    """An answer that ends with its connection."""
    return head + b"\r\n" + body


def saying(*pieces: bytes) -> Scene:
    """Say this, and hang up."""

    def play(peer: Peer, request: Request) -> None:
        for piece in pieces:
            peer.send(piece)

    return play


def resetting(*pieces: bytes) -> Scene:
    """Say this, and hang up with a reset."""

    def play(peer: Peer, request: Request) -> None:
        saying(*pieces)(peer, request)
        peer.reset()

    return play


def hanging(*pieces: bytes) -> Scene:
    """Say this, and never anything more."""

    def play(peer: Peer, request: Request) -> None:
        saying(*pieces)(peer, request)
        peer.left_at()

    return play


def half_closing(*pieces: bytes) -> Scene:
    """Say this, close our own half, and go on listening."""

    def play(peer: Peer, request: Request) -> None:
        saying(*pieces)(peer, request)
        peer.half_close()
        peer.left_at()

    return play


def going_on(first: bytes, *others: bytes, pause: float = PAUSE) -> Scene:
    """Say the first, and the others again and again for as long as somebody listens."""

    def play(peer: Peer, request: Request) -> None:
        with suppress(OSError):
            peer.send(first)
            while True:
                for other in others:
                    peer.send(other)
                    time.sleep(pause)

    return play


def honest(peer: Peer, request: Request) -> None:
    """A good answer, for which everybody would be glad."""
    is_stream = json.loads(request.body).get("stream", False)
    peer.send(to_the_end(STREAMED["chat"]) if is_stream else whole(WHOLE["chat"]))


def one_after_another(*scenes: Scene) -> Scene:
    """Play several."""

    def play(peer: Peer, request: Request) -> None:
        for scene in scenes:
            scene(peer, request)

    return play


def _bomb() -> bytes:
    """A hundred megabytes of blanks in 100 KB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packer.compress(b" " * 1_000_000) for _ in range(100)]) + packer.flush()


GZIPPED = JSON + b"content-encoding: gzip\r\n"
ROLE = b'data: {"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}\n\n'
NEVER = 504, "first_event_timeout"
IDLE = 504, "idle_timeout"
BROKEN = 502, "upstream_broken_answer"
INVALID = 502, "upstream_invalid"
EMPTY = 502, "upstream_empty"

SILENT: dict[str, Scene] = {
    "never_answers": hanging(),
    "stops_in_its_head": hanging(LINE + b"content-ty"),
    "stops_after_its_head": hanging(STREAM_HEAD),
    "stops_after_a_whole_head": hanging(JSON + b"content-length: 100\r\n\r\n"),
    "stops_in_its_first_event": hanging(EVENTS + b"\r\n" + STREAMED["chat"][:40]),
    "trickles_its_head": going_on(LINE + b"x: ", b"y"),
    "trickles_comments": going_on(STREAM_HEAD, b"9\r\n: hello\n\n\r\n"),
    "trickles_blank_lines": going_on(EVENTS + b"\r\n", b"\n\n"),
    "trickles_bytes": going_on(JSON + b"\r\n" + b'{"id": "', b"x"),
    "trickles_an_event": going_on(EVENTS + b"\r\n" + b'data: {"id": "', b"x"),
    "trickles_interim_answers": going_on(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", pause=0.2),
}
"""Each is a matter of patience."""

MUTE: dict[str, Scene] = {
    "stops_after_its_role": hanging(EVENTS + b"\r\n", ROLE),
    "trickles_empty_deltas": going_on(EVENTS + b"\r\n", b'data: {"choices": [{"index": 0, "delta": {}}]}\n\n'),
    "trickles_pings": going_on(EVENTS + b"\r\n" + ROLE, b"event: ping\ndata: {}\n\n", b": k\n\n"),
}
"""They have begun, but there is no word."""

WRONG: dict[str, tuple[Scene, set[tuple[int, str]]]] = {
    # No HTTP that we know.
    "speaks_http_2": (saying(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)), {BROKEN}),
    "greets": (saying(b"220 mail.example.com ESMTP\r\n"), {BROKEN}),
    "sends_an_alert": (saying(b"\x15\x03\x01\x00\x02\x02\x16"), {BROKEN}),
    "switches_protocols": (saying(b"HTTP/1.1 101 Switching\r\nupgrade: h2c\r\n\r\n"), {BROKEN}),
    "storms_with_interim_answers": (going_on(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50, pause=0), {BROKEN}),
    # Heads.
    "has_an_endless_header": (going_on(LINE + b"x: ", b"y" * 60_000, pause=0), {BROKEN}),
    "has_endless_headers": (going_on(LINE, b"x: y\r\n" * 1000, pause=0), {BROKEN}),
    "has_two_lengths": (saying(LINE + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}"), {BROKEN}),
    "hides_a_second_answer": (saying(LINE + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}"), {BROKEN}),
    # Ends that come too soon.
    "hangs_up": (saying(), {BROKEN}),
    "hangs_up_in_its_head": (saying(LINE + b"content-ty"), {BROKEN}),
    "hangs_up_after_its_head": (saying(STREAM_HEAD), {BROKEN}),
    "hangs_up_after_a_whole_head": (saying(JSON + b"content-length: 100\r\n\r\n"), {BROKEN}),
    "hangs_up_before_its_first_event": (saying(STREAM_HEAD, b"6\r\n: hi\n\n\r\n"), {BROKEN}),
    "hangs_up_in_its_body": (saying(whole(WHOLE["chat"])[:-20]), {BROKEN}),
    "closes_half": (half_closing(), {BROKEN}),
    "closes_half_in_its_body": (half_closing(whole(WHOLE["chat"])[:-20]), {BROKEN}),
    "resets": (resetting(), {BROKEN}),
    "resets_in_its_head": (resetting(LINE + b"content-ty"), {BROKEN}),
    "resets_after_its_head": (resetting(STREAM_HEAD), {BROKEN}),
    "resets_in_its_first_event": (resetting(STREAM_HEAD, b"50\r\ndata: {"), {BROKEN}),
    "resets_in_its_body": (resetting(whole(WHOLE["chat"])[:-20]), {BROKEN}),
    "ends_without_a_word": (saying(to_the_end(b"")), {EMPTY}),
    "ends_with_done_only": (saying(to_the_end(b"data: [DONE]\n\n")), {EMPTY}),
    "ends_in_its_first_event": (saying(to_the_end(STREAMED["chat"][:40])), {EMPTY}),
    # Bodies.
    "sends_a_page": (
        saying(whole(b"<html><title>Login</title></html>", LINE + b"content-type: text/html\r\n")),
        {INVALID},
    ),
    "sends_a_page_as_events": (saying(to_the_end(b"<html><title>Login</title></html>")), {INVALID}),
    "sends_words": (saying(whole(b"It works!", LINE + b"content-type: text/plain\r\n")), {INVALID}),
    "sends_nothing": (saying(whole(b"")), {EMPTY}),
    "sends_no_content": (saying(b"HTTP/1.1 204 No Content\r\n\r\n"), {EMPTY}),
    "sends_null": (saying(whole(b"null")), {INVALID}),
    "sends_another_object": (saying(whole(b'{"hello": "world"}')), {INVALID}),
    "sends_a_tower": (saying(whole(b"[" * 100_000)), {INVALID}),
    "sends_half_an_object": (saying(whole(WHOLE["chat"][:-20])), {INVALID}),
    "sends_no_text": (saying(whole(b"{\xff\xfe}")), {INVALID}),
    "sends_events_of_nothing": (saying(to_the_end(b"data: null\n\ndata: 5\n\ndata: []\n\n")), {EMPTY}),
    "sends_an_endless_event": (
        going_on(EVENTS + b"\r\ndata: ", b"x" * 1_000_000, pause=0),
        {(502, "upstream_event_too_large")},
    ),
    "sends_an_endless_object": (going_on(JSON + b"\r\n{", b" " * 4_000_000, pause=0), {(502, "upstream_too_large")}),
    "sends_a_bomb": (saying(whole(_bomb(), GZIPPED)), {BROKEN}),
    "sends_no_gzip": (saying(whole(b"not gzip", GZIPPED)), {BROKEN}),
    "sends_half_a_gzip": (saying(whole(gzip.compress(WHOLE["chat"])[:-10], GZIPPED)), {BROKEN}),
    "sends_brotli": (saying(whole(b"x", JSON + b"content-encoding: br\r\n")), {BROKEN}),
    "sends_a_huge_chunk": (saying(STREAM_HEAD + b"fffffffffffffffff\r\n"), {BROKEN}),
    "sends_endless_extensions": (going_on(STREAM_HEAD + b"5;x=", b"y" * 60_000, pause=0), {BROKEN}),
    # Statuses.
    "sends_elsewhere": (
        saying(b"HTTP/1.1 307 x\r\nlocation: /honest/v1/chat/completions\r\ncontent-length: 0\r\n\r\n"),
        {(502, "upstream_error")},
    ),
    "moved": (
        saying(b"HTTP/1.1 301 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
        {(502, "upstream_error")},
    ),
    "is_a_bad_gateway": (saying(whole(b"<h1>Bad Gateway</h1>", b"HTTP/1.1 502 x\r\n")), {(502, "upstream_error")}),
    "has_a_status_of_its_own": (saying(whole(b"{}", b"HTTP/1.1 999 x\r\n")), {(502, "upstream_error")}),
    "hides_an_error": (saying(whole(b'{"error": {"message": "No GPU is free."}}')), {(502, "upstream_error")}),
    "begins_with_an_error": (
        saying(to_the_end(b'data: {"error": {"message": "No GPU is free.", "code": 503}}\n\n')),
        {(503, "503")},
    ),
}
"""Each with what the client may be told: a status and a code."""

FOREIGN: dict[str, Scene] = {
    **{f"streams_{name}": saying(to_the_end(said)) for name, said in STREAMED.items()},
    **{f"tells_{name}": saying(whole(said)) for name, said in WHOLE.items()},
}
"""Good answers, each for whoever asked in that format."""

GOOD: dict[str, Scene] = {
    "honest": honest,
    "honest_after_interim_answers": one_after_another(saying(b"HTTP/1.1 103 x\r\nlink: y\r\n\r\n" * 3), honest),
    "honest_but_whole": saying(whole(WHOLE["chat"])),
    "honest_but_streamed": saying(to_the_end(STREAMED["chat"])),
    "honest_in_gzip": saying(whole(gzip.compress(WHOLE["chat"]), GZIPPED)),
    "honest_in_single_bytes": saying(*(bytes([byte]) for byte in to_the_end(STREAMED["chat"]))),
    "honest_without_a_type": saying(whole(WHOLE["chat"], LINE)),
    "honest_and_half_closed": half_closing(to_the_end(STREAMED["chat"])),
    "honest_but_never_ended": hanging(to_the_end(STREAMED["chat"])),
}
"""Odd, but an answer."""

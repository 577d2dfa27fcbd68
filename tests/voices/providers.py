"""Providers that speak and listen, as scripts play them."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from headgate.formats.multipart import Parser, Part, boundary_of
from tests.e2e.upstream import Peer, Request

CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n"
AUDIO = CHUNKED % b"audio/mpeg"
EVENTS = CHUNKED % b"text/event-stream"


def whole(body: bytes | dict[str, Any], kind: bytes = b"application/json", status: bytes = b"200 OK") -> bytes:
    """An answer in one piece."""
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    return b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (status, kind, len(body), body)


def event(said: dict[str, Any]) -> bytes:
    """One event of a stream."""
    return f"data: {json.dumps(said)}\n\n".encode()


def speaking(*pieces: bytes, head: bytes = AUDIO) -> Callable[[Peer], Request]:
    """Answer one request with these pieces of a sound."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(head)
        for piece in pieces:
            peer.piece(piece)
        peer.send(b"0\r\n\r\n")
        return request

    return play


def saying(answer: bytes) -> Callable[[Peer], Request]:
    """Answer one request with these bytes."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(answer)
        return request

    return play


def telling(words: Sequence[str], usage: dict[str, Any] | None = None) -> Callable[[Peer], Request]:
    """Answer one request with a transcription as events."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(EVENTS)
        for word in words:
            peer.piece(event({"type": "transcript.text.delta", "delta": word}))
        done = {"type": "transcript.text.done", "text": "".join(words), **({"usage": usage} if usage else {})}
        peer.piece(event(done))
        peer.send(b"0\r\n\r\n")
        return request

    return play


def form_of(request: Request) -> tuple[dict[str, list[str]], bytes, Part]:
    """The fields of a form, its file, and what that is called."""
    parser = Parser(boundary_of(request.headers["content-type"].encode()))
    fields: dict[str, list[str]] = {}
    file, part = b"", Part("", None, "")
    current = part
    for piece in parser.feed(request.body):
        if isinstance(piece, Part):
            current = piece
            if piece.filename is None:
                fields.setdefault(piece.name, []).append("")
            else:
                part = piece
        elif current.filename is None:
            fields[current.name][-1] += piece.decode()
        else:
            file += piece
    parser.close()
    return fields, file, part


def sounds_of(stream: bytes) -> tuple[bytes, list[dict[str, Any]]]:
    """The sound in a stream of events, and all of its events."""
    events = [json.loads(line[6:]) for line in stream.split(b"\n") if line.startswith(b"data: {")]
    return b"".join(base64.b64decode(each["audio"]) for each in events if each.get("audio")), events

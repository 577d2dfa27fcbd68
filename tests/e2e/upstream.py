"""An upstream that plays a script, and notes the moment its client lets go of it."""

import json
import queue
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

from tests.delivered import is_read
from tests.e2e.wire import PATIENCE

STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Request(NamedTuple):
    """What the upstream was asked."""

    line: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """The upstream's end of one connection."""

    def __init__(self, sock: socket.socket, ready: threading.Event) -> None:
        self._socket, self.ready = sock, ready
        """For the play to set when it has come to the point that a test waits for."""
        self._file = sock.makefile("rb")

    def request(self) -> Request:
        """Read one request."""
        line, headers, _ = self.head()
        return Request(line, headers, self._file.read(int(headers.get("content-length", "0"))))

    def head(self) -> Request:
        """Read what comes before the body of one."""
        line = self._file.readline().decode().strip()
        if not line:
            raise ConnectionError("no request came")
        headers = {}
        while header := self._file.readline().decode("latin-1").strip():
            name, _, value = header.partition(": ")
            headers[name.lower()] = value
        return Request(line, headers, b"")

    def rest(self) -> bytes:
        """Whatever comes until the gateway closes."""
        said = b""
        with suppress(ConnectionError):
            while data := self._socket.recv(65536):
                said += data
        return said

    def some(self, most: int) -> bytes:
        """Some of what comes next, at most so many bytes."""
        return self._file.read1(most)

    def send(self, data: bytes) -> None:
        """Say this."""
        self._socket.sendall(data)

    def say(self, *pieces: str, reason: str | None = None) -> None:
        """A chunk of an OpenAI stream for each piece, and one with the reason for the end."""
        for piece in pieces:
            self._chunk({"content": piece}, None)
        if reason is not None:
            self._chunk({}, reason)

    def _chunk(self, delta: dict[str, Any], reason: str | None) -> None:
        chunk = {
            "id": "chatcmpl-up",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": "up",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        }
        self.piece(f"data: {json.dumps(chunk)}\n\n".encode())

    def piece(self, data: bytes) -> None:
        """One chunk of HTTP's chunked coding."""
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def done(self) -> None:
        """The end of a stream."""
        self.piece(b"data: [DONE]\n\n")
        self.send(b"0\r\n\r\n")

    def left_at(self) -> float:
        """Wait until the gateway closes; returns when that was."""
        try:
            while self._socket.recv(65536):
                pass
        except ConnectionError:
            pass
        return time.monotonic()

    def reset(self) -> None:
        """Hang up with RST instead of FIN, once the client has what was sent."""
        while not is_read(self._socket):
            time.sleep(0.001)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def half_close(self) -> None:
        """Say that nothing more will be said, and listen on."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()


Play: TypeAlias = Callable[[Peer], Any]


class Upstream:
    """
    Plays its script to every connection, each in a thread of its own.

    What a script returns, or raises, is there for `result`.
    """

    def __init__(self, play: Play, tls: ssl.SSLContext | None = None) -> None:
        self.will(play)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._peers: list[socket.socket] = []

    def will(self, play: Play) -> None:
        """Play this from now on; what earlier plays still return is forgotten."""
        self._play = play
        self._results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._ready = threading.Event()

    @property
    def accepted(self) -> int:
        """How many connections came so far."""
        return len(self._peers)

    def config(self, name: str = "up", more: str = "") -> str:
        """The section of a configuration that makes it a provider."""
        return (
            f'[providers.{name}]\nkind = "openai"\nbase_url = "http://127.0.0.1:{self.port}/v1"\n'
            f'models = ["m"]\n{more}\n'
        )

    def wait_ready(self) -> None:
        """Wait until a play has come to its point."""
        assert self._ready.wait(PATIENCE), "the upstream was never asked"

    def result(self) -> Any:
        """Wait for what the next script that ends returns."""
        found = self._results.get(timeout=PATIENCE)
        if isinstance(found, Exception):
            raise found
        return found

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            # Some have gone already.
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._peers.append(sock)
            sock.settimeout(3 * PATIENCE)
            self._start(partial(_perform, self._play, self._ready, sock, self._tls, self._results))


def _perform(
    play: Play,
    ready: threading.Event,
    sock: socket.socket,
    tls: ssl.SSLContext | None,
    results: "queue.SimpleQueue[Any]",
) -> None:
    try:
        if tls is not None:
            sock = tls.wrap_socket(sock, server_side=True)
        peer = Peer(sock, ready)
    except OSError as error:
        sock.close()
        results.put(error)
        return
    try:
        results.put(play(peer))
    except Exception as error:
        results.put(error)
    finally:
        peer.close()


def telling(*pieces: str) -> Play:
    """Answer one streamed request with these pieces."""

    def play(peer: Peer) -> Request:
        request = peer.request()
        peer.send(STREAM_HEAD)
        peer.say(*pieces, reason="stop")
        peer.done()
        return request

    return play

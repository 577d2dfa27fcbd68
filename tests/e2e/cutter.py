"""A proxy that cuts the connections which go through it, wherever chance will have it."""

import random
import select
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import NamedTuple, Self

RETRY = b"a\r\nretry: 10\n\r\n"
"""One more chunk at the start of a stream of events: come back soon, so that many cuts take little time."""

BUFFER = 65536


class Lot(NamedTuple):
    """What will happen to a connection."""

    size: int
    """How many bytes of bodies go through it; -1 is not even a head."""
    is_rude: bool
    """Whether it ends with RST instead of FIN."""


class Cutter:
    """
    Passes on what a server says, and hangs up in the middle.

    Never in the middle of a head, because browsers take a head that is cut for a whole one. `cuts`
    connections are cut, and later ones are left alone. Each of the first `clients` says something,
    and so that its client shall hurry.
    """

    def __init__(self, port: int, *, seed: int, cuts: int, upto: int = 4000, clients: int = 1) -> None:
        self._to, self._chance, self._upto, self._clients = port, random.Random(seed), upto, clients
        self._left, self.cuts = cuts, 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            # Most have gone already.
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            self._sockets += [client, server]
            self._start(partial(self._pass_on, client, server, self._lot()))

    def _lot(self) -> Lot:
        self._clients -= 1
        is_silent = self._clients < 0 and self._chance.random() < 0.1
        return Lot(-1 if is_silent else self._chance.randrange(self._upto), self._chance.random() < 0.5)

    def _pass_on(self, client: socket.socket, server: socket.socket, lot: Lot) -> None:
        with suppress(OSError):
            self._talk(client, server, lot)
        client.close()
        server.close()

    def _talk(self, client: socket.socket, server: socket.socket, lot: Lot) -> None:
        answer, room = _Answer(), lot.size
        while True:
            ready, _, _ = select.select([client, server], [], [])
            if client in ready:
                if not (asked := client.recv(BUFFER)):
                    return
                server.sendall(asked)
                answer = _Answer()
            if server in ready:
                if not (said := server.recv(BUFFER)):
                    return
                head, body = answer.parts(said)
                if len(body) > room and self._may_cut():
                    client.sendall(b"" if room < 0 else head + body[:room])
                    _hang_up(client, lot)
                    return
                client.sendall(head + body)
                room = max(room - len(body), 0)

    def _may_cut(self) -> bool:
        with self._lock:
            is_cut = self._left > 0
            self._left -= is_cut
            self.cuts += is_cut
            return is_cut


class _Answer:
    """Tells the head of an answer from its body."""

    def __init__(self) -> None:
        self._head, self._is_over = b"", False

    def parts(self, said: bytes) -> tuple[bytes, bytes]:
        """What can be said now of the head, once it is whole, and of the body."""
        if self._is_over:
            return b"", said
        head, end, body = (self._head + said).partition(b"\r\n\r\n")
        self._head, self._is_over = head, bool(end)
        if not end:
            return b"", b""
        is_stream = b"text/event-stream" in head.lower() and b"chunked" in head.lower()
        return head + end + (RETRY if is_stream else b""), body


def _hang_up(client: socket.socket, lot: Lot) -> None:
    if lot.is_rude:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
